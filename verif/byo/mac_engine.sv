// A matrix product engine that is not an array: one multiplier and one adder, four sums.
//
// It exists to prove docs/bring-your-own-accelerator.md; what is not said there, it does not know. A
// write of ACTIVATION does a step: sums[c] := fl(sums[c] + fl(activation * weights[c])) for c = 0 .. 3.
//
// The one thing a reader would get wrong: no access waits for its data. What would disturb a step, or
// see half of it, is not granted before the step is over.
//
//   cycle           0    1    2    3    4    5    6    7    8
//   ACTIVATION gnt  /~~~~\_______________________________________
//   column_q             < 0 >< 1 >< 2 >< 3 >
//   product                   < 0 >< 1 >< 2 >< 3 >
//   sum                                 < 0 >< 1 >< 2 >< 3 >
//   STATUS.BUSY     _____/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\____   the next step may be granted in 8
module mac_engine (
    input logic clk_i,
    input logic rst_ni,

    input  logic        obi_req_i,
    output logic        obi_gnt_o,
    input  logic [31:0] obi_addr_i,
    input  logic        obi_we_i,
    input  logic [ 3:0] obi_be_i,
    input  logic [31:0] obi_wdata_i,
    output logic        obi_rvalid_o,
    output logic [31:0] obi_rdata_o,

    output logic irq_o
);

  localparam int unsigned Columns = 4;
  localparam logic [31:0] IdValue = 32'h4D41_4331;  // "MAC1"

  // Offsets of words.
  typedef enum logic [15:0] {
    Id         = 16'h00,
    Ctrl       = 16'h04,  // bit 0 CLEAR: all sums are +0
    Status     = 16'h08,  // bit 0 BUSY, bit 8 ERR_ACCESS (write 1 to clear)
    Weights    = 16'h0C,  // byte c: the weight of column c
    Activation = 16'h10,
    Sum0       = 16'h20,
    Sum1       = 16'h24,
    Sum2       = 16'h28,
    Sum3       = 16'h2C
  } offset_e;

  logic [15:0] offset;
  logic is_sum, is_readable, is_writable, is_refused, must_wait, granted;
  logic unused_address_bits;

  assign offset = {obi_addr_i[15:2], 2'b00};
  assign unused_address_bits = ^{obi_addr_i[31:16], obi_addr_i[1:0]};
  assign is_sum = offset inside {Sum0, Sum1, Sum2, Sum3};
  assign is_readable = is_sum || offset inside {Id, Status};
  assign is_writable = offset inside {Ctrl, Status, Weights, Activation};
  assign is_refused = obi_we_i ? !is_writable || obi_be_i != '1 : !is_readable;

  ////////////////////////////////
  // The step                   //
  ////////////////////////////////

  // A column is at age 0 when it is multiplied, at SumAge when its sum comes out of the adder.
  localparam int unsigned AddAge = sa_pkg::MulLatency;
  localparam int unsigned SumAge = sa_pkg::MulLatency + sa_pkg::AddLatency;

  logic starts, clears, busy, issues_q;
  logic [1:0] column_q;
  logic [SumAge:0] valid;
  logic [SumAge:0][1:0] column;
  logic [SumAge-1:0] valid_q;
  logic [SumAge-1:0][1:0] age_column_q;
  logic [31:0] activation_q, product, sum;
  logic [Columns-1:0][7:0] weights_q;
  logic [Columns-1:0][31:0] sums_q;
  logic unused_valid;

  assign valid  = {valid_q, issues_q};
  assign column = {age_column_q, column_q};
  assign busy   = valid != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      issues_q <= 1'b0;
      valid_q  <= '0;
      column_q <= '0;
    end else begin
      issues_q <= starts || (issues_q && column_q != 2'(Columns - 1));
      valid_q  <= valid[SumAge-1:0];
      column_q <= column_q + 2'(issues_q);
    end
  end

  always_ff @(posedge clk_i) age_column_q <= column[SumAge-1:0];

  sa_fp_mul u_mul (
      .clk_i,
      .rst_ni,
      .valid_i(issues_q),
      .activation_i(activation_q),
      .weight_i(weights_q[column_q]),
      .valid_o(unused_valid),
      .product_o(product)
  );

  sa_fp_add u_add (
      .clk_i,
      .rst_ni,
      .valid_i(valid[AddAge]),
      .a_i(sums_q[column[AddAge]]),
      .b_i(product),
      .sum_o(sum)
  );

  always_ff @(posedge clk_i) begin
    if (clears) sums_q <= '0;
    else if (valid[SumAge]) sums_q[column[SumAge]] <= sum;
  end

  ////////////////////////////////
  // The port                   //
  ////////////////////////////////

  logic error_q, rvalid_q;
  logic [31:0] rdata_q, rdata;

  assign must_wait = is_sum || offset inside {Ctrl, Weights, Activation};
  assign obi_gnt_o = !(must_wait && busy);
  assign granted = obi_req_i && obi_gnt_o;
  assign starts = granted && obi_we_i && !is_refused && offset == Activation;
  assign clears = granted && obi_we_i && !is_refused && offset == Ctrl && obi_wdata_i[0];

  always_comb begin
    rdata = '0;
    if (!obi_we_i) begin
      unique case (offset)
        Id: rdata = IdValue;
        Status: rdata = 32'({error_q, 7'd0, busy});
        Sum0, Sum1, Sum2, Sum3: rdata = sums_q[offset[3:2]];
        default: rdata = '0;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rvalid_q <= 1'b0;
      error_q  <= 1'b0;
    end else begin
      rvalid_q <= granted;
      if (granted && is_refused) error_q <= 1'b1;
      else if (granted && obi_we_i && offset == Status && obi_wdata_i[8]) error_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (granted) rdata_q <= rdata;
    if (starts) activation_q <= obi_wdata_i;
    if (granted && obi_we_i && !is_refused && offset == Weights) weights_q <= obi_wdata_i;
  end

  assign obi_rvalid_o = rvalid_q;
  assign obi_rdata_o = rdata_q;
  assign irq_o = error_q;

  obi_assertions #(
      .MaxOutstanding(1)
  ) u_obi_rules (
      .clk_i,
      .rst_ni,
      .req_i(obi_req_i),
      .gnt_i(obi_gnt_o),
      .addr_i(obi_addr_i),
      .we_i(obi_we_i),
      .be_i(obi_be_i),
      .wdata_i(obi_wdata_i),
      .rvalid_i(obi_rvalid_o)
  );

endmodule
