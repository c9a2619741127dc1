// Assertions about the crossbar, bound to it: the rules of OBI at every port, and its own two rules.
module obi_xbar_assertions #(
  parameter int unsigned Managers = 2,
  parameter int unsigned Subordinates = 2,
  parameter int unsigned MaxOutstanding = 2
) (
  input logic clk_i,
  input logic rst_ni,

  input logic [Managers-1:0]       mgr_req_i,
  input logic [Managers-1:0]       mgr_gnt_i,
  input logic [Managers-1:0][31:0] mgr_addr_i,
  input logic [Managers-1:0]       mgr_we_i,
  input logic [Managers-1:0][ 3:0] mgr_be_i,
  input logic [Managers-1:0][31:0] mgr_wdata_i,
  input logic [Managers-1:0]       mgr_rvalid_i,

  input logic [Subordinates-1:0]       sub_req_i,
  input logic [Subordinates-1:0]       sub_gnt_i,
  input logic [Subordinates-1:0][31:0] sub_addr_i,
  input logic [Subordinates-1:0]       sub_we_i,
  input logic [Subordinates-1:0][ 3:0] sub_be_i,
  input logic [Subordinates-1:0][31:0] sub_wdata_i,
  input logic [Subordinates-1:0]       sub_rvalid_i,

  // Bit s of element m: manager m asks, or awaits a response of, subordinate s.
  input logic [Managers-1:0][Subordinates-1:0] ask_i,
  input logic [Managers-1:0][Subordinates-1:0] owes_i
);

  for (genvar m = 0; m < Managers; m++) begin : gen_managers
    obi_assertions #(
      .MaxOutstanding(MaxOutstanding)
    ) u_port (
      .clk_i,
      .rst_ni,
      .req_i   (mgr_req_i[m]),
      .gnt_i   (mgr_gnt_i[m]),
      .addr_i  (mgr_addr_i[m]),
      .we_i    (mgr_we_i[m]),
      .be_i    (mgr_be_i[m]),
      .wdata_i (mgr_wdata_i[m]),
      .rvalid_i(mgr_rvalid_i[m])
    );
  end

  for (genvar s = 0; s < Subordinates; s++) begin : gen_subordinates
    obi_assertions #(
      .MaxOutstanding(MaxOutstanding)
    ) u_port (
      .clk_i,
      .rst_ni,
      .req_i   (sub_req_i[s]),
      .gnt_i   (sub_gnt_i[s]),
      .addr_i  (sub_addr_i[s]),
      .we_i    (sub_we_i[s]),
      .be_i    (sub_be_i[s]),
      .wdata_i (sub_wdata_i[s]),
      .rvalid_i(sub_rvalid_i[s])
    );
  end

  // The same by subordinate: element s has a bit for each manager.
  logic [Subordinates-1:0][Managers-1:0] asked_by, owed_to;
  logic one_asks, one_is_owed;

  always_comb begin
    one_asks = 1'b1;
    one_is_owed = 1'b1;
    for (int unsigned s = 0; s < Subordinates; s++) begin
      for (int unsigned m = 0; m < Managers; m++) begin
        asked_by[s][m] = ask_i[m][s];
        owed_to[s][m]  = owes_i[m][s];
      end
      one_asks &= $onehot0(asked_by[s]);
      one_is_owed &= $onehot0(owed_to[s]);
    end
  end

  // A flop, because an asynchronous reset must not be looked at by a clock edge.
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) was_reset_q <= 1'b0;
    else was_reset_q <= 1'b1;
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  OneManagerAsksASubordinate :
  assert property (one_asks)
  else $error("two managers ask one subordinate at once");

  SubordinateOwesToOneManager :
  assert property (one_is_owed)
  else $error("a subordinate owes responses to two managers");

  GrantsReachTheirManagers :
  assert property ($countones(mgr_gnt_i) == $countones(sub_req_i & sub_gnt_i))
  else $error("a grant was lost or given twice");

  ResponsesReachTheirManagers :
  assert property ($countones(mgr_rvalid_i) == $countones(sub_rvalid_i))
  else $error("a response was lost or given twice");

endmodule

bind obi_xbar obi_xbar_assertions #(
  .Managers      (Managers),
  .Subordinates  (Subordinates),
  .MaxOutstanding(MaxOutstanding)
) u_assertions (
  .clk_i,
  .rst_ni,
  .mgr_req_i,
  .mgr_gnt_i   (mgr_gnt_o),
  .mgr_addr_i,
  .mgr_we_i,
  .mgr_be_i,
  .mgr_wdata_i,
  .mgr_rvalid_i(mgr_rvalid_o),
  .sub_req_i   (sub_req_o),
  .sub_gnt_i,
  .sub_addr_i  (sub_addr_o),
  .sub_we_i    (sub_we_o),
  .sub_be_i    (sub_be_o),
  .sub_wdata_i (sub_wdata_o),
  .sub_rvalid_i,
  .ask_i       (ask),
  .owes_i      (owes)
);
