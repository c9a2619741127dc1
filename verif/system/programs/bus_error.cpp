// Touches what nobody has, in every way, and checks what SoC control and the interrupts make of it.
#include "bare.h"

namespace {

constexpr uint32_t kValid = 1u << cfg::soc_ctrl::kBusErrorStatusValidLsb;
constexpr uint32_t kWrite = 1u << cfg::soc_ctrl::kBusErrorStatusWriteLsb;
constexpr uint32_t kFetch = 1u << cfg::soc_ctrl::kBusErrorStatusFetchLsb;

constexpr uint32_t kIllegalInstruction = 2;
constexpr uint32_t kBusErrorInterrupt =
    0x80000000u | static_cast<uint32_t>(cfg::Interrupt::kBusError);

// What the last trap found.
volatile uint32_t traps = 0, cause, address, status;

// What SoC control is told to be the end of a stack, and a word on each side.
volatile uint32_t around_guard[cfg::kStackGuardBytes / 4 + 2];

// Where a jump to nowhere goes on.
volatile uint32_t resume = 0;

}  // namespace

extern "C" __attribute__((interrupt("machine"))) void on_trap() {
  traps = traps + 1;
  cause = READ_CSR("mcause");
  address = soc_ctrl(cfg::soc_ctrl::kBusErrorAddressOffset);
  status = soc_ctrl(cfg::soc_ctrl::kBusErrorStatusOffset);
  soc_ctrl(cfg::soc_ctrl::kBusErrorStatusOffset) = 1;
  // To return to nowhere would be to fetch, and to be refused, again and again.
  if (resume != 0) asm volatile("csrw mepc, %0" ::"r"(resume));
  resume = 0;
}

namespace {

void enable_interrupts() {
  asm volatile("csrs mstatus, %0" ::"r"(8u));
}
void disable_interrupts() {
  asm volatile("csrc mstatus, %0" ::"r"(8u));
}

void check_trap(int number, uint32_t its_cause, uint32_t its_address, uint32_t its_status) {
  // The interrupt comes a few cycles after the access.
  for (int i = 0; i < 20 && traps == 0; ++i) asm volatile("nop");
  CHECK(number, traps == 1);
  CHECK(number + 1, cause == its_cause);
  CHECK(number + 2, address == its_address);
  CHECK(number + 3, status == its_status);
  CHECK(number + 4, soc_ctrl(cfg::soc_ctrl::kBusErrorStatusOffset) == 0);
  traps = 0;
}

void check_read(int number, uint32_t from) {
  CHECK(number, word(from) == 0xBADACCE5);
  check_trap(number + 1, kBusErrorInterrupt, from, kValid);
}

void check_write(int number, uint32_t to) {
  word(to) = 1;
  check_trap(number, kBusErrorInterrupt, to, kValid | kWrite);
}

void jump_to(uint32_t target) {
  asm volatile(
      "la t0, 1f\n"
      "sw t0, %0\n"
      "jr %1\n"
      "1:\n"
      : "=m"(resume)
      : "r"(target)
      : "t0", "memory");
}

void check_fetch(int number, uint32_t from, uint32_t its_cause) {
  jump_to(from);
  check_trap(number, its_cause, from, kValid | kFetch);
}

}  // namespace

int main() {
  enable_interrupt(cfg::Interrupt::kBusError);
  check_read(10, cfg::kMemoryBytes);
  check_read(20, 0x10010000);  // beyond the debug module
  check_read(30, 0xFFFFFFFC);
  check_read(40, cfg::soc_ctrl::kBase + 0x28);  // no such register
  check_read(50, cfg::kUartBase + 0x30);
  check_read(60, cfg::kRvTimerBase + 0x120);
  check_write(70, cfg::kMemoryBytes);
  check_write(80, 0x30000000);
  check_write(90, cfg::soc_ctrl::kBase + 0xFFFC);
  check_write(100, cfg::kUartBase + 0x30);

  // A byte of a register of timer or UART whose field is wider.
  at<uint8_t>(cfg::kUartBase + 0x0C) = 0;
  check_trap(110, kBusErrorInterrupt, cfg::kUartBase + 0x0C, kValid | kWrite);

  const uint32_t nowhere[] = {0x10010000u, cfg::kUartBase, cfg::kMemoryBytes};
  for (const uint32_t target : nowhere) {
    // The interrupt is faster than the instruction.
    check_fetch(120, target, kBusErrorInterrupt);
    disable_interrupts();
    check_fetch(130, target, kIllegalInstruction);
    enable_interrupts();
  }

  // The debug module's program uses what is a debugger's alone, so that a stray jump ends there.
  enable_interrupts();
  jump_to(0x10000800);
  check_trap(150, kIllegalInstruction, 0, 0);

  // A write to the guard of a stack is done and told. Beside it one may write, and from it read.
  around_guard[1] = 0;
  const uint32_t guard = reinterpret_cast<uint32_t>(&around_guard[1]);
  soc_ctrl(cfg::soc_ctrl::kStackGuardOffset) = guard;
  around_guard[0] = 1;
  around_guard[cfg::kStackGuardBytes / 4 + 1] = 1;
  CHECK(160, around_guard[1] == 0);
  check_write(170, guard);
  CHECK(180, around_guard[1] == 1);

  // Of two refusals the first is kept.
  disable_interrupts();
  word(0x40000000) = 0;
  word(0x50000000) = 0;
  enable_interrupts();
  check_trap(140, kBusErrorInterrupt, 0x40000000, kValid | kWrite);
  return 0;
}
