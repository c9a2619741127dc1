#pragma once

#include <stdint.h>

#include "hal/status.h"
#include "heepstor_cfg.h"

namespace heepstor::hal {

namespace array_reg = cfg::systolic_array;

// The sticky errors of STATUS.
constexpr uint32_t kArrayErrors =
    1u << array_reg::kStatusErrAddressLsb | 1u << array_reg::kStatusErrAccessLsb |
    1u << array_reg::kStatusErrRowLsb | 1u << array_reg::kStatusErrBusyLsb |
    1u << array_reg::kStatusErrDescriptorLsb | 1u << array_reg::kStatusErrWindowLsb |
    1u << array_reg::kStatusErrBusLsb;

// Driver of the array's `direct` front end (docs/architecture.md): the CPU moves every word.
//
// The hardware interlocks every hazard, so no call has to wait for an earlier one. The hot calls
// check their arguments once for many words; an error that only the hardware can see is sticky and
// is collected by `finish()`.
template <class Bus, uint32_t kArraySize, uint32_t kArrayRows>
class SystolicArray {
  static_assert(kArraySize % 4 == 0 && kArraySize > 0, "rows of the array are moved word by word");

 public:
  static constexpr uint32_t kSize = kArraySize;             // lanes, columns
  static constexpr uint32_t kAccumulatorRows = kArrayRows;  // rows of kSize partial sums

  struct Identity {
    uint32_t id;
    uint32_t size;
    uint32_t accumulator_rows;
    uint32_t config_hash;
    uint32_t ports;
    uint32_t activation_words;
    uint32_t weight_rows;
  };

  // What the next steps belong to. Each step takes the accumulator row after the last one's.
  struct Tile {
    uint32_t row;
    uint32_t bank;
    bool first;  // sums start from +0, not from what the row holds
  };

  static Identity identify() {
    const uint32_t geometry = Bus::read(at(array_reg::kGeometryOffset));
    const uint32_t stream = Bus::read(at(array_reg::kStreamGeometryOffset));
    return {Bus::read(at(array_reg::kIdOffset)),
            (geometry >> array_reg::kGeometrySizeLsb) & 0xFF,
            (geometry >> array_reg::kGeometryAccumulatorRowsLsb) & 0xFFFF,
            Bus::read(at(array_reg::kConfigHashOffset)),
            (stream >> array_reg::kStreamGeometryPortsLsb) & 0xFF,
            1u << ((stream >> array_reg::kStreamGeometryLog2ActivationWordsLsb) & 0x1F),
            1u << ((stream >> array_reg::kStreamGeometryLog2WeightRowsLsb) & 0x1F)};
  }

  // Puts rows 0 .. rows-1 of a weight tile, kSize bytes each, into a bank. `tile` is aligned to a
  // word.
  static Status load_weights(uint32_t bank, const int8_t* tile, uint32_t rows) {
    if (bank > 1 || rows == 0 || rows > kSize) {
      return Status::kRefused;
    }
    uint32_t address = at(bank == 0 ? array_reg::kWeights0Offset : array_reg::kWeights1Offset);
    for (; rows > 0; --rows, tile += kSize, address += kSize) {
#pragma GCC unroll 8
      for (uint32_t byte = 0; byte < kSize; byte += 4) {
        Bus::write(address + byte, word_at(tile + byte));
      }
    }
    return Status::kOk;
  }

  static Status select(const Tile& tile) {
    if (tile.row >= kAccumulatorRows || tile.bank > 1) {
      return Status::kRefused;
    }
    Bus::write(at(array_reg::kTileOffset), tile.row << array_reg::kTileRowLsb |
                                               tile.bank << array_reg::kTileBankLsb |
                                               uint32_t{tile.first} << array_reg::kTileFirstLsb);
    return Status::kOk;
  }

