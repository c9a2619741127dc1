// What the compiler generates, in small: one Conv2d, one Linear. The weights are all 0.

#include "runtime/model.h"

namespace {

using namespace heepstor;
using runtime::Direct;
using runtime::Software;

HEEPSTOR_ARENA float g_arena[478];

constexpr float kInput[64] = {};

alignas(4) constexpr int8_t kPacked0[9 * cfg::kSize] = {};
constexpr float kScale0[4] = {};
constexpr float kBias0[4] = {};
constexpr ops::Conv2d kLayer0{
    /*input=*/{/*height=*/8, /*width=*/8, /*channels=*/1},
    /*output=*/{/*height=*/6, /*width=*/6, /*channels=*/4},
    /*window=*/{/*kernel=*/{3, 3}, /*stride=*/{1, 1}, /*padding=*/{0, 0}, /*dilation=*/{1, 1}},
    /*groups=*/1,
    /*weights=*/{kPacked0, kScale0, kBias0},
    /*relu=*/true};
static_assert(kLayer0.valid());

alignas(4) constexpr int8_t kPacked1[2 * 144 * cfg::kSize] = {};
constexpr float kScale1[10] = {};
constexpr float kBias1[10] = {};
constexpr ops::Linear kLayer1{/*rows=*/1, /*inputs=*/144, /*outputs=*/10,
                              /*weights=*/{kPacked1, kScale1, kBias1}, /*relu=*/false};
static_assert(kLayer1.valid());

constexpr runtime::Layer kLayers[] = {
    {"conv", {g_arena + 0, 144}, 0x12345678},
    {"fc", {g_arena + 144, 10}, 0x12345678},
};
runtime::LayerResult g_results[2];

}  // namespace

namespace heepstor::runtime {

const Model kModel{/*project=*/"network", /*backend=*/"direct", kLayers, g_results,
                   /*output_rows=*/1,     /*expected_class=*/-1};

void infer() {
  run_layer(0, [] {
    return ops::conv2d<Direct>(kLayer0, kInput, kLayers[0].output, {g_arena + 154, 324});
  });
  run_layer(1, [] { return ops::linear<Software>(kLayer1, kLayers[0].output, kLayers[1].output); });
}

}  // namespace heepstor::runtime
