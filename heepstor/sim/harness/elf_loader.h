// ELF files, into the SoC's RAM.

#pragma once

#include <elf.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "heepstor_cfg.h"
#include "memory.h"
#include "usage_error.h"

namespace heepstor::simulator {

inline std::string hex(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08" PRIx32, value);
  return text;
}

inline Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UsageError(path + ": cannot be read");
  return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Loads the segments of a 32-bit RISC-V ELF at their physical addresses. What a segment has beyond
// its file content (.bss) is left as it is: clearing it is the firmware's work.
inline void load_elf(const std::string& path, Memory& memory) {
  const Bytes image = read_file(path);
  Elf32_Ehdr header;
  if (image.size() < sizeof header) throw UsageError(path + ": too short for an ELF file");
  std::memcpy(&header, image.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS32 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_RISCV ||
      header.e_phentsize != sizeof(Elf32_Phdr)) {
    throw UsageError(path + ": not a 32-bit little-endian RISC-V ELF file");
  }
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    const uint64_t position = uint64_t{header.e_phoff} + uint64_t{i} * sizeof(Elf32_Phdr);
    Elf32_Phdr segment;
    if (position + sizeof segment > image.size()) throw UsageError(path + ": truncated");
    std::memcpy(&segment, image.data() + position, sizeof segment);
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    if (uint64_t{segment.p_paddr} + segment.p_memsz > cfg::kMemoryBytes ||
        segment.p_filesz > segment.p_memsz) {
      throw UsageError(path + ": segment at " + hex(segment.p_paddr) + " of " +
                       std::to_string(segment.p_memsz) + " bytes is outside the memory of " +
                       std::to_string(cfg::kMemoryBytes) + " bytes");
    }
    if (uint64_t{segment.p_offset} + segment.p_filesz > image.size()) {
      throw UsageError(path + ": truncated");
    }
    memory.write(segment.p_paddr, image.data() + segment.p_offset, segment.p_filesz);
  }
}

}  // namespace heepstor::simulator
