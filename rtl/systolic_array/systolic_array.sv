// FP32 x INT8 systolic array of Size x Size elements behind one OBI subordinate port.
//
// The one thing a reader would get wrong: irq_o tells of refused accesses, not of finished work. It is
// high while an error bit of STATUS is set; a result that is not there yet makes its reader wait.
//
// Only the lower 16 bits of an address count. docs/architecture.md has the register map.
module systolic_array #(
    parameter int unsigned        Size            = 8,
    parameter int unsigned        AccumulatorRows = 64,
    parameter logic        [31:0] ConfigHash      = '0
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

    output logic irq_o
);

  if (Size < 4 || Size > 32 || Size % 4 != 0) begin : gen_bad_size
    $fatal(1, "Size must be a multiple of 4 from 4 to 32");
  end
  if (AccumulatorRows < 4 || AccumulatorRows > 256 ||
      (AccumulatorRows & (AccumulatorRows - 1)) != 0) begin : gen_bad_rows
    $fatal(1, "AccumulatorRows must be a power of two from 4 to 256");
  end

  localparam int unsigned AccRowWidth = sa_pkg::index_width(AccumulatorRows);
  localparam int unsigned LaneWidth = sa_pkg::index_width(Size);

  logic abort, busy;
  logic step_valid, step_ready, step_first, step_bank;
  logic [AccRowWidth-1:0] step_row;
  logic [Size-1:0] step_lanes;
  logic [Size-1:0][31:0] step_activations;
  logic weight_valid, weight_ready, weight_bank;
  logic [LaneWidth-1:0] weight_row;
  logic [Size-1:0] weight_enable;
  logic [Size-1:0][7:0] weight_data;
  logic acc_valid, acc_ready, acc_write;
  logic [AccRowWidth-1:0] acc_row;
  logic [  LaneWidth-1:0] acc_column;
  logic [31:0] acc_wdata;
  logic [Size-1:0][31:0] acc_rdata;

  logic unused_address_bits;
  assign unused_address_bits = ^{obi_addr_i[31:16], obi_addr_i[1:0]};

  sa_subordinate #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows),
      .ConfigHash(ConfigHash)
  ) u_subordinate (
      .clk_i,
      .rst_ni,
      .obi_req_i,
      .obi_gnt_o,
      .obi_addr_i(obi_addr_i[15:2]),
      .obi_we_i,
      .obi_be_i,
      .obi_wdata_i,
      .obi_rvalid_o,
      .obi_rdata_o,
      .irq_o,
      .abort_o(abort),
      .busy_i(busy),
      .step_valid_o(step_valid),
      .step_ready_i(step_ready),
      .step_row_o(step_row),
      .step_first_o(step_first),
      .step_bank_o(step_bank),
      .step_lanes_o(step_lanes),
      .step_activations_o(step_activations),
      .weight_valid_o(weight_valid),
      .weight_ready_i(weight_ready),
      .weight_bank_o(weight_bank),
      .weight_row_o(weight_row),
      .weight_enable_o(weight_enable),
      .weight_data_o(weight_data),
      .acc_valid_o(acc_valid),
      .acc_ready_i(acc_ready),
      .acc_write_o(acc_write),
      .acc_row_o(acc_row),
      .acc_column_o(acc_column),
      .acc_wdata_o(acc_wdata),
      .acc_rdata_i(acc_rdata)
  );

  sa_core #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows)
  ) u_core (
      .clk_i,
      .rst_ni,
      .abort_i(abort),
      .busy_o(busy),
      .step_valid_i(step_valid),
      .step_ready_o(step_ready),
      .step_row_i(step_row),
      .step_first_i(step_first),
      .step_bank_i(step_bank),
      .step_lanes_i(step_lanes),
      .step_activations_i(step_activations),
      .weight_valid_i(weight_valid),
      .weight_ready_o(weight_ready),
      .weight_bank_i(weight_bank),
      .weight_row_i(weight_row),
      .weight_enable_i(weight_enable),
      .weight_data_i(weight_data),
      .acc_valid_i(acc_valid),
      .acc_ready_o(acc_ready),
      .acc_write_i(acc_write),
      .acc_row_i(acc_row),
      .acc_column_i(acc_column),
      .acc_wdata_i(acc_wdata),
      .acc_rdata_o(acc_rdata)
  );

  // Every access is answered in the cycle after its grant.
  obi_assertions #(
      .MaxOutstanding(1)
  ) u_obi_assertions (
      .clk_i,
      .rst_ni,
      .req_i(obi_req_i),
      .gnt_i(obi_gnt_o),
      .addr_i(obi_addr_i),
      .we_i(obi_we_i),
      .be_i(obi_be_i),
      .wdata_i(obi_wdata_i),
      .rvalid_i(obi_rvalid_o)
  );

endmodule
