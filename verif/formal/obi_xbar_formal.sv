// obi_xbar between managers that keep to the protocol and subordinates that answer what they granted.
module obi_xbar_formal #(
  parameter  int unsigned Managers       = 2,
  parameter  int unsigned Subordinates   = 2,
  parameter  int unsigned MaxOutstanding = 2,
  localparam int unsigned TargetWidth    = Subordinates > 1 ? $clog2(Subordinates) : 1
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [Managers-1:0]                  mgr_req_i,
  input logic [Managers-1:0][TargetWidth-1:0] mgr_target_i,
  input logic [Managers-1:0][           31:0] mgr_addr_i,
  input logic [Managers-1:0]                  mgr_we_i,
  input logic [Managers-1:0][            3:0] mgr_be_i,
  input logic [Managers-1:0][           31:0] mgr_wdata_i,

  input logic [Subordinates-1:0]       sub_gnt_i,
  input logic [Subordinates-1:0]       sub_rvalid_i,
  input logic [Subordinates-1:0][31:0] sub_rdata_i,
  input logic [Subordinates-1:0]       sub_err_i,

  output logic assume_targets_exist_o,
  output logic assume_waiting_requests_stay_o,
  output logic assume_answers_are_owed_o,

  output logic record_and_module_agree_o,
  output logic grants_are_asked_for_o,
  output logic one_manager_is_granted_at_a_subordinate_o,
  output logic granted_request_arrives_unchanged_o,
  output logic answer_goes_to_who_asked_o,
  output logic manager_awaits_one_subordinate_at_a_time_o,
  output logic subordinate_owes_one_manager_at_a_time_o,
  output logic no_more_answers_are_awaited_than_allowed_o,
  output logic waiting_request_stays_at_its_subordinate_o,
  output logic free_subordinate_is_asked_o,
  output logic every_other_manager_goes_first_at_most_once_o
);

  localparam int unsigned CountWidth = $clog2(MaxOutstanding + 1);
  localparam int unsigned PassedWidth = $clog2(Managers + 1);

  logic [Managers-1:0] mgr_gnt, mgr_rvalid, mgr_err;
  logic [Managers-1:0][31:0] mgr_rdata;
  logic [Subordinates-1:0] sub_req, sub_we;
  logic [Subordinates-1:0][31:0] sub_addr, sub_wdata;
  logic [Subordinates-1:0][3:0] sub_be;

  obi_xbar #(
    .Managers(Managers),
    .Subordinates(Subordinates),
    .MaxOutstanding(MaxOutstanding)
  ) u_dut (
    .clk_i,
    .rst_ni,
    .mgr_req_i,
    .mgr_target_i,
    .mgr_gnt_o(mgr_gnt),
    .mgr_addr_i,
    .mgr_we_i,
    .mgr_be_i,
    .mgr_wdata_i,
    .mgr_rvalid_o(mgr_rvalid),
    .mgr_rdata_o(mgr_rdata),
    .mgr_err_o(mgr_err),
    .sub_req_o(sub_req),
    .sub_gnt_i,
    .sub_addr_o(sub_addr),
    .sub_we_o(sub_we),
    .sub_be_o(sub_be),
    .sub_wdata_o(sub_wdata),
    .sub_rvalid_i,
    .sub_rdata_i,
    .sub_err_i
  );

  // The record: answers that each manager awaits of each subordinate, one table for both rules.
  logic [Managers-1:0][Subordinates-1:0][CountWidth-1:0] awaited_d, awaited_q, left;
  // Managers that want a subordinate and may ask it.
  logic [Managers-1:0][Subordinates-1:0] wants;
  // Of those: how often another one was granted meanwhile.
  logic [Managers-1:0][Subordinates-1:0][PassedWidth-1:0] passed_d, passed_q;

  function automatic logic granted(int unsigned m, int unsigned s);
    return mgr_gnt[m] && mgr_target_i[m] == TargetWidth'(s);
  endfunction

  // An answer that arrives now is awaited no more.
  always_comb begin
    for (int unsigned m = 0; m < Managers; m++) begin
      for (int unsigned s = 0; s < Subordinates; s++) begin
        left[m][s] = awaited_q[m][s] - CountWidth'(awaited_q[m][s] != '0 && sub_rvalid_i[s]);
      end
    end
  end

  always_comb begin
    for (int unsigned m = 0; m < Managers; m++) begin
      for (int unsigned s = 0; s < Subordinates; s++) begin
        awaited_d[m][s] = left[m][s] + CountWidth'(granted(m, s));
        wants[m][s] = mgr_req_i[m] && mgr_target_i[m] == TargetWidth'(s) &&
            (left[m][s] == '0 || awaited_q[m][s] < CountWidth'(MaxOutstanding));
        for (int unsigned other = 0; other < Subordinates; other++) begin
          if (other != s && left[m][other] != '0) wants[m][s] = 1'b0;
        end
        passed_d[m][s] = passed_q[m][s];
        if (!wants[m][s] || granted(m, s)) passed_d[m][s] = '0;
        else if (sub_req[s] && sub_gnt_i[s]) passed_d[m][s] = passed_q[m][s] + 1'b1;
      end
    end
  end

  // The previous cycle.
  logic [Managers-1:0] waited_q;
  logic [Managers-1:0][TargetWidth-1:0] target_q;
  logic [Managers-1:0][68:0] request, request_q;
  logic [Subordinates-1:0] refused_q;
  logic [Subordinates-1:0][68:0] sub_request, sub_request_q;

  always_comb begin
    for (int unsigned m = 0; m < Managers; m++) begin
      request[m] = {mgr_addr_i[m], mgr_we_i[m], mgr_be_i[m], mgr_wdata_i[m]};
    end
    for (int unsigned s = 0; s < Subordinates; s++) begin
      sub_request[s] = {sub_addr[s], sub_we[s], sub_be[s], sub_wdata[s]};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      awaited_q <= '0;
      passed_q  <= '0;
      waited_q  <= '0;
      refused_q <= '0;
    end else begin
      awaited_q <= awaited_d;
      passed_q  <= passed_d;
      waited_q  <= mgr_req_i & ~mgr_gnt;
      refused_q <= sub_req & ~sub_gnt_i;
    end
  end

  always_ff @(posedge clk_i) begin
    target_q <= mgr_target_i;
    request_q <= request;
    sub_request_q <= sub_request;
  end

  /////////////////
  // Assumptions //
  /////////////////

  always_comb begin
    assume_targets_exist_o = 1'b1;
    assume_waiting_requests_stay_o = 1'b1;
    for (int unsigned m = 0; m < Managers; m++) begin
      if (32'(mgr_target_i[m]) >= Subordinates) assume_targets_exist_o = 1'b0;
      if (waited_q[m] &&
          !(mgr_req_i[m] && mgr_target_i[m] == target_q[m] && request[m] == request_q[m])) begin
        assume_waiting_requests_stay_o = 1'b0;
      end
    end
  end

  logic [Subordinates-1:0] owes;

  always_comb begin
    owes = '0;
    for (int unsigned m = 0; m < Managers; m++) begin
      for (int unsigned s = 0; s < Subordinates; s++) begin
        if (awaited_q[m][s] != '0) owes[s] = 1'b1;
      end
    end
  end

  assign assume_answers_are_owed_o = (sub_rvalid_i & ~owes) == '0;

  ////////////////
  // Properties //
  ////////////////

  always_comb begin
    record_and_module_agree_o = 1'b1;
    for (int unsigned m = 0; m < Managers; m++) begin
      if (32'(u_dut.target_q[m]) >= Subordinates) record_and_module_agree_o = 1'b0;
      for (int unsigned s = 0; s < Subordinates; s++) begin
        if (awaited_q[m][s] !=
            (u_dut.target_q[m] == TargetWidth'(s) ? u_dut.count_q[m] : CountWidth'(0))) begin
          record_and_module_agree_o = 1'b0;
        end
      end
    end
  end

  assign grants_are_asked_for_o = (mgr_gnt & ~mgr_req_i) == '0;

  always_comb begin
    logic [Subordinates-1:0] taken;
    one_manager_is_granted_at_a_subordinate_o = 1'b1;
    granted_request_arrives_unchanged_o = 1'b1;
    taken = '0;
    for (int unsigned m = 0; m < Managers; m++) begin
      for (int unsigned s = 0; s < Subordinates; s++) begin
        if (granted(m, s)) begin
          if (taken[s]) one_manager_is_granted_at_a_subordinate_o = 1'b0;
          if (sub_request[s] != request[m]) granted_request_arrives_unchanged_o = 1'b0;
          taken[s] = 1'b1;
        end
      end
    end
    if (taken != (sub_req & sub_gnt_i)) one_manager_is_granted_at_a_subordinate_o = 1'b0;
  end

  always_comb begin
    answer_goes_to_who_asked_o = 1'b1;
    for (int unsigned m = 0; m < Managers; m++) begin
      logic answered;
      answered = 1'b0;
      for (int unsigned s = 0; s < Subordinates; s++) begin
        if (sub_rvalid_i[s] && awaited_q[m][s] != '0) begin
          answered = 1'b1;
          if (mgr_rdata[m] != sub_rdata_i[s]) answer_goes_to_who_asked_o = 1'b0;
          if (mgr_err[m] != sub_err_i[s]) answer_goes_to_who_asked_o = 1'b0;
        end
      end
      if (mgr_rvalid[m] != answered) answer_goes_to_who_asked_o = 1'b0;
    end
  end

  always_comb begin
    manager_awaits_one_subordinate_at_a_time_o = 1'b1;
    subordinate_owes_one_manager_at_a_time_o = 1'b1;
    no_more_answers_are_awaited_than_allowed_o = 1'b1;
    for (int unsigned m = 0; m < Managers; m++) begin
      for (int unsigned s = 0; s < Subordinates; s++) begin
        if (awaited_q[m][s] > CountWidth'(MaxOutstanding)) begin
          no_more_answers_are_awaited_than_allowed_o = 1'b0;
        end
        for (int unsigned other = 0; other < Subordinates; other++) begin
          if (other != s && awaited_q[m][s] != '0 && awaited_q[m][other] != '0) begin
            manager_awaits_one_subordinate_at_a_time_o = 1'b0;
          end
        end
        for (int unsigned other = 0; other < Managers; other++) begin
          if (other != m && awaited_q[m][s] != '0 && awaited_q[other][s] != '0) begin
            subordinate_owes_one_manager_at_a_time_o = 1'b0;
          end
        end
      end
    end
  end

  always_comb begin
    waiting_request_stays_at_its_subordinate_o = 1'b1;
    for (int unsigned s = 0; s < Subordinates; s++) begin
      if (refused_q[s] && !(sub_req[s] && sub_request[s] == sub_request_q[s])) begin
        waiting_request_stays_at_its_subordinate_o = 1'b0;
      end
    end
  end

  // Nobody waits for nothing: who may ask a subordinate that owes nothing, or someone else does.
  always_comb begin
    free_subordinate_is_asked_o = 1'b1;
    for (int unsigned m = 0; m < Managers; m++) begin
      for (int unsigned s = 0; s < Subordinates; s++) begin
        if (wants[m][s] && !owes[s] && !sub_req[s]) free_subordinate_is_asked_o = 1'b0;
      end
    end
  end

  // Nobody starves: those that come before a manager, counted with those that have passed it already.
  always_comb begin
    every_other_manager_goes_first_at_most_once_o = 1'b1;
    for (int unsigned s = 0; s < Subordinates; s++) begin
      for (int unsigned m = 0; m < Managers; m++) begin
        int unsigned ahead;
        ahead = 0;
        for (int unsigned other = 0; other < Managers; other++) begin
          if (u_dut.favoured_q[m][s] == u_dut.favoured_q[other][s] ? other < m
              : u_dut.favoured_q[other][s]) begin
            ahead++;
          end
        end
        if (32'(passed_q[m][s]) + ahead >= Managers) begin
          every_other_manager_goes_first_at_most_once_o = 1'b0;
        end
        // The favoured ones are those from one on.
        if (m + 1 < Managers && u_dut.favoured_q[m][s] && !u_dut.favoured_q[m+1][s]) begin
          every_other_manager_goes_first_at_most_once_o = 1'b0;
        end
      end
    end
  end

endmodule
