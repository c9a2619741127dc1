// sa_fp_add against the host's addition.
#include "../fp_check.h"
#include "Vsa_fp_add.h"

namespace {

struct Adder {
  using Dut = Vsa_fp_add;
  struct Operands {
    uint32_t a, b;
  };
  static constexpr int kLatency = 2;

  static void drive(Dut& dut, const Operands& x) {
    dut.a_i = x.a;
    dut.b_i = x.b;
  }

  static uint32_t result(const Dut& dut) { return dut.sum_o; }

  static uint32_t expected(const Operands& x) {
    return fp_check::to_bits(fp_check::from_bits(x.a) + fp_check::from_bits(x.b));
  }

  static constexpr const char* kSymbol = "+";
  static constexpr auto kLeft = fp_check::kClasses;
  // By the sign of the other operand: adding and subtracting magnitudes are different work.
  static constexpr std::array<const char*, 12> kRight = {
      "zero of its sign",       "subnormal of its sign",   "normal of its sign",
      "infinity of its sign",   "quiet NaN of its sign",   "signalling NaN of its sign",
      "zero of other sign",     "subnormal of other sign", "normal of other sign",
      "infinity of other sign", "quiet NaN of other sign", "signalling NaN of other sign"};

  static unsigned left(const Operands& x) { return fp_check::class_of(x.a); }
  static unsigned right(const Operands& x) {
    return fp_check::class_of(x.b) + ((x.a ^ x.b) & fp_check::kSign ? 6 : 0);
  }

  // Both orders and all signs of: every pair of special values; every pair of exponents; every
  // exponent with every distance over which the smaller operand can be seen, with fractions at
  // which rounding turns; and neighbours, which cancel.
  template <typename Visit>
  static void directed(Visit visit) {
    const auto visit_all = [&](uint32_t a, uint32_t b) {
      for (uint32_t sign_a : {0u, fp_check::kSign}) {
        for (uint32_t sign_b : {0u, fp_check::kSign}) {
          visit(Operands{sign_a ^ a, sign_b ^ b});
          visit(Operands{sign_b ^ b, sign_a ^ a});
        }
      }
    };
    for (uint32_t a : fp_check::kSpecials) {
      for (uint32_t b : fp_check::kSpecials) visit_all(a, b);
    }
    for (uint32_t exponent = 0; exponent < 255; exponent++) {
      for (uint32_t other = 0; other <= exponent; other++) {
        for (uint32_t fraction : {0x00'0000u, 0x00'0001u, 0x7F'FFFFu}) {
          visit_all(exponent << 23 | fraction, other << 23 | (fraction ^ 0x40'0000));
        }
      }
      visit_distances(exponent, visit_all);
      visit_neighbours(exponent, visit_all);
    }
  }

  // From 26 places on all of the smaller operand is in the sticky bit.
  template <typename Visit>
  static void visit_distances(uint32_t exponent, Visit visit) {
    for (uint32_t distance = 0; distance <= 27 && distance <= exponent; distance++) {
      for (uint32_t fraction_a : fp_check::kFractions) {
        for (uint32_t fraction_b : fp_check::kFractions) {
          visit(exponent << 23 | fraction_a, (exponent - distance) << 23 | fraction_b);
        }
      }
    }
  }

  template <typename Visit>
  static void visit_neighbours(uint32_t exponent, Visit visit) {
    for (uint32_t fraction : fp_check::kFractions) {
      const uint32_t a = exponent << 23 | fraction;
      for (uint32_t neighbour = a > 9 ? a - 9 : 0; neighbour <= a + 9; neighbour++) {
        visit(a, neighbour);
      }
    }
  }

  // Half of the pairs lie close together, where alignment, cancellation and rounding meet.
  static Operands draw(fp_check::Random& random) {
    const uint32_t a = fp_check::draw_float(random);
    if (random.below(2) == 0) return {a, fp_check::draw_float(random)};
    const uint32_t bits = random.word();
    const uint32_t exponent = (a >> 23) + random.below(61) - 30;
    const uint32_t fraction = random.below(2) == 0 ? bits : a ^ 1u << random.below(23);
    return {a, (bits & fp_check::kSign) | (exponent & 0xFF) << 23 | (fraction & 0x007F'FFFF)};
  }

  static void write(FILE* file, const Operands& x) {
    std::fprintf(file, "0x%08x 0x%08x", x.a, x.b);
  }
};

}  // namespace

int main(int argc, char** argv) {
  return fp_check::run<Adder>(argc, argv);
}
