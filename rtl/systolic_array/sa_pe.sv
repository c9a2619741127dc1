// Processing element: south := fl(north + fl(west * weight)), for each step that passes.
//
// It holds one weight in each of two banks; the step says which bank it uses. A step in which this
// element's lane is not valid takes no part: the partial sum goes through unchanged and the activation,
// which may be anything, is not multiplied.
//
// The one thing a reader would get wrong: the partial sum belongs to the activation of MulLatency cycles
// before, because it meets the product, not the activation. AddLatency cycles later it leaves:
//
//   cycle           0        1        2        3
//   west_*_i    <step s ><        ><        ><        >
//   north_i     <       ><sum of s><        ><        >
//   east_*_o    <       ><step s  ><        ><        >
//   south_o     <       ><        ><        ><sum of s>
//
// A weight written in cycle t is used from cycle t + 1 on. Nothing switches where no step passes.
module sa_pe (
    input logic clk_i,
    input logic rst_ni,

    input logic [1:0] weight_write_i,  // per bank
    input logic [7:0] weight_i,

    input logic        west_valid_i,      // a step passes
    input logic        west_lane_i,       // its lane of this row is valid
    input logic        west_bank_i,
    input logic [31:0] west_activation_i,

    output logic        east_valid_o,
    output logic        east_lane_o,
    output logic        east_bank_o,
    output logic [31:0] east_activation_o,

    input  logic [31:0] north_i,
    output logic [31:0] south_o
);

  // x + (-0) is x for every x, +0 and -0 included.
  localparam logic [31:0] NegativeZero = 32'h8000_0000;

  logic [7:0] weights_q[2];
  logic valid_q, lane_q, bank_q;
  logic [31:0] activation_q;
  logic product_valid;
  logic [31:0] product;

  always_ff @(posedge clk_i) begin
    if (weight_write_i[0]) weights_q[0] <= weight_i;
    if (weight_write_i[1]) weights_q[1] <= weight_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= west_valid_i;
  end

  always_ff @(posedge clk_i) begin
    if (west_valid_i) begin
      lane_q <= west_lane_i;
      bank_q <= west_bank_i;
      activation_q <= west_activation_i;
    end
  end

  sa_fp_mul u_mul (
      .clk_i,
      .rst_ni,
      .valid_i(west_valid_i && west_lane_i),
      .activation_i(west_activation_i),
      .weight_i(weights_q[west_bank_i]),
      .valid_o(product_valid),
      .product_o(product)
  );

  sa_fp_add u_add (
      .clk_i,
      .rst_ni,
      .valid_i(valid_q),
      .a_i(north_i),
      .b_i(product_valid ? product : NegativeZero),
      .sum_o(south_o)
  );

  assign east_valid_o = valid_q;
  assign east_lane_o = lane_q;
  assign east_bank_o = bank_q;
  assign east_activation_o = activation_q;

endmodule
