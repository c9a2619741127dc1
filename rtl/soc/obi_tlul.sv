// OBI to TL-UL: registers of an OpenTitan peripheral as an OBI subordinate, one access at a time.
//
// OpenTitan's adapter does the protocol. This module holds the request, so that nothing behind it
// moves with the bus, and does what OBI, which has no error response here, lacks: an access that
// the registers refuse (unmapped offset, write of a part of a field) reads as `ErrorData` and is
// reported like an access to nobody's address.
//
//   cycle     0      1        2
//   OBI       grant           response
//   TL-UL            request  response

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

  output soc_pkg::bus_error_t error_o,  // valid with the response

  output tlul_pkg::tl_h2d_t   tl_o,
  input  tlul_pkg::tl_d2h_t   tl_i
);

  typedef enum logic [1:0] {
    Idle,
    Request,
    Response
  } state_e;

  state_e      state_d, state_q;
  logic [31:0] addr_q, wdata_q;
  logic [3:0]  be_q;
  logic        we_q;

  logic        accepted;
  logic        refused;
  logic [31:0] rdata;
  logic        unused_intg_err;  // nothing here corrupts a response

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Idle:     if (req_i) state_d = Request;
      Request:  if (accepted) state_d = Response;
      Response: if (rvalid_o) state_d = Idle;
      default:  state_d = Idle;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      addr_q  <= '0;
      wdata_q <= '0;
      be_q    <= '0;
      we_q    <= 1'b0;
    end else begin
      state_q <= state_d;
      if (req_i && gnt_o) begin
        addr_q  <= addr_i;
        wdata_q <= wdata_i;
        be_q    <= be_i;
        we_q    <= we_i;
      end
    end
  end

  tlul_adapter_host #(
    .MAX_REQS(1)
  ) u_adapter (
    .clk_i,
    .rst_ni,
    .req_i     (state_q == Request),
    .gnt_o     (accepted),
    .addr_i    (addr_q),
    .we_i      (we_q),
    .wdata_i   (wdata_q),
    .be_i      (be_q),
    .type_i    (tlul_pkg::DataType),
    .valid_o   (rvalid_o),
    .rdata_o   (rdata),
    .err_o     (refused),
    .intg_err_o(unused_intg_err),
    .tl_o,
    .tl_i
  );

  assign gnt_o   = (state_q == Idle);
  assign rdata_o = refused ? ErrorData : rdata;
  assign error_o = '{valid: rvalid_o && refused, write: we_q, fetch: 1'b0, address: addr_q};

endmodule
