// sa_fp_mul against the host's multiplication.
#include <bit>

#include "../fp_check.h"
#include "Vsa_fp_mul.h"

namespace {

struct Multiplier {
  using Dut = Vsa_fp_mul;
  struct Operands {
    uint32_t activation;
    int8_t weight;
  };
  static constexpr int kLatency = 1;

  static void drive(Dut& dut, const Operands& x) {
    dut.activation_i = x.activation;
    dut.weight_i = static_cast<uint8_t>(x.weight);
  }

  static uint32_t result(const Dut& dut) { return dut.product_o; }

  static uint32_t expected(const Operands& x) {
    return fp_check::to_bits(fp_check::from_bits(x.activation) * static_cast<float>(x.weight));
  }

  static constexpr const char* kSymbol = "*";
  static constexpr auto kLeft = fp_check::kClasses;
  static constexpr std::array<const char*, 5> kRight = {
      "weight 0", "weight +-1", "weight of one bit", "weight -128", "weight of several bits"};

  static unsigned left(const Operands& x) { return fp_check::class_of(x.activation); }
  static unsigned right(const Operands& x) {
    const auto magnitude = static_cast<unsigned>(std::abs(x.weight));
    if (magnitude < 2) return magnitude;
    if (magnitude == 128) return 3;
    return std::has_single_bit(magnitude) ? 2 : 4;
  }

  // All 256 weights with: every special value; every exponent with every class of fractions; and
  // every low byte of a fraction, which holds all that a product can shift out, at the edges of the
  // format.
  template <typename Visit>
  static void directed(Visit visit) {
    for (int weight = -128; weight < 128; weight++) {
      const auto visit_both = [&](uint32_t magnitude) {
        visit(Operands{magnitude, static_cast<int8_t>(weight)});
        visit(Operands{fp_check::kSign | magnitude, static_cast<int8_t>(weight)});
      };
      for (uint32_t special : fp_check::kSpecials) visit_both(special);
      for (uint32_t exponent = 0; exponent < 256; exponent++) {
        visit_fractions([&](uint32_t fraction) { visit_both(exponent << 23 | fraction); });
      }
      for (uint32_t exponent : {0u, 1u, 2u, 127u, 246u, 247u, 248u, 252u, 253u, 254u}) {
        for (uint32_t upper : {0x00'0000u, 0x2A'AA00u, 0x7F'FF00u}) {
          for (uint32_t low = 0; low < 256; low++) visit_both(exponent << 23 | upper | low);
        }
      }
    }
  }

  // Classes of fractions: where rounding turns; one bit, and all but one; ones at the lower end
  // (the carry runs through) and at the upper end.
  template <typename Visit>
  static void visit_fractions(Visit visit) {
    for (uint32_t fraction : fp_check::kFractions) visit(fraction);
    for (unsigned i = 0; i < 23; i++) {
      const uint32_t bit = 1u << i;
      for (uint32_t fraction : {bit, ~bit, bit - 1, ~(bit - 1)}) visit(fraction & 0x007F'FFFF);
    }
  }

  static Operands draw(fp_check::Random& random) {
    return {fp_check::draw_float(random), static_cast<int8_t>(random.word())};
  }

  static void write(FILE* file, const Operands& x) {
    std::fprintf(file, "0x%08x %d", x.activation, x.weight);
  }
};

}  // namespace

int main(int argc, char** argv) {
  return fp_check::run<Multiplier>(argc, argv);
}
