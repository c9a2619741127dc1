// Tests of the drivers and of the runtime's portable parts. The name of a test is a sentence that
// can be false.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "array_model.h"
#include "fake_bus.h"
#include "hal/rv_timer.h"
#include "hal/soc_ctrl.h"
#include "hal/stream.h"
#include "hal/systolic_array.h"
#include "hal/uart.h"
#include "ops/direct_backend.h"
#include "runtime/record.h"
#include "runtime/span.h"
#include "test.h"

void heepstor::check_failed(const char*, const char*, uint32_t) {
  std::exit(4);
}

namespace {

using namespace heepstor;
using hal::Status;

constexpr uint32_t kSize = 8;
constexpr uint32_t kRows = 16;

// The array's model, with a count and a log of what crosses the bus.
struct LoggedArray {
  host::ArrayModel<kSize, kRows> model;
  std::vector<std::pair<uint32_t, uint32_t>> writes;
  uint32_t accesses = 0;

  uint32_t read(uint32_t address) {
    ++accesses;
    return model.read(address);
  }
  void write(uint32_t address, uint32_t value) {
    ++accesses;
    writes.push_back({address, value});
    model.write(address, value);
  }
};

using ArrayBus = host::FakeBus<LoggedArray>;
using Array = hal::SystolicArray<ArrayBus, kSize, kRows>;

// A device that only remembers: reads give what the test has put there, one after another.
struct Scripted {
  std::vector<std::pair<uint32_t, uint32_t>> writes;
  std::map<uint32_t, std::deque<uint32_t>> reads;  // the last value of an address stays

  uint32_t read(uint32_t address) {
    auto& values = reads.at(address);
    const uint32_t value = values.front();
    if (values.size() > 1) values.pop_front();
    return value;
  }
  void write(uint32_t address, uint32_t value) { writes.push_back({address, value}); }

