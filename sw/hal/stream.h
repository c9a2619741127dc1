#pragma once

#include <stddef.h>
#include <stdint.h>

#include "hal/status.h"
#include "hal/systolic_array.h"
#include "heepstor_cfg.h"

namespace heepstor::hal {

// A job as it lies in memory (docs/accelerator.md); the compiler packs its numbers, the linker puts
// in its addresses.
struct Descriptor {
  const Descriptor* next;
  uint32_t control;
  const float* input;
  const uint32_t* weights;
  float* output;
  uint32_t map_words;
  uint32_t row_words;
  uint32_t row_start;
  uint32_t column_start;
  uint32_t row_step;
  uint32_t column_step;
  uint32_t band_step;
  uint32_t run_step;
  uint32_t run;
  uint32_t taps;
  uint32_t windows;
  uint32_t shape;
  uint32_t pool;
  uint32_t columns;
  uint32_t output_step;
  uint32_t weight_words;
  uint32_t segment_words;
};

// The hardware reads words. On a host, which runs no job, pointers are larger.
constexpr bool word_is_at(size_t place, uint32_t offset) {
  return sizeof(void*) != sizeof(uint32_t) || place == offset;
}
static_assert(word_is_at(sizeof(Descriptor), cfg::descriptor::kWords * sizeof(uint32_t)));
static_assert(word_is_at(offsetof(Descriptor, next), cfg::descriptor::kNextOffset));
static_assert(word_is_at(offsetof(Descriptor, control), cfg::descriptor::kControlOffset));
static_assert(word_is_at(offsetof(Descriptor, input), cfg::descriptor::kInputOffset));
static_assert(word_is_at(offsetof(Descriptor, weights), cfg::descriptor::kWeightsOffset));
static_assert(word_is_at(offsetof(Descriptor, output), cfg::descriptor::kOutputOffset));
static_assert(word_is_at(offsetof(Descriptor, map_words), cfg::descriptor::kMapWordsOffset));
static_assert(word_is_at(offsetof(Descriptor, row_words), cfg::descriptor::kRowWordsOffset));
static_assert(word_is_at(offsetof(Descriptor, row_start), cfg::descriptor::kRowStartOffset));
static_assert(word_is_at(offsetof(Descriptor, column_start), cfg::descriptor::kColumnStartOffset));
static_assert(word_is_at(offsetof(Descriptor, row_step), cfg::descriptor::kRowStepOffset));
static_assert(word_is_at(offsetof(Descriptor, column_step), cfg::descriptor::kColumnStepOffset));
static_assert(word_is_at(offsetof(Descriptor, band_step), cfg::descriptor::kBandStepOffset));
static_assert(word_is_at(offsetof(Descriptor, run_step), cfg::descriptor::kRunStepOffset));
static_assert(word_is_at(offsetof(Descriptor, run), cfg::descriptor::kRunOffset));
static_assert(word_is_at(offsetof(Descriptor, taps), cfg::descriptor::kTapsOffset));
static_assert(word_is_at(offsetof(Descriptor, windows), cfg::descriptor::kWindowsOffset));
static_assert(word_is_at(offsetof(Descriptor, shape), cfg::descriptor::kShapeOffset));
static_assert(word_is_at(offsetof(Descriptor, pool), cfg::descriptor::kPoolOffset));
static_assert(word_is_at(offsetof(Descriptor, columns), cfg::descriptor::kColumnsOffset));
static_assert(word_is_at(offsetof(Descriptor, output_step), cfg::descriptor::kOutputStepOffset));
static_assert(word_is_at(offsetof(Descriptor, weight_words), cfg::descriptor::kWeightWordsOffset));
static_assert(word_is_at(offsetof(Descriptor, segment_words),
                         cfg::descriptor::kSegmentWordsOffset));

// Driver of the array's `stream` front end: the array moves every word, the CPU sleeps.
template <class Bus, class Cpu>
struct Stream {
  // What happened since the chain of jobs began; docs/accelerator.md says when a cycle is which.
  struct Counters {
    uint32_t cycles;
    uint32_t compute;
    uint32_t wait_weights;
    uint32_t wait_activations;
    uint32_t wait_write_back;
    uint32_t fill_drain;
    uint32_t words_read;
    uint32_t words_written;
  };

  // Runs a chain of jobs; kFailed if the array has refused one, or could not finish it.
  static Status run(const Descriptor* first) {
    Bus::write(at(array_reg::kIrqEnableOffset), 1u << array_reg::kIrqEnableDoneLsb);
    uint32_t status;
    {
      const typename Cpu::WakeUp wake_up(cfg::Interrupt::kSystolicArray);
      Bus::write(at(array_reg::kJobOffset), address_of(first));
      do {
        Cpu::sleep();
        status = Bus::read(at(array_reg::kStatusOffset));
      } while (status >> array_reg::kStatusJobLsb & 1);
      Bus::write(at(array_reg::kStatusOffset), 1u << array_reg::kStatusDoneLsb);
    }
    return (status & kArrayErrors) == 0 ? Status::kOk : Status::kFailed;
  }

  static Counters counters() {
    return {Bus::read(at(array_reg::kCyclesOffset)),
            Bus::read(at(array_reg::kComputeOffset)),
            Bus::read(at(array_reg::kWaitWeightsOffset)),
            Bus::read(at(array_reg::kWaitActivationsOffset)),
            Bus::read(at(array_reg::kWaitWriteBackOffset)),
            Bus::read(at(array_reg::kFillDrainOffset)),
            Bus::read(at(array_reg::kWordsReadOffset)),
            Bus::read(at(array_reg::kWordsWrittenOffset))};
  }

  // For a report: the descriptor of the job that failed, and the last address at which memory
  // answered with an error.
  static uint32_t job() { return Bus::read(at(array_reg::kJobOffset)); }
  static uint32_t bus_error_address() { return Bus::read(at(array_reg::kBusErrorAddressOffset)); }

 private:
  static constexpr uint32_t at(uint32_t offset) { return array_reg::kBase + offset; }

  static uint32_t address_of(const Descriptor* descriptor) {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(descriptor));
  }
};

}  // namespace heepstor::hal
