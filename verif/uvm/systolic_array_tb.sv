// Test top of the array: clock, reset, the manager's side of its bus port, and a probe on it; on each of
// its own ports, a memory.
//
// The one thing a reader would get wrong: Python drives and samples at the falling edge. What the array
// answered at the last rising edge is therefore kept by the probe, so that no value is read in the time
// step in which it changes.
module systolic_array_tb #(
    parameter int unsigned        Size            = 8,
    parameter int unsigned        AccumulatorRows = 4,
    parameter int unsigned        Ports           = 2,
    parameter int unsigned        ActivationWords = 64,
    parameter int unsigned        WeightRows      = 32,
    parameter logic        [31:0] ConfigHash      = 32'h0123_ABCD
);

  localparam time HalfPeriod = 5ns;

  // Reset falls after time 0: gated flops need a real edge, and see their random state before it.
  logic clk = 1'b0;
  logic power_on_rst_n = 1'b1;
  initial begin
    #1ns power_on_rst_n = 1'b0;
    repeat (3) @(negedge clk);
    power_on_rst_n = 1'b1;
  end
  always #HalfPeriod clk = ~clk;

  // Driven by Python.
  logic        reset = 1'b0;
  logic        req = 1'b0;
  logic        we = 1'b0;
  logic [ 3:0] be = '0;
  logic [31:0] addr = '0;
  logic [31:0] wdata = '0;

  logic rst_n, gnt, rvalid, irq;
  logic [31:0] rdata;
  assign rst_n = power_on_rst_n && !reset;

  logic [Ports-1:0] mgr_req, mgr_gnt, mgr_we, mgr_rvalid, mgr_err;
  logic [Ports-1:0][ 3:0] mgr_be;
  logic [Ports-1:0][31:0] mgr_addr, mgr_wdata, mgr_rdata;

  systolic_array #(
      .Size           (Size),
      .AccumulatorRows(AccumulatorRows),
      .Ports          (Ports),
      .ActivationWords(ActivationWords),
      .WeightRows     (WeightRows),
      .ConfigHash     (ConfigHash)
  ) u_dut (
      .clk_i           (clk),
      .rst_ni          (rst_n),
      .obi_req_i       (req),
      .obi_gnt_o       (gnt),
      .obi_addr_i      (addr),
      .obi_we_i        (we),
      .obi_be_i        (be),
      .obi_wdata_i     (wdata),
      .obi_rvalid_o    (rvalid),
      .obi_rdata_o     (rdata),
      .obi_mgr_req_o   (mgr_req),
      .obi_mgr_gnt_i   (mgr_gnt),
      .obi_mgr_addr_o  (mgr_addr),
      .obi_mgr_we_o    (mgr_we),
      .obi_mgr_be_o    (mgr_be),
      .obi_mgr_wdata_o (mgr_wdata),
      .obi_mgr_rvalid_i(mgr_rvalid),
      .obi_mgr_rdata_i (mgr_rdata),
      .obi_mgr_err_i   (mgr_err),
      .irq_o           (irq)
  );

  for (genvar q = 0; q < Ports; q++) begin : gen_memory
    memory_port u_port (
        .clk_i   (clk),
        .rst_ni  (rst_n),
        .req_i   (mgr_req[q]),
        .gnt_o   (mgr_gnt[q]),
        .we_i    (mgr_we[q]),
        .be_i    (mgr_be[q]),
        .addr_i  (mgr_addr[q]),
        .wdata_i (mgr_wdata[q]),
        .rvalid_o(mgr_rvalid[q]),
        .err_o   (mgr_err[q]),
        .rdata_o (mgr_rdata[q])
    );
  end

  // What coverage crosses with the accesses; the layout is that of ArrayState in verif/uvm/items.py.
  logic busy, step_waits, weight_waits, job_runs;
  assign busy = u_dut.busy || u_dut.step.valid;
  assign step_waits = u_dut.step.valid && !u_dut.step_ready;
  assign weight_waits = u_dut.weight.valid && !u_dut.weight_ready;

  // A chain runs from the cycle after the write of JOB on, before the array's front end knows it.
  logic job_written_q;
  always_ff @(posedge clk) begin
    job_written_q <= rst_n && req && gnt && we && be == '1 && addr[15:0] == sa_reg_pkg::JobOffset;
  end
  assign job_runs = job_written_q || u_dut.job_running;

  // Read by Python.
  logic granted, answered, activity;
  logic [ 31:0] answer;
  logic [182:0] seen;

  obi_probe u_probe (
      .clk_i     (clk),
      .rst_ni    (rst_n),
      .req_i     (req),
      .gnt_i     (gnt),
      .we_i      (we),
      .be_i      (be),
      .addr_i    (addr),
      .wdata_i   (wdata),
      .rvalid_i  (rvalid),
      .err_i     (1'b0),
      .rdata_i   (rdata),
      .state_i   ({job_runs, irq, weight_waits, step_waits, busy}),
      .granted_o (granted),
      .answered_o(answered),
      .answer_o  (answer),
      .activity_o(activity),
      .seen_o    (seen)
  );

endmodule