  uint32_t last_write(uint32_t address) const {
    for (auto write = writes.rbegin(); write != writes.rend(); ++write) {
      if (write->first == address) return write->second;
    }
    std::fprintf(stderr, "nothing was written to 0x%x\n", address);
    std::exit(1);
  }
};

using ScriptedBus = host::FakeBus<Scripted>;

alignas(4) constexpr int8_t kTile[kSize * kSize] = {
    1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, -5, -6, -7, -128, 10, 20, 30, 40, 50, 60, 70, 127};
constexpr float kActivations[] = {1.0f, 0.5f, 2.0f, 4.0f, 0.0f, 0.0f, 0.0f, 0.0f,
                                  3.0f, 1.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};

// --- The array
// ------------------------------------------------------------------------------------------

TEST(identify_reads_id_hash_and_both_geometries) {
  const Array::Identity identity = Array::identify();
  EXPECT_EQUAL(identity.id, 0x48535431);
  EXPECT_EQUAL(identity.size, kSize);
  EXPECT_EQUAL(identity.accumulator_rows, kRows);
  EXPECT_EQUAL(identity.config_hash, (host::ArrayModel<kSize, kRows>::kConfigHash));
  EXPECT_EQUAL(identity.ports, 2);
  EXPECT_EQUAL(identity.activation_words, 4096);
  EXPECT_EQUAL(identity.weight_rows, 512);
}

TEST(a_step_multiplies_its_lanes_with_the_rows_of_the_selected_bank) {
  for (const uint32_t bank : {0u, 1u}) {
    ArrayBus::device = {};
    EXPECT_EQUAL(Array::load_weights(bank, kTile, 3), Status::kOk);
    EXPECT_EQUAL(Array::select({5, bank, true}), Status::kOk);
    EXPECT_EQUAL(Array::stream(kActivations, 8, 2, 3), Status::kOk);
    EXPECT_EQUAL(Array::sum(5, 0), 1.0f * 1 + 0.5f * -1 + 2.0f * 10);
    EXPECT_EQUAL(Array::sum(5, 7), 1.0f * 8 + 0.5f * -128 + 2.0f * 127);
    EXPECT_EQUAL(Array::sum(6, 1), 3.0f * 2 + 1.0f * -2 + 1.0f * 20);
    EXPECT_EQUAL(Array::steps_launched(), 2);
    EXPECT_EQUAL(Array::finish(), Status::kOk);
  }
}

TEST(a_later_k_tile_starts_from_the_sum_in_its_row) {
  Array::load_weights(0, kTile, kSize);
  EXPECT_EQUAL(Array::set_sum(0, 0, 100.0f), Status::kOk);
  Array::select({0, 0, false});
  Array::stream(kActivations, 8, 1, kSize);
  EXPECT_EQUAL(Array::sum(0, 0), 100.0f + 1.0f - 0.5f + 20.0f);
}

TEST(load_weights_moves_words_and_only_the_rows_asked_for) {
  Array::load_weights(1, kTile, 2);
  EXPECT_EQUAL(ArrayBus::device.writes.size(), 2 * kSize / 4);
  EXPECT_EQUAL(ArrayBus::device.writes[0].first, 0xF0001800);
  EXPECT_EQUAL(ArrayBus::device.writes[0].second, 0x04030201);
  EXPECT_EQUAL(ArrayBus::device.writes[3].first, 0xF000180C);
}

TEST(a_call_with_an_argument_out_of_range_is_refused_and_touches_nothing) {
  EXPECT_EQUAL(Array::load_weights(2, kTile, 1), Status::kRefused);
  EXPECT_EQUAL(Array::load_weights(0, kTile, 0), Status::kRefused);
  EXPECT_EQUAL(Array::load_weights(0, kTile, kSize + 1), Status::kRefused);
  EXPECT_EQUAL(Array::select({kRows, 0, true}), Status::kRefused);
  EXPECT_EQUAL(Array::select({0, 2, true}), Status::kRefused);
  EXPECT_EQUAL(Array::stream(kActivations, 8, 1, 0), Status::kRefused);
  EXPECT_EQUAL(Array::stream(kActivations, 8, 1, kSize + 1), Status::kRefused);
  EXPECT_EQUAL(Array::stream(kActivations, 0, kRows + 1, 1), Status::kRefused);
  EXPECT_EQUAL(Array::set_sum(kRows, 0, 0.0f), Status::kRefused);
  EXPECT_EQUAL(Array::set_sum(0, kSize, 0.0f), Status::kRefused);
  EXPECT_EQUAL(ArrayBus::device.accesses, 0);
}

TEST(the_largest_arguments_are_accepted) {
  EXPECT_EQUAL(Array::load_weights(1, kTile, kSize), Status::kOk);
  EXPECT_EQUAL(Array::select({kRows - 1, 1, true}), Status::kOk);
  EXPECT_EQUAL(Array::stream(kActivations, 8, 1, kSize), Status::kOk);
  EXPECT_EQUAL(Array::set_sum(kRows - 1, kSize - 1, 0.0f), Status::kOk);
  EXPECT_EQUAL(Array::finish(), Status::kOk);
}

TEST(finish_fails_after_steps_beyond_the_accumulator_rows) {
  Array::load_weights(0, kTile, kSize);
  Array::select({kRows - 1, 0, true});
  EXPECT_EQUAL(Array::stream(kActivations, 8, 2, kSize), Status::kOk);
  EXPECT_EQUAL(Array::finish(), Status::kFailed);
  EXPECT_EQUAL(Array::status(), 1u << 10);
  EXPECT_EQUAL(Array::error_offset(), 0x211C);
}

TEST(finish_fails_until_errors_are_cleared) {
  ArrayBus::read(0xF0000050);
  ArrayBus::write(0xF0000000, 0);
  EXPECT_EQUAL(Array::finish(), Status::kFailed);
  EXPECT_EQUAL(Array::status(), 1u << 8 | 1u << 9);
  EXPECT_EQUAL(Array::error_offset(), 0x50);
  Array::clear_errors();
  EXPECT_EQUAL(Array::finish(), Status::kOk);
}

TEST(abort_clears_errors_and_the_count_of_steps) {
  Array::load_weights(0, kTile, kSize);
  Array::select({0, 0, true});
  Array::stream(kActivations, 8, 1, kSize);
  ArrayBus::read(0xF0000050);
  Array::abort();
  EXPECT_EQUAL(Array::finish(), Status::kOk);
  EXPECT_EQUAL(Array::steps_launched(), 0);
}

TEST(busy_is_bit_0_of_status) {
  using Driver = hal::SystolicArray<ScriptedBus, kSize, kRows>;
  ScriptedBus::device.reads[0xF0000010] = {1, 0x700, 0x701};
  EXPECT_EQUAL(Driver::busy(), true);
  EXPECT_EQUAL(Driver::busy(), false);
  EXPECT_EQUAL(Driver::busy(), true);
}

// One row of A times as many K tiles as `tiles`, all ones.
Status multiply(uint32_t tiles) {
  const std::vector<int8_t> packed(tiles * kSize * kSize, 1);
  const std::vector<float> a(tiles * kSize, 1.0f), scale(kSize, 1.0f), bias(kSize, 0.0f);
  std::vector<float> c(kSize);
  const uint32_t depth = tiles * kSize;
  return ops::DirectBackend<Array>::gemm({1,
                                          kSize,
                                          ops::matrix(a.data(), 1, depth, depth),
                                          {packed.data(), scale.data(), bias.data()},
                                          c.data(),
                                          kSize,
                                          false});
}

TEST(the_direct_back_end_alternates_weight_banks_from_tile_to_tile) {
  EXPECT_EQUAL(multiply(5), Status::kOk);
  uint32_t expected_bank = 0;
  for (const auto& [address, value] : ArrayBus::device.writes) {
    if (address == 0xF0000018) {
      EXPECT_EQUAL(value >> 16 & 1, expected_bank);
      expected_bank ^= 1;
    }
  }
  EXPECT_EQUAL(expected_bank, 1);  // five tiles
}

TEST(the_direct_back_end_reports_an_error_of_the_array) {
  EXPECT_EQUAL(multiply(1), Status::kOk);
  ArrayBus::read(0xF0000050);
  EXPECT_EQUAL(multiply(1), Status::kFailed);
}

// --- The array in `stream` mode
// ------------------------------------------------------------------------------------------

constexpr uint32_t kStatus = 0xF0000010;
constexpr uint32_t kJobRuns = 1u << 1;
constexpr uint32_t kDone = 1u << 2;

// A CPU that tells what it does.
struct LoggedCpu {
  inline static std::string log;

