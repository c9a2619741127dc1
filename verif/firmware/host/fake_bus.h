#pragma once

#include <stdint.h>

#include <cstring>

namespace heepstor::host {

// A bus in front of one device: a type with `uint32_t read(uint32_t address)` and
// `void write(uint32_t address, uint32_t value)`. A driver's bus has only static functions, so the
// device is the program's only one; `device = {}` resets it.
template <class Device>
struct FakeBus {
  inline static Device device{};

  static uint32_t read(uint32_t address) { return device.read(address); }
  static void write(uint32_t address, uint32_t value) { device.write(address, value); }

  static float read_float(uint32_t address) {
    const uint32_t bits = read(address);
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }

  static void write_float(uint32_t address, float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    write(address, bits);
  }
};

}  // namespace heepstor::host
