// Stops the clock of a bus subordinate that has nothing to do: saves power, and simulation time.
//
// The clock runs while an access waits or `busy_i` is high, and for `Linger` cycles after that, so
// that what an access has set off can settle. The subordinate is asked one cycle late, on a running
// clock:
//
//   cycle        0   1   2
//   req_i        /~~~~~~~\____
//   req_o        ____/~~~\____
//   clk_o        ____/~\_/~\_/~\_ .. Linger
//
// Everything that the subordinate answers with must come from flops on `clk_o`.

module idle_gate #(
  parameter int unsigned Linger = 8
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic busy_i,  // needs its clock for itself

  input  logic req_i,
  output logic gnt_o,

  output logic clk_o,
  output logic req_o,
  input  logic gnt_i
);

  localparam int unsigned CountWidth = $clog2(Linger + 1);

  logic [CountWidth-1:0] left_d, left_q;  // cycles until the clock stops
  logic awake;

  assign awake = (left_q != '0);

  always_comb begin
    left_d = left_q;
    if (req_i || busy_i) left_d = CountWidth'(Linger);
    else if (awake)      left_d = left_q - 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) left_q <= '0;
    else         left_q <= left_d;
  end

  clk_gate u_gate (
    .clk_i,
    .rst_ni,
    .enable_i(awake),
    .clk_o
  );

  assign req_o = req_i && awake;
  assign gnt_o = gnt_i && awake;

endmodule
