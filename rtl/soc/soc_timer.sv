// OpenTitan's rv_timer (registers and core, one hart, one timer) as an OBI subordinate. Wired as in
// its own top; that one is not used, because it does not tell whether the timer counts, and while
// it does not, its clock stops.

module soc_timer #(
  parameter logic [31:0] ErrorData = '0
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                req_i,
  output logic                gnt_o,
  input  logic [31:0]         addr_i,
  input  logic                we_i,
  input  logic [3:0]          be_i,
  input  logic [31:0]         wdata_i,
  output logic                rvalid_o,
  output logic [31:0]         rdata_o,

  output soc_pkg::bus_error_t error_o,
  output logic                irq_o
);

  logic clk, bridge_req, bridge_gnt;
  tlul_pkg::tl_h2d_t h2d;
  tlul_pkg::tl_d2h_t d2h;
  rv_timer_reg_pkg::rv_timer_reg2hw_t reg2hw;
  rv_timer_reg_pkg::rv_timer_hw2reg_t hw2reg;

  logic        tick, expired;
  logic [63:0] count, next_count;
  logic [63:0] compare [1];
  logic        compare_written;
  logic        state_written, state;
  logic        unused_intg_err;

  idle_gate u_idle_gate (
    .clk_i,
    .rst_ni,
    .busy_i(reg2hw.ctrl[0].q),
    .req_i,
    .gnt_o,
    .clk_o (clk),
    .req_o (bridge_req),
    .gnt_i (bridge_gnt)
  );

  obi_tlul #(
    .ErrorData(ErrorData)
  ) u_bridge (
    .clk_i (clk),
    .rst_ni,
    .req_i (bridge_req),
    .gnt_o (bridge_gnt),
    .addr_i,
    .we_i,
    .be_i,
    .wdata_i,
    .rvalid_o,
    .rdata_o,
    .error_o,
    .tl_o  (h2d),
    .tl_i  (d2h)
  );

  rv_timer_reg_top u_reg (
    .clk_i     (clk),
    .rst_ni,
    .tl_i      (h2d),
    .tl_o      (d2h),
    .reg2hw,
    .hw2reg,
    .intg_err_o(unused_intg_err),
    .devmode_i (1'b1)
  );

  assign count      = {reg2hw.timer_v_upper0.q, reg2hw.timer_v_lower0.q};
  assign compare[0] = {reg2hw.compare_upper0_0.q, reg2hw.compare_lower0_0.q};

  timer_core u_core (
    .clk_i    (clk),
    .rst_ni,
    .active   (reg2hw.ctrl[0].q),
    .prescaler(reg2hw.cfg0.prescale.q),
    .step     (reg2hw.cfg0.step.q),
    .tick,
    .mtime_d  (next_count),
    .mtime    (count),
    .mtimecmp (compare),
    .intr     (expired)
  );

  prim_intr_hw u_intr (
    .clk_i                 (clk),
    .rst_ni,
    .event_intr_i          (expired),
    .reg2hw_intr_enable_q_i(reg2hw.intr_enable0[0].q),
    .reg2hw_intr_test_q_i  (reg2hw.intr_test0[0].q),
    .reg2hw_intr_test_qe_i (reg2hw.intr_test0[0].qe),
    .reg2hw_intr_state_q_i (reg2hw.intr_state0[0].q),
    .hw2reg_intr_state_de_o(state_written),
    .hw2reg_intr_state_d_o (state),
    .intr_o                (irq_o)
  );

  assign compare_written = reg2hw.compare_upper0_0.qe | reg2hw.compare_lower0_0.qe;

  assign hw2reg.timer_v_upper0.de = tick;
  assign hw2reg.timer_v_lower0.de = tick;
  assign hw2reg.timer_v_upper0.d  = next_count[63:32];
  assign hw2reg.timer_v_lower0.d  = next_count[31:0];
  // A new compare value takes the interrupt back.
  assign hw2reg.intr_state0[0].de = state_written | compare_written;
  assign hw2reg.intr_state0[0].d  = state & ~compare_written;

endmodule
