// The clock of the SoC on an UltraScale+ FPGA, made of a board's differential clock by an MMCM.
//
// The settings come from the project's generator, which checks them (heepstor/fpga/clocking.py).
// Until the MMCM has locked, `clk_o` stands still: nothing ever sees a clock that is too fast.

module fpga_clock #(
  parameter real         InputPeriodNs = 8.0,
  parameter int unsigned Divide        = 1,    // of the input
  parameter real         Multiply      = 8.0,  // of the oscillator, in steps of 1/8
  parameter real         OutputDivide  = 10.0  // of the output, in steps of 1/8
) (
  input  logic clk_p_i,
  input  logic clk_n_i,
  output logic clk_o,
  output logic locked_o
);

  logic pin_clk, feedback, mmcm_clk;
  logic [10:0] unused;

  IBUFDS u_pins (
    .I (clk_p_i),
    .IB(clk_n_i),
    .O (pin_clk)
  );

  // The phase to the board's clock does not matter: the feedback takes no global buffer.
  MMCME4_BASE #(
    .CLKIN1_PERIOD   (InputPeriodNs),
    .DIVCLK_DIVIDE   (Divide),
    .CLKFBOUT_MULT_F (Multiply),
    .CLKOUT0_DIVIDE_F(OutputDivide)
  ) u_mmcm (
    .CLKIN1   (pin_clk),
    .CLKFBIN  (feedback),
    .CLKFBOUT (feedback),
    .CLKFBOUTB(unused[0]),
    .CLKOUT0  (mmcm_clk),
    .CLKOUT0B (unused[1]),
    .CLKOUT1  (unused[2]),
    .CLKOUT1B (unused[3]),
    .CLKOUT2  (unused[4]),
    .CLKOUT2B (unused[5]),
    .CLKOUT3  (unused[6]),
    .CLKOUT3B (unused[7]),
    .CLKOUT4  (unused[8]),
    .CLKOUT5  (unused[9]),
    .CLKOUT6  (unused[10]),
    .LOCKED   (locked_o),
    .PWRDWN   (1'b0),
    .RST      (1'b0)
  );

  BUFGCE u_buffer (
    .I (mmcm_clk),
    .CE(locked_o),
    .O (clk_o)
  );

endmodule