  struct WakeUp {
    explicit WakeUp(cfg::Interrupt interrupt) {
      log += "hold " + std::to_string(static_cast<uint32_t>(interrupt)) + ",";
    }
    ~WakeUp() { log += "restore,"; }
  };
  static void sleep() {
    // What wakes the CPU was asked for before it fell asleep.
    EXPECT_EQUAL(ScriptedBus::device.last_write(0xF0000024), 1);
    log += "sleep,";
  }
};

using Stream = hal::Stream<ScriptedBus, LoggedCpu>;

TEST(a_chain_of_jobs_is_slept_through_and_its_end_is_cleared) {
  const hal::Descriptor job{};
  LoggedCpu::log.clear();
  ScriptedBus::device.reads[kStatus] = {kJobRuns, kJobRuns, kDone};
  EXPECT_EQUAL(Stream::run(&job), Status::kOk);
  EXPECT_EQUAL(LoggedCpu::log, "hold 16,sleep,sleep,sleep,restore,");
  EXPECT_EQUAL(ScriptedBus::device.last_write(0xF0000020),
               static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&job)));
  EXPECT_EQUAL(ScriptedBus::device.last_write(kStatus), kDone);
}

TEST(every_error_of_the_array_makes_a_chain_fail) {
  const hal::Descriptor job{};
  for (const uint32_t error : {8, 9, 10, 11, 12, 13, 14}) {
    ScriptedBus::device = {};
    ScriptedBus::device.reads[kStatus] = {kDone | 1u << error};
    EXPECT_EQUAL(Stream::run(&job), Status::kFailed);
  }
}

TEST(counters_are_read_where_they_are) {
  for (uint32_t i = 0; i < 8; ++i) {
    ScriptedBus::device.reads[0xF0000030 + 4 * i] = {100 + i};
  }
  const Stream::Counters counters = Stream::counters();
  EXPECT_EQUAL(counters.cycles, 100);
  EXPECT_EQUAL(counters.compute, 101);
  EXPECT_EQUAL(counters.wait_weights, 102);
  EXPECT_EQUAL(counters.wait_activations, 103);
  EXPECT_EQUAL(counters.wait_write_back, 104);
  EXPECT_EQUAL(counters.fill_drain, 105);
  EXPECT_EQUAL(counters.words_read, 106);
  EXPECT_EQUAL(counters.words_written, 107);
}

