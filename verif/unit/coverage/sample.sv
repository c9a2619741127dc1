// Some of everything that is counted; sample.dat is what two of its four modes give.
module sample (
  input  logic       clk_i,
  input  logic [1:0] mode_i,
  output logic       odd_o
);
  always_ff @(posedge clk_i) begin
    if (mode_i == 2'd3) begin
      odd_o <= 1'b1;
    end else begin
      odd_o <= 1'b0;
    end
    case (mode_i)
      2'd0: $display("zero");
      default: ;
    endcase
  end
endmodule
