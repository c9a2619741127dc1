#include "runtime/fault.h"
#include "runtime/platform.h"
#include "runtime/stack.h"

namespace heepstor::runtime {
namespace {

constexpr uint32_t kInterrupt = 1u << 31;  // in mcause

const char* exception_name(uint32_t cause) {
  switch (cause) {
    case 1:
      return "instruction_fault";
    case 2:
      return "illegal_instruction";
    case 3:
      return "breakpoint";
    case 5:
      return "load_fault";
    case 7:
      return "store_fault";
    case 11:
      return "environment_call";
    default:
      return (cause & kInterrupt) ? "unexpected_interrupt" : "unknown_exception";
  }
}

const char* bus_error_name(const SocCtrl::BusError& error) {
  return error.fetch ? "bus_error_fetch" : error.write ? "bus_error_write" : "bus_error_read";
}

// Who has written to the guard: a stack is written from its pointer on, which may have moved by a
// frame since, and what runs past the arena writes far below it. In doubt it was the stack.
bool is_of_stack(uint32_t address) {
  return heepstor_fault_registers[kStackPointer] <= address + cfg::kStackGuardBytes;
}

}  // namespace
}  // namespace heepstor::runtime

// Every trap ends here. `pc` is the instruction's, except for what the bus tells of a load or
// store: that is an interrupt, some cycles late, and its value, the address, tells more.
extern "C" [[noreturn]] void heepstor_trap(uint32_t cause, uint32_t pc) {
  using namespace heepstor::runtime;
  using heepstor::cfg::ExitCode;
  // A fetch from no one's address is an illegal instruction too: the bus knows more about it.
  const SocCtrl::BusError error = SocCtrl::bus_error();
  if (error.valid && is_in_guard(error.address)) {
    if (is_of_stack(error.address)) {
      heepstor_report_fault(ExitCode::kStackOverflow, "stack_overflow", pc, error.address);
    }
    heepstor_report_fault(ExitCode::kAssertion, "out_of_arena", pc, error.address);
  }
  if (error.valid) {
    heepstor_report_fault(ExitCode::kBusError, bus_error_name(error), pc, error.address);
  }
  heepstor_report_fault(ExitCode::kTrap, exception_name(cause), pc, cause);
}
