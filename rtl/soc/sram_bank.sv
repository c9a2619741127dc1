// One bank of RAM on OBI: always grants, answers in the next cycle, honours byte enables.
//
// A write is answered too; its read data is the last word read. The content is unknown after power-
// up, unless an FPGA brings `Image` with its configuration, and survives a reset.

module sram_bank #(
  parameter int unsigned Bytes = 32768,  // a power of two
  parameter              Image = ""      // file of its first content, a word a line; none if empty
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        req_i,
  output logic        gnt_o,
  input  logic [31:0] addr_i,   // byte offset; only the word's number inside the bank counts
  input  logic        we_i,
  input  logic [3:0]  be_i,
  input  logic [31:0] wdata_i,
  output logic        rvalid_o,
  output logic [31:0] rdata_o
);

  localparam int unsigned Rows = Bytes / 4;
  localparam int unsigned RowWidth = $clog2(Rows);

  (* ram_style = "block" *) logic [31:0] mem [Rows];
  logic [RowWidth-1:0] row;

  if (Image != "") begin : gen_image
    initial $readmemh(Image, mem);
  end

  assign row   = addr_i[RowWidth+1:2];
  assign gnt_o = 1'b1;

  always_ff @(posedge clk_i) begin
    if (req_i) begin
      if (we_i) begin
        for (int unsigned b = 0; b < 4; b++) begin
          if (be_i[b]) mem[row][8*b+:8] <= wdata_i[8*b+:8];
        end
      end else begin
        rdata_o <= mem[row];
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) rvalid_o <= 1'b0;
    else         rvalid_o <= req_i;
  end

  logic unused_addr;
  assign unused_addr = ^{addr_i[31:RowWidth+2], addr_i[1:0]};

endmodule
