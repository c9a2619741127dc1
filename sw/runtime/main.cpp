// The program of every generated network: run it on its sample input, then tell what happened.
// Once, or as often as somebody at the console wants (HEEPSTOR_INTERACTIVE=1).

#include "runtime/inference.h"
#include "runtime/platform.h"
#include "runtime/stack.h"

#ifndef HEEPSTOR_INTERACTIVE
#define HEEPSTOR_INTERACTIVE 0
#endif

// The linker makes it: its address is the digest of everything that the image was built from.
extern "C" const char __image_digest[];

namespace heepstor::runtime {
namespace {

constexpr uint32_t kRecordVersion = 1;
constexpr uint32_t kMaxPrintedOutputs = 16;

Span<const float> output() {
  return kModel.layers[kModel.layers.size() - 1].output;
}

void print_header() {
  out.record("heepstor").field("version").decimal(kRecordVersion);
  out.field("project").text(kModel.project).field("config").hex(cfg::kConfigHash);
  out.field("rtl").hex(SocCtrl::rtl_version());
  out.field("image").hex(reinterpret_cast<uintptr_t>(__image_digest));
  out.field("backend").text(kModel.backend).field("size").decimal(cfg::kSize);
  out.field("layers").decimal(kModel.layers.size()).end();
}

void print_counters(const Stream::Counters& counters) {
  out.field("stream_cycles").decimal(counters.cycles);
  out.field("compute").decimal(counters.compute);
  out.field("wait_weights").decimal(counters.wait_weights);
  out.field("wait_activations").decimal(counters.wait_activations);
  out.field("wait_write_back").decimal(counters.wait_write_back);
  out.field("fill_drain").decimal(counters.fill_drain);
  out.field("words_read").decimal(counters.words_read);
  out.field("words_written").decimal(counters.words_written);
}

// Prints a record for each layer; true if every hash is the golden one.
bool print_layers() {
  bool all_match = true;
  uint64_t total = 0;
  for (uint32_t i = 0; i < kModel.layers.size(); ++i) {
    const LayerResult& result = kModel.results[i];
    const bool matches = result.hash == kModel.layers[i].expected_hash;
    out.record("layer").field("index").decimal(i).field("cycles").decimal(result.cycles);
    out.field("hash").hex(result.hash).field("ok").decimal(matches);
    if (kModel.layers[i].streamed) {
      print_counters(result.counters);
    }
    out.end();
    total += result.cycles;
    all_match = all_match && matches;
  }
  out.record("total").field("cycles").decimal(total).end();
  return all_match;
}

void print_output() {
  const Span<const float> values = output();
  for (uint32_t i = 0; i < values.size() && i < kMaxPrintedOutputs; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, &values[i], sizeof(bits));
    out.record("output").field("index").decimal(i).field("bits").hex(bits).end();
  }
}

// Index of the largest output of the first row; like torch.argmax, a NaN counts as the largest.
int32_t top1() {
  const Span<const float> values = output();
  const uint32_t classes = values.size() / kModel.output_rows;
  uint32_t best = 0;
  for (uint32_t i = 1; i < classes; ++i) {
    const bool best_is_nan = values[best] != values[best];
    if (!best_is_nan && !(values[i] <= values[best])) {
      best = i;
    }
  }
  return static_cast<int32_t>(best);
}

void print_prediction(int32_t predicted) {
  out.text("Predicted class ").signed_decimal(predicted);
  if (kModel.expected_class >= 0) {
    out.text(", expected ").signed_decimal(kModel.expected_class);
  }
  out.end();
}

void print_memory() {
  out.record("memory").field("stack_used").decimal(stack_used());
  out.field("stack_size").decimal(stack_size()).end();
}

struct Outcome {
  bool all_match;
  int32_t predicted;
};

// Runs the network and prints what happened.
Outcome run() {
  SocCtrl::mark(cfg::Marker::kInferenceStart);
  infer();
  SocCtrl::mark(cfg::Marker::kInferenceEnd);
  const Outcome outcome{print_layers(), top1()};
  print_output();
  print_memory();
  print_prediction(outcome.predicted);
  return outcome;
}

// What somebody at the console wants.
bool wants_another_run() {
  constexpr char kEndOfInput = 4;  // Ctrl-D
  out.text("Enter runs it again, q ends.").end();
  while (true) {
    switch (Console(cfg::kUartBase).receive()) {
      case '\r':
      case '\n':
        return true;
      case 'q':
      case kEndOfInput:
        return false;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace heepstor::runtime

int main() {
  using namespace heepstor::runtime;
  using heepstor::cfg::ExitCode;
  print_header();
  // A tick a cycle: the prescaler can always give it.
  (void)Timer(heepstor::cfg::kRvTimerBase).start(heepstor::cfg::kClockHz, heepstor::cfg::kClockHz);
  Outcome outcome = run();
  while (HEEPSTOR_INTERACTIVE && wants_another_run()) {
    print_header();
    const bool all_matched = outcome.all_match;
    outcome = run();
    outcome.all_match = outcome.all_match && all_matched;
  }
  finish(outcome.all_match ? ExitCode::kPass : ExitCode::kOutputMismatch, outcome.predicted);
}
