#include "runtime/inference.h"

#include "runtime/platform.h"
#include "runtime/stack.h"

namespace heepstor::runtime {
namespace {

// FNV-1a over words.
uint32_t hash_of(Span<const float> values) {
  uint32_t hash = 2166136261u;
  for (const float& value : values) {
    uint32_t word;
    __builtin_memcpy(&word, &value, sizeof(word));
    hash = (hash ^ word) * 16777619u;
  }
  return hash;
}

// Of what the array has written; what the CPU does to it is a trap. `pc` is where that is found.
void check_guard(uint32_t pc) {
  if (!guard_is_intact()) {
    panic(cfg::ExitCode::kAssertion, "out_of_arena", pc, guard_address());
  }
}

[[noreturn]] void accelerator_failed(hal::Status status) {
  const bool refused = status == hal::Status::kRefused;
  out.text("The array's STATUS is ").hex(Array::status());
  out.text(", the first refused offset ").hex(Array::error_offset());
  out.text(", the last job ").hex(Stream::job());
  out.text(", the last bus error at ").hex(Stream::bus_error_address()).end();
  panic(cfg::ExitCode::kAcceleratorError,
        refused ? "accelerator_call_refused" : "accelerator_error",
        reinterpret_cast<uintptr_t>(__builtin_return_address(0)), Array::status());
}

}  // namespace

uint64_t cycles() {
  return Timer(cfg::kRvTimerBase).now();
}

void begin_layer(uint32_t index) {
  HEEPSTOR_CHECK(index < kModel.layers.size() && index < kModel.results.size());
  set_current_layer(static_cast<int32_t>(index));
  SocCtrl::mark(cfg::Marker::kLayerStart, index);
}

void end_layer(uint32_t index, uint64_t cycles, hal::Status status) {
  SocCtrl::mark(cfg::Marker::kLayerEnd, index);
  check_guard(reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
  if (status != hal::Status::kOk) {
    accelerator_failed(status);
  }
  const Layer& layer = kModel.layers[index];
  kModel.results[index] = {cycles, hash_of(layer.output),
                           layer.streamed ? Stream::counters() : Stream::Counters{}};
  set_current_layer(-1);
}

}  // namespace heepstor::runtime
