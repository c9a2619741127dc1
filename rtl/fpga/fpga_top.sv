// The SoC on a board with an UltraScale+ FPGA: its clock, its reset, its pins.
//
// `fpga_cfg_pkg` is generated of the board's and the hardware's description (heepstor/fpga/sources.py).
// Only this module and `fpga_clock` read it.
//
//   led_o[0]  blinks once or twice a second while the clock runs and nothing is reset
//   led_o[1]  the CPU waits for an interrupt
//   led_o[2]  the firmware has ended
//   led_o[3]  ... with success

module fpga_top (
  input  logic       clk_p_i,
  input  logic       clk_n_i,
  input  logic       reset_button_i,

  input  logic       uart_rx_i,
  output logic       uart_tx_o,

  input  logic       jtag_tck_i,
  input  logic       jtag_tms_i,
  input  logic       jtag_tdi_i,
  output logic       jtag_tdo_o,

  output logic [3:0] led_o
);

  localparam int unsigned BlinkWidth = $clog2(heepstor_cfg_pkg::ClockHz) - 1;

  logic clk, locked, rst_n;
  logic tck;
  logic sleeping, exit_valid;
  logic [31:0] exit_value;
  logic [BlinkWidth-1:0] blink_q;
  logic unused_marker_valid;
  logic [31:0] unused_marker;

  fpga_clock u_clock (
    .clk_p_i,
    .clk_n_i,
    .clk_o   (clk),
    .locked_o(locked)
  );

  fpga_reset u_reset (
    .clk_i (clk),
    .good_i(locked && reset_button_i != fpga_cfg_pkg::ResetPressed),
    .rst_no(rst_n)
  );

  // The pin need not be one for clocks: from here on it is one.
  BUFGCE u_tck (
    .I (jtag_tck_i),
    .CE(1'b1),
    .O (tck)
  );

  heepstor_soc #(
    .RamImage(fpga_cfg_pkg::RamImage)
  ) u_soc (
    .clk_i         (clk),
    .rst_ni        (rst_n),
    .uart_rx_i,
    .uart_tx_o,
    .jtag_tck_i    (tck),
    .jtag_tms_i,
    .jtag_tdi_i,
    .jtag_tdo_o,
    .exit_valid_o  (exit_valid),
    .exit_value_o  (exit_value),
    .marker_valid_o(unused_marker_valid),
    .marker_o      (unused_marker),
    .sleeping_o    (sleeping)
  );

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) blink_q <= '0;
    else        blink_q <= blink_q + 1'b1;
  end

  assign led_o = {exit_valid && exit_value == '0, exit_valid, sleeping, blink_q[BlinkWidth-1]};

endmodule
