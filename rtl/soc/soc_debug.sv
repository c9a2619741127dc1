// The RISC-V debug module (specification 0.13) behind JTAG, both from CV32E40P's package, on OBI.
//
// To halt, `debug_req_o` sends the CPU to the module's program at `dm::HaltAddress` of its window;
// there it polls for commands, which it fetches from the window as well. The debugger's own way to
// the bus (`bus_*`, words alone) works while the CPU runs, too.
//
//   JTAG --> dmi_jtag --> dm_top --+--> window of the CPU: fetches, loads, stores
//                                  +--> bus_*, past the CPU
//
// The debugger's reset is `system_rst_no`. It resets everything but this module, which keeps what
// the debugger has told it. There is no bus meanwhile: accesses of the debugger end at once.
//
// All of it stands still until TCK moves, and costs neither power nor simulation time; flops keep
// the bus's traffic from what stands still. JTAG has no reset of its own, which would upset the
// handshake between the two clocks: five cycles of TMS high reset the TAP.
//
//   cycle     0      1        2
//   window    grant  module   response     once the clock runs

module soc_debug #(
  parameter logic [31:0] Idcode = 32'h0000_0001
) (
  input  logic        clk_i,
  input  logic        rst_ni,         // power-on

  input  logic        tck_i,
  input  logic        tms_i,
  input  logic        tdi_i,
  output logic        tdo_o,

  // Window: OBI subordinate
  input  logic        req_i,
  output logic        gnt_o,
  input  logic [31:0] addr_i,
  input  logic        we_i,
  input  logic [3:0]  be_i,
  input  logic [31:0] wdata_i,
  output logic        rvalid_o,
  output logic [31:0] rdata_o,

  // The debugger's accesses: OBI manager
  output logic        bus_req_o,
  input  logic        bus_gnt_i,
  output logic [31:0] bus_addr_o,
  output logic        bus_we_o,
  output logic [3:0]  bus_be_o,
  output logic [31:0] bus_wdata_o,
  input  logic        bus_rvalid_i,
  input  logic [31:0] bus_rdata_i,

  output logic        system_rst_no,
  output logic        debug_req_o,    // the CPU shall halt
  output logic        halted_o        // it has halted, and does what the debugger says
);

  // Where the module's program tells of the CPU's state; `dm_mem` keeps these to itself.
  localparam logic [11:0] HaltedOffset   = 12'h100;
  localparam logic [11:0] ResumingOffset = 12'h108;

  localparam dm::hartinfo_t HartInfo = '{
    nscratch:   4'd2,  // dscratch0 and dscratch1
    dataaccess: 1'b1,  // the data registers are memory
    datasize:   dm::DataCount,
    dataaddr:   dm::DataAddr,
    default:    '0
  };

  ///////////
  // Clock //
  ///////////

  logic       clk;          // of all below, while it is needed
  logic       active;       // a debugger has switched the module on
  logic [2:0] tck_q;        // two flops to synchronise, one to compare with
  logic       req;          // a granted access of the window

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) tck_q <= '0;
    else         tck_q <= {tck_q[1:0], tck_i};
  end

  idle_gate u_idle_gate (
    .clk_i,
    .rst_ni,
    .busy_i(active || (tck_q[2] != tck_q[1])),
    .req_i,
    .gnt_o,
    .clk_o (clk),
    .req_o (req),
    .gnt_i (1'b1)
  );

  ////////////
  // Window //
  ////////////

  logic        system_reset;
  logic        req_q, we_q, rvalid_q;
  logic [11:0] addr_q;
  logic [3:0]  be_q;
  logic [31:0] wdata_q;
  logic        halted_d, halted_q;

  assign system_rst_no = rst_ni && !system_reset;

  always_comb begin
    halted_d = halted_q;
    if (req_q && we_q) begin
      if (addr_q == HaltedOffset)   halted_d = 1'b1;
      if (addr_q == ResumingOffset) halted_d = 1'b0;
    end
  end

  // The module would take a CPU in reset for one that has stayed halted. It is told in the CPU's
  // place that it goes on: by the store with which its program ends, of 0, the number of the hart.
  always_ff @(posedge clk or negedge system_rst_no) begin
    if (!system_rst_no) begin
      req_q    <= 1'b0;
      we_q     <= 1'b1;
      addr_q   <= ResumingOffset;
      be_q     <= '1;
      wdata_q  <= '0;
      rvalid_q <= 1'b0;
      halted_q <= 1'b0;
    end else begin
      req_q    <= req;
      rvalid_q <= req_q;
      halted_q <= halted_d;
      if (req) begin
        we_q    <= we_i;
        addr_q  <= addr_i[11:0];
        be_q    <= be_i;
        wdata_q <= wdata_i;
      end
    end
  end

  assign rvalid_o = rvalid_q;
  assign halted_o = halted_q;

  ////////////////////
  // Debugger's bus //
  ////////////////////

  // The module thinks that it is granted at once; the request waits here.
  logic        bus_req, bus_we;
  logic        bus_req_q, bus_we_q, bus_rvalid_q;
  logic [31:0] bus_rdata_q;
  logic [3:0]  unused_bus_be;  // it accesses whole words alone

  always_ff @(posedge clk or negedge system_rst_no) begin
    if (!system_rst_no) begin
      bus_req_q    <= 1'b0;
      bus_we_q     <= 1'b0;
      bus_rvalid_q <= 1'b0;
      bus_rdata_q  <= '0;
    end else begin
      bus_req_q    <= bus_req || (bus_req_q && !bus_gnt_i);
      bus_rvalid_q <= bus_rvalid_i;
      if (bus_req) bus_we_q <= bus_we;
      if (bus_rvalid_i) bus_rdata_q <= bus_rdata_i;
    end
  end

  assign bus_req_o = bus_req_q;
  assign bus_we_o  = bus_we_q;
  assign bus_be_o  = '1;

  /////////////////////
  // JTAG and module //
  /////////////////////

  dm::dmi_req_t  dmi_request;
  dm::dmi_resp_t dmi_response;
  logic          dmi_request_valid, dmi_request_ready;
  logic          dmi_response_valid, dmi_response_ready;
  logic          unused_tdo_enable, unused_dmi_reset;

  dmi_jtag #(
    .IdcodeValue(Idcode)
  ) u_jtag (
    .clk_i           (clk),
    .rst_ni,
    .testmode_i      (1'b0),
    .dmi_rst_no      (unused_dmi_reset),
    .dmi_req_o       (dmi_request),
    .dmi_req_valid_o (dmi_request_valid),
    .dmi_req_ready_i (dmi_request_ready),
    .dmi_resp_i      (dmi_response),
    .dmi_resp_ready_o(dmi_response_ready),
    .dmi_resp_valid_i(dmi_response_valid),
    .tck_i,
    .tms_i,
    .trst_ni         (rst_ni),
    .td_i            (tdi_i),
    .td_o            (tdo_o),
    .tdo_oe_o        (unused_tdo_enable)
  );

  dm_top u_module (
    .clk_i           (clk),
    .rst_ni,
    .testmode_i      (1'b0),
    .ndmreset_o      (system_reset),
    .dmactive_o      (active),
    .debug_req_o,
    .unavailable_i   (system_reset),
    .hartinfo_i      (HartInfo),
    .slave_req_i     (req_q || system_reset),
    .slave_we_i      (we_q),
    .slave_addr_i    (32'(addr_q)),
    .slave_be_i      (be_q),
    .slave_wdata_i   (wdata_q),
    .slave_rdata_o   (rdata_o),
    .master_req_o    (bus_req),
    .master_add_o    (bus_addr_o),
    .master_we_o     (bus_we),
    .master_wdata_o  (bus_wdata_o),
    .master_be_o     (unused_bus_be),
    .master_gnt_i    (1'b1),
    .master_r_valid_i(bus_rvalid_q || system_reset),
    .master_r_rdata_i(bus_rdata_q),
    .dmi_rst_ni      (rst_ni),
    .dmi_req_valid_i (dmi_request_valid),
    .dmi_req_ready_o (dmi_request_ready),
    .dmi_req_i       (dmi_request),
    .dmi_resp_valid_o(dmi_response_valid),
    .dmi_resp_ready_i(dmi_response_ready),
    .dmi_resp_o      (dmi_response)
  );

  logic unused_addr;
  assign unused_addr = ^addr_i[31:12];

endmodule
