// The CPU of the SoC: CV32E40P with its FPU, RV32IMFC, without performance counters (cycles and
// instructions are counted all the same).
//
// After reset `mtvec` is the 256 bytes that hold BootAddress, in vectored mode.

module soc_cpu #(
  parameter int unsigned FpuLatency = 0,          // pipeline registers of the FPU's units
  parameter logic [31:0] BootAddress = '0,
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

  logic       unused_irq_ack;
  logic [4:0] unused_irq_id;
  logic [2:0] unused_debug;

  cv32e40p_top #(
    .FPU             (1),
    .FPU_ADDMUL_LAT  (FpuLatency),
    .FPU_OTHERS_LAT  (FpuLatency),
    .NUM_MHPMCOUNTERS(0)
  ) u_cpu (
    .clk_i,
    .rst_ni,
    .pulp_clock_en_i    (1'b1),
    .scan_cg_en_i       (1'b0),
    .boot_addr_i        (BootAddress),
    .mtvec_addr_i       (BootAddress),  // its upper 24 bits count
    .dm_halt_addr_i     (DebugHaltAddress),
    .hart_id_i          ('0),
    .dm_exception_addr_i(DebugExceptionAddress),
    .instr_req_o,
    .instr_gnt_i,
    .instr_rvalid_i,
    .instr_addr_o,
    .instr_rdata_i,
    .data_req_o,
    .data_gnt_i,
    .data_rvalid_i,
    .data_we_o,
    .data_be_o,
    .data_addr_o,
    .data_wdata_o,
    .data_rdata_i,
    .irq_i,
    .irq_ack_o          (unused_irq_ack),
    .irq_id_o           (unused_irq_id),
    .debug_req_i,
    .debug_havereset_o  (unused_debug[0]),
    .debug_running_o    (unused_debug[1]),
    .debug_halted_o     (unused_debug[2]),
    .fetch_enable_i     (1'b1),
    .core_sleep_o       (sleeping_o)
  );

endmodule
