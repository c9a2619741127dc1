// FP32 x INT8 systolic array of Size x Size elements behind one OBI subordinate port; in `stream` mode it
// fetches its work from memory by Ports manager ports. docs/accelerator.md tells of that mode.
//
// The one thing a reader would get wrong: irq_o tells of refused accesses and of jobs, not of steps that
// the CPU launched: their result makes its reader wait if it is not there yet.
//
// Only the lower 16 bits of an address count. docs/architecture.md has the register map.
module systolic_array #(
    parameter int unsigned        Size            = 8,
    parameter int unsigned        AccumulatorRows = 64,
    parameter int unsigned        Ports           = 1,
    parameter int unsigned        ActivationWords = 4096,
    parameter int unsigned        WeightRows      = 256,
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

    output logic [Ports-1:0]       obi_mgr_req_o,
    input  logic [Ports-1:0]       obi_mgr_gnt_i,
    output logic [Ports-1:0][31:0] obi_mgr_addr_o,
    output logic [Ports-1:0]       obi_mgr_we_o,
    output logic [Ports-1:0][ 3:0] obi_mgr_be_o,
    output logic [Ports-1:0][31:0] obi_mgr_wdata_o,
    input  logic [Ports-1:0]       obi_mgr_rvalid_i,
    input  logic [Ports-1:0][31:0] obi_mgr_rdata_i,
    input  logic [Ports-1:0]       obi_mgr_err_i,

    output logic irq_o
);

  if (Size < 4 || Size > 32 || Size % 4 != 0) begin : gen_bad_size
    $fatal(1, "Size must be a multiple of 4 from 4 to 32");
  end
  if (AccumulatorRows < 4 || AccumulatorRows > 256 ||
      (AccumulatorRows & (AccumulatorRows - 1)) != 0) begin : gen_bad_rows
    $fatal(1, "AccumulatorRows must be a power of two from 4 to 256");
  end
  if (Ports != 1 && Ports != 2 && Ports != 4) begin : gen_bad_ports
    $fatal(1, "Ports must be 1, 2 or 4");
  end
  if (ActivationWords < 2 * Size ||
      (ActivationWords & (ActivationWords - 1)) != 0) begin : gen_bad_words
    $fatal(1, "ActivationWords must be a power of two of at least 2 * Size");
  end
  if (WeightRows < Size || (WeightRows & (WeightRows - 1)) != 0) begin : gen_bad_weight_rows
    $fatal(1, "WeightRows must be a power of two of at least Size");
  end

  localparam int unsigned AccRowWidth = sa_pkg::index_width(AccumulatorRows);
  localparam int unsigned LaneWidth = sa_pkg::index_width(Size);

  typedef struct packed {
    logic valid;
    logic [AccRowWidth-1:0] row;
    logic first;
    logic bank;
    logic [Size-1:0] lanes;
    logic [Size-1:0][31:0] activations;
  } step_t;

  typedef struct packed {
    logic valid;
    logic bank;
    logic [LaneWidth-1:0] row;
    logic [Size-1:0] enable;
    logic [Size-1:0][7:0] data;
  } weight_t;

  typedef struct packed {
    logic valid;
    logic write;
    logic [AccRowWidth-1:0] row;
    logic [LaneWidth-1:0] column;
    logic [31:0] wdata;
  } acc_t;

  logic unused_address_bits;
  assign unused_address_bits = ^{obi_addr_i[31:16], obi_addr_i[1:0]};

  // Whom the core serves: the CPU, or the job that runs.
  logic job_running;
  logic abort, stream_abort, busy;
  step_t direct_step, stream_step, step;
  weight_t direct_weight, stream_weight, weight;
  acc_t direct_acc, stream_acc, acc;
  logic step_ready, weight_ready, acc_ready;
  logic [Size-1:0][31:0] acc_rdata;

  assign step = job_running ? stream_step : direct_step;
  assign weight = job_running ? stream_weight : direct_weight;
  assign acc = job_running ? stream_acc : direct_acc;

  ////////////////////////////////
  // `direct` mode, registers   //
  ////////////////////////////////

  logic job_start, job_done;
  logic [31:0] job_start_address, job_address, bus_error_address;
  sa_job_pkg::errors_t job_errors;
  sa_job_pkg::counters_t counters;

  sa_subordinate #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows),
      .ConfigHash(ConfigHash),
      .Ports(Ports),
      .ActivationWords(ActivationWords),
      .WeightRows(WeightRows)
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
      .job_start_o(job_start),
      .job_address_o(job_start_address),
      .job_running_i(job_running),
      .job_done_i(job_done),
      .job_errors_i(job_errors),
      .job_address_i(job_address),
      .bus_error_address_i(bus_error_address),
      .counters_i(counters),
      .step_valid_o(direct_step.valid),
      .step_ready_i(step_ready),
      .step_row_o(direct_step.row),
      .step_first_o(direct_step.first),
      .step_bank_o(direct_step.bank),
      .step_lanes_o(direct_step.lanes),
      .step_activations_o(direct_step.activations),
      .weight_valid_o(direct_weight.valid),
      .weight_ready_i(weight_ready),
      .weight_bank_o(direct_weight.bank),
      .weight_row_o(direct_weight.row),
      .weight_enable_o(direct_weight.enable),
      .weight_data_o(direct_weight.data),
      .acc_valid_o(direct_acc.valid),
      .acc_ready_i(acc_ready),
      .acc_write_o(direct_acc.write),
      .acc_row_o(direct_acc.row),
      .acc_column_o(direct_acc.column),
      .acc_wdata_o(direct_acc.wdata),
      .acc_rdata_i(acc_rdata)
  );

  ////////////////////////////////
  // `stream` mode              //
  ////////////////////////////////

  logic clk_stream;

  clk_gate u_clk_gate (
      .clk_i,
      .rst_ni,
      .enable_i(job_start || job_running),
      .clk_o(clk_stream)
  );

  assign stream_acc.write = 1'b0;
  assign stream_acc.column = '0;
  assign stream_acc.wdata = '0;

  sa_stream #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows),
      .Ports(Ports),
      .ActivationWords(ActivationWords),
      .WeightRows(WeightRows)
  ) u_stream (
      .clk_i(clk_stream),
      .rst_ni,
      .start_i(job_start),
      .start_address_i(job_start_address),
      .abort_i(abort),
      .running_o(job_running),
      .address_o(job_address),
      .done_o(job_done),
      .errors_o(job_errors),
      .bus_error_address_o(bus_error_address),
      .counters_o(counters),
      .core_abort_o(stream_abort),
      .step_valid_o(stream_step.valid),
      .step_ready_i(step_ready),
      .step_row_o(stream_step.row),
      .step_first_o(stream_step.first),
      .step_bank_o(stream_step.bank),
      .step_lanes_o(stream_step.lanes),
      .step_activations_o(stream_step.activations),
      .weight_valid_o(stream_weight.valid),
      .weight_ready_i(weight_ready),
      .weight_bank_o(stream_weight.bank),
      .weight_row_o(stream_weight.row),
      .weight_enable_o(stream_weight.enable),
      .weight_data_o(stream_weight.data),
      .acc_valid_o(stream_acc.valid),
      .acc_ready_i(acc_ready),
      .acc_row_o(stream_acc.row),
      .acc_rdata_i(acc_rdata),
      .obi_req_o(obi_mgr_req_o),
      .obi_gnt_i(obi_mgr_gnt_i),
      .obi_addr_o(obi_mgr_addr_o),
      .obi_we_o(obi_mgr_we_o),
      .obi_be_o(obi_mgr_be_o),
      .obi_wdata_o(obi_mgr_wdata_o),
      .obi_rvalid_i(obi_mgr_rvalid_i),
      .obi_rdata_i(obi_mgr_rdata_i),
      .obi_err_i(obi_mgr_err_i)
  );

  ////////////////////////////////
  // Array and accumulators     //
  ////////////////////////////////

  sa_core #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows)
  ) u_core (
      .clk_i,
      .rst_ni,
      .abort_i(abort || stream_abort),
      .busy_o(busy),
      .step_valid_i(step.valid),
      .step_ready_o(step_ready),
      .step_row_i(step.row),
      .step_first_i(step.first),
      .step_bank_i(step.bank),
      .step_lanes_i(step.lanes),
      .step_activations_i(step.activations),
      .weight_valid_i(weight.valid),
      .weight_ready_o(weight_ready),
      .weight_bank_i(weight.bank),
      .weight_row_i(weight.row),
      .weight_enable_i(weight.enable),
      .weight_data_i(weight.data),
      .acc_valid_i(acc.valid),
      .acc_ready_o(acc_ready),
      .acc_write_i(acc.write),
      .acc_row_i(acc.row),
      .acc_column_i(acc.column),
      .acc_wdata_i(acc.wdata),
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
