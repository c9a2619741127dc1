#include "runtime/platform.h"

#include "runtime/check.h"

namespace heepstor::runtime {

const char* name_of(cfg::ExitCode code) {
  switch (code) {
    case cfg::ExitCode::kPass:
      return "pass";
    case cfg::ExitCode::kOutputMismatch:
      return "output_mismatch";
    case cfg::ExitCode::kHardwareMismatch:
      return "hardware_mismatch";
    case cfg::ExitCode::kTrap:
      return "trap";
    case cfg::ExitCode::kAssertion:
      return "assertion";
    case cfg::ExitCode::kBusError:
      return "bus_error";
    case cfg::ExitCode::kAcceleratorError:
      return "accelerator_error";
    case cfg::ExitCode::kStackOverflow:
      return "stack_overflow";
    case cfg::ExitCode::kSelfTest:
      return "self_test";
  }
  return "unknown";
}

void finish(cfg::ExitCode code, int32_t top1) {
  out.record("result").field("status").text(name_of(code));
  out.field("top1").signed_decimal(top1).field("exit").decimal(static_cast<uint32_t>(code)).end();
  Console(cfg::kUartBase).flush();
  exit(code);
}

void exit(cfg::ExitCode code) {
  SocCtrl::exit(code);
  while (true) {
    asm volatile("wfi");
  }
}

}  // namespace heepstor::runtime

// Ends a program whose main() has returned.
extern "C" [[noreturn]] void heepstor_exit(int code) {
  using namespace heepstor;
  runtime::Console(cfg::kUartBase).flush();
  runtime::exit(static_cast<cfg::ExitCode>(code));
}

void heepstor::check_failed(const char* condition, const char* file, uint32_t line) {
  runtime::out.text(file).text(":").decimal(line).text(": not so: ").text(condition).end();
  runtime::panic(cfg::ExitCode::kAssertion, "assertion",
                 reinterpret_cast<uintptr_t>(__builtin_return_address(0)), line);
}
