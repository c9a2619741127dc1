// Runs operators on the host, on the CPU or on a model of the array; serve.h says how to ask for
// it.

#include "array_model.h"
#include "fake_bus.h"
#include "hal/systolic_array.h"
#include "ops/direct_backend.h"
#include "ops/software_backend.h"
#include "serve.h"

namespace {

using namespace heepstor;

constexpr uint32_t kSize = HOST_ARRAY_SIZE;
constexpr uint32_t kRows = HOST_ACCUMULATOR_ROWS;
using Bus = host::FakeBus<host::ArrayModel<kSize, kRows>>;
using Direct = ops::DirectBackend<hal::SystolicArray<Bus, kSize, kRows>>;
using Software = ops::SoftwareBackend<kSize>;

}  // namespace

int main() {
  host::serve<Software, Direct>([] { Bus::device = {}; });
}
