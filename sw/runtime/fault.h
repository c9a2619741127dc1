#pragma once

#include <stdint.h>

#include "heepstor_cfg.h"

// Prints what is known of a fault and ends the program; fault_entry.S has saved the registers.
extern "C" [[noreturn]] void heepstor_report_fault(heepstor::cfg::ExitCode code, const char* cause,
                                                   uint32_t pc, uint32_t value);
