// Test top of the array: clock, reset, the manager's side of the OBI port, and a probe on it. Memory is not
// there: no job is started.
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

  logic [Ports-1:0] unused_req, unused_we;
  logic [Ports-1:0][ 3:0] unused_be;
  logic [Ports-1:0][31:0] unused_addr, unused_wdata;

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
      .obi_mgr_req_o   (unused_req),
      .obi_mgr_gnt_i   ('0),
      .obi_mgr_addr_o  (unused_addr),
      .obi_mgr_we_o    (unused_we),
      .obi_mgr_be_o    (unused_be),
      .obi_mgr_wdata_o (unused_wdata),
      .obi_mgr_rvalid_i('0),
      .obi_mgr_rdata_i ('0),
      .obi_mgr_err_i   ('0),
      .irq_o           (irq)
  );

  // What coverage crosses with the accesses; the layout is that of ArrayState in verif/uvm/items.py.
  logic busy, step_waits, weight_waits;
  assign busy = u_dut.busy || u_dut.step.valid;
  assign step_waits = u_dut.step.valid && !u_dut.step_ready;
  assign weight_waits = u_dut.weight.valid && !u_dut.weight_ready;

  // Read by Python.
  logic granted, answered, activity;
  logic [ 31:0] answer;
  logic [179:0] seen;

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
      .state_i   ({irq, weight_waits, step_waits, busy}),
      .granted_o (granted),
      .answered_o(answered),
      .answer_o  (answer),
      .activity_o(activity),
      .seen_o    (seen)
  );

endmodule
