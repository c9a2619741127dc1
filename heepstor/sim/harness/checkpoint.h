// The file of a checkpoint: what it is of, and the state of a simulation.
//
//   8 bytes   the magic word
//   8 bytes   version of the format
//   8 bytes   size of what follows these four fields
//   8 bytes   its digest
//   the rest  identity, then state
//
// A file is written beside its place and renamed, so that what is in its place is whole. One that
// is read is checked to its last bit before anything is done with it: Verilator's own reader stops
// the program when it does not like what it finds.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "elf_loader.h"
#include "heepstor_cfg.h"
#include "usage_error.h"
#include "verilated_save.h"

namespace heepstor::simulator {

// FNV-1a, 64 bits: notices damage, not malice.
inline uint64_t digest_of(const Bytes& data) {
  uint64_t digest = 14695981039346656037u;
  for (const uint8_t byte : data) digest = (digest ^ byte) * 1099511628211u;
  return digest;
}

// Collects in memory what is written to it.
class StateWriter final : public VerilatedSerialize {
 public:
  const Bytes& data() {
    flush();
    return data_;
  }

  void flush() override {
    data_.insert(data_.end(), m_bufp, m_cp);
    m_cp = m_bufp;
  }

 private:
  Bytes data_;
};

// Gives back what a StateWriter has collected.
class StateReader final : public VerilatedDeserialize {
 public:
  explicit StateReader(Bytes data) : data_(std::move(data)) {
    m_cp = m_endp = m_bufp;
    fill();
  }

  // Verilator asks for more when it may need more than is left in its buffer.
  void fill() override {
    const size_t left = static_cast<size_t>(m_endp - m_cp);
    std::memmove(m_bufp, m_cp, left);
    const size_t more = std::min(bufferSize() - left, data_.size() - position_);
    std::memcpy(m_bufp + left, data_.data() + position_, more);
    position_ += more;
    m_cp = m_bufp;
    m_endp = m_bufp + left + more;
  }

 private:
  Bytes data_;
  size_t position_ = 0;
};

inline VerilatedSerialize& operator<<(VerilatedSerialize& out, const Bytes& data) {
  out << static_cast<uint64_t>(data.size());
  return out.write(data.data(), data.size());
}

inline VerilatedDeserialize& operator>>(VerilatedDeserialize& in, Bytes& data) {
  uint64_t size = 0;
  in >> size;
  data.resize(size);
  return in.read(data.data(), size);
}

// What a checkpoint is of. None fits another simulator: the state of a model has no other
// description than the program that was compiled from it.
struct Identity {
  uint64_t config_hash;
  uint64_t simulator;  // digest of the program
  uint64_t image;      // digest of the ELF file

  static Identity of_run(const std::string& elf) {
    return {cfg::kConfigHash, digest_of(read_file("/proc/self/exe")), digest_of(read_file(elf))};
  }
};

class CheckpointFile {
 public:
  static void write(const std::string& path, const Identity& identity, const Bytes& state) {
    StateWriter content;
    content << identity.config_hash << identity.simulator << identity.image << state;
    const Bytes& data = content.data();
    const uint64_t fields[] = {kVersion, data.size(), digest_of(data)};

    const std::string temporary = path + ".tmp";
    std::ofstream file(temporary, std::ios::binary);
    file.write(kMagic.data(), static_cast<std::streamsize>(kMagic.size()));
    file.write(reinterpret_cast<const char*>(fields), sizeof fields);
    file.write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
    file.close();
    if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
      std::remove(temporary.c_str());
      throw UsageError(path + ": the checkpoint cannot be written");
    }
  }

  // The state in the file, if it is whole and of `expected`.
  static Bytes read(const std::string& path, const Identity& expected) {
    const Bytes file = read_file(path);
    if (file.size() < kHeader || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) {
      throw UsageError(path + ": not a checkpoint");
    }
    uint64_t fields[3];
    std::memcpy(fields, file.data() + kMagic.size(), sizeof fields);
    const auto [version, size, digest] = fields;
    if (version != kVersion) {
      throw UsageError(path + ": a checkpoint of version " + std::to_string(version) +
                       "; this simulator reads version " + std::to_string(kVersion));
    }
    const Bytes content(file.begin() + kHeader, file.end());
    if (content.size() != size) {
      throw UsageError(path + ": truncated: " + std::to_string(content.size()) + " of " +
                       std::to_string(size) + " bytes are there");
    }
    if (digest_of(content) != digest) throw UsageError(path + ": corrupted: its digest is wrong");
    return state_of(path, content, expected);
  }

 private:
  static constexpr std::string_view kMagic = "HEEPckpt";
  static constexpr uint64_t kVersion = 1;
  static constexpr size_t kHeader = kMagic.size() + 3 * sizeof(uint64_t);

  static Bytes state_of(const std::string& path, const Bytes& content, const Identity& expected) {
    StateReader reader(content);
    Identity found{};
    Bytes state;
    reader >> found.config_hash >> found.simulator >> found.image >> state;
    if (found.config_hash != expected.config_hash) {
      throw UsageError(path + ": of the hardware " + hex(static_cast<uint32_t>(found.config_hash)) +
                       "; this simulator is " + hex(static_cast<uint32_t>(expected.config_hash)));
    }
    if (found.simulator != expected.simulator) {
      throw UsageError(path +
                       ": of another simulator: it was built from other sources, or with "
                       "another compiler; make the checkpoint anew");
    }
    if (found.image != expected.image) {
      throw UsageError(path +
                       ": of another image: the model, its sample or an option has changed; "
                       "make the checkpoint anew");
    }
    return state;
  }
};

}  // namespace heepstor::simulator
