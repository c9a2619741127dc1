// Watches an OBI port for Python: what each rising edge saw, kept until the next one.
//
// The one thing a reader would get wrong: nothing here raises an error. A breach of the protocol is a bit
// of `seen_o`, and the monitor (monitor.py, which has the layout) reports it, so that a test can plant
// breaches and see them caught.
//
// Python drives and samples at the falling edge, half a cycle away from where the design looks;
// `activity_o` changes at a falling edge after which there is something to fetch.
module obi_probe (
    input logic clk_i,
    input logic rst_ni,

    input logic        req_i,
    input logic        gnt_i,
    input logic        we_i,
    input logic [ 3:0] be_i,
    input logic [31:0] addr_i,
    input logic [31:0] wdata_i,
    input logic        rvalid_i,
    input logic        err_i,
    input logic [31:0] rdata_i,
    input logic [ 4:0] state_i,   // of the design, for coverage and checks

    output logic         granted_o,
    output logic         answered_o,
    output logic [ 31:0] answer_o,
    output logic         activity_o,
    output logic [182:0] seen_o
);

  logic [31:0] cycle_q, waited_q, unanswered_q;
  logic [4:0] state_at_request, state_at_request_q, last_state_q;
  logic was_reset_q;
  logic [68:0] request, request_q;
  logic reset_begins, granted, answered, withdrawn, changed, unasked;

  initial begin
    {cycle_q, waited_q, unanswered_q, request_q, state_at_request_q, last_state_q} = '0;
    {was_reset_q, granted_o, answered_o, activity_o, answer_o, seen_o} = '0;
  end

  assign request = {we_i, be_i, addr_i, we_i ? wdata_i : '0};
  assign granted = rst_ni && req_i && gnt_i;
  assign answered = rst_ni && rvalid_i;
  assign withdrawn = rst_ni && waited_q != '0 && !req_i;
  assign changed = rst_ni && waited_q != '0 && req_i && request != request_q;
  assign unasked = answered && unanswered_q == '0;
  assign reset_begins = !rst_ni && !was_reset_q;

  // The state in which a request met the design, not the one in which it was granted.
  assign state_at_request = waited_q == '0 ? state_i : state_at_request_q;

  always_ff @(posedge clk_i) begin
    cycle_q <= cycle_q + 1;
    was_reset_q <= !rst_ni;
    waited_q <= rst_ni && req_i && !gnt_i ? waited_q + 1 : '0;
    // An answer that nobody asked for is reported, and counts for nothing.
    unanswered_q <= rst_ni ? unanswered_q + 32'(granted) - 32'(answered && !unasked) : '0;
    request_q <= request;
    state_at_request_q <= state_at_request;
    if (rst_ni) last_state_q <= state_i;

    granted_o <= granted;
    answered_o <= answered;
    answer_o <= rdata_i;
    seen_o <= {
      cycle_q,
      waited_q,
      reset_begins,
      granted,
      answered,
      withdrawn,
      changed,
      unasked,
      reset_begins && req_i,
      answered && err_i,
      rst_ni ? state_at_request : last_state_q,
      state_i,
      we_i,
      be_i,
      addr_i,
      wdata_i,
      rdata_i
    };
  end

  logic something_q = 1'b0;
  always_ff @(posedge clk_i) begin
    something_q <= granted || answered || withdrawn || changed || reset_begins;
  end

  always_ff @(negedge clk_i) if (something_q) activity_o <= !activity_o;

endmodule
