// The firmware's operators on the host, their products on the Verilated engine; serve.h says how to
// ask.

#include "mac_engine.h"

#include "Vmac_engine.h"
#include "fake_bus.h"
#include "ops/software_backend.h"
#include "serve.h"
#include "verilated_device.h"

namespace {

using namespace heepstor;

constexpr uint32_t kBase = 0xF0000000;
using Bus = host::FakeBus<byo::VerilatedDevice<Vmac_engine>>;
using Engine = byo::MacEngine<Bus, kBase>;

}  // namespace

int main() {
  host::serve<ops::SoftwareBackend<Engine::kSize>, byo::MacBackend<Engine>>(
      [] { Bus::device.reset(); });
}
