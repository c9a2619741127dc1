#pragma once

#include <stdint.h>

#include "heepstor_cfg.h"

// Of the CPU when the fault happened, by their numbers; [0] is the program counter.
extern "C" uint32_t heepstor_fault_registers[32];

namespace heepstor::runtime {
constexpr uint32_t kStackPointer = 2;
}

// Prints what is known of a fault and ends the program; fault_entry.S has saved the registers.
extern "C" [[noreturn]] void heepstor_report_fault(heepstor::cfg::ExitCode code, const char* cause,
                                                   uint32_t pc, uint32_t value);
