// The CPU of the SoC: Ibex, RV32IMC, in its authors' "small" configuration (two pipeline stages, no
// branch target adder, a multiplier of three cycles) with a trigger for the debugger.
//
// `ibex_top` wraps the core into lock step, scrambling and error correction, which are not used here;
// what it does besides is done here: the register file, and the clock gate.
//
// After reset `mtvec` is the 256 bytes that hold BootAddress. It is always in vectored mode.
//
// Bus errors are not precise exceptions, although Ibex has these: the SoC tells of all its refusals by
// an interrupt, and those of peripherals reach no CPU in another way (see rtl/soc/README.md).

module soc_cpu #(
  parameter int unsigned FpuLatency = 0,          // there is no FPU
  parameter logic [31:0] BootAddress = 32'h80,    // 128 bytes behind a multiple of 256
  parameter logic [31:0] DebugHaltAddress = '0,
  parameter logic [31:0] DebugExceptionAddress = '0
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  // Fetch: OBI manager, reads only
  output logic        instr_req_o,
  input  logic        instr_gnt_i,
  output logic [31:0] instr_addr_o,
  input  logic        instr_rvalid_i,
  input  logic [31:0] instr_rdata_i,

  // Loads and stores: OBI manager
  output logic        data_req_o,
  input  logic        data_gnt_i,
  output logic [31:0] data_addr_o,
  output logic        data_we_o,
  output logic [3:0]  data_be_o,
  output logic [31:0] data_wdata_o,
  input  logic        data_rvalid_i,
  input  logic [31:0] data_rdata_i,

  input  logic [31:0] irq_i,         // bits as in `mip`
  input  logic        debug_req_i,
  output logic        sleeping_o     // waits for an interrupt
);

  // Ibex starts so far behind its boot address, where its vectors after reset end.
  localparam logic [31:0] BootOffset = 32'h80;

  if ((BootAddress - BootOffset) % 32'h100 != 0) begin : gen_boot_address
    $fatal(1, "soc_cpu: BootAddress must lie 128 bytes behind a multiple of 256");
  end

  if (FpuLatency != 0) begin : gen_fpu
    $fatal(1, "soc_cpu: Ibex has no FPU; FpuLatency must be 0");
  end

  ////////////////
  // Clock gate //
  ////////////////

  logic                 clk;
  logic                 irq_pending, busy_q;
  ibex_pkg::ibex_mubi_t busy;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) busy_q <= 1'b0;
    else         busy_q <= (busy == ibex_pkg::IbexMuBiOn);
  end

  assign sleeping_o = !(busy_q || debug_req_i || irq_pending);

  clk_gate u_clk_gate (
    .clk_i,
    .rst_ni,
    .enable_i(!sleeping_o),
    .clk_o   (clk)
  );

  ///////////////////
  // Register file //
  ///////////////////

  logic [4:0]  raddr_a, raddr_b, waddr;
  logic [31:0] rdata_a, rdata_b, wdata;
  logic        we;
  logic        unused_register_error;
  logic [1:0]  unused_dummy;

  ibex_register_file_ff u_registers (
    .clk_i           (clk),
    .rst_ni,
    .test_en_i       (1'b0),
    .dummy_instr_id_i(1'b0),
    .dummy_instr_wb_i(1'b0),
    .raddr_a_i       (raddr_a),
    .rdata_a_o       (rdata_a),
    .raddr_b_i       (raddr_b),
    .rdata_b_o       (rdata_b),
    .waddr_a_i       (waddr),
    .wdata_a_i       (wdata),
    .we_a_i          (we),
    .err_o           (unused_register_error)
  );

  //////////
  // Core //
  //////////

  // Interrupts that Ibex does not have; its 31 is not maskable.
  logic unused_irq;
  assign unused_irq = ^{irq_i[31], irq_i[15:12], irq_i[10:8], irq_i[6:4], irq_i[2:0]};

  // The memories of an instruction cache, which there is not.
  logic [ibex_pkg::IC_TAG_SIZE-1:0]  no_tags[ibex_pkg::IC_NUM_WAYS];
  logic [ibex_pkg::IC_LINE_SIZE-1:0] no_lines[ibex_pkg::IC_NUM_WAYS];
  logic [ibex_pkg::IC_NUM_WAYS-1:0]  unused_tag_req, unused_line_req;
  logic [ibex_pkg::IC_INDEX_W-1:0]   unused_tag_addr, unused_line_addr;
  logic [ibex_pkg::IC_TAG_SIZE-1:0]  unused_tag;
  logic [ibex_pkg::IC_LINE_SIZE-1:0] unused_line;
  logic [2:0]                        unused_cache;
  assign no_tags  = '{default: '0};
  assign no_lines = '{default: '0};

  ibex_pkg::crash_dump_t unused_crash_dump;
  logic [3:0]            unused_alert;

  // Its name is one that Ibex looks up: the message about an illegal instruction begins with it.
  ibex_core #(
    .DbgTriggerEn   (1'b1),
    .DmHaltAddr     (DebugHaltAddress),
    .DmExceptionAddr(DebugExceptionAddress)
  ) u_ibex_core (
    .clk_i                 (clk),
    .rst_ni,
    .hart_id_i             ('0),
    .boot_addr_i           (BootAddress - BootOffset),
    .instr_req_o,
    .instr_gnt_i,
    .instr_rvalid_i,
    .instr_addr_o,
    .instr_rdata_i,
    .instr_err_i           (1'b0),
    .data_req_o,
    .data_gnt_i,
    .data_rvalid_i,
    .data_we_o,
    .data_be_o,
    .data_addr_o,
    .data_wdata_o,
    .data_rdata_i,
    .data_err_i            (1'b0),
    .dummy_instr_id_o      (unused_dummy[0]),
    .dummy_instr_wb_o      (unused_dummy[1]),
    .rf_raddr_a_o          (raddr_a),
    .rf_raddr_b_o          (raddr_b),
    .rf_waddr_wb_o         (waddr),
    .rf_we_wb_o            (we),
    .rf_wdata_wb_ecc_o     (wdata),
    .rf_rdata_a_ecc_i      (rdata_a),
    .rf_rdata_b_ecc_i      (rdata_b),
    .ic_tag_req_o          (unused_tag_req),
    .ic_tag_write_o        (unused_cache[0]),
    .ic_tag_addr_o         (unused_tag_addr),
    .ic_tag_wdata_o        (unused_tag),
    .ic_tag_rdata_i        (no_tags),
    .ic_data_req_o         (unused_line_req),
    .ic_data_write_o       (unused_cache[1]),
    .ic_data_addr_o        (unused_line_addr),
    .ic_data_wdata_o       (unused_line),
    .ic_data_rdata_i       (no_lines),
    .ic_scr_key_valid_i    (1'b0),
    .ic_scr_key_req_o      (unused_cache[2]),
    .irq_software_i        (irq_i[3]),
    .irq_timer_i           (irq_i[7]),
    .irq_external_i        (irq_i[11]),
    .irq_fast_i            (irq_i[30:16]),
    .irq_nm_i              (1'b0),
    .irq_pending_o         (irq_pending),
    .debug_req_i,
    .crash_dump_o          (unused_crash_dump),
    .double_fault_seen_o   (unused_alert[0]),
    .fetch_enable_i        (ibex_pkg::IbexMuBiOn),
    .alert_minor_o         (unused_alert[1]),
    .alert_major_internal_o(unused_alert[2]),
    .alert_major_bus_o     (unused_alert[3]),
    .core_busy_o           (busy)
  );

endmodule
