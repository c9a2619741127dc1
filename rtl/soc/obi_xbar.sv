// OBI crossbar: any manager to any subordinate, all pairs at once, no cycle of its own.
//
// Each manager comes with the number of its subordinate (decoded outside, `soc_decoder`). A
// subordinate that several managers want serves them in turn (round robin, decided anew at every
// grant).
//
// Responses return in order with neither buffer nor identifier, by two rules:
//   1. a manager awaits responses of one subordinate at a time;
//   2. a subordinate owes responses to one manager at a time.
// A response that arrives in this cycle is awaited no more, so subordinates that answer in the next
// cycle (RAM) are never held up:
//
//   cycle             0     1     2     3
//   manager request   A     B     A
//   grant             A     B     A
//   response                A     B     A
//
// A request is never withdrawn and never changes while its subordinate keeps it waiting.
//
// The arbitration works on vectors with one bit per subordinate, so all subordinates decide at
// once.

module obi_xbar #(
  parameter int unsigned Managers       = 2,
  parameter int unsigned Subordinates   = 2,
  parameter int unsigned MaxOutstanding = 2,  // responses that one manager may await
  localparam int unsigned TargetWidth = (Subordinates > 1) ? $clog2(Subordinates) : 1
) (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic [Managers-1:0]                  mgr_req_i,
  input  logic [Managers-1:0][TargetWidth-1:0] mgr_target_i,  // below Subordinates
  output logic [Managers-1:0]                  mgr_gnt_o,
  input  logic [Managers-1:0][31:0]            mgr_addr_i,
  input  logic [Managers-1:0]                  mgr_we_i,
  input  logic [Managers-1:0][3:0]             mgr_be_i,
  input  logic [Managers-1:0][31:0]            mgr_wdata_i,
  output logic [Managers-1:0]                  mgr_rvalid_o,
  output logic [Managers-1:0][31:0]            mgr_rdata_o,
  output logic [Managers-1:0]                  mgr_err_o,

  output logic [Subordinates-1:0]              sub_req_o,
  input  logic [Subordinates-1:0]              sub_gnt_i,
  output logic [Subordinates-1:0][31:0]        sub_addr_o,
  output logic [Subordinates-1:0]              sub_we_o,
  output logic [Subordinates-1:0][3:0]         sub_be_o,
  output logic [Subordinates-1:0][31:0]        sub_wdata_o,
  input  logic [Subordinates-1:0]              sub_rvalid_i,
  input  logic [Subordinates-1:0][31:0]        sub_rdata_i,
  input  logic [Subordinates-1:0]              sub_err_i
);

  localparam int unsigned CountWidth = $clog2(MaxOutstanding + 1);
  typedef logic [Subordinates-1:0] sub_set_t;

  // What each manager awaits.
  logic [Managers-1:0][TargetWidth-1:0] target_d, target_q;  // from which subordinate
  logic [Managers-1:0][CountWidth-1:0]  count_d, count_q;    // how many responses
  logic [Managers-1:0][CountWidth-1:0]  left;                // these, after this cycle's response

  // Round robin: the managers that come first at each subordinate. Empty sets make manager 0 first.
  sub_set_t [Managers-1:0] favoured_d, favoured_q;

  sub_set_t [Managers-1:0] want;   // may be asked: rule 1 holds
  sub_set_t [Managers-1:0] owes;   // still owes this manager a response
  sub_set_t [Managers-1:0] ask;    // is asked by this manager in this cycle

  ///////////////
  // Responses //
  ///////////////

  for (genvar m = 0; m < Managers; m++) begin : gen_responses
    // By rule 2 whatever this subordinate answers is meant for the manager that awaits something.
    assign mgr_rvalid_o[m] = (count_q[m] != '0) && sub_rvalid_i[target_q[m]];
    assign mgr_rdata_o[m]  = sub_rdata_i[target_q[m]];
    assign mgr_err_o[m]    = sub_err_i[target_q[m]];
    assign left[m]         = count_q[m] - CountWidth'(mgr_rvalid_o[m]);
  end

  /////////////////
  // Arbitration //
  /////////////////

  for (genvar m = 0; m < Managers; m++) begin : gen_wants
    logic ready;
    assign ready = mgr_req_i[m] &&
        ((left[m] == '0) ||
         ((mgr_target_i[m] == target_q[m]) && (count_q[m] < CountWidth'(MaxOutstanding))));
    assign want[m] = sub_set_t'(ready) << mgr_target_i[m];
    assign owes[m] = sub_set_t'(left[m] != '0) << target_q[m];
  end

  always_comb begin
    sub_set_t decided;
    sub_set_t [Managers-1:0] winner;

    // The favoured managers in ascending order, then the others.
    decided = '0;
    for (int unsigned m = 0; m < Managers; m++) begin
      winner[m] = want[m] & favoured_q[m] & ~decided;
      decided  |= winner[m];
    end
    for (int unsigned m = 0; m < Managers; m++) begin
      winner[m] |= want[m] & ~decided;
      decided   |= winner[m];
    end

    // Rule 2: the winner waits until the subordinate owes nothing to anyone else.
    for (int unsigned m = 0; m < Managers; m++) begin
      ask[m] = winner[m];
      for (int unsigned other = 0; other < Managers; other++) begin
        if (other != m) ask[m] &= ~owes[other];
      end
    end
  end

  always_comb begin
    sub_req_o = '0;
    for (int unsigned m = 0; m < Managers; m++) sub_req_o |= ask[m];
  end

  always_comb begin
    sub_set_t after;  // subordinates whose asking manager comes before `m`

    // After a grant the managers behind the winner come first. A winner that is kept waiting comes
    // first itself, so that nobody displaces it.
    after = '0;
    for (int unsigned m = 0; m < Managers; m++) begin
      favoured_d[m] = (favoured_q[m] & ~sub_req_o) | after | (ask[m] & ~sub_gnt_i);
      after |= ask[m];
    end
  end

  for (genvar m = 0; m < Managers; m++) begin : gen_grants
    assign mgr_gnt_o[m] = |(ask[m] & sub_gnt_i);
    assign target_d[m]  = mgr_gnt_o[m] ? mgr_target_i[m] : target_q[m];
    assign count_d[m]   = left[m] + CountWidth'(mgr_gnt_o[m]);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      target_q   <= '0;
      count_q    <= '0;
      favoured_q <= '0;
    end else begin
      target_q   <= target_d;
      count_q    <= count_d;
      favoured_q <= favoured_d;
    end
  end

  //////////////
  // Requests //
  //////////////

  for (genvar s = 0; s < Subordinates; s++) begin : gen_requests
    always_comb begin
      sub_addr_o[s]  = mgr_addr_i[0];
      sub_we_o[s]    = mgr_we_i[0];
      sub_be_o[s]    = mgr_be_i[0];
      sub_wdata_o[s] = mgr_wdata_i[0];
      for (int unsigned m = 1; m < Managers; m++) begin
        if (ask[m][s]) begin
          sub_addr_o[s]  = mgr_addr_i[m];
          sub_we_o[s]    = mgr_we_i[m];
          sub_be_o[s]    = mgr_be_i[m];
          sub_wdata_o[s] = mgr_wdata_i[m];
        end
      end
    end
  end

endmodule