  // Launches `steps` steps of `lanes` activations each; those of a step are consecutive, those of
  // the next one `stride` floats further. Lanes beyond take no part.
  static Status stream(const float* activations, uint32_t stride, uint32_t steps, uint32_t lanes) {
    if (lanes == 0 || lanes > kSize || steps > kAccumulatorRows) {
      return Status::kRefused;
    }
    stream_lanes(activations, stride, steps, lanes);
    return Status::kOk;
  }

  // The sum in an accumulator row. Waits while a step to that row is in flight.
  static float sum(uint32_t row, uint32_t column) {
    return Bus::read_float(at(array_reg::kAccumulatorsOffset) + 4 * (row * kSize + column));
  }

  // Puts a partial sum there.
  static Status set_sum(uint32_t row, uint32_t column, float value) {
    if (row >= kAccumulatorRows || column >= kSize) {
      return Status::kRefused;
    }
    Bus::write_float(at(array_reg::kAccumulatorsOffset) + 4 * (row * kSize + column), value);
    return Status::kOk;
  }

  static bool busy() {
    return Bus::read(at(array_reg::kStatusOffset)) >> array_reg::kStatusBusyLsb & 1;
  }

  static uint32_t steps_launched() { return Bus::read(at(array_reg::kStepsOffset)); }

  // kFailed if the array has refused an access since `clear_errors()`.
  static Status finish() {
    return (Bus::read(at(array_reg::kStatusOffset)) & kArrayErrors) == 0 ? Status::kOk
                                                                         : Status::kFailed;
  }

  // The STATUS word, and the window offset of the first refused access; for a report.
  static uint32_t status() { return Bus::read(at(array_reg::kStatusOffset)); }
  static uint32_t error_offset() { return Bus::read(at(array_reg::kErrorAddressOffset)); }

  static void clear_errors() { Bus::write(at(array_reg::kStatusOffset), kArrayErrors); }

  // Drops what is staged and in flight, and clears errors. Weights and sums keep their values.
  static void abort() { Bus::write(at(array_reg::kCtrlOffset), 1u << array_reg::kCtrlAbortLsb); }

 private:
  static constexpr uint32_t at(uint32_t offset) { return array_reg::kBase + offset; }

  static void stage(uint32_t lane, float activation) {
    Bus::write_float(at(array_reg::kStageOffset) + 4 * lane, activation);
  }

  // Stages the last lane of a step and launches it.
  static void launch(uint32_t lane, float activation) {
    Bus::write_float(at(array_reg::kLaunchOffset) + 4 * lane, activation);
  }

  // Finds the loop that is compiled for this number of lanes.
  template <uint32_t kLanes = kSize>
  static void stream_lanes(const float* activations, uint32_t stride, uint32_t steps,
                           uint32_t lanes) {
    if constexpr (kLanes > 1) {
      if (lanes < kLanes) {
        stream_lanes<kLanes - 1>(activations, stride, steps, lanes);
        return;
      }
    }
    for (; steps > 0; --steps, activations += stride) {
      step<kLanes>(activations);
    }
  }

  // A step without a loop. Four loads before four stores: no load is followed at once by its use,
  // which would stall the CPU.
  template <uint32_t kLanes, uint32_t kFirst = 0>
  static void step(const float* activations) {
    constexpr uint32_t kCount = kLanes - kFirst < 4 ? kLanes - kFirst : 4;
    float values[kCount];
#pragma GCC unroll 4
    for (uint32_t i = 0; i < kCount; ++i) {
      values[i] = activations[kFirst + i];
    }
#pragma GCC unroll 4
    for (uint32_t i = 0; i < kCount; ++i) {
      if (kFirst + i < kLanes - 1) {
        stage(kFirst + i, values[i]);
      } else {
        launch(kFirst + i, values[i]);
      }
    }
    if constexpr (kFirst + kCount < kLanes) {
      step<kLanes, kFirst + kCount>(activations);
    }
  }

  static uint32_t word_at(const int8_t* bytes) {
    uint32_t word;
    __builtin_memcpy(&word, __builtin_assume_aligned(bytes, 4), sizeof(word));
    return word;
  }
};

}  // namespace heepstor::hal
