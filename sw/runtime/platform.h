#pragma once

#include <stdint.h>

#include "hal/mmio.h"
#include "hal/rv_timer.h"
#include "hal/soc_ctrl.h"
#include "hal/uart.h"
#include "heepstor_cfg.h"
#include "runtime/record.h"

namespace heepstor::runtime {

using SocCtrl = hal::SocCtrl<hal::Mmio>;
using Console = hal::Uart<hal::Mmio>;
using Timer = hal::RvTimer<hal::Mmio>;

constexpr Printer<Console> out{Console(cfg::kUartBase)};

// Name of an exit code, as records have it.
const char* name_of(cfg::ExitCode code);

// Prints the result record (`top1` is -1 where there is none) and ends the program.
[[noreturn]] void finish(cfg::ExitCode code, int32_t top1);

// Ends the program at once.
[[noreturn]] void exit(cfg::ExitCode code);

// Prints a panic record, registers and stack, and ends the program. `pc` is where it happened,
// `value` what the cause makes of it. (In assembly, so that the registers are the caller's.)
[[noreturn]] void panic(cfg::ExitCode code, const char* cause, uint32_t pc,
                        uint32_t value) asm("heepstor_panic");

// Layer that panic records name; -1 while none is running.
void set_current_layer(int32_t layer);

}  // namespace heepstor::runtime
