#pragma once

#include <stdint.h>

#include <cstring>
#include <limits>

namespace heepstor::host {

// What the systolic array does, seen from the bus; written from docs/architecture.md and
// docs/numerics.md alone, offsets included, so that a wrong offset in a generated header or a
// driver does not cancel out.
//
// Everything that software has not written yet is NaN or an odd weight: using it shows.
template <uint32_t kSize, uint32_t kRows>
class ArrayModel {
 public:
  static constexpr uint32_t kBase = 0xF0000000;
  static constexpr uint32_t kConfigHash = 0x5EED1234;
  static constexpr uint32_t kStreamGeometry = 9u << 16 | 12u << 8 | 2;  // 512, 4096; two ports

  ArrayModel() {
    const float poison = std::numeric_limits<float>::quiet_NaN();
    for (float& lane : staged_) lane = poison;
    for (auto& row : sums_) {
      for (float& sum : row) sum = poison;
    }
    std::memset(weights_, 0x55, sizeof(weights_));
  }

  uint32_t read(uint32_t address) {
    const uint32_t offset = address - kBase;
    if (offset % 4 != 0) return refuse(kErrAccess, offset);
    switch (offset) {
      case 0x000:
        return 0x48535431;
      case 0x004:
        return kRows << 16 | kSize;
      case 0x008:
        return kConfigHash;
      case 0x00C:
        return refuse(kErrAccess, offset);
      case 0x010:
        return status_;
      case 0x014:
        return error_offset_;
      case 0x018:
        return first_ << 17 | bank_ << 16 | row_;
      case 0x01C:
        return steps_;
      case 0x028:
        return kStreamGeometry;
    }
    if (is_weight(offset) || is_lane(offset, 0x2000) || is_lane(offset, 0x2100)) {
      return refuse(kErrAccess, offset);
    }
    if (float* sum = sum_at(offset)) {
      uint32_t bits;
      std::memcpy(&bits, sum, sizeof(bits));
      return bits;
    }
    return refuse(kErrAddress, offset);
  }

  void write(uint32_t address, uint32_t value) {
    const uint32_t offset = address - kBase;
    if (offset % 4 != 0) {
      refuse(kErrAccess, offset);
    } else if (offset == 0x00C) {
      if (value & 1) abort();
    } else if (offset == 0x010) {
      status_ &= ~value;
    } else if (offset == 0x018) {
      row_ = value & 0xFFFF;
      bank_ = value >> 16 & 1;
      first_ = value >> 17 & 1;
    } else if (offset <= 0x01C) {
      refuse(kErrAccess, offset);
    } else if (is_weight(offset)) {
      // Little endian: the word's lowest byte has the lowest column.
      std::memcpy(&weights_[offset >= 0x1800][(offset - 0x1000) % 0x800], &value, sizeof(value));
    } else if (is_lane(offset, 0x2000)) {
      stage((offset - 0x2000) / 4, value);
    } else if (is_lane(offset, 0x2100)) {
      launch((offset - 0x2100) / 4, value, offset);
    } else if (float* sum = sum_at(offset)) {
      std::memcpy(sum, &value, sizeof(value));
    } else {
      refuse(kErrAddress, offset);
    }
  }

 private:
  static constexpr uint32_t kErrAddress = 1u << 8;
  static constexpr uint32_t kErrAccess = 1u << 9;
  static constexpr uint32_t kErrRow = 1u << 10;

  static bool is_weight(uint32_t offset) {
    return offset >= 0x1000 && offset < 0x2000 && (offset - 0x1000) % 0x800 < kSize * kSize;
  }

  static bool is_lane(uint32_t offset, uint32_t window) {
    return offset >= window && offset < window + 4 * kSize;
  }

  float* sum_at(uint32_t offset) {
    if (offset < 0x8000 || offset >= 0x8000 + 4 * kRows * kSize) return nullptr;
    const uint32_t word = (offset - 0x8000) / 4;
    return &sums_[word / kSize][word % kSize];
  }

  void stage(uint32_t lane, uint32_t bits) { std::memcpy(&staged_[lane], &bits, sizeof(bits)); }

  void launch(uint32_t lane, uint32_t bits, uint32_t offset) {
    if (row_ >= kRows) {
      refuse(kErrRow, offset);
      return;
    }
    stage(lane, bits);
    for (uint32_t n = 0; n < kSize; ++n) {
      float sum = first_ ? 0.0f : sums_[row_][n];
      for (uint32_t k = 0; k <= lane; ++k) {
        const float product = staged_[k] * static_cast<float>(weights_[bank_][k * kSize + n]);
        sum = sum + product;
      }
      sums_[row_][n] = sum;
    }
    ++row_;
    ++steps_;
  }

  uint32_t refuse(uint32_t error, uint32_t offset) {
    if (status_ == 0) error_offset_ = offset;
    status_ |= error;
    return 0;
  }

  void abort() {
    status_ = 0;
    row_ = bank_ = first_ = steps_ = 0;
  }

  int8_t weights_[2][kSize * kSize];
  float staged_[kSize];
  float sums_[kRows][kSize];
  uint32_t row_ = 0;
  uint32_t bank_ = 0;
  uint32_t first_ = 0;
  uint32_t steps_ = 0;
  uint32_t status_ = 0;
  uint32_t error_offset_ = 0;
};

}  // namespace heepstor::host
