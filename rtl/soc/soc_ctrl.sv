// SoC control: the exit code and the markers of the firmware, facts about the hardware, and the
// record of the first refused access. Offsets come from `heepstor/registers.py`.
//
// A write of the CPU to the guard of its stack is recorded, too, though nobody refuses it: what it
// writes may be the return address that leads to whoever overflows the stack.
//
// An offset that no register has is refused and reported like an address that nobody has. A write
// to a read-only register is ignored. The interrupt is a level: it falls when the record is
// cleared. A refusal in the very cycle of the clearing is recorded, not lost. While a debugger has
// halted the CPU, nothing is recorded: it may look anywhere, and the firmware must not hear of it.

module soc_ctrl #(
  parameter int unsigned ErrorSources    = 1,
  parameter int unsigned StackGuardBytes = 4,
  parameter logic [31:0] ErrorData       = '0,
  parameter logic [31:0] ClockHz         = '0,
  parameter logic [31:0] ConfigHash      = '0,
  parameter logic [31:0] RtlVersion      = '0,
  parameter logic [31:0] MemoryBytes     = '0
) (
  input  logic                                   clk_i,
  input  logic                                   rst_ni,

  input  logic                                   req_i,
  output logic                                   gnt_o,
  input  logic [31:0]                            addr_i,
  input  logic                                   we_i,
  input  logic [3:0]                             be_i,
  input  logic [31:0]                            wdata_i,
  output logic                                   rvalid_o,
  output logic [31:0]                            rdata_o,

  input  soc_pkg::bus_error_t [ErrorSources-1:0] errors_i,  // of two in one cycle the lower counts
  input  logic                                   cpu_write_i,  // a write of the CPU is granted
  input  logic [31:0]                            cpu_addr_i,
  input  logic                                   halted_i,  // by a debugger
  output logic                                   bus_error_irq_o,

  output logic                                   exit_valid_o,
  output logic [31:0]                            exit_value_o,
  output logic                                   marker_valid_o,  // for one cycle after each write
  output logic [31:0]                            marker_o
);

  import soc_ctrl_reg_pkg::BusErrorAddressOffset;
  import soc_ctrl_reg_pkg::BusErrorStatusFetchLsb;
  import soc_ctrl_reg_pkg::BusErrorStatusOffset;
  import soc_ctrl_reg_pkg::BusErrorStatusValidLsb;
  import soc_ctrl_reg_pkg::BusErrorStatusWriteLsb;
  import soc_ctrl_reg_pkg::ClockHzOffset;
  import soc_ctrl_reg_pkg::ConfigHashOffset;
  import soc_ctrl_reg_pkg::ExitValidOffset;
  import soc_ctrl_reg_pkg::ExitValueOffset;
  import soc_ctrl_reg_pkg::MarkerOffset;
  import soc_ctrl_reg_pkg::MemoryBytesOffset;
  import soc_ctrl_reg_pkg::RtlVersionOffset;
  import soc_ctrl_reg_pkg::StackGuardOffset;

  // Nobody has the last addresses: the guard of a firmware that has not said where it is.
  localparam logic [31:0] NoStackGuard = -StackGuardBytes;

  logic                exit_valid_d, exit_valid_q;
  logic [31:0]         exit_value_d, exit_value_q;
  logic [31:0]         marker_d, marker_q;
  logic                marker_written_d, marker_written_q;
  logic [31:0]         stack_guard_d, stack_guard_q;
  soc_pkg::bus_error_t record_d, record_q;
  logic [31:0]         rdata_d, rdata_q;
  logic                rvalid_q;

  logic                write;
  logic [15:0]         offset;
  logic [31:0]         mask;  // of the bits that a write changes
  logic                clear;  // the record
  logic                guarded;  // what the CPU writes to
  soc_pkg::bus_error_t refusal;

  assign gnt_o  = 1'b1;
  assign write  = req_i && we_i;
  assign offset = {addr_i[15:2], 2'b00};
  assign mask   = {{8{be_i[3]}}, {8{be_i[2]}}, {8{be_i[1]}}, {8{be_i[0]}}};

  always_comb begin
    exit_valid_d     = exit_valid_q;
    exit_value_d     = exit_value_q;
    marker_d         = marker_q;
    marker_written_d = 1'b0;
    stack_guard_d    = stack_guard_q;
    rdata_d          = '0;
    refusal          = '{valid: 1'b0, write: we_i, fetch: 1'b0, address: addr_i};

    unique case (offset)
      ExitValidOffset: begin
        rdata_d[0] = exit_valid_q;
        if (write && be_i[0]) exit_valid_d = wdata_i[0];
      end
      ExitValueOffset: begin
        rdata_d = exit_value_q;
        if (write) exit_value_d = (exit_value_q & ~mask) | (wdata_i & mask);
      end
      MarkerOffset: begin
        rdata_d = marker_q;
        if (write) begin
          marker_d         = (marker_q & ~mask) | (wdata_i & mask);
          marker_written_d = 1'b1;
        end
      end
      StackGuardOffset: begin
        rdata_d = stack_guard_q;
        if (write) stack_guard_d = (stack_guard_q & ~mask) | (wdata_i & mask);
      end
      ClockHzOffset:         rdata_d = ClockHz;
      ConfigHashOffset:      rdata_d = ConfigHash;
      MemoryBytesOffset:     rdata_d = MemoryBytes;
      RtlVersionOffset:      rdata_d = RtlVersion;
      BusErrorAddressOffset: rdata_d = record_q.address;
      BusErrorStatusOffset: begin
        rdata_d[BusErrorStatusValidLsb] = record_q.valid;
        rdata_d[BusErrorStatusWriteLsb] = record_q.write;
        rdata_d[BusErrorStatusFetchLsb] = record_q.fetch;
      end
      default: begin
        rdata_d       = ErrorData;
        refusal.valid = req_i;
      end
    endcase
  end

  assign clear = write && (offset == BusErrorStatusOffset) &&
      be_i[0] && wdata_i[BusErrorStatusValidLsb];

  assign guarded = (cpu_addr_i - stack_guard_q) < StackGuardBytes;

  always_comb begin
    record_d = record_q;
    if (clear) record_d = '0;
    if (!record_d.valid && !halted_i) begin
      if (refusal.valid) record_d = refusal;
      for (int s = ErrorSources - 1; s >= 0; s--) begin
        if (errors_i[s].valid) record_d = errors_i[s];
      end
      if (cpu_write_i && guarded) begin
        record_d = '{valid: 1'b1, write: 1'b1, fetch: 1'b0, address: cpu_addr_i};
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      exit_valid_q     <= 1'b0;
      exit_value_q     <= '0;
      marker_q         <= '0;
      marker_written_q <= 1'b0;
      stack_guard_q    <= NoStackGuard;
      record_q         <= '0;
      rdata_q          <= '0;
      rvalid_q         <= 1'b0;
    end else begin
      exit_valid_q     <= exit_valid_d;
      exit_value_q     <= exit_value_d;
      marker_q         <= marker_d;
      marker_written_q <= marker_written_d;
      stack_guard_q    <= stack_guard_d;
      record_q         <= record_d;
      rvalid_q         <= req_i;
      if (req_i) rdata_q <= rdata_d;
    end
  end

  assign rvalid_o        = rvalid_q;
  assign rdata_o         = rdata_q;
  assign bus_error_irq_o = record_q.valid;
  assign exit_valid_o    = exit_valid_q;
  assign exit_value_o    = exit_value_q;
  assign marker_valid_o  = marker_written_q;
  assign marker_o        = marker_q;

  logic unused_addr;
  assign unused_addr = ^addr_i[1:0];

endmodule
