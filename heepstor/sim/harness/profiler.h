// Where the cycles of the firmware went: a call tree, with the cycles of each instruction in it.
//
// A cycle belongs to the instruction that left the decode stage last, whatever it waits for. A node
// of the tree is a function that was called from one place; which function that is, is left to who
// knows the symbols. So a function that is left by a jump instead of a return (a tail call) needs
// nothing here: its successor's instructions are in the same node, and what that calls is called
// from there.
//
// Calls and returns are told by the instructions alone, as the RISC-V calling convention wants it:
// a jump that links in ra or t0 is a call, a jump through them that links nowhere is a return, to
// the innermost frame that expects it; a trap is a call that MRET or DRET ends.

#pragma once

#include <cinttypes>
#include <cstdint>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace heepstor::simulator {

// What the CPU does in one cycle.
struct CpuStep {
  bool retires;          // an instruction leaves the decode stage, never to be taken back
  uint32_t pc;           // its address,
  uint32_t next_pc;      // the one behind it,
  uint32_t instruction;  // and itself, not compressed
  bool traps;            // an exception, an interrupt or the debugger takes over
  bool sleeps;           // the CPU waits for an interrupt
};

class Profiler {
 public:
  Profiler() { frames_.push_back({kNone, 0, node_of(kNone, 0), 0, 0, Entry::kCall}); }

  // Once a cycle.
  void sample(const CpuStep& step) {
    if (step.retires) {
      if (started_) {
        charge();
        follow(step.pc);
      }
      last_ = step;
      started_ = true;
    }
    if (step.traps) trapped_ = true;
    ++pending_;
    asleep_ += step.sleeps;
  }

  // What follows belongs to `marker`.
  void on_marker(uint32_t marker) {
    charge();
    marker_ = marker;
  }

  // As JSON: nodes, each with its parent's index, the call's address, the marker that it was
  // reached under, and [address, cycles, those of them asleep] of instructions.
  void write(const std::string& path) {
    charge();
    std::ofstream file(path);
    file << "[";
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      file << (i == 0 ? "\n" : ",\n") << "{\"parent\": " << node.parent
           << ", \"call\": " << node.call << ", \"marker\": " << node.marker << ", \"pcs\": [";
      const char* separator = "";
      for (const auto& [pc, cost] : node.costs) {
        file << separator << "[" << pc << ", " << cost.cycles << ", " << cost.asleep << "]";
        separator = ", ";
      }
      file << "]}";
    }
    file << "\n]\n";
    file.close();
    if (!file) throw std::runtime_error(path + ": cannot be written");
  }

 private:
  static constexpr int kNone = -1;
  static constexpr size_t kMostFrames = 4096;  // what calls deeper counts for the last frame

  enum class Entry { kCall, kTrap, kTrapAtReturn };

  struct Cost {
    uint64_t cycles = 0;
    uint64_t asleep = 0;
  };

  struct Node {
    int parent;
    uint32_t call;  // address of the instruction that called, or was trapped
    uint32_t marker;
    std::unordered_map<uint32_t, Cost> costs;  // by address of the instruction
  };

  struct Frame {
    int parent;
    uint32_t call;
    int node;
    uint32_t marker;  // of `node`
    uint32_t return_address;
    Entry entry;
  };

  // Opcodes and registers of the instruction set.
  static constexpr uint32_t kJal = 0x6F;
  static constexpr uint32_t kJalr = 0x67;
  static constexpr uint32_t kMret = 0x3020'0073;
  static constexpr uint32_t kDret = 0x7B20'0073;

  static uint32_t opcode(uint32_t instruction) { return instruction & 0x7F; }
  static uint32_t destination(uint32_t instruction) { return instruction >> 7 & 31; }
  static uint32_t source(uint32_t instruction) { return instruction >> 15 & 31; }
  static bool links(uint32_t number) { return number == 1 || number == 5; }

  static bool is_call(uint32_t instruction) {
    const uint32_t code = opcode(instruction);
    return (code == kJal || code == kJalr) && links(destination(instruction));
  }

  static bool is_return(uint32_t instruction) {
    return opcode(instruction) == kJalr && destination(instruction) == 0 &&
           links(source(instruction));
  }

  // Books the cycles since the last instruction.
  void charge() {
    Frame& frame = frames_.back();
    if (frame.marker != marker_) {
      frame.node = node_of(frame.parent, frame.call);
      frame.marker = marker_;
    }
    Cost& cost = nodes_[frame.node].costs[last_.pc];
    cost.cycles += pending_;
    cost.asleep += asleep_;
    pending_ = asleep_ = 0;
  }

  // Brings the frames from the last instruction to the one at `pc`.
  void follow(uint32_t pc) {
    const uint32_t instruction = last_.instruction;
    if (is_call(instruction)) {
      push(last_.next_pc, Entry::kCall);
    } else if (is_return(instruction) && !trapped_) {
      pop_to(pc);
    } else if (instruction == kMret || instruction == kDret) {
      leave_trap(pc);
    }
    if (trapped_) push(0, is_return(instruction) ? Entry::kTrapAtReturn : Entry::kTrap);
    trapped_ = false;
  }

  void push(uint32_t return_address, Entry entry) {
    if (frames_.size() == kMostFrames) return;
    const int parent = frames_.back().node;
    frames_.push_back(
        {parent, last_.pc, node_of(parent, last_.pc), marker_, return_address, entry});
  }

  // A return that nobody expects is a jump.
  void pop_to(uint32_t pc) {
    for (size_t i = frames_.size() - 1; i > 0 && frames_[i].entry == Entry::kCall; --i) {
      if (frames_[i].return_address == pc) {
        frames_.resize(i);
        return;
      }
    }
  }

  void leave_trap(uint32_t pc) {
    for (size_t i = frames_.size() - 1; i > 0; --i) {
      const Entry entry = frames_[i].entry;
      if (entry == Entry::kCall) continue;
      frames_.resize(i);
      if (entry == Entry::kTrapAtReturn) pop_to(pc);
      return;
    }
  }

  int node_of(int parent, uint32_t call) {
    const auto [place, is_new] =
        index_.try_emplace({parent, call, marker_}, static_cast<int>(nodes_.size()));
    if (is_new) nodes_.push_back({parent, call, marker_, {}});
    return place->second;
  }

  std::vector<Node> nodes_;
  std::map<std::tuple<int, uint32_t, uint32_t>, int> index_;
  std::vector<Frame> frames_;
  uint32_t marker_ = 0;
  CpuStep last_{};
  bool started_ = false;
  bool trapped_ = false;  // since the last instruction
  uint64_t pending_ = 0;  // cycles since then
  uint64_t asleep_ = 0;
};

}  // namespace heepstor::simulator
