// Stands in for the array in proofs about sa_core, whose interlocks no sum has an influence on.
module sa_array #(
  parameter  int unsigned Size     = 8,
  localparam int unsigned RowWidth = sa_pkg::index_width(Size)
) (
  input logic clk_i,
  input logic rst_ni,

  input logic                     weight_valid_i,
  input logic                     weight_bank_i,
  input logic [RowWidth-1:0]      weight_row_i,
  input logic [    Size-1:0]      weight_enable_i,
  input logic [    Size-1:0][7:0] weight_data_i,

  input logic                  step_valid_i,
  input logic                  step_bank_i,
  input logic [Size-1:0]       lanes_i,
  input logic [Size-1:0][31:0] activations_i,
  input logic [Size-1:0][31:0] partial_sums_i,

  output logic [Size-1:0][31:0] sums_o
);

  assign sums_o = '0;

endmodule
