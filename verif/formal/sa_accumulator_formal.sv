// sa_accumulator, seen from one word, which may be any.
module sa_accumulator_formal #(
  parameter  int unsigned Size     = 4,
  parameter  int unsigned Rows     = 4,
  localparam int unsigned RowWidth = sa_pkg::index_width(Rows)
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [    RowWidth-1:0] any_row_i,
  input logic [$clog2(Size)-1:0] any_column_i,

  input logic                      read_i,
  input logic [RowWidth-1:0]       read_row_i,
  input logic [    Size-1:0]       write_i,
  input logic [RowWidth-1:0]       write_row_i,
  input logic [    Size-1:0][31:0] write_data_i,

  output logic record_and_module_agree_o,
  output logic word_that_was_written_is_read_o,
  output logic word_stays_until_the_next_read_o
);

  logic [Size-1:0][31:0] read_data;

  sa_accumulator #(
    .Size(Size),
    .Rows(Rows)
  ) u_dut (
    .clk_i,
    .read_i,
    .read_row_i,
    .read_data_o(read_data),
    .write_i,
    .write_row_i,
    .write_data_i
  );

  // The word is chosen by the reset. It is known once it has been written.
  logic [RowWidth-1:0] row_q;
  logic [$clog2(Size)-1:0] column_q;
  logic [31:0] word_q, read_word_q, last_read_data_q;
  logic known_q, read_known_q, was_read_q, started_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      row_q <= any_row_i;
      column_q <= any_column_i;
      known_q <= 1'b0;
      read_known_q <= 1'b0;
    end else begin
      if (write_i[column_q] && write_row_i == row_q) begin
        word_q  <= write_data_i[column_q];
        known_q <= 1'b1;
      end
      if (read_i) begin
        read_word_q  <= word_q;
        read_known_q <= known_q && read_row_i == row_q;
      end
    end
    started_q <= rst_ni;
    was_read_q <= read_i;
    last_read_data_q <= read_data[column_q];
  end

  // A memory is not to be seen as one signal from outside: its columns one by one.
  logic [Size-1:0][31:0] columns;
  for (genvar n = 0; n < Size; n++) begin : gen_column
    assign columns[n] = u_dut.gen_column[n].words_q[row_q];
  end

  assign record_and_module_agree_o = !known_q || columns[column_q] == word_q;
  assign word_that_was_written_is_read_o = !read_known_q || read_data[column_q] == read_word_q;
  assign word_stays_until_the_next_read_o =
      !started_q || was_read_q || read_data[column_q] == last_read_data_q;

endmodule
