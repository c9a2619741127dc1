// The rules of an OBI port as assertions. It drives nothing; whoever has a port instantiates or binds one.
//
// The one thing a reader would get wrong: a grant does not end a request's response. Responses come in
// order, each at least one cycle after its grant; between the two an access is outstanding.
module obi_assertions #(
  parameter int unsigned MaxOutstanding = 2
) (
  input logic clk_i,
  input logic rst_ni,

  input logic        req_i,
  input logic        gnt_i,
  input logic [31:0] addr_i,
  input logic        we_i,
  input logic [ 3:0] be_i,
  input logic [31:0] wdata_i,
  input logic        rvalid_i
);

  // One more than is allowed can be counted.
  logic [$clog2(MaxOutstanding+2)-1:0] outstanding_q;
  // A flop, because an asynchronous reset must not be looked at by a clock edge.
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      outstanding_q <= '0;
      was_reset_q   <= 1'b0;
    end else begin
      outstanding_q <= outstanding_q + $bits(outstanding_q)'(req_i && gnt_i) -
          $bits(outstanding_q)'(rvalid_i);
      was_reset_q <= 1'b1;
    end
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  RequestWaitsForItsGrant :
  assert property (req_i && !gnt_i |=> req_i)
  else $error("a request was withdrawn before its grant");

  AddressWaitsUnchanged :
  assert property (req_i && !gnt_i |=> $stable({addr_i, we_i, be_i}))
  else $error("address, direction or byte enables changed before the grant");

  WriteDataWaitsUnchanged :
  assert property (req_i && we_i && !gnt_i |=> $stable(wdata_i))
  else $error("write data changed before the grant");

  ResponseHasARequest :
  assert property (rvalid_i |-> outstanding_q != '0)
  else $error("a response that nothing asked for");

  OutstandingAccessesAreBounded :
  assert property (32'(outstanding_q) <= MaxOutstanding)
  else $error("more accesses are outstanding than the port allows");

endmodule
