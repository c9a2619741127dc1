#pragma once

#include <stdint.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "verilated.h"

namespace heepstor::byo {

// A Verilated engine as a device of host::FakeBus; docs/bring-your-own-accelerator.md names its
// ports.
template <class Model>
class VerilatedDevice {
 public:
  void reset() {
    model_ = std::make_unique<Model>(context_.get());
    model_->rst_ni = 1;
    tick();
    model_->rst_ni = 0;
    tick();
    model_->rst_ni = 1;
    tick();
  }

  uint32_t read(uint32_t address) { return access(address, false, 0); }
  void write(uint32_t address, uint32_t value) { access(address, true, value); }

 private:
  static constexpr int kPatience = 10'000;  // cycles

  uint32_t access(uint32_t address, bool is_write, uint32_t value) {
    model_->obi_req_i = 1;
    model_->obi_addr_i = address;
    model_->obi_we_i = is_write;
    model_->obi_be_i = 0xF;
    model_->obi_wdata_i = value;
    model_->eval();
    await([this] { return model_->obi_gnt_o != 0; }, "granted", address);
    tick();
    model_->obi_req_i = 0;
    model_->eval();
    await([this] { return model_->obi_rvalid_o != 0; }, "answered", address);
    return model_->obi_rdata_o;
  }

  template <class Condition>
  void await(Condition condition, const char* what, uint32_t address) {
    for (int cycle = 0; !condition(); ++cycle) {
      if (cycle == kPatience) {
        std::fprintf(stderr, "the access to 0x%08X is not %s\n", address, what);
        std::exit(1);
      }
      tick();
    }
  }

  void tick() {
    model_->clk_i = 1;
    model_->eval();
    model_->clk_i = 0;
    model_->eval();
  }

  // Of its own: the program's default one does not outlive a static device.
  std::unique_ptr<VerilatedContext> context_ = std::make_unique<VerilatedContext>();
  std::unique_ptr<Model> model_;
};

}  // namespace heepstor::byo
