// The front end of `stream` mode: runs chains of jobs that lie in memory. Its units are described in
// docs/accelerator.md; here are what connects them, the counters, and how a chain ends. It needs its
// clock with start_i and while running_o is high, no longer.
//
// The one thing a reader would get wrong: an error or ABORT ends the work at once, but not the chain: what
// the ports have asked memory for still comes. Only then running_o falls and done_o tells of the error, so
// that who is told may start the next chain.
//
//   cycle              0    1                     e    e+1                i    i+1
//   start_i         __/~~\_______________________________________________________
//   running_o       _______/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\_____
//   a unit's error  ____________________________/~~~\____________________________
//   flush           _________________________________/~~~~~~~~~~~~~~~~~~~~~~~~\_
//   ports are idle  __/~~~~~~~~\____________________________________________/~~~~~
//   done_o, errors  ________________________________________________________/~~~\
module sa_stream #(
    parameter  int unsigned Size            = 8,
    parameter  int unsigned AccumulatorRows = 64,
    parameter  int unsigned Ports           = 1,
    parameter  int unsigned ActivationWords = 4096,
    parameter  int unsigned WeightRows      = 256,
    localparam int unsigned AccRowWidth     = sa_pkg::index_width(AccumulatorRows),
    localparam int unsigned LaneWidth       = sa_pkg::index_width(Size)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic                         start_i,
    input  logic                  [31:0] start_address_i,
    input  logic                         abort_i,
    output logic                         running_o,
    output logic                  [31:0] address_o,            // what JOB reads
    output logic                         done_o,               // a chain has ended
    output sa_job_pkg::errors_t          errors_o,             // beside done_o: before its time
    output logic                  [31:0] bus_error_address_o,
    output sa_job_pkg::counters_t        counters_o,

    // To the core, while a chain runs.
    output logic core_abort_o,

    output logic                         step_valid_o,
    input  logic                         step_ready_i,
    output logic [AccRowWidth-1:0]       step_row_o,
    output logic                         step_first_o,
    output logic                         step_bank_o,
    output logic [       Size-1:0]       step_lanes_o,
    output logic [       Size-1:0][31:0] step_activations_o,

    output logic                      weight_valid_o,
    input  logic                      weight_ready_i,
    output logic                      weight_bank_o,
    output logic [LaneWidth-1:0]      weight_row_o,
    output logic [     Size-1:0]      weight_enable_o,
    output logic [     Size-1:0][7:0] weight_data_o,

    output logic                         acc_valid_o,
    input  logic                         acc_ready_i,
    output logic [AccRowWidth-1:0]       acc_row_o,
    input  logic [       Size-1:0][31:0] acc_rdata_i,

    output logic [Ports-1:0]       obi_req_o,
    input  logic [Ports-1:0]       obi_gnt_i,
    output logic [Ports-1:0][31:0] obi_addr_o,
    output logic [Ports-1:0]       obi_we_o,
    output logic [Ports-1:0][ 3:0] obi_be_o,
    output logic [Ports-1:0][31:0] obi_wdata_o,
    input  logic [Ports-1:0]       obi_rvalid_i,
    input  logic [Ports-1:0][31:0] obi_rdata_i,
    input  logic [Ports-1:0]       obi_err_i
);

  // Clients of a port, the first one served first.
  localparam int unsigned Weights = 0;
  localparam int unsigned Activations = 1;
  localparam int unsigned Descriptor = 2;
  localparam int unsigned Clients = 3;

  logic flush;
  sa_job_pkg::job_t job;
  logic job_start, job_done, job_running;

  ////////////////////////////////
  // Memory ports               //
  ////////////////////////////////

  logic [Ports-1:0][Clients-1:0] read_valid, read_ready, rvalid;
  logic [Ports-1:0][Clients-1:0][31:0] read_address;
  logic [Ports-1:0][31:0] rdata;
  logic [Ports-1:0] write_valid, unused_write_ready;  // sa_drain counts the room that is left
  logic [Ports-1:0][31:0] write_address, write_data;
  logic [Ports-1:0] port_idle, port_error, word_read, word_written;
  logic [Ports-1:0][31:0] port_error_address;

  for (genvar q = 0; q < Ports; q++) begin : gen_port
    sa_port u_port (
        .clk_i,
        .rst_ni,
        .flush_i(flush),
        .idle_o(port_idle[q]),
        .write_valid_i(write_valid[q]),
        .write_ready_o(unused_write_ready[q]),
        .write_address_i(write_address[q]),
        .write_data_i(write_data[q]),
        .read_valid_i(read_valid[q]),
        .read_ready_o(read_ready[q]),
        .read_address_i(read_address[q]),
        .rvalid_o(rvalid[q]),
        .rdata_o(rdata[q]),
        .error_o(port_error[q]),
        .error_address_o(port_error_address[q]),
        .word_read_o(word_read[q]),
        .word_written_o(word_written[q]),
        .obi_req_o(obi_req_o[q]),
        .obi_gnt_i(obi_gnt_i[q]),
        .obi_addr_o(obi_addr_o[q]),
        .obi_we_o(obi_we_o[q]),
        .obi_be_o(obi_be_o[q]),
        .obi_wdata_o(obi_wdata_o[q]),
        .obi_rvalid_i(obi_rvalid_i[q]),
        .obi_rdata_i(obi_rdata_i[q]),
        .obi_err_i(obi_err_i[q])
    );
  end

  // The same wires, by client; only port 0 reads descriptors.
  logic [Ports-1:0] weights_read_valid, weights_read_ready, weights_rvalid;
  logic [Ports-1:0] activations_read_valid, activations_read_ready, activations_rvalid;
  logic [Ports-1:0][31:0] weights_read_address, activations_read_address;
  logic descriptor_read_valid;
  logic [31:0] descriptor_read_address;

  for (genvar q = 0; q < Ports; q++) begin : gen_clients
    assign read_valid[q][Weights] = weights_read_valid[q];
    assign read_address[q][Weights] = weights_read_address[q];
    assign weights_read_ready[q] = read_ready[q][Weights];
    assign weights_rvalid[q] = rvalid[q][Weights];

    assign read_valid[q][Activations] = activations_read_valid[q];
    assign read_address[q][Activations] = activations_read_address[q];
    assign activations_read_ready[q] = read_ready[q][Activations];
    assign activations_rvalid[q] = rvalid[q][Activations];

    assign read_valid[q][Descriptor] = q == 0 && descriptor_read_valid;
    assign read_address[q][Descriptor] = descriptor_read_address;
  end

  ////////////////////////////////
  // Jobs                       //
  ////////////////////////////////

  logic chain_done, descriptor_error, unused_chain_running;

  sa_descriptor #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows)
  ) u_descriptor (
      .clk_i,
      .rst_ni,
      .start_i,
      .start_address_i,
      .flush_i(flush),
      .job_o(job),
      .job_start_o(job_start),
      .job_done_i(job_done),
      .job_running_o(job_running),
      .address_o,
      .running_o(unused_chain_running),
      .chain_done_o(chain_done),
      .error_o(descriptor_error),
      .read_valid_o(descriptor_read_valid),
      .read_ready_i(read_ready[0][Descriptor]),
      .read_address_o(descriptor_read_address),
      .rvalid_i(rvalid[0][Descriptor]),
      .rdata_i(rdata[0])
  );

  ////////////////////////////////
  // Activations and steps      //
  ////////////////////////////////

  logic restart_valid, restart_ready, buffer_read;
  sa_job_pkg::lin_t restart_lin, low, filled, buffer_read_lin;
  logic [Size-1:0][31:0] buffer_data;
  logic tile_ready, tile_bank, tile_done, row_final, block_done;
  logic issued, wait_write_back, wait_activations, wait_weights, window_error, unused_steps_done;

  sa_activations #(
      .Size (Size),
      .Ports(Ports),
      .Words(ActivationWords)
  ) u_activations (
      .clk_i,
      .rst_ni,
      .job_start_i(job_start),
      .job_i(job),
      .flush_i(flush),
      .restart_valid_i(restart_valid),
      .restart_ready_o(restart_ready),
      .restart_lin_i(restart_lin),
      .low_i(low),
      .filled_o(filled),
      .read_i(buffer_read),
      .read_lin_i(buffer_read_lin),
      .data_o(buffer_data),
      .read_valid_o(activations_read_valid),
      .read_ready_i(activations_read_ready),
      .read_address_o(activations_read_address),
      .rvalid_i(activations_rvalid),
      .rdata_i(rdata)
  );

  sa_steps #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows),
      .ActivationWords(ActivationWords)
  ) u_steps (
      .clk_i,
      .rst_ni,
      .job_start_i(job_start),
      .job_i(job),
      .flush_i(flush),
      .restart_valid_o(restart_valid),
      .restart_ready_i(restart_ready),
      .restart_lin_o(restart_lin),
      .low_o(low),
      .filled_i(filled),
      .read_o(buffer_read),
      .read_lin_o(buffer_read_lin),
      .data_i(buffer_data),
      .tile_ready_i(tile_ready),
      .tile_bank_i(tile_bank),
      .tile_done_o(tile_done),
      .row_final_o(row_final),
      .block_done_i(block_done),
      .step_valid_o,
      .step_ready_i,
      .step_row_o,
      .step_first_o,
      .step_bank_o,
      .step_lanes_o,
      .step_activations_o,
      .issued_o(issued),
      .wait_write_back_o(wait_write_back),
      .wait_activations_o(wait_activations),
      .wait_weights_o(wait_weights),
      .done_o(unused_steps_done),
      .error_window_o(window_error)
  );

  ////////////////////////////////
  // Weights                    //
  ////////////////////////////////

  logic weights_idle, weights_error, param_valid;
  logic [31:0] param_data;

  sa_weights #(
      .Size(Size),
      .Ports(Ports),
      .WeightRows(WeightRows)
  ) u_weights (
      .clk_i,
      .rst_ni,
      .flush_i(flush),
      .job_start_i(job_start),
      .job_i(job),
      .idle_o(weights_idle),
      .error_o(weights_error),
      .tile_ready_o(tile_ready),
      .tile_bank_o(tile_bank),
      .tile_done_i(tile_done),
      .weight_valid_o,
      .weight_ready_i,
      .weight_bank_o,
      .weight_row_o,
      .weight_enable_o,
      .weight_data_o,
      .param_valid_o(param_valid),
      .param_data_o(param_data),
      .read_valid_o(weights_read_valid),
      .read_ready_i(weights_read_ready),
      .read_address_o(weights_read_address),
      .rvalid_i(weights_rvalid),
      .rdata_i(rdata)
  );

  ////////////////////////////////
  // Results                    //
  ////////////////////////////////

  logic drain_done;

  sa_drain #(
      .Size(Size),
      .AccumulatorRows(AccumulatorRows),
      .Ports(Ports)
  ) u_drain (
      .clk_i,
      .rst_ni,
      .flush_i(flush),
      .job_start_i(job_start),
      .job_i(job),
      .done_o(drain_done),
      .row_final_i(row_final),
      .block_done_o(block_done),
      .acc_valid_o,
      .acc_ready_i,
      .acc_row_o,
      .acc_rdata_i,
      .param_valid_i(param_valid),
      .param_data_i(param_data),
      .write_valid_o(write_valid),
      .write_address_o(write_address),
      .write_data_o(write_data),
      .word_written_i(word_written)
  );

  ////////////////////////////////
  // Ends                       //
  ////////////////////////////////

  typedef enum logic [1:0] {
    Idle,
    Runs,
    Flush  // ports await what they have asked for
  } state_e;

  state_e state_d, state_q;
  sa_job_pkg::errors_t error, errors_d, errors_q;
  logic [31:0] bus_error_address_d, bus_error_address_q;

  // In the first cycle of a job the units still tell of the one before. A buffer that reads ahead may
  // want words to the end.
  assign job_done = job_running && !job_start && drain_done && weights_idle && port_idle == '1 &&
      activations_read_valid == '0;

  // Of several at once the one that is not the fault of the descriptor's author.
  always_comb begin
    error = '0;
    if (port_error != '0) error.bus = 1'b1;
    else if (window_error) error.window = 1'b1;
    else error.descriptor = descriptor_error || weights_error;
  end

  always_comb begin
    state_d  = state_q;
    errors_d = errors_q;
    case (state_q)
      Idle: begin
        errors_d = '0;
        if (start_i) state_d = Runs;
      end
      Runs: begin
        if (error != '0) begin
          state_d  = Flush;
          errors_d = error;
        end else if (chain_done) begin
          state_d = Idle;
        end
      end
      default: if (port_idle == '1) state_d = Idle;
    endcase
    // Who aborts wants to hear of no error.
    if (abort_i && state_q != Idle) begin
      state_d  = Flush;
      errors_d = '0;
    end
  end

  always_comb begin
    bus_error_address_d = bus_error_address_q;
    if (state_q == Runs) begin
      for (int q = Ports - 1; q >= 0; q--) begin
        if (port_error[q]) bus_error_address_d = port_error_address[q];
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      bus_error_address_q <= '0;
    end else begin
      state_q <= state_d;
      bus_error_address_q <= bus_error_address_d;
    end
  end

  always_ff @(posedge clk_i) errors_q <= errors_d;

  assign flush = state_q == Flush;
  assign core_abort_o = flush;
  assign running_o = state_q != Idle;
  assign bus_error_address_o = bus_error_address_q;
  // A job that ends while it is flushed, in the cycle after an ABORT, does not end the chain.
  assign done_o = running_o && state_d == Idle && (state_q == Runs || errors_q != '0);
  assign errors_o = errors_q;

  ////////////////////////////////
  // Counters                   //
  ////////////////////////////////

  sa_job_pkg::counters_t counters_d, counters_q;

  always_comb begin
    counters_d = counters_q;
    if (job_running) begin
      if (issued) counters_d.compute = counters_q.compute + 1;
      else if (wait_write_back) counters_d.wait_write_back = counters_q.wait_write_back + 1;
      else if (wait_activations) counters_d.wait_activations = counters_q.wait_activations + 1;
      else if (wait_weights) counters_d.wait_weights = counters_q.wait_weights + 1;
      else counters_d.fill_drain = counters_q.fill_drain + 1;
    end
    counters_d.words_read = counters_q.words_read + 32'($countones(word_read));
    counters_d.words_written = counters_q.words_written + 32'($countones(word_written));
    if (start_i) counters_d = '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) counters_q <= '0;
    else counters_q <= counters_d;
  end

  assign counters_o = counters_q;

  ////////////////////////////////
  // Assertions                 //
  ////////////////////////////////

  // A flop, because an asynchronous reset must not be looked at by a clock edge.
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) was_reset_q <= 1'b0;
    else was_reset_q <= 1'b1;
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  NothingIsOnABusWithoutAChain :
  assert property (!running_o |-> obi_req_o == '0 && port_idle == '1)
  else $error("a port is not idle although no chain runs");

endmodule
