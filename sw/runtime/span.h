#pragma once

#include <stdint.h>

#include "runtime/check.h"

namespace heepstor {

// A pointer and a number of elements. (The target has no C++ library.)
template <class T>
class Span {
 public:
  constexpr Span() = default;
  constexpr Span(T* data, uint32_t size) : data_(data), size_(size) {}

  template <uint32_t kCount>
  constexpr Span(T (&array)[kCount]) : data_(array), size_(kCount) {}

  // A Span<float> is accepted where a Span<const float> is wanted, not the other way round.
  template <class U>
  constexpr Span(Span<U> other) : data_(other.data()), size_(other.size()) {}

  constexpr T* data() const { return data_; }
  constexpr uint32_t size() const { return size_; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }

  constexpr T& operator[](uint32_t index) const {
    HEEPSTOR_ASSERT(index < size_);
    return data_[index];
  }

  constexpr Span subspan(uint32_t offset, uint32_t size) const {
    HEEPSTOR_CHECK(offset <= size_ && size <= size_ - offset);
    return {data_ + offset, size};
  }

 private:
  T* data_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace heepstor
