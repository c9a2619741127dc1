#pragma once

#include "array_model.h"
#include "fake_bus.h"
#include "heepstor_cfg.h"

namespace heepstor::hal {

// Stands in for the target's bus: the array behind it is the model of verif/firmware.
using Mmio = host::FakeBus<host::ArrayModel<cfg::kSize, cfg::kAccumulatorRows>>;

}  // namespace heepstor::hal
