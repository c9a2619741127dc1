// The SoC: CPU, RAM banks, SoC control, timer, UART and the systolic array on a crossbar.
//
// This is the one module that reads the generated configuration; everything below it has
// parameters.
//
//   fetch ----.   +--> RAM banks (single-cycle; the last ones may be word-interleaved)
//   data -----+---+--> debug module                               (fetch and data only)
//   array ----+   +--> SoC control, timer, UART, systolic array   (data and debugger only)
//   debugger -'   +--> nobody's addresses: a refuser for data, for fetches, for the others
//
// `rst_ni` must fall once after power-up: the CPU's gated flops see no clock before, so a reset
// that is merely low from the start leaves them unset, and the first division never ends.

module heepstor_soc #(
  parameter RamImage = ""  // bank 7 starts with the content of the file `<RamImage>07.mem`
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        jtag_tck_i,
  input  logic        jtag_tms_i,
  input  logic        jtag_tdi_i,
  output logic        jtag_tdo_o,

  input  logic        uart_rx_i,
  output logic        uart_tx_o,

  output logic        exit_valid_o,    // the firmware has ended with `exit_value_o`
  output logic [31:0] exit_value_o,
  output logic        marker_valid_o,  // for one cycle: the firmware has written `marker_o`
  output logic [31:0] marker_o,
  output logic        sleeping_o       // the CPU waits for an interrupt
);

  import heepstor_cfg_pkg::MemoryBankBytes;
  import heepstor_cfg_pkg::MemoryBanks;
  import heepstor_cfg_pkg::MemoryInterleavedBanks;
  import heepstor_cfg_pkg::Ports;

  // Managers of the crossbar.
  localparam int unsigned Fetch = 0;
  localparam int unsigned Data = 1;
  localparam int unsigned ArrayPorts = 2;  // the first of them
  localparam int unsigned Debugger = ArrayPorts + Ports;
  localparam int unsigned Managers = Debugger + 1;

  // Subordinates: the banks, the peripherals in the order of `PeripheralBase`, the refusers.
  localparam int unsigned Debug = MemoryBanks;
  localparam int unsigned SocCtrl = MemoryBanks + 1;
  localparam int unsigned RvTimer = MemoryBanks + 2;
  localparam int unsigned Uart = MemoryBanks + 3;
  localparam int unsigned Array = MemoryBanks + 4;
  localparam int unsigned Nobody = MemoryBanks + 5;
  localparam int unsigned FetchNobody = MemoryBanks + 6;
  localparam int unsigned QuietNobody = MemoryBanks + 7;
  localparam int unsigned Subordinates = MemoryBanks + 8;

  localparam int unsigned Peripherals = 5;
  localparam logic [Peripherals-1:0][31:0] PeripheralBase = {
    heepstor_cfg_pkg::SystolicArrayBase,
    heepstor_cfg_pkg::UartBase,
    heepstor_cfg_pkg::RvTimerBase,
    heepstor_cfg_pkg::SocCtrlBase,
    heepstor_cfg_pkg::DebugBase
  };
  localparam bit [Peripherals-1:0] DebugModule = 1;

  localparam int unsigned TargetWidth = $clog2(Subordinates);

  // Of everything but the debug module, whose debugger may reset the rest.
  logic system_rst_n;

  /////////
  // Bus //
  /////////

  logic [Managers-1:0]                  mgr_req, mgr_gnt, mgr_we, mgr_rvalid, mgr_err;
  logic [Managers-1:0][TargetWidth-1:0] mgr_target;
  logic [Managers-1:0][31:0]            mgr_addr, mgr_local_addr, mgr_wdata, mgr_rdata;
  logic [Managers-1:0][3:0]             mgr_be;

  logic [Subordinates-1:0]              sub_req, sub_gnt, sub_we, sub_rvalid, sub_err;
  logic [Subordinates-1:0][31:0]        sub_addr, sub_wdata, sub_rdata;
  logic [Subordinates-1:0][3:0]         sub_be;

  for (genvar m = 0; m < Managers; m++) begin : gen_decoders
    localparam bit [Peripherals-1:0] Reach =
        m == Fetch ? DebugModule : m == Data ? '1 : m == Debugger ? ~DebugModule : '0;
    soc_decoder #(
      .Subordinates         (Subordinates),
      .Nobody               (m == Fetch ? FetchNobody : m == Data ? Nobody : QuietNobody),
      .Banks                (MemoryBanks),
      .InterleavedBanks     (MemoryInterleavedBanks),
      .BankBytes            (MemoryBankBytes),
      .RamBase              (heepstor_cfg_pkg::RamBase),
      .Peripherals          (Peripherals),
      .PeripheralWindowWidth($clog2(heepstor_cfg_pkg::PeripheralWindow)),
      .PeripheralBase       (PeripheralBase),
      .Reach                (Reach)
    ) u_decoder (
      .addr_i  (mgr_addr[m]),
      .target_o(mgr_target[m]),
      .addr_o  (mgr_local_addr[m])
    );
  end

  obi_xbar #(
    .Managers    (Managers),
    .Subordinates(Subordinates)
  ) u_xbar (
    .clk_i,
    .rst_ni      (system_rst_n),
    .mgr_req_i   (mgr_req),
    .mgr_target_i(mgr_target),
    .mgr_gnt_o   (mgr_gnt),
    .mgr_addr_i  (mgr_local_addr),
    .mgr_we_i    (mgr_we),
    .mgr_be_i    (mgr_be),
    .mgr_wdata_i (mgr_wdata),
    .mgr_rvalid_o(mgr_rvalid),
    .mgr_rdata_o (mgr_rdata),
    .mgr_err_o   (mgr_err),
    .sub_req_o   (sub_req),
    .sub_gnt_i   (sub_gnt),
    .sub_addr_o  (sub_addr),
    .sub_we_o    (sub_we),
    .sub_be_o    (sub_be),
    .sub_wdata_o (sub_wdata),
    .sub_rvalid_i(sub_rvalid),
    .sub_rdata_i (sub_rdata),
    .sub_err_i   (sub_err)
  );

  assign sub_err = '1 << Nobody;  // all refusers; the CPU hears of it by its interrupt

  logic unused_err;
  assign unused_err = ^{mgr_err[Debugger], mgr_err[Data], mgr_err[Fetch]};

  /////////
  // CPU //
  /////////

  logic [31:0] irq;
  logic        timer_irq, uart_irq, array_irq, bus_error_irq;
  logic        debug_req, halted;

  always_comb begin
    irq = '0;
    irq[heepstor_cfg_pkg::IrqTimer]         = timer_irq;
    irq[heepstor_cfg_pkg::IrqUart]          = uart_irq;
    irq[heepstor_cfg_pkg::IrqSystolicArray] = array_irq;
    irq[heepstor_cfg_pkg::IrqBusError]      = bus_error_irq;
  end

  soc_cpu #(
    .FpuLatency           (heepstor_cfg_pkg::FpuLatency),
    .BootAddress          (heepstor_cfg_pkg::BootAddress),
    .DebugHaltAddress     (heepstor_cfg_pkg::DebugBase + dm::HaltAddress[31:0]),
    .DebugExceptionAddress(heepstor_cfg_pkg::DebugBase + dm::ExceptionAddress[31:0])
  ) u_cpu (
    .clk_i,
    .rst_ni        (system_rst_n),
    .instr_req_o   (mgr_req[Fetch]),
    .instr_gnt_i   (mgr_gnt[Fetch]),
    .instr_addr_o  (mgr_addr[Fetch]),
    .instr_rvalid_i(mgr_rvalid[Fetch]),
    .instr_rdata_i (mgr_rdata[Fetch]),
    .data_req_o    (mgr_req[Data]),
    .data_gnt_i    (mgr_gnt[Data]),
    .data_addr_o   (mgr_addr[Data]),
    .data_we_o     (mgr_we[Data]),
    .data_be_o     (mgr_be[Data]),
    .data_wdata_o  (mgr_wdata[Data]),
    .data_rvalid_i (mgr_rvalid[Data]),
    .data_rdata_i  (mgr_rdata[Data]),
    .irq_i         (irq),
    .debug_req_i   (debug_req),
    .sleeping_o
  );

  assign mgr_we[Fetch]    = 1'b0;
  assign mgr_be[Fetch]    = '1;
  assign mgr_wdata[Fetch] = '0;

  ///////////
  // Debug //
  ///////////

  soc_debug #(
    .Idcode(heepstor_cfg_pkg::JtagIdcode)
  ) u_debug (
    .clk_i,
    .rst_ni,
    .tck_i        (jtag_tck_i),
    .tms_i        (jtag_tms_i),
    .tdi_i        (jtag_tdi_i),
    .tdo_o        (jtag_tdo_o),
    .req_i        (sub_req[Debug]),
    .gnt_o        (sub_gnt[Debug]),
    .addr_i       (sub_addr[Debug]),
    .we_i         (sub_we[Debug]),
    .be_i         (sub_be[Debug]),
    .wdata_i      (sub_wdata[Debug]),
    .rvalid_o     (sub_rvalid[Debug]),
    .rdata_o      (sub_rdata[Debug]),
    .bus_req_o    (mgr_req[Debugger]),
    .bus_gnt_i    (mgr_gnt[Debugger]),
    .bus_addr_o   (mgr_addr[Debugger]),
    .bus_we_o     (mgr_we[Debugger]),
    .bus_be_o     (mgr_be[Debugger]),
    .bus_wdata_o  (mgr_wdata[Debugger]),
    .bus_rvalid_i (mgr_rvalid[Debugger]),
    .bus_rdata_i  (mgr_rdata[Debugger]),
    .system_rst_no(system_rst_n),
    .debug_req_o  (debug_req),
    .halted_o     (halted)
  );

  /////////
  // RAM //
  /////////

  for (genvar b = 0; b < MemoryBanks; b++) begin : gen_banks
    localparam logic [15:0] Digits = {8'("0" + b / 10), 8'("0" + b % 10)};

    sram_bank #(
      .Bytes(MemoryBankBytes),
      .Image((RamImage == "") ? "" : {RamImage, Digits, ".mem"})
    ) u_bank (
      .clk_i,
      .rst_ni  (system_rst_n),
      .req_i   (sub_req[b]),
      .gnt_o   (sub_gnt[b]),
      .addr_i  (sub_addr[b]),
      .we_i    (sub_we[b]),
      .be_i    (sub_be[b]),
      .wdata_i (sub_wdata[b]),
      .rvalid_o(sub_rvalid[b]),
      .rdata_o (sub_rdata[b])
    );
  end

  /////////////////
  // Peripherals //
  /////////////////

  localparam int unsigned ErrorSources = 4;
  soc_pkg::bus_error_t fetch_error, data_error, timer_error, uart_error;

  soc_ctrl #(
    .ErrorSources   (ErrorSources),
    .StackGuardBytes(heepstor_cfg_pkg::StackGuardBytes),
    .ErrorData      (heepstor_cfg_pkg::BusErrorData),
    .ClockHz        (heepstor_cfg_pkg::ClockHz),
    .ConfigHash     (heepstor_cfg_pkg::ConfigHash),
    .RtlVersion     (rtl_version_pkg::RtlVersion),
    .MemoryBytes    (MemoryBanks * MemoryBankBytes)
  ) u_soc_ctrl (
    .clk_i,
    .rst_ni         (system_rst_n),
    .req_i          (sub_req[SocCtrl]),
    .gnt_o          (sub_gnt[SocCtrl]),
    .addr_i         (sub_addr[SocCtrl]),
    .we_i           (sub_we[SocCtrl]),
    .be_i           (sub_be[SocCtrl]),
    .wdata_i        (sub_wdata[SocCtrl]),
    .rvalid_o       (sub_rvalid[SocCtrl]),
    .rdata_o        (sub_rdata[SocCtrl]),
    .errors_i       ({fetch_error, data_error, timer_error, uart_error}),
    .cpu_write_i    (mgr_req[Data] && mgr_gnt[Data] && mgr_we[Data]),
    .cpu_addr_i     (mgr_addr[Data]),
    .halted_i       (halted),
    .bus_error_irq_o(bus_error_irq),
    .exit_valid_o,
    .exit_value_o,
    .marker_valid_o,
    .marker_o
  );

  soc_timer #(
    .ErrorData(heepstor_cfg_pkg::BusErrorData)
  ) u_timer (
    .clk_i,
    .rst_ni  (system_rst_n),
    .req_i   (sub_req[RvTimer]),
    .gnt_o   (sub_gnt[RvTimer]),
    .addr_i  (sub_addr[RvTimer]),
    .we_i    (sub_we[RvTimer]),
    .be_i    (sub_be[RvTimer]),
    .wdata_i (sub_wdata[RvTimer]),
    .rvalid_o(sub_rvalid[RvTimer]),
    .rdata_o (sub_rdata[RvTimer]),
    .error_o (timer_error),
    .irq_o   (timer_irq)
  );

  soc_uart #(
    .ErrorData(heepstor_cfg_pkg::BusErrorData)
  ) u_uart (
    .clk_i,
    .rst_ni  (system_rst_n),
    .req_i   (sub_req[Uart]),
    .gnt_o   (sub_gnt[Uart]),
    .addr_i  (sub_addr[Uart]),
    .we_i    (sub_we[Uart]),
    .be_i    (sub_be[Uart]),
    .wdata_i (sub_wdata[Uart]),
    .rvalid_o(sub_rvalid[Uart]),
    .rdata_o (sub_rdata[Uart]),
    .error_o (uart_error),
    .irq_o   (uart_irq),
    .rx_i    (uart_rx_i),
    .tx_o    (uart_tx_o)
  );

  systolic_array #(
    .Size           (heepstor_cfg_pkg::Size),
    .AccumulatorRows(heepstor_cfg_pkg::AccumulatorRows),
    .Ports          (Ports),
    .ActivationWords(heepstor_cfg_pkg::ActivationWords),
    .WeightRows     (heepstor_cfg_pkg::WeightRows),
    .ConfigHash     (heepstor_cfg_pkg::ConfigHash)
  ) u_systolic_array (
    .clk_i,
    .rst_ni          (system_rst_n),
    .obi_req_i       (sub_req[Array]),
    .obi_gnt_o       (sub_gnt[Array]),
    .obi_addr_i      (sub_addr[Array]),
    .obi_we_i        (sub_we[Array]),
    .obi_be_i        (sub_be[Array]),
    .obi_wdata_i     (sub_wdata[Array]),
    .obi_rvalid_o    (sub_rvalid[Array]),
    .obi_rdata_o     (sub_rdata[Array]),
    .obi_mgr_req_o   (mgr_req[ArrayPorts+:Ports]),
    .obi_mgr_gnt_i   (mgr_gnt[ArrayPorts+:Ports]),
    .obi_mgr_addr_o  (mgr_addr[ArrayPorts+:Ports]),
    .obi_mgr_we_o    (mgr_we[ArrayPorts+:Ports]),
    .obi_mgr_be_o    (mgr_be[ArrayPorts+:Ports]),
    .obi_mgr_wdata_o (mgr_wdata[ArrayPorts+:Ports]),
    .obi_mgr_rvalid_i(mgr_rvalid[ArrayPorts+:Ports]),
    .obi_mgr_rdata_i (mgr_rdata[ArrayPorts+:Ports]),
    .obi_mgr_err_i   (mgr_err[ArrayPorts+:Ports]),
    .irq_o           (array_irq)
  );

  ////////////
  // Nobody //
  ////////////

  obi_error #(
    .ReadData(heepstor_cfg_pkg::BusErrorData)
  ) u_nobody (
    .clk_i,
    .rst_ni  (system_rst_n),
    .req_i   (sub_req[Nobody]),
    .gnt_o   (sub_gnt[Nobody]),
    .addr_i  (sub_addr[Nobody]),
    .we_i    (sub_we[Nobody]),
    .rvalid_o(sub_rvalid[Nobody]),
    .rdata_o (sub_rdata[Nobody]),
    .error_o (data_error)
  );

  // 0 is an illegal instruction: a CPU that gets here traps.
  obi_error #(
    .Fetch   (1'b1),
    .ReadData('0)
  ) u_fetch_nobody (
    .clk_i,
    .rst_ni  (system_rst_n),
    .req_i   (sub_req[FetchNobody]),
    .gnt_o   (sub_gnt[FetchNobody]),
    .addr_i  (sub_addr[FetchNobody]),
    .we_i    (sub_we[FetchNobody]),
    .rvalid_o(sub_rvalid[FetchNobody]),
    .rdata_o (sub_rdata[FetchNobody]),
    .error_o (fetch_error)
  );

  // The array tells of it by itself, in its STATUS, and what a debugger asks for is no concern of the
  // CPU's: SoC control must not tell it.
  soc_pkg::bus_error_t unused_quiet_error;

  obi_error #(
    .ReadData(heepstor_cfg_pkg::BusErrorData)
  ) u_quiet_nobody (
    .clk_i,
    .rst_ni  (system_rst_n),
    .req_i   (sub_req[QuietNobody]),
    .gnt_o   (sub_gnt[QuietNobody]),
    .addr_i  (sub_addr[QuietNobody]),
    .we_i    (sub_we[QuietNobody]),
    .rvalid_o(sub_rvalid[QuietNobody]),
    .rdata_o (sub_rdata[QuietNobody]),
    .error_o (unused_quiet_error)
  );

  logic unused_nobody;
  assign unused_nobody = ^{sub_be[Nobody], sub_wdata[Nobody],
                           sub_be[FetchNobody], sub_wdata[FetchNobody],
                           sub_be[QuietNobody], sub_wdata[QuietNobody]};

endmodule
