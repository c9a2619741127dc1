// Clock gate of an FPGA: none. A wire keeps all in one clock tree, without skew between gated parts
// and the rest; whatever is clocked by a gate relies on it for power and simulation speed alone
// (rtl/common/clk_gate.sv, which this module takes the place of).
module clk_gate (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic enable_i,
  output logic clk_o
);

  logic unused;
  assign unused = ^{rst_ni, enable_i};

  assign clk_o = clk_i;

endmodule
