#pragma once

#include <stdint.h>

#include "heepstor_cfg.h"

namespace heepstor::hal {

namespace soc_reg = cfg::soc_ctrl;

// SoC control: who the hardware is, where the firmware is, and how it ended.
template <class Bus>
struct SocCtrl {
  struct BusError {
    bool valid;
    bool write;
    bool fetch;
    uint32_t address;  // of the first refused access
  };

  static uint32_t clock_hz() { return Bus::read(at(soc_reg::kClockHzOffset)); }
  static uint32_t config_hash() { return Bus::read(at(soc_reg::kConfigHashOffset)); }
  static uint32_t rtl_version() { return Bus::read(at(soc_reg::kRtlVersionOffset)); }
  static uint32_t memory_bytes() { return Bus::read(at(soc_reg::kMemoryBytesOffset)); }

  // Tells the simulator where the firmware is.
  static void mark(cfg::Marker marker, uint32_t layer = 0) {
    Bus::write(at(soc_reg::kMarkerOffset), static_cast<uint32_t>(marker) | layer);
  }

  static BusError bus_error() {
    const uint32_t status = Bus::read(at(soc_reg::kBusErrorStatusOffset));
    return {(status >> soc_reg::kBusErrorStatusValidLsb & 1) != 0,
            (status >> soc_reg::kBusErrorStatusWriteLsb & 1) != 0,
            (status >> soc_reg::kBusErrorStatusFetchLsb & 1) != 0,
            Bus::read(at(soc_reg::kBusErrorAddressOffset))};
  }

  // From now on a write of the CPU to the guard at `address` is told as a bus error, too.
  static void guard_stack(uint32_t address) { Bus::write(at(soc_reg::kStackGuardOffset), address); }

  static void clear_bus_error() {
    Bus::write(at(soc_reg::kBusErrorStatusOffset), 1u << soc_reg::kBusErrorStatusValidLsb);
  }

  // Ends the simulation.
  static void exit(cfg::ExitCode code) {
    Bus::write(at(soc_reg::kExitValueOffset), static_cast<uint32_t>(code));
    Bus::write(at(soc_reg::kExitValidOffset), 1);
  }

 private:
  static constexpr uint32_t at(uint32_t offset) { return soc_reg::kBase + offset; }
};

}  // namespace heepstor::hal
