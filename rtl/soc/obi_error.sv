// Answers for the addresses that nobody has: always grants, answers in the next cycle, reports.

module obi_error #(
  parameter bit          Fetch    = 1'b0,  // stands behind a manager that fetches instructions
  parameter logic [31:0] ReadData = '0     // what a read gives
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                req_i,
  output logic                gnt_o,
  input  logic [31:0]         addr_i,
  input  logic                we_i,
  output logic                rvalid_o,
  output logic [31:0]         rdata_o,

  output soc_pkg::bus_error_t error_o
);

  assign gnt_o   = 1'b1;
  assign rdata_o = ReadData;
  assign error_o = '{valid: req_i, write: we_i, fetch: Fetch, address: addr_i};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) rvalid_o <= 1'b0;
    else         rvalid_o <= req_i;
  end

endmodule
