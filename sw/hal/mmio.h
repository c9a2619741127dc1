#pragma once

#include <stdint.h>

namespace heepstor::hal {

// The bus of the target. Drivers take the bus as a template parameter, a type with these four
// functions, so that they run on a host too, against a model of the device.
struct Mmio {
  static uint32_t read(uint32_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }

  static void write(uint32_t address, uint32_t value) {
    *reinterpret_cast<volatile uint32_t*>(address) = value;
  }

  // The same transfers, from and to a floating-point register.
  static float read_float(uint32_t address) { return *reinterpret_cast<volatile float*>(address); }

  static void write_float(uint32_t address, float value) {
    *reinterpret_cast<volatile float*>(address) = value;
  }
};

}  // namespace heepstor::hal
