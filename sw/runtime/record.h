#pragma once

#include <stdint.h>

namespace heepstor::runtime {

// Prints records for programs (`@kind key=value ...`, docs/architecture.md) and sentences for
// people, to any type with `put(char)`. No printf: that costs kilobytes, and thousands of cycles a
// line.
template <class Output>
class Printer {
 public:
  explicit constexpr Printer(Output output) : output_(output) {}

  const Printer& text(const char* text) const {
    for (; *text != '\0'; ++text) {
      output_.put(*text);
    }
    return *this;
  }

  const Printer& decimal(uint64_t value) const {
    char digits[20];
    uint32_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count > 0) {
      output_.put(digits[--count]);
    }
    return *this;
  }

  const Printer& signed_decimal(int32_t value) const {
    if (value < 0) {
      output_.put('-');
      return decimal(0 - static_cast<uint64_t>(value));
    }
    return decimal(static_cast<uint64_t>(value));
  }

  const Printer& hex(uint32_t value) const {
    text("0x");
    for (int32_t shift = 28; shift >= 0; shift -= 4) {
      output_.put("0123456789abcdef"[value >> shift & 0xF]);
    }
    return *this;
  }

  void end() const { output_.put('\n'); }

  // A record is `record(kind)`, one `field` after another, `end()`.
  const Printer& record(const char* kind) const { return text("@").text(kind); }
  const Printer& field(const char* key) const { return text(" ").text(key).text("="); }

 private:
  Output output_;
};

}  // namespace heepstor::runtime
