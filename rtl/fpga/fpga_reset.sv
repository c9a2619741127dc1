// The reset of the SoC on an FPGA: after configuration, while the clock is not good, and while a
// button is pressed. It lasts 2^`LengthBits` cycles longer than its reason.
//
// It falls on an edge of the clock after power-up too: it starts high, because a CPU whose reset is
// low from the start may keep flops that never saw it (heepstor_soc.sv). For this it relies on what
// an FPGA's registers are configured with where the RTL names no value: zeros.
//
//   clk_i      __/~\_/~\_/~\_/~\_ .. _/~\_/~\_
//   good_i     __/~~~~~~~~~~~~~~~ .. ~~~~~~~~~
//   rst_no     ~~~\______________ .. __/~~~~~~

module fpga_reset #(
  parameter int unsigned LengthBits = 6
) (
  input  logic clk_i,
  input  logic good_i,  // asynchronous; a button that bounces is pressed more than once
  output logic rst_no
);

  (* ASYNC_REG = "TRUE" *) logic [1:0] good_q;
  logic [LengthBits:0] count_d, count_q;  // cycles since all is good; its highest bit: enough
  logic                resets_q;

  always_comb begin
    count_d = count_q;
    if (!good_q[1])                count_d = '0;
    else if (!count_q[LengthBits]) count_d = count_q + 1'b1;
  end

  always_ff @(posedge clk_i) begin
    good_q   <= {good_q[0], good_i};
    count_q  <= count_d;
    resets_q <= !count_q[LengthBits];
  end

  assign rst_no = !resets_q;

endmodule
