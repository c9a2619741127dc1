// Delays a word by a fixed number of clock cycles; zero is a wire.
//
// It has no reset, so that an FPGA can map it to shift registers; whoever needs to know whether a word
// is meaningful carries a valid bit beside it.
module delay_line #(
    parameter int unsigned Width = 32,
    parameter int unsigned Depth = 1
) (
    input logic clk_i,

    input  logic [Width-1:0] data_i,
    output logic [Width-1:0] data_o
);

  if (Depth == 0) begin : gen_wire
    assign data_o = data_i;
    logic unused_clk;
    assign unused_clk = clk_i;
  end else if (Depth == 1) begin : gen_register
    logic [Width-1:0] word_q;
    always_ff @(posedge clk_i) word_q <= data_i;
    assign data_o = word_q;
  end else begin : gen_shift
    // The newest word is at the bottom.
    logic [Depth-1:0][Width-1:0] words_q;
    always_ff @(posedge clk_i) words_q <= {words_q[Depth-2:0], data_i};
    assign data_o = words_q[Depth-1];
  end

endmodule
