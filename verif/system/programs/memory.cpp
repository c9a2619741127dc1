// Bytes, halfwords, misaligned words, accesses without a pause, and every word of RAM beyond the
// image.
#include "bare.h"

NO_TRAPS

extern "C" uint32_t __stack_top[];

namespace {

// In every address a different word, so that two addresses that share a cell are found out.
uint32_t pattern(uint32_t address) {
  return address * 2654435761u ^ 0x5A5A5A5A;
}

void check_narrow(uint32_t base) {
  word(base) = 0x11223344;
  word(base + 4) = 0x55667788;
  for (uint32_t i = 0; i < 4; ++i) {
    word(base) = 0x11223344;
    at<uint8_t>(base + i) = 0xAB;
    CHECK(1, word(base) == ((0x11223344u & ~(0xFFu << 8 * i)) | 0xABu << 8 * i));
    CHECK(2, at<uint8_t>(base + i) == 0xAB);
    CHECK(3, at<int8_t>(base + i) == -85);
  }
  for (uint32_t i = 0; i < 4; i += 2) {
    word(base) = 0x11223344;
    at<uint16_t>(base + i) = 0xCDEF;
    CHECK(4, word(base) == ((0x11223344u & ~(0xFFFFu << 8 * i)) | 0xCDEFu << 8 * i));
    CHECK(5, at<uint16_t>(base + i) == 0xCDEF);
  }
  // The CPU splits a misaligned word into two accesses.
  uint32_t value;
  word(base) = 0x11223344;
  asm volatile("sw %0, 2(%1)" ::"r"(0xA1B2C3D4), "r"(base) : "memory");
  asm volatile("lw %0, 2(%1)" : "=r"(value) : "r"(base) : "memory");
  CHECK(6, value == 0xA1B2C3D4);
  CHECK(7, word(base) == 0xC3D43344);
  CHECK(8, word(base + 4) == 0x5566A1B2);
}

// Loads and stores in neighbouring instructions, to neighbouring words: other banks if interleaved.
void check_back_to_back(uint32_t base) {
  uint32_t a, b, c, d;
  asm volatile(
      "sw %4, 0(%8)\n sw %5, 4(%8)\n sw %6, 8(%8)\n sw %7, 12(%8)\n"
      "lw %0, 0(%8)\n lw %1, 4(%8)\n lw %2, 8(%8)\n lw %3, 12(%8)\n"
      : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
      : "r"(1), "r"(2), "r"(3), "r"(4), "r"(base)
      : "memory");
  CHECK(20, a == 1 && b == 2 && c == 3 && d == 4);
  // A load from a peripheral between loads from RAM: the slow answer must not overtake or be
  // overtaken.
  asm volatile("lw %0, 4(%4)\n lw %1, 0(%5)\n lw %2, 8(%4)\n lw %3, 0x10(%6)\n"
               : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
               : "r"(base), "r"(cfg::systolic_array::kBase), "r"(cfg::kUartBase)
               : "memory");
  CHECK(21, a == 2);
  CHECK(22, b == cfg::kSystolicArrayId);
  CHECK(23, c == 3);
  CHECK(24, d == 0x3C);  // TXEMPTY TXIDLE RXIDLE RXEMPTY
}

}  // namespace

int main() {
  const uint32_t start = reinterpret_cast<uint32_t>(__stack_top);
  const uint32_t end = cfg::kMemoryBytes;
  check_narrow(start);
  check_narrow(end - 8);
  check_back_to_back(start);
  check_back_to_back(end - 16);
  for (uint32_t address = start; address < end; address += 4) word(address) = pattern(address);
  mark(1);
  for (uint32_t address = start; address < end; address += 4) {
    CHECK(30, word(address) == pattern(address));
  }
  return 0;
}
