// The SoC's RAM, through the back door.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "Vsim_top__Dpi.h"
#include "heepstor_cfg.h"
#include "svdpi.h"

namespace heepstor::simulator {

using Bytes = std::vector<uint8_t>;

class Memory {
 public:
  Memory() : top_(scope("TOP.sim_top")) {
    svSetScope(top_);
    for (uint32_t offset = 0; offset < cfg::kMemoryBytes; offset += 4) {
      const uint32_t bank = sim_ram_bank(offset);
      while (banks_.size() <= bank) {
        banks_.push_back(
            scope("TOP.sim_top.gen_banks[" + std::to_string(banks_.size()) + "].u_backdoor"));
      }
      places_.push_back({bank, sim_ram_row(offset)});
    }
  }

  void write(uint32_t address, const uint8_t* data, uint32_t size) {
    for (uint32_t i = 0; i < size; ++i) {
      const uint32_t shift = (address + i) % 4 * 8;
      const Place place = locate(address + i);
      const uint32_t kept = sim_peek(place.row) & ~(0xFFu << shift);
      sim_poke(place.row, kept | static_cast<uint32_t>(data[i]) << shift);
    }
  }

  Bytes read(uint32_t address, uint32_t size) const {
    Bytes data(size);
    for (uint32_t i = 0; i < size; ++i) {
      data[i] = static_cast<uint8_t>(sim_peek(locate(address + i).row) >> (address + i) % 4 * 8);
    }
    return data;
  }

 private:
  struct Place {
    uint32_t bank;
    uint32_t row;
  };

  static svScope scope(const std::string& name) {
    const svScope found = svGetScopeFromName(name.c_str());
    if (found == nullptr) throw std::logic_error("no scope " + name + " in the model");
    return found;
  }

  // Selects the bank of a byte for `sim_peek` and `sim_poke`.
  Place locate(uint32_t address) const {
    const Place place = places_.at(address / 4);
    svSetScope(banks_[place.bank]);
    return place;
  }

  svScope top_;
  std::vector<svScope> banks_;
  std::vector<Place> places_;  // of each word
};

}  // namespace heepstor::simulator
