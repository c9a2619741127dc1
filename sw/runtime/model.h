#pragma once

// What a generated model.cpp includes, and what it must define: `kModel` and `infer()`. Everything
// else of an image is in sw/runtime. A generated file looks like this:
//
//   // Generated from sw/apps/tiny; do not edit.
//   #include "runtime/model.h"
//
//   namespace {
//
//   using namespace heepstor;
//   using runtime::Direct;
//   using runtime::Software;
//   using runtime::Stream;
//
//   HEEPSTOR_ARENA float g_arena[1200];
//
//   constexpr float kInput[] = {0x1.8p-1f, ...};
//
//   // Layer 0, conv1+bn1+relu1: Conv2d 1x8x8 -> 4x6x6
//   alignas(4) constexpr int8_t kPacked0[] = {12, -3, ...};
//   constexpr float kScale0[] = {0x1.4p-7f, ...};
//   constexpr float kBias0[] = {...};
//   constexpr ops::Conv2d kLayer0{
//       /*input=*/{/*height=*/8, /*width=*/8, /*channels=*/1},
//       /*output=*/{/*height=*/6, /*width=*/6, /*channels=*/4},
//       /*window=*/{/*kernel=*/{3, 3}, /*stride=*/{1, 1}, /*padding=*/{0, 0}, /*dilation=*/{1, 1}},
//       /*groups=*/1,
//       /*weights=*/{kPacked0, kScale0, kBias0},
//       /*relu=*/true};
//   static_assert(kLayer0.valid());
//
//   // Layer 1, fc: Linear 144 -> 10
//   ...
//   constexpr ops::Linear kLayer1{/*rows=*/1, /*inputs=*/144, /*outputs=*/10,
//                                 /*weights=*/{kPacked1, kScale1, kBias1}, /*relu=*/false};
//   static_assert(kLayer1.valid());
//
//   // Layer 2, fc2: Linear 10 -> 4; computed by a chain of jobs of the array
//   constexpr uint32_t kConstants2[] = {0x1234abcd, ...};  // weights, scales, biases
//   constexpr hal::Descriptor kJobs2[1] = {
//       {/*next=*/nullptr, /*control=*/0x1, /*input=*/g_arena + 144, /*weights=*/kConstants2 + 0,
//        ...},
//   };
//
//   // Where each layer leaves its output, and the FNV-1a hash that the golden model gives it.
//   constexpr runtime::Layer kLayers[] = {
//       {"conv1+bn1+relu1", {g_arena + 0, 144}, 0x89abcdef, /*streamed=*/false},
//       {"fc", {g_arena + 144, 10}, 0x01234567, /*streamed=*/false},
//       {"fc2", {g_arena + 0, 4}, 0x00112233, /*streamed=*/true},
//   };
//   runtime::LayerResult g_results[3];
//
//   }  // namespace
//
//   namespace heepstor::runtime {
//
//   const Model kModel{/*project=*/"tiny", /*backend=*/"direct", kLayers, g_results,
//                      /*output_rows=*/1, /*expected_class=*/3};
//
//   void infer() {
//     run_layer(0, [] {
//       return ops::conv2d<Direct>(kLayer0, kInput, kLayers[0].output, {g_arena + 154, 324});
//     });
//     run_layer(1, [] { return ops::linear<Software>(kLayer1, kLayers[0].output,
//     kLayers[1].output); });
//     run_layer(2, [] { return Stream::run(kJobs2); });
//   }
//
//   }  // namespace heepstor::runtime

#include <stdint.h>

#include "ops/ops.h"
#include "runtime/backends.h"
#include "runtime/inference.h"
#include "runtime/span.h"

// Puts a buffer where memory is neither loaded nor cleared. (`@nobits #` ends the section's
// attributes in the assembly before the compiler's own, which would make the linker store the zeros
// in the image.)
#define HEEPSTOR_ARENA alignas(16) __attribute__((section(".arena,\"aw\",@nobits #")))
