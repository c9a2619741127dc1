// OpenTitan's UART (registers and core) as an OBI subordinate. Wired as in its own top; that one is
// not used, because it does not tell whether the UART is at work, and while it is not, its clock
// stops.
//
// A receiver that is enabled keeps the clock running.

module soc_uart #(
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
  output logic                irq_o,

  input  logic                rx_i,
  output logic                tx_o
);

  logic clk, bridge_req, bridge_gnt;
  tlul_pkg::tl_h2d_t h2d;
  tlul_pkg::tl_d2h_t d2h;
  uart_reg_pkg::uart_reg2hw_t reg2hw;
  uart_reg_pkg::uart_hw2reg_t hw2reg;

  logic       busy;
  logic [7:0] irqs;
  logic       unused_intg_err;

  assign busy = reg2hw.ctrl.rx.q || !hw2reg.status.txidle.d;

  idle_gate u_idle_gate (
    .clk_i,
    .rst_ni,
    .busy_i(busy),
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

  uart_reg_top u_reg (
    .clk_i     (clk),
    .rst_ni,
    .tl_i      (h2d),
    .tl_o      (d2h),
    .reg2hw,
    .hw2reg,
    .intg_err_o(unused_intg_err),
    .devmode_i (1'b1)
  );

  uart_core u_core (
    .clk_i               (clk),
    .rst_ni,
    .reg2hw,
    .hw2reg,
    .rx                  (rx_i),
    .tx                  (tx_o),
    .intr_tx_watermark_o (irqs[0]),
    .intr_rx_watermark_o (irqs[1]),
    .intr_tx_empty_o     (irqs[2]),
    .intr_rx_overflow_o  (irqs[3]),
    .intr_rx_frame_err_o (irqs[4]),
    .intr_rx_break_err_o (irqs[5]),
    .intr_rx_timeout_o   (irqs[6]),
    .intr_rx_parity_err_o(irqs[7])
  );

  assign irq_o = |irqs;

endmodule
