#pragma once

#include <cstdlib>

#include "heepstor_cfg.h"

namespace heepstor::hal {

// Stands in for the target's CPU. A host's array runs no jobs, so nothing would ever wake it.
struct Cpu {
  struct WakeUp {
    explicit WakeUp(cfg::Interrupt) {}
  };
  static void sleep() { std::abort(); }
};

}  // namespace heepstor::hal
