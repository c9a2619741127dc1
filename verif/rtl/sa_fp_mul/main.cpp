// sa_fp_mul against the host's multiplication.
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

  // Every weight with every special value, and with every exponent and turning point of rounding.
  template <typename Visit>
  static void directed(Visit visit) {
    for (int weight = -128; weight < 128; weight++) {
      for (uint32_t sign : {0u, fp_check::kSign}) {
        const auto w = static_cast<int8_t>(weight);
        for (uint32_t special : fp_check::kSpecials) visit(Operands{sign | special, w});
        for (uint32_t exponent = 0; exponent < 256; exponent++) {
          for (uint32_t fraction : fp_check::kFractions) {
            visit(Operands{sign | exponent << 23 | fraction, w});
          }
        }
      }
    }
  }

  static Operands draw(fp_check::Random& random) {
    return {fp_check::draw_float(random), static_cast<int8_t>(random.word())};
  }

  static void print(const Operands& x) {
    std::printf("0x%08x (%a) * %d", x.activation, fp_check::from_bits(x.activation), x.weight);
  }
};

}  // namespace

int main(int argc, char** argv) { return fp_check::run<Multiplier>(argc, argv); }
