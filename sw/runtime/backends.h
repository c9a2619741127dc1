#pragma once

#include "hal/cpu.h"
#include "hal/mmio.h"
#include "hal/stream.h"
#include "hal/systolic_array.h"
#include "heepstor_cfg.h"
#include "ops/direct_backend.h"
#include "ops/software_backend.h"

namespace heepstor::runtime {

using Array = hal::SystolicArray<hal::Mmio, cfg::kSize, cfg::kAccumulatorRows>;

// The back-ends that generated code chooses from, layer by layer.
using Direct = ops::DirectBackend<Array>;
using Software = ops::SoftwareBackend<cfg::kSize>;

// Runs the jobs of a layer that the array computes alone, activation functions and all.
using Stream = hal::Stream<hal::Mmio, hal::Cpu>;

}  // namespace heepstor::runtime
