#pragma once

// Every operator of the firmware. An operator is a function of a constexpr descriptor, an input
// span and an output span, and returns a Status; it allocates nothing, and checks that its spans
// are as long as the descriptor says. Operators with a matrix product take their back-end as a
// template parameter.
//
//   linear<Backend>(const Linear&, input, output)
//   conv2d<Backend>(const Conv2d&, input, output, scratch)
//   scale_bias(const ScaleBias&, input, output)
//   relu(input, output)
//   max_pool2d(const MaxPool2d&, input, output)
//   transpose(const Transpose&, input, output)
//   softmax(const Softmax&, input, output)

#include "ops/conv2d.h"
#include "ops/linear.h"
#include "ops/max_pool2d.h"
#include "ops/relu.h"
#include "ops/scale_bias.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
