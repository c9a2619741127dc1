// What the firmware tells of a fault: what a host needs to find function, line and callers
// (heepstor/sim/backtrace.py). The registers and the ends of the stack, not more: names and
// unwinding rules are in the ELF file, on the host.

#include "runtime/fault.h"

#include "runtime/platform.h"
#include "runtime/stack.h"

uint32_t heepstor_fault_registers[32];  // written by fault_entry.S

namespace heepstor::runtime {
namespace {

int32_t g_layer = -1;

// A word that a stack overflow is unlikely to leave here.
constexpr uint32_t kPanicking = 0x50414E43;
uint32_t g_panicking = 0;

// As many as the largest frame has and, of a stack that is deeper, who began it all: a serial line
// is slow.
constexpr uint32_t kInnermostWords = cfg::kStackGuardBytes / sizeof(uint32_t);
constexpr uint32_t kOutermostWords = 64;

constexpr char kRegisterNames[] =
    "pc\0ra\0sp\0gp\0tp\0t0\0t1\0t2\0s0\0s1\0a0\0a1\0a2\0a3\0a4\0a5\0"
    "a6\0a7\0s2\0s3\0s4\0s5\0s6\0s7\0s8\0s9\0s10\0s11\0t3\0t4\0t5\0t6";

void print_registers() {
  out.record("registers");
  const char* name = kRegisterNames;
  for (const uint32_t value : heepstor_fault_registers) {
    out.field(name).hex(value);
    while (*name++ != '\0') {
    }
  }
  out.end();
}

uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

void print_words(Span<const uint32_t> words) {
  constexpr uint32_t kPerLine = 8;
  for (uint32_t i = 0; i < words.size(); ++i) {
    if (i % kPerLine == 0) {
      out.record("stack").field("address").hex(reinterpret_cast<uintptr_t>(&words[i]));
      out.field("words");
    }
    out.hex(words[i]);
    const bool last = i % kPerLine == kPerLine - 1 || i == words.size() - 1;
    out.text(last ? "\n" : ",");
  }
}

void print_stack() {
  const Span<const uint32_t> stack = live_stack(heepstor_fault_registers[kStackPointer]);
  const uint32_t inner = least(stack.size(), kInnermostWords);
  const uint32_t outer = least(stack.size() - inner, kOutermostWords);
  print_words(stack.subspan(0, inner));
  print_words(stack.subspan(stack.size() - outer, outer));
}

}  // namespace

void set_current_layer(int32_t layer) {
  g_layer = layer;
}

}  // namespace heepstor::runtime

void heepstor_report_fault(heepstor::cfg::ExitCode code, const char* cause, uint32_t pc,
                           uint32_t value) {
  using namespace heepstor::runtime;
  if (g_panicking == kPanicking) {
    exit(code);  // printing itself has failed
  }
  g_panicking = kPanicking;
  out.record("panic").field("cause").text(cause).field("pc").hex(pc).field("value").hex(value);
  out.field("layer").signed_decimal(g_layer).end();
  print_registers();
  print_stack();
  finish(code, -1);
}
