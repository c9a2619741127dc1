// The clock of the SoC on an UltraScale+ FPGA, made of a board's differential clock by an MMCM.
//
// The settings come from `fpga_cfg_pkg`, whose generator has checked them (heepstor/fpga/clocking.py).
// They are no parameters: Yosys leaves this module out, and cannot have real ones at such a border.
// Until the MMCM has locked, `clk_o` stands still: nothing ever sees a clock that is too fast.

module fpga_clock (
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
    .CLKIN1_PERIOD   (fpga_cfg_pkg::InputPeriodNs),
    .DIVCLK_DIVIDE   (fpga_cfg_pkg::MmcmDivide),
    .CLKFBOUT_MULT_F (fpga_cfg_pkg::MmcmMultiply),
    .CLKOUT0_DIVIDE_F(fpga_cfg_pkg::MmcmOutputDivide)
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
