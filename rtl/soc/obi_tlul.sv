// OBI to TL-UL: one OpenTitan peripheral as an OBI subordinate, one access at a time.
//
// OpenTitan's adapter does the protocol. What it cannot do on OBI, which has no error response here, is
// done by this module: an access that the peripheral refuses (unmapped offset, partial write of a field)
// reads as `ErrorData` and is reported like an access to nobody's address, in the cycle of the response.

module obi_tlul #(
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

  output tlul_pkg::tl_h2d_t   tl_o,
  input  tlul_pkg::tl_d2h_t   tl_i
);

  logic        refused;
  logic [31:0] rdata;
  logic [31:0] addr_q;
  logic        we_q;
  logic        unused_intg_err;  // nothing here corrupts a response

  tlul_adapter_host #(
    .MAX_REQS(1)
  ) u_adapter (
    .clk_i,
    .rst_ni,
    .req_i,
    .gnt_o,
    .addr_i,
    .we_i,
    .wdata_i,
    .be_i,
    .type_i    (tlul_pkg::DataType),
    .valid_o   (rvalid_o),
    .rdata_o   (rdata),
    .err_o     (refused),
    .intg_err_o(unused_intg_err),
    .tl_o,
    .tl_i
  );

  // Who was asked what, until the response tells whether it was refused.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      addr_q <= '0;
      we_q   <= 1'b0;
    end else if (req_i && gnt_o) begin
      addr_q <= addr_i;
      we_q   <= we_i;
    end
  end

  assign rdata_o = refused ? ErrorData : rdata;
  assign error_o = '{valid: rvalid_o && refused, write: we_q, fetch: 1'b0, address: addr_q};

endmodule