TEST(a_report_of_a_failed_job_names_its_descriptor_and_the_address) {
  ScriptedBus::device.reads = {{0xF0000020, {0x1234}}, {0xF000002C, {0x40000000}}};
  EXPECT_EQUAL(Stream::job(), 0x1234);
  EXPECT_EQUAL(Stream::bus_error_address(), 0x40000000);
}

// --- UART
// -----------------------------------------------------------------------------------------------

constexpr hal::Uart<ScriptedBus> kUart{0x200A0000};

TEST(uart_start_programs_the_oscillator_for_the_baud_rate) {
  EXPECT_EQUAL(kUart.start(100000000, 3000000), Status::kOk);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x200A000C), 31457u << 16 | 0b11);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x200A001C), 0b11);
}

TEST(uart_start_accepts_a_sixteenth_of_the_clock_with_the_largest_increment) {
  EXPECT_EQUAL(kUart.start(16000000, 1000000), Status::kOk);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x200A000C) >> 16, 0xFFFF);
}

TEST(uart_start_refuses_a_baud_rate_that_cannot_be_and_touches_nothing) {
  EXPECT_EQUAL(kUart.start(16000000, 1000001), Status::kRefused);
  EXPECT_EQUAL(kUart.start(16000000, 0), Status::kRefused);
  EXPECT_EQUAL(kUart.start(0, 9600), Status::kRefused);
  EXPECT_EQUAL(ScriptedBus::device.writes.size(), 0);
}

TEST(uart_put_waits_while_the_fifo_is_full) {
  ScriptedBus::device.reads[0x200A0010] = {1, 1, 0};
  kUart.put('\xE9');
  EXPECT_EQUAL(ScriptedBus::device.reads[0x200A0010].size(), 1);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x200A0018), 0xE9);
}

TEST(uart_flush_waits_for_an_empty_fifo_and_an_idle_line) {
  ScriptedBus::device.reads[0x200A0010] = {0, 1u << 2, 1u << 3, 1u << 3 | 1u << 2};
  kUart.flush();
  EXPECT_EQUAL(ScriptedBus::device.reads[0x200A0010].size(), 1);
}

TEST(uart_input_is_there_unless_the_receiver_is_empty) {
  ScriptedBus::device.reads[0x200A0010] = {1u << 5, 0};
  ScriptedBus::device.reads[0x200A0014] = {'x'};
  EXPECT_EQUAL(kUart.has_input(), false);
  EXPECT_EQUAL(kUart.has_input(), true);
  EXPECT_EQUAL(kUart.get(), 'x');
}

// --- Timer
// ----------------------------------------------------------------------------------------------

constexpr hal::RvTimer<ScriptedBus> kTimer{0x20050000};

TEST(timer_start_divides_the_clock_and_counts_from_0) {
  EXPECT_EQUAL(kTimer.start(100000000, 1000000), Status::kOk);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050100), 1u << 16 | 99);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050104), 0);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050108), 0);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050114), 0);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050000), 1);
}

TEST(timer_start_refuses_a_tick_that_the_prescaler_cannot_give_and_touches_nothing) {
  EXPECT_EQUAL(kTimer.start(4097, 1), Status::kRefused);
  EXPECT_EQUAL(kTimer.start(100, 101), Status::kRefused);
  EXPECT_EQUAL(kTimer.start(100, 0), Status::kRefused);
  EXPECT_EQUAL(ScriptedBus::device.writes.size(), 0);
  EXPECT_EQUAL(kTimer.start(4096, 1), Status::kOk);
}

TEST(timer_now_reads_again_when_the_low_word_wraps) {
  ScriptedBus::device.reads[0x20050108] = {1, 2, 2};
  ScriptedBus::device.reads[0x20050104] = {0xFFFFFFFF, 5};
  EXPECT_EQUAL(kTimer.now(), 0x200000005);
}

TEST(timer_alarm_never_compares_with_half_of_a_new_value) {
  kTimer.set_alarm(0x300000002);
  const auto& writes = ScriptedBus::device.writes;
  EXPECT_EQUAL(writes[0].first, 0x2005010C);
  EXPECT_EQUAL(writes[0].second, 0xFFFFFFFF);
  EXPECT_EQUAL(writes[1].first, 0x20050110);
  EXPECT_EQUAL(writes[1].second, 3);
  EXPECT_EQUAL(writes[2].first, 0x2005010C);
  EXPECT_EQUAL(writes[2].second, 2);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050114), 1);
}

