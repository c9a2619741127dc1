// Compares a verilated arithmetic unit with the floating-point hardware of this machine, bit for
// bit.
//
// A `Unit` describes what is under test:
//   Dut, Operands                    the verilated model; the operands of one operation
//   kLatency                         cycles from operands to result
//   drive(Dut&, const Operands&)     put operands on the ports
//   result(const Dut&)               what the ports show
//   expected(const Operands&)        what they must show, any NaN as the host gives it
//   directed(visit)                  calls visit(operands) for every directed case
//   draw(Random&)                    one random case
//   kSymbol, kLeft, kRight           the operator, and the names of the classes of either operand
//   left(const Operands&), right(const Operands&)   an operation's classes, as indices of those
//   names write(FILE*, const Operands&)    the operands, as two hexadecimal or decimal numbers
//
// The program counts vectors and mismatches by class and says so as JSON; fp_unit.py gives the
// verdict.
#pragma once

#include <verilated.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace fp_check {

inline float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint32_t to_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// docs/numerics.md: a NaN result is the canonical quiet NaN.
inline uint32_t canonical(uint32_t bits) {
  return (bits & 0x7FFF'FFFF) > 0x7F80'0000 ? 0x7FC0'0000 : bits;
}

// Classes of a binary32, and their names.
enum Class : unsigned { kZero, kSubnormal, kNormal, kInfinity, kQuietNan, kSignallingNan };
constexpr std::array<const char*, 6> kClasses = {"zero",     "subnormal", "normal",
                                                 "infinity", "quiet NaN", "signalling NaN"};

inline Class class_of(uint32_t bits) {
  const uint32_t exponent = bits >> 23 & 0xFF;
  const uint32_t fraction = bits & 0x007F'FFFF;
  if (exponent == 0) return fraction == 0 ? kZero : kSubnormal;
  if (exponent < 255) return kNormal;
  if (fraction == 0) return kInfinity;
  return fraction & 0x0040'0000 ? kQuietNan : kSignallingNan;
}

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t word() {
    uint64_t z = (state_ += 0x9E37'79B9'7F4A'7C15);
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
    return z ^ (z >> 31);
  }

  uint32_t below(uint32_t limit) { return (word() >> 32) * limit >> 32; }

 private:
  uint64_t state_;
};

constexpr uint32_t kSign = 0x8000'0000;

// Positive values at the edges of the format, and NaNs quiet and signalling.
constexpr std::array<uint32_t, 22> kSpecials = {
    0x0000'0000, 0x0000'0001, 0x0000'0002, 0x0000'0003, 0x0040'0000, 0x007F'FFFE,
    0x007F'FFFF, 0x0080'0000, 0x0080'0001, 0x00FF'FFFF, 0x0100'0000, 0x3F7F'FFFF,
    0x3F80'0000, 0x3F80'0001, 0x4B00'0000, 0x7EFF'FFFF, 0x7F00'0000, 0x7F7F'FFFF,
    0x7F80'0000, 0x7F80'0001, 0x7FC0'0000, 0x7FFF'FFFF};

// Fractions at which rounding turns.
constexpr std::array<uint32_t, 10> kFractions = {0x00'0000, 0x00'0001, 0x00'0002, 0x00'0003,
                                                 0x2A'AAAA, 0x3F'FFFF, 0x40'0000, 0x40'0001,
                                                 0x7F'FFFE, 0x7F'FFFF};

// A number of a class drawn at random: any bits, edges, subnormals, few significant bits (ties),
// and ordinary activations.
inline uint32_t draw_float(Random& random) {
  const uint32_t bits = random.word();
  const uint32_t sign = bits & kSign;
  switch (random.below(8)) {
    case 0:
      return sign | kSpecials[random.below(kSpecials.size())];
    case 1:
      return sign | (bits & 0x007F'FFFF) >> random.below(23);
    case 2:
      return bits & ~0u << random.below(23);
    case 3:
    case 4:
      return sign | (110 + random.below(30)) << 23 | (bits & 0x007F'FFFF);
    default:
      return bits;
  }
}

// Feeds one operation a cycle, with idle cycles between, and checks every result in its cycle.
template <typename Unit>
class Checker {
 public:
  explicit Checker(uint64_t seed) : random_(seed), dut_(std::make_unique<typename Unit::Dut>()) {
    dut_->rst_ni = 1;
    dut_->eval();
    dut_->rst_ni = 0;
    dut_->eval();
    dut_->rst_ni = 1;
  }

  void check(const typename Unit::Operands& operands) {
    if (random_.below(8) == 0) cycle(Unit::draw(random_), false);
    cycle(operands, true);
  }

  // Waits for the operations under way.
  void drain() {
    for (int i = 0; i < Unit::kLatency; i++) cycle(Unit::draw(random_), false);
  }

  Random& random() { return random_; }
  uint64_t checked() const { return checked_; }

  // Members of a JSON object.
  void write_counts(FILE* file) const {
    std::fprintf(file, "\"vectors\": %llu, \"unrequested_changes\": %llu, \"classes\": [",
                 static_cast<unsigned long long>(checked_),
                 static_cast<unsigned long long>(unrequested_changes_));
    const char* separator = "\n";
    for (size_t left = 0; left < Unit::kLeft.size(); left++) {
      for (size_t right = 0; right < Unit::kRight.size(); right++) {
        for (size_t result = 0; result < kClasses.size(); result++) {
          const Count& count = counts_[left][right][result];
          if (count.vectors == 0) continue;
          std::fprintf(file, "%s{\"operands\": \"%s %s %s\", \"result\": \"%s\", ", separator,
                       Unit::kLeft[left], Unit::kSymbol, Unit::kRight[right], kClasses[result]);
          write_count(file, count);
          separator = ",\n";
        }
      }
    }
    std::fprintf(file, "\n]");
  }

 private:
  struct Operation {
    typename Unit::Operands operands;
    bool valid;
  };

  struct Count {
    uint64_t vectors = 0;
    uint64_t mismatches = 0;
    typename Unit::Operands first{};  // mismatch, if there is one
    uint32_t got = 0;
    uint32_t expected = 0;
  };

  void cycle(const typename Unit::Operands& operands, bool valid) {
    Unit::drive(*dut_, operands);
    dut_->valid_i = valid;
    dut_->clk_i = 1;
    dut_->eval();
    dut_->clk_i = 0;
    dut_->eval();
    for (int i = Unit::kLatency - 1; i > 0; i--) pipeline_[i] = pipeline_[i - 1];
    pipeline_[0] = {operands, valid};

    const Operation& done = pipeline_[Unit::kLatency - 1];
    const uint32_t got = Unit::result(*dut_);
    if (done.valid) {
      compare(done.operands, got);
    } else if (checked_ != 0 && got != last_) {
      unrequested_changes_++;  // a cycle without an operation must leave the last result alone
    }
    last_ = got;
  }

  void compare(const typename Unit::Operands& operands, uint32_t got) {
    const uint32_t expected = canonical(Unit::expected(operands));
    Count& count = counts_[Unit::left(operands)][Unit::right(operands)][class_of(expected)];
    count.vectors++;
    checked_++;
    if (got == expected) return;
    if (count.mismatches++ == 0) {
      count.first = operands;
      count.got = got;
      count.expected = expected;
    }
  }

  static void write_count(FILE* file, const Count& count) {
    std::fprintf(file, "\"vectors\": %llu, \"mismatches\": %llu",
                 static_cast<unsigned long long>(count.vectors),
                 static_cast<unsigned long long>(count.mismatches));
    if (count.mismatches != 0) {
      std::fprintf(file, ", \"first_mismatch\": \"");
      Unit::write(file, count.first);
      std::fprintf(file, ": got 0x%08x (%a), expected 0x%08x (%a)\"", count.got,
                   from_bits(count.got), count.expected, from_bits(count.expected));
    }
    std::fprintf(file, "}");
  }

  Random random_;
  std::unique_ptr<typename Unit::Dut> dut_;
  std::array<Operation, Unit::kLatency> pipeline_{};
  uint32_t last_ = 0;
  uint64_t checked_ = 0;
  uint64_t unrequested_changes_ = 0;
  std::array<std::array<std::array<Count, kClasses.size()>, Unit::kRight.size()>,
             Unit::kLeft.size()>
      counts_{};
};

// Prints random cases and what this file expects of them, for a check of the checker.
template <typename Unit>
int sample(uint64_t vectors, uint64_t seed) {
  Random random(seed);
  for (uint64_t i = 0; i < vectors; i++) {
    const typename Unit::Operands operands = Unit::draw(random);
    Unit::write(stdout, operands);
    std::printf(" 0x%08x\n", canonical(Unit::expected(operands)));
  }
  return 0;
}

// Arguments: what to do, number of random vectors, seed. `check` (all vectors) and `random`
// (without the directed ones) print one JSON object.
template <typename Unit>
int run(int argc, char** argv) {
  const std::string_view command = argc == 4 ? argv[1] : "";
  if (command != "check" && command != "random" && command != "sample") {
    std::fprintf(stderr, "usage: %s check|random|sample VECTORS SEED\n", argv[0]);
    return 2;
  }
  const uint64_t vectors = std::strtoull(argv[2], nullptr, 0);
  const uint64_t seed = std::strtoull(argv[3], nullptr, 0);
  if (command == "sample") return sample<Unit>(vectors, seed);

  Checker<Unit> checker(seed);
  if (command == "check") {
    Unit::directed([&](const typename Unit::Operands& operands) { checker.check(operands); });
    checker.drain();
  }
  const uint64_t directed = checker.checked();
  for (uint64_t i = 0; i < vectors; i++) checker.check(Unit::draw(checker.random()));
  checker.drain();
  std::printf("{\"directed\": %llu, ", static_cast<unsigned long long>(directed));
  checker.write_counts(stdout);
  std::printf("}\n");
  return 0;
}

}  // namespace fp_check
