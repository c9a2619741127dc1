// Test top of the array: clock, reset, the manager's side of the OBI port, and what each edge saw.
//
// The one thing a reader would get wrong: Python drives and samples at the falling edge. What the array
// answered at the last rising edge is therefore kept in `seen` (layout: verif/uvm/agent.py), so that no
// value is read in the time step in which it changes.
module systolic_array_tb #(
  parameter int unsigned Size            = 8,
  parameter int unsigned AccumulatorRows = 4,
  parameter logic [31:0] ConfigHash      = 32'h0123_ABCD
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

  // Read by Python: `activity` changes at the falling edge after a grant or an answer.
  logic granted = 1'b0;
  logic answered = 1'b0;
  logic activity = 1'b0;
  logic [31:0] answer = '0;
  logic [31:0] cycle = '0;
  logic [31:0] waited = '0;
  logic [167:0] seen = '0;

  always_ff @(posedge clk) begin
    cycle    <= cycle + 1;
    granted  <= rst_n && req && gnt;
    answered <= rst_n && rvalid;
    answer   <= rdata;
    waited   <= req && !gnt ? waited + 1 : '0;
    seen     <= {cycle, waited, req && gnt, rvalid, irq, we, be, addr, wdata, rdata};
  end

  always_ff @(negedge clk) begin
    if (granted || answered) activity <= !activity;
  end

endmodule