TEST(timer_alarm_rings_until_it_is_cancelled) {
  ScriptedBus::device.reads[0x20050118] = {0, 1};
  EXPECT_EQUAL(kTimer.alarm_rings(), false);
  EXPECT_EQUAL(kTimer.alarm_rings(), true);
  kTimer.cancel_alarm();
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050114), 0);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20050118), 1);
}

// --- SoC control
// ----------------------------------------------------------------------------------------

using SocCtrl = hal::SocCtrl<ScriptedBus>;

TEST(exit_writes_the_value_before_it_declares_it_valid) {
  SocCtrl::exit(cfg::ExitCode::kTrap);
  const auto& writes = ScriptedBus::device.writes;
  EXPECT_EQUAL(writes.size(), 2);
  EXPECT_EQUAL(writes[0].first, 0x20000004);
  EXPECT_EQUAL(writes[0].second, 3);
  EXPECT_EQUAL(writes[1].first, 0x20000000);
  EXPECT_EQUAL(writes[1].second, 1);
}

TEST(a_marker_carries_its_layer) {
  SocCtrl::mark(cfg::Marker::kLayerEnd, 7);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20000008), 0x20000007);
}

TEST(soc_facts_are_read_where_they_are) {
  ScriptedBus::device.reads = {{0x2000000C, {100}}, {0x20000010, {200}}, {0x20000014, {300}}};
  EXPECT_EQUAL(SocCtrl::clock_hz(), 100);
  EXPECT_EQUAL(SocCtrl::config_hash(), 200);
  EXPECT_EQUAL(SocCtrl::memory_bytes(), 300);
}

TEST(a_bus_error_is_told_with_its_kind_and_address) {
  ScriptedBus::device.reads = {{0x2000001C, {0b011, 0b101}}, {0x20000018, {0x40000004}}};
  const SocCtrl::BusError write = SocCtrl::bus_error();
  EXPECT_EQUAL(write.valid, true);
  EXPECT_EQUAL(write.write, true);
  EXPECT_EQUAL(write.fetch, false);
  EXPECT_EQUAL(write.address, 0x40000004);
  EXPECT_EQUAL(SocCtrl::bus_error().fetch, true);
  SocCtrl::guard_stack(0x12340);
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x20000024), 0x12340);
  SocCtrl::clear_bus_error();
  EXPECT_EQUAL(ScriptedBus::device.last_write(0x2000001C), 1);
}

// --- The runtime's portable parts
// -----------------------------------------------------------------------

struct StringOutput {
  std::string* text;
  void put(char c) const { *text += c; }
};

TEST(a_record_is_one_line_of_keys_and_values) {
  std::string text;
  const runtime::Printer printer{StringOutput{&text}};
  printer.record("layer").field("index").decimal(0).field("cycles").decimal(18446744073709551615u);
  printer.field("hash").hex(0x89abc).field("top1").signed_decimal(-1).end();
  EXPECT_EQUAL(text, "@layer index=0 cycles=18446744073709551615 hash=0x00089abc top1=-1\n");
}

TEST(the_most_negative_number_is_printed_right) {
  std::string text;
  runtime::Printer{StringOutput{&text}}.signed_decimal(INT32_MIN).text(" ").signed_decimal(42);
  EXPECT_EQUAL(text, "-2147483648 42");
}

TEST(a_span_refuses_a_part_beyond_its_end) {
  int values[4] = {};
  const Span<int> span(values);
  EXPECT_EQUAL(span.subspan(1, 3).size(), 3);
  span.subspan(2, 3);
  std::exit(1);  // not reached: the check has ended the program with 4
}

TEST(a_span_refuses_an_index_beyond_its_end) {
  int values[4] = {};
  const Span<int> span(values);
  EXPECT_EQUAL(&span[3] == values + 3, true);
  (void)span[4];
  std::exit(1);  // not reached: the assertion has ended the program with 4
}

}  // namespace

int main(int, char** arguments) {
  return host::run(arguments[1]);
}
