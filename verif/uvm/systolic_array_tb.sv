// Test top of the array: clock, reset, the manager's side of the OBI port, and a probe on it.
//
// The one thing a reader would get wrong: Python drives and samples at the falling edge. What the array
// answered at the last rising edge is therefore kept by the probe, so that no value is read in the time
// step in which it changes.
module systolic_array_tb #(
    parameter int unsigned        Size            = 8,
    parameter int unsigned        AccumulatorRows = 4,
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

  systolic_array #(
      .Size           (Size),
      .AccumulatorRows(AccumulatorRows),
      .ConfigHash     (ConfigHash)
  ) u_dut (
      .clk_i       (clk),
      .rst_ni      (rst_n),
      .obi_req_i   (req),
      .obi_gnt_o   (gnt),
      .obi_addr_i  (addr),
      .obi_we_i    (we),
      .obi_be_i    (be),
      .obi_wdata_i (wdata),
      .obi_rvalid_o(rvalid),
      .obi_rdata_o (rdata),
      .irq_o       (irq)
  );

  // What coverage crosses with the accesses; the layout is that of ArrayState in verif/uvm/items.py.
  logic busy, step_waits, weight_waits;
  assign busy = u_dut.busy || u_dut.step_valid;
  assign step_waits = u_dut.step_valid && !u_dut.step_ready;
  assign weight_waits = u_dut.weight_valid && !u_dut.weight_ready;

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
