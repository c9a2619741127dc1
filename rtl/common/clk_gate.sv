// Clock gate: clk_o pulses in the cycles in which enable_i is high before the falling edge of clk_i.
//
// A flop on the falling edge instead of the usual latch: the same waveform, no latch to constrain, but
// the enable has half a cycle to settle. It must therefore come from registers through little logic. On
// an FPGA put a BUFGCE here, or a wire: whatever is clocked by a gate may rely on it for power and for
// simulation speed alone, never for function.
//
//   clk_i     __/~~\__/~~\__/~~\__/~~\__
//   enable_i  ___/~~~~~\________________
//   clk_o     ________/~~\______________
module clk_gate (
    input logic clk_i,
    input logic rst_ni,

    input  logic enable_i,
    output logic clk_o
);

  logic enable_q;

  always_ff @(negedge clk_i or negedge rst_ni) begin
    if (!rst_ni) enable_q <= 1'b0;
    else enable_q <= enable_i;
  end

  assign clk_o = clk_i & enable_q;

endmodule
