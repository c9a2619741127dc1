// FP32 x INT8 -> FP32 multiplier, IEEE round to nearest even; see docs/numerics.md.
//
// The one thing a reader would get wrong: there is no shifter for subnormal results. A weight's
// magnitude is 0 or at least 1, so a product is never smaller than the activation: it is rounded only
// when it has outgrown the activation's 24 bits, by seven places at most.
//
//   cycle            0         1
//   valid_i      ____/~~~~~~~~~\__________
//   activation_i ----<    a    >----------
//   valid_o      ______________/~~~~~~~~~\
//   product_o    --------------<  a * w      kept until the next product
//
// An operation may start every cycle. Nothing switches while valid_i is low.
module sa_fp_mul (
    input logic clk_i,
    input logic rst_ni,

    input logic        valid_i,
    input logic [31:0] activation_i,
    input logic [ 7:0] weight_i,      // two's complement

    output logic        valid_o,
    output logic [31:0] product_o
);

  function automatic logic [31:0] multiply(logic [31:0] activation, logic [7:0] weight);
    logic sign, is_special, is_subnormal, round_up;
    logic [ 7:0] magnitude;
    logic [30:0] significand;  // at most (2^24 - 1) * 128
    logic [ 8:0] exponent;
    logic [31:0] rounded, result;

    sign = activation[31] ^ weight[7];
    is_special = activation[30:23] == '1;
    is_subnormal = activation[30:23] == '0;

    magnitude = weight[7] ? -weight : weight;
    significand = 31'({!is_subnormal, activation[22:0]}) * 31'(magnitude);

    // Move the leading one to bit 30, or stop after the seven places that make up for the weight's bits.
    // A subnormal number has the exponent of the smallest normal one. The exponent is one too low,
    // because below the significand is added to it with its hidden bit.
    exponent = 9'(activation[30:23]) + 9'(is_subnormal) + 9'd6;
    if (significand[30:27] == '0) begin
      significand = significand << 4;
      exponent = exponent - 9'd4;
    end
    if (significand[30:29] == '0) begin
      significand = significand << 2;
      exponent = exponent - 9'd2;
    end
    if (!significand[30]) begin
      significand = significand << 1;
      exponent = exponent - 9'd1;
    end

    // Significand, guard bit, the rest. A carry out of the significand counts the exponent up.
    round_up = significand[6] && (significand[7] || significand[5:0] != '0);
    rounded  = {exponent, 23'd0} + 32'(significand[30:7]) + 32'(round_up);

    if (is_special && (activation[22:0] != '0 || weight == '0)) result = sa_pkg::CanonicalNan;
    else if (weight == '0) result = {sign, 31'd0};
    else if (is_special || rounded >= 32'(sa_pkg::Infinity)) result = {sign, sa_pkg::Infinity};
    else result = {sign, rounded[30:0]};
    return result;
  endfunction

  logic valid_q;
  logic [31:0] product_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= valid_i;
  end

  // Multiplying here, not in an always_comb, lets a simulator skip it where nothing is valid.
  always_ff @(posedge clk_i) begin
    if (valid_i) product_q <= multiply(activation_i, weight_i);
  end

  assign valid_o   = valid_q;
  assign product_o = product_q;

endmodule
