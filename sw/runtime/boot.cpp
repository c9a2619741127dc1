// What is checked before main(): that this image is for this hardware, and that the FPU works.

#include "runtime/backends.h"
#include "runtime/platform.h"
#include "runtime/stack.h"

namespace heepstor::runtime {
namespace {

// The simulator reads it in the ELF before it starts.
extern const uint32_t kImageHash;
__attribute__((section(".heepstor.hash"), used)) const uint32_t kImageHash = cfg::kConfigHash;

void expect_hardware(const char* what, uint32_t image, uint32_t hardware) {
  if (image == hardware) {
    return;
  }
  out.text("This image is for other hardware: ").text(what).text(" is ");
  out.hex(image).text(" in the image, ").hex(hardware).text(" in the hardware.").end();
  panic(cfg::ExitCode::kHardwareMismatch, what,
        reinterpret_cast<uintptr_t>(__builtin_return_address(0)), hardware);
}

void check_hardware() {
  expect_hardware("soc_config_hash", kImageHash, SocCtrl::config_hash());
  const Array::Identity array = Array::identify();
  expect_hardware("array_id", cfg::kSystolicArrayId, array.id);
  expect_hardware("array_size", cfg::kSize, array.size);
  expect_hardware("array_accumulator_rows", cfg::kAccumulatorRows, array.accumulator_rows);
  expect_hardware("array_config_hash", kImageHash, array.config_hash);
  expect_hardware("array_ports", cfg::kPorts, array.ports);
  expect_hardware("array_activation_words", cfg::kActivationWords, array.activation_words);
  expect_hardware("array_weight_rows", cfg::kWeightRows, array.weight_rows);
}

struct FpuCase {
  char operation;
  float a;
  float b;
  uint32_t result;
};

// `volatile` inputs: the compiler must not compute what the hardware is asked.
uint32_t compute(const FpuCase& test) {
  volatile float a = test.a;
  volatile float b = test.b;
  float result = 0.0f;
  switch (test.operation) {
    case '+':
      result = a + b;
      break;
    case '*':
      result = a * b;
      break;
    case '/':
      result = a / b;
      break;
  }
  uint32_t bits;
  __builtin_memcpy(&bits, &result, sizeof(bits));
  return bits;
}

// A divide first: after a broken reset the divider hangs for ever, and it is better to hang here
// than in the middle of a network.
void check_fpu() {
  constexpr FpuCase kCases[] = {
      {'/', 1.0f, 3.0f, 0x3EAAAAAB},
      {'*', 0x1.000002p0f, 0x1.000002p0f, 0x3F800002},  // inexact, rounds down
      {'*', 0x1.8p-75f, 0x1p-75f, 0x00000001},          // subnormal, rounds up
      {'*', 0x1p-126f, 0.5f, 0x00400000},               // subnormal, kept
      {'*', __builtin_inff(), 0.0f, 0x7FC00000},        // the canonical NaN
      {'+', 0x1p24f, 1.0f, 0x4B800000},                 // a tie, to even
      {'+', 0x1.000002p24f, 1.0f, 0x4B800002},          // a tie, to even
  };
  uint32_t index = 0;
  for (const FpuCase& test : kCases) {
    const uint32_t bits = compute(test);
    if (bits != test.result) {
      out.text("FPU self test ").decimal(index).text(": got ").hex(bits);
      out.text(", expected ").hex(test.result).end();
      panic(cfg::ExitCode::kSelfTest, "self_test",
            reinterpret_cast<uintptr_t>(__builtin_return_address(0)), index);
    }
    ++index;
  }
}

void enable_bus_error_interrupt() {
  constexpr uint32_t kMachineInterruptEnable = 1u << 3;  // in mstatus
  asm volatile("csrs mie, %0" ::"r"(1u << static_cast<uint32_t>(cfg::Interrupt::kBusError)));
  asm volatile("csrs mstatus, %0" ::"r"(kMachineInterruptEnable));
}

}  // namespace
}  // namespace heepstor::runtime

// Called by start-up code.
extern "C" void heepstor_boot() {
  using namespace heepstor::runtime;
  // The configuration accepts no baud rate that the UART would refuse.
  (void)Console(heepstor::cfg::kUartBase)
      .start(heepstor::cfg::kClockHz, heepstor::cfg::kUartBaudRate);
  check_hardware();
  check_fpu();
  SocCtrl::guard_stack(guard_address());
  // After the check: an array that is not there is a mismatch, not a bus error.
  enable_bus_error_interrupt();
}
