// Half of the accumulators: a memory of Rows rows of Size words, one port to read and one to write.
//
// A row is read whole and written by column. The one thing a reader would get wrong: reading a row in
// the cycle in which it is written gives what it held before; sa_core never does it.
//
//   cycle          0          1
//   read_row_i     <   r   >
//   read_data_o               < row r >   kept until the next read
//
// There is no reset: a row means something once it has been written.
module sa_accumulator #(
    parameter  int unsigned Size     = 8,
    parameter  int unsigned Rows     = 64,
    localparam int unsigned RowWidth = sa_pkg::index_width(Rows)
) (
    input logic clk_i,

    input  logic                      read_i,
    input  logic [RowWidth-1:0]       read_row_i,
    output logic [    Size-1:0][31:0] read_data_o,

    input logic [    Size-1:0]       write_i,
    input logic [RowWidth-1:0]       write_row_i,
    input logic [    Size-1:0][31:0] write_data_i
);

  for (genvar n = 0; n < Size; n++) begin : gen_column
    logic [31:0] words_q[Rows];
    logic [31:0] read_data_q;

    always_ff @(posedge clk_i) begin
      if (read_i) read_data_q <= words_q[read_row_i];
      if (write_i[n]) words_q[write_row_i] <= write_data_i[n];
    end

    assign read_data_o[n] = read_data_q;
  end

endmodule
