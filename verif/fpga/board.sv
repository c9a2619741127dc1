// A board around `fpga_top`, from power-up to the firmware's end: oscillator, reset button, a
// terminal on the serial line, and a debugger that is plugged in and idle. The RAM comes with the
// configuration (`ram_*.mem` where this runs). Time is in picoseconds.
//
// Standard output gets what the terminal receives, and lines of the board's own, which begin with
// `#`.
module board;

  localparam realtime BoardPs = fpga_cfg_pkg::InputPeriodNs * 1000.0;
  localparam realtime ClockPs = 1.0e12 / real'(heepstor_cfg_pkg::ClockHz);
  localparam realtime BitPs = 1.0e12 / real'(heepstor_cfg_pkg::UartBaudRate);
  localparam realtime DebuggerPs = 100ns;
  localparam realtime Press = 1ms;  // the firmware is printing
  localparam realtime Limit = 100ms;

  logic clk, button, tx, tck, unused_tdo;
  logic [3:0] led;

  fpga_top u_fpga (
      .clk_p_i       (clk),
      .clk_n_i       (!clk),
      .reset_button_i(button),
      .uart_rx_i     (1'b1),
      .uart_tx_o     (tx),
      .jtag_tck_i    (tck),
      .jtag_tms_i    (1'b1),
      .jtag_tdi_i    (1'b0),
      .jtag_tdo_o    (unused_tdo),
      .led_o         (led)
  );

  initial begin
    clk = 0;
    forever #(BoardPs / 2.0) clk = !clk;
  end

  initial begin
    tck = 0;
    forever #(DebuggerPs / 2.0) tck = !tck;
  end

  // The button, with a bounce.
  initial begin
    button = !fpga_cfg_pkg::ResetPressed;
    #(Press) button = fpga_cfg_pkg::ResetPressed;
    #1us button = !fpga_cfg_pkg::ResetPressed;
    #300ns button = fpga_cfg_pkg::ResetPressed;
    #2us button = !fpga_cfg_pkg::ResetPressed;
  end

  // Each fall and rise of the SoC's reset.
  always @(u_fpga.rst_n) $display("\n# reset %0d at %0t ps", u_fpga.rst_n, $time);

  // No cycle of the SoC is shorter than it was asked for, from the first one on.
  realtime last_edge;

  always_ff @(posedge u_fpga.clk) begin
    if (last_edge != 0 && $realtime - last_edge < ClockPs - 1) begin
      $fatal(1, "a cycle of the SoC took %f ps, not %f", $realtime - last_edge, ClockPs);
    end
    last_edge <= $realtime;
  end

  // The terminal: 8N1, least significant bit first.
  logic [7:0] character;

  initial forever begin
    @(negedge tx) #(BitPs / 2.0);
    for (int i = 0; i < 8; i++) #(BitPs) character[i] = tx;
    #(BitPs) if (!tx) $display("\n# framing error");
    $write("%c", character);
  end

  initial begin
    wait (led[2]);
    #(BitPs * 20);  // the last character
    $display("\n# ended: led %b", led);
    $finish;
  end

  initial begin
    #(Limit);
    $fatal(1, "the firmware has not ended");
  end

endmodule
