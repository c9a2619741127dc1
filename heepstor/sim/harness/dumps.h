// Parts of the memory as they are when the firmware writes a marker, each in a file.

#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <vector>

#include "checkpoint.h"
#include "memory.h"
#include "options.h"
#include "usage_error.h"

namespace heepstor::simulator {

class Dumps {
 public:
  explicit Dumps(const std::vector<Dump>& wanted) : wanted_(wanted), data_(wanted.size()) {}

  void on_marker(uint32_t marker, const Memory& memory) {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const Dump& dump = wanted_[i];
      if (dump.marker == marker) write(i, memory.read(dump.address, dump.bytes));
    }
  }

  void save(VerilatedSerialize& state) const {
    state << static_cast<uint64_t>(wanted_.size());
    for (size_t i = 0; i < wanted_.size(); ++i) {
      state << wanted_[i].marker << wanted_[i].address << data_[i].has_value();
      state << data_[i].value_or(Bytes());
    }
  }

  // Writes again what was dumped before the checkpoint: the memory of that time is gone.
  void restore(VerilatedDeserialize& state) {
    uint64_t count = 0;
    state >> count;
    for (uint64_t i = 0; i < count; ++i) {
      Dump old{};
      bool was_written = false;
      Bytes data;
      state >> old.marker >> old.address >> was_written >> data;
      if (was_written) write_again(old, data);
    }
  }

  // Whether a dump at `marker` is wanted and there is none.
  bool lacks(uint32_t marker) const {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      if (wanted_[i].marker == marker && !data_[i]) return true;
    }
    return false;
  }

 private:
  void write_again(const Dump& old, const Bytes& data) {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const Dump& dump = wanted_[i];
      const bool is_same = dump.marker == old.marker && dump.address == old.address;
      if (is_same && dump.bytes == data.size()) write(i, data);
    }
  }

  void write(size_t index, const Bytes& data) {
    data_[index] = data;
    const std::string& path = wanted_[index].file;
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
    file.close();
    if (!file) throw std::runtime_error(path + ": cannot be written");
  }

  const std::vector<Dump>& wanted_;
  std::vector<std::optional<Bytes>> data_;  // of each that is wanted
};

}  // namespace heepstor::simulator
