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

  // Both orders and all signs of: every pair of special values; every distance of exponents over which
  // an operand can be seen, from several larger exponents, with fractions at which rounding turns; and
  // neighbours, which cancel.
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
    for (uint32_t exponent : {0u, 1u, 2u, 23u, 24u, 26u, 33u, 127u, 253u, 254u}) {
      for (uint32_t fraction_a : fp_check::kFractions) {
        const uint32_t a = exponent << 23 | fraction_a;
        for (uint32_t distance = 0; distance <= 33 && distance <= exponent; distance++) {
          for (uint32_t fraction_b : fp_check::kFractions) {
            visit_all(a, (exponent - distance) << 23 | fraction_b);
          }
        }
        for (uint32_t neighbour = a > 40 ? a - 40 : 0; neighbour <= a + 40; neighbour++) {
          visit_all(a, neighbour);
        }
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

  static void print(const Operands& x) {
    std::printf("0x%08x (%a) + 0x%08x (%a)", x.a, fp_check::from_bits(x.a), x.b,
                fp_check::from_bits(x.b));
  }
};

}  // namespace

int main(int argc, char** argv) { return fp_check::run<Adder>(argc, argv); }
