// Clock gate of the CPU on an FPGA, in the place of its package's model for simulation. The CPU
// sleeps by it: here a wire would not do.
module cv32e40p_clock_gate (
  input  logic clk_i,
  input  logic en_i,
  input  logic scan_cg_en_i,
  output logic clk_o
);

  BUFGCE u_buffer (
    .I (clk_i),
    .CE(en_i || scan_cg_en_i),
    .O (clk_o)
  );

endmodule
