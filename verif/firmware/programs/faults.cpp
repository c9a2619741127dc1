// Goes wrong in the way that FAULT says. main() returns 99 if nobody notices.

#include "hal/mmio.h"
#include "runtime/model.h"
#include "runtime/platform.h"

using namespace heepstor;

namespace {

constexpr uint32_t kNowhere = 0x40000000;

#if FAULT == 8
// Comes back from a little beyond the end of the stack.
__attribute__((noinline)) uint32_t recurse(uint32_t depth) {
  volatile uint32_t frame[32];
  for (uint32_t i = 0; i < 32; ++i) {
    frame[i] = depth;
  }
  return depth == 0 ? 0 : recurse(depth - 1) + frame[depth % 32];
}
#elif FAULT == 13
// Never comes back.
uint32_t pong(uint32_t depth);
__attribute__((noinline)) uint32_t ping(uint32_t depth) {
  return pong(depth + 1) + depth;
}
__attribute__((noinline)) uint32_t pong(uint32_t depth) {
  return ping(depth + 1) ^ depth;
}
#endif

// As in a network, the arena lies below the stack.
HEEPSTOR_ARENA float g_arena[1024];
runtime::LayerResult g_results[1];
hal::Status g_status = hal::Status::kOk;
constexpr runtime::Layer kLayers[] = {{"only", {g_arena, 1}, 0}};

using Function = void (*)();

__attribute__((noinline)) void fail() {
#if FAULT == 0
  asm volatile("nop");  // so that the next line is not the function's first
  asm volatile("unimp");
#elif FAULT == 1
  asm volatile("ebreak");
#elif FAULT == 2
  asm volatile("ecall");
#elif FAULT == 3
  (void)hal::Mmio::read(kNowhere);
#elif FAULT == 4
  hal::Mmio::write(kNowhere + 8, 1);
#elif FAULT == 5
  reinterpret_cast<Function>(kNowhere)();
#elif FAULT == 6
  volatile Function nothing = nullptr;
  nothing();
#elif FAULT == 7
  uint32_t values[2] = {};
  (void)Span<uint32_t>(values).subspan(1, 2);
#elif FAULT == 8
  g_arena[0] = static_cast<float>(recurse(cfg::kStackBytes / 128));
#elif FAULT == 9
  (void)hal::Mmio::read(cfg::systolic_array::kBase + 0x50);
#elif FAULT == 10
  // Its version is 0.
  static constexpr hal::Descriptor kNoJob{};
  g_status = runtime::Stream::run(&kNoJob);
#elif FAULT == 11
  g_status = runtime::Stream::run(reinterpret_cast<const hal::Descriptor*>(kNowhere));
#elif FAULT == 12
  // As an operator does that counts wrong.
  volatile float* output = g_arena;
  for (uint32_t i = 0; i <= 1024; ++i) {
    output[i] = 1.0f;
  }
#elif FAULT == 13
  g_arena[0] = static_cast<float>(ping(0));
#elif FAULT == 14
  // The product of two numbers, written where the arena has ended.
  static constexpr float kInput[] = {1.0f};
  static constexpr uint32_t kWeightScaleBias[] = {1, 0x3F800000, 0};
  static constexpr hal::Descriptor kJob{/*next=*/nullptr,
                                        /*control=*/cfg::descriptor::kVersion,
                                        /*input=*/kInput,
                                        /*weights=*/kWeightScaleBias,
                                        /*output=*/g_arena + 1024,
                                        /*map_words=*/1,
                                        /*row_words=*/1,
                                        /*row_start=*/0,
                                        /*column_start=*/0,
                                        /*row_step=*/1,
                                        /*column_step=*/1,
                                        /*band_step=*/1,
                                        /*run_step=*/1,
                                        /*run=*/1,
                                        /*taps=*/0x10001,
                                        /*windows=*/1,
                                        /*shape=*/0x10001,
                                        /*pool=*/0x111,
                                        /*columns=*/0x10001,
                                        /*output_step=*/1,
                                        /*weight_words=*/1,
                                        /*segment_words=*/1};
  g_status = runtime::Stream::run(&kJob);
#elif FAULT == 15
  asm volatile("mv sp, zero; unimp");
#endif
  // What a bus error raises is an interrupt, some cycles late.
  for (uint32_t i = 0; i < 100; ++i) {
    asm volatile("nop");
  }
}

}  // namespace

namespace heepstor::runtime {

const Model kModel{"faults", "direct", kLayers, g_results, 1, -1};

void infer() {}

}  // namespace heepstor::runtime

int main() {
  runtime::run_layer(0, [] {
    fail();
    return g_status == hal::Status::kOk ? runtime::Array::finish() : g_status;
  });
  return 99;
}
