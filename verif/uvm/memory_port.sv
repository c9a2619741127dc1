// A manager port of the array as Python's memory answers it (memory_agent.py): its signals, and a probe.
//
// The one thing a reader would get wrong: the names within are those that the agent looks for, so that it
// drives each of these as it drives the only port of obi_manager_tb.
module memory_port (
    input logic clk_i,
    input logic rst_ni,

    input  logic        req_i,
    output logic        gnt_o,
    input  logic        we_i,
    input  logic [ 3:0] be_i,
    input  logic [31:0] addr_i,
    input  logic [31:0] wdata_i,
    output logic        rvalid_o,
    output logic        err_o,
    output logic [31:0] rdata_o
);

  // Driven by Python.
  logic        gnt = 1'b0;
  logic        rvalid = 1'b0;
  logic        err = 1'b0;
  logic [31:0] rdata = '0;
  assign {gnt_o, rvalid_o, err_o, rdata_o} = {gnt, rvalid, err, rdata};

  // Read by Python.
  logic clk, rst_n, req, we;
  logic [3:0] be;
  logic [31:0] addr, wdata;
  assign {clk, rst_n, req, we, be} = {clk_i, rst_ni, req_i, we_i, be_i};
  assign {addr, wdata} = {addr_i, wdata_i};

  logic granted, answered, activity;
  logic [ 31:0] answer;
  logic [182:0] seen;

  obi_probe u_probe (
      .clk_i,
      .rst_ni,
      .req_i,
      .gnt_i     (gnt),
      .we_i,
      .be_i,
      .addr_i,
      .wdata_i,
      .rvalid_i  (rvalid),
      .err_i     (err),
      .rdata_i   (rdata),
      .state_i   ('0),
      .granted_o (granted),
      .answered_o(answered),
      .answer_o  (answer),
      .activity_o(activity),
      .seen_o    (seen)
  );

endmodule
