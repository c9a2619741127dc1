// A counter for the tests of the harness: it must never reach `Limit`, or its assertion fails.
module counter #(
  parameter int unsigned Limit = 100
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        enable_i,
  output logic [31:0] count_o
);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_o <= '0;
    end else if (enable_i) begin
      count_o <= count_o + 1;
    end
  end

  CountStaysBelowLimit :
  assert property (@(posedge clk_i) disable iff (!rst_ni) count_o < Limit);

endmodule
