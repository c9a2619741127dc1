// sa_fp_mul32 against the host's multiplication.
#include "../fp_check.h"
#include "Vsa_fp_mul32.h"

namespace {

struct Multiplier {
  using Dut = Vsa_fp_mul32;
  struct Operands {
    uint32_t a, b;
  };
  static constexpr int kLatency = 2;

  static void drive(Dut& dut, const Operands& x) {
    dut.a_i = x.a;
    dut.b_i = x.b;
  }

  static uint32_t result(const Dut& dut) { return dut.product_o; }

  static uint32_t expected(const Operands& x) {
    return fp_check::to_bits(fp_check::from_bits(x.a) * fp_check::from_bits(x.b));
  }

  static constexpr const char* kSymbol = "*";
  static constexpr auto kLeft = fp_check::kClasses;
  static constexpr auto kRight = fp_check::kClasses;

  static unsigned left(const Operands& x) { return fp_check::class_of(x.a); }
  static unsigned right(const Operands& x) { return fp_check::class_of(x.b); }

  // Both orders and all signs of: every pair of special values; every pair of exponents; ties at
  // every place of a result, normal or subnormal; every subnormal operand by its leading bit, with
  // every exponent; and what lands beside an edge of the format.
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
    }
    visit_ties(visit_all);
    visit_subnormals(visit_all);
    visit_edges(visit_all);
  }

  // 1 + 2^-i times 1 + 2^-j is half way between two numbers if i + j = 24, and if it is moved right
  // by n places if i + j = 24 - n; 2 - 2^-i makes carries run. Both at 2^0, and from the smallest
  // normal number down to where all is lost.
  template <typename Visit>
  static void visit_ties(Visit visit) {
    constexpr uint32_t kOne = 127;
    for (unsigned i = 0; i <= 23; i++) {
      for (unsigned j = 0; j <= 23; j++) {
        for (uint32_t a : {1u << (23 - i), 0u - (1u << (23 - i))}) {
          for (uint32_t b : {1u << (23 - j), 0u - (1u << (23 - j))}) {
            const auto scaled = [](uint32_t exponent, uint32_t fraction) {
              return exponent << 23 | (fraction & 0x007F'FFFF);
            };
            visit(scaled(kOne, a), scaled(kOne, b));
            for (uint32_t exponent = 35; exponent <= 64; exponent++) {
              visit(scaled(exponent, a), scaled(64, b));
            }
          }
        }
      }
    }
  }

  template <typename Visit>
  static void visit_subnormals(Visit visit) {
    for (unsigned leading = 0; leading < 23; leading++) {
      const uint32_t bit = 1u << leading;
      for (uint32_t a : {bit, bit | bit >> 1, 2 * bit - 1}) {
        for (uint32_t exponent = 0; exponent < 255; exponent++) {
          for (uint32_t fraction : fp_check::kFractions) visit(a, exponent << 23 | fraction);
        }
      }
    }
  }

  // The neighbours of target / a, for targets between which results are normal, subnormal, or the
  // smallest number, and beyond which they are infinite or zero.
  template <typename Visit>
  static void visit_edges(Visit visit) {
    for (double target : {0x1p-150, 0x1p-149, 0x1.8p-149, 0x1p-127, 0x1p-126, 0x1p0, 0x1.fffffep127,
                          0x1.ffffffp127}) {
      for (uint32_t exponent = 1; exponent < 255; exponent++) {
        for (uint32_t fraction : fp_check::kFractions) {
          const uint32_t a = exponent << 23 | fraction;
          const double quotient = target / static_cast<double>(fp_check::from_bits(a));
          const uint32_t b = fp_check::to_bits(static_cast<float>(quotient));
          for (uint32_t neighbour = b > 4 ? b - 4 : 0; neighbour <= b + 4; neighbour++) {
            visit(a, neighbour);
          }
        }
      }
    }
  }

  // Of four pairs one has a product near the smallest normal number or the largest, and one a
  // product that is, or almost is, half way between two subnormal numbers: what is lost decides.
  static Operands draw(fp_check::Random& random) {
    const uint32_t a = fp_check::draw_float(random);
    const uint32_t bits = random.word();
    switch (random.below(4)) {
      case 0: {
        const uint32_t sum = random.below(3) == 0 ? 378 + random.below(6) : 98 + random.below(34);
        const uint32_t exponent = sum - (a >> 23 & 0xFF);
        return {a, (bits & ~0x7F80'0000u) | (exponent & 0xFF) << 23};
      }
      case 1: {
        const uint32_t below = (bits & 0x007F'FFFF) >> random.below(23);
        const double product = (2.0 * below + 1) * 0x1p-150;
        return {a, fp_check::to_bits(static_cast<float>(product / fp_check::from_bits(a)))};
      }
      default:
        return {a, fp_check::draw_float(random)};
    }
  }

  static void write(FILE* file, const Operands& x) {
    std::fprintf(file, "0x%08x 0x%08x", x.a, x.b);
  }
};

}  // namespace

int main(int argc, char** argv) {
  return fp_check::run<Multiplier>(argc, argv);
}
