// What the bare programs share: registers by address, the UART, interrupts, the way out.
// Each program is one file that includes this once and defines `main` and `on_trap`.
#pragma once
#include <stdint.h>

#include "heepstor_cfg.h"

namespace cfg = heepstor::cfg;

// The runner asks images which hardware they are for.
[[gnu::section(".heepstor.hash"), gnu::used]] const uint32_t kImageHash = cfg::kConfigHash;

template <typename Word>
volatile Word& at(uint32_t address) {
  return *reinterpret_cast<volatile Word*>(address);
}
inline volatile uint32_t& word(uint32_t address) {
  return at<uint32_t>(address);
}

inline volatile uint32_t& soc_ctrl(uint32_t offset) {
  return word(cfg::soc_ctrl::kBase + offset);
}

inline void mark(uint32_t value) {
  soc_ctrl(cfg::soc_ctrl::kMarkerOffset) = value;
}

#define READ_CSR(name)                            \
  [] {                                            \
    uint32_t value;                               \
    asm volatile("csrr %0, " name : "=r"(value)); \
    return value;                                 \
  }()

inline void enable_interrupt(cfg::Interrupt interrupt) {
  asm volatile("csrs mie, %0" ::"r"(1u << static_cast<uint32_t>(interrupt)));
  asm volatile("csrs mstatus, %0" ::"r"(8u));
}

// OpenTitan's UART: CTRL at 0x0C, STATUS at 0x10, WDATA at 0x18.
inline void uart_start(uint32_t baud_rate) {
  const uint64_t nco =
      ((static_cast<uint64_t>(baud_rate) << 20) + cfg::kClockHz / 2) / cfg::kClockHz;
  word(cfg::kUartBase + 0x0C) = static_cast<uint32_t>(nco) << 16 | 1;
}

inline void uart_write(const char* text) {
  for (; *text; ++text) {
    while (word(cfg::kUartBase + 0x10) & 1) {  // TXFULL
    }
    word(cfg::kUartBase + 0x18) = static_cast<uint8_t>(*text);
  }
  while (!(word(cfg::kUartBase + 0x10) & 8)) {  // TXIDLE
  }
}

// Leaves with the number of the check that fails.
#define CHECK(number, condition) \
  if (!(condition)) leave(number)

extern "C" {
int main();
void on_trap();

[[noreturn, gnu::used]] inline void leave(int code) {
  soc_ctrl(cfg::soc_ctrl::kExitValueOffset) = static_cast<uint32_t>(code);
  soc_ctrl(cfg::soc_ctrl::kExitValidOffset) = 1;
  for (;;) {
  }
}
}

// For programs that expect no trap.
#define NO_TRAPS                                                    \
  extern "C" __attribute__((interrupt("machine"))) void on_trap() { \
    leave(255);                                                     \
  }
