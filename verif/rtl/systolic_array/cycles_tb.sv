// The array and a memory that never makes it wait: every port is granted at once, and answered in the next
// cycle. An address beyond the memory is one within it.
module cycles_tb #(
    parameter int unsigned Size            = 8,
    parameter int unsigned AccumulatorRows = 64,
    parameter int unsigned Ports           = 1,
    parameter int unsigned ActivationWords = 256,
    parameter int unsigned WeightRows      = 64
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic        obi_req_i,
    output logic        obi_gnt_o,
    input  logic [31:0] obi_addr_i,
    input  logic        obi_we_i,
    input  logic [ 3:0] obi_be_i,
    input  logic [31:0] obi_wdata_i,
    output logic        obi_rvalid_o,
    output logic [31:0] obi_rdata_o,
    output logic        irq_o
);

  localparam int unsigned IndexWidth = 14;

  logic [31:0] words[2**IndexWidth];

  logic [Ports-1:0] req, we, rvalid;
  logic [Ports-1:0][31:0] addr, wdata, rdata;
  logic [Ports-1:0][3:0] unused_be;

  for (genvar q = 0; q < Ports; q++) begin : gen_port
    logic [IndexWidth-1:0] index;
    assign index = addr[q][2+:IndexWidth];

    always_ff @(posedge clk_i) begin
      if (req[q] && we[q]) words[index] <= wdata[q];
      rdata[q] <= words[index];
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) rvalid[q] <= 1'b0;
      else rvalid[q] <= req[q];
    end
  end

  systolic_array #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows),
      .Ports(Ports),
      .ActivationWords(ActivationWords),
      .WeightRows(WeightRows)
  ) u_array (
      .clk_i,
      .rst_ni,
      .obi_req_i,
      .obi_gnt_o,
      .obi_addr_i,
      .obi_we_i,
      .obi_be_i,
      .obi_wdata_i,
      .obi_rvalid_o,
      .obi_rdata_o,
      .obi_mgr_req_o(req),
      .obi_mgr_gnt_i('1),
      .obi_mgr_addr_o(addr),
      .obi_mgr_we_o(we),
      .obi_mgr_be_o(unused_be),
      .obi_mgr_wdata_o(wdata),
      .obi_mgr_rvalid_i(rvalid),
      .obi_mgr_rdata_i(rdata),
      .obi_mgr_err_i('0),
      .irq_o
  );

endmodule
