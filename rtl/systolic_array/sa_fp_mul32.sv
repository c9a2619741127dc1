// FP32 x FP32 -> FP32 multiplier, IEEE round to nearest even; see docs/numerics.md.
//
// Stage 1 multiplies the significands and adds the exponents. Stage 2 normalises and rounds.
//
// The one thing a reader would get wrong: a product is rounded once, at the place where its last bit
// will be. One below the smallest normal number is therefore moved right before it is rounded, keeping
// what is lost in a sticky bit; rounding 24 bits first and moving then would round twice.
//
//   cycle      0         1         2
//   valid_i    ____/~~~~~~~~~\____________________
//   a_i, b_i   ----<   a, b  >--------------------
//   product_o  ------------------------<  a * b      kept until the next product
//
// An operation may start every cycle. A stage switches only for a valid operation.
module sa_fp_mul32 (
    input logic clk_i,
    input logic rst_ni,

    input logic        valid_i,
    input logic [31:0] a_i,
    input logic [31:0] b_i,

    output logic [31:0] product_o
);

  // A product before it is normalised: significand * 2^(exponent - 127 - 46), unless it is special.
  typedef struct packed {
    logic               is_nan;
    logic               is_infinite;
    logic               sign;
    logic signed [9:0]  exponent;     // 2 - 127 to 508 - 127
    logic        [47:0] significand;  // the leading one at bit 47 or 46, if no operand is subnormal
  } exact_product_t;

  function automatic exact_product_t multiply(logic [31:0] a, logic [31:0] b);
    logic a_is_special, b_is_special, a_is_subnormal, b_is_subnormal;
    exact_product_t product;

    a_is_special = a[30:23] == '1;
    b_is_special = b[30:23] == '1;
    a_is_subnormal = a[30:23] == '0;
    b_is_subnormal = b[30:23] == '0;

    product.sign = a[31] ^ b[31];
    product.significand = 48'({!a_is_subnormal, a[22:0]}) * 48'({!b_is_subnormal, b[22:0]});
    // A subnormal number has the exponent of the smallest normal one, without the hidden bit.
    product.exponent = 10'(a[30:23]) + 10'(a_is_subnormal) + 10'(b[30:23]) + 10'(b_is_subnormal);
    product.exponent = product.exponent - 10'sd127;

    // NaN times anything, and infinity times zero.
    product.is_nan = (a_is_special && (a[22:0] != '0 || b[30:0] == '0)) ||
        (b_is_special && (b[22:0] != '0 || a[30:0] == '0));
    product.is_infinite = (a_is_special || b_is_special) && !product.is_nan;
    return product;
  endfunction

  function automatic logic [31:0] normalise_and_round(exact_product_t product);
    logic [47:0] significand, lost;
    logic [9:0] distance;
    logic [8:0] exponent;
    logic round_up;
    logic [31:0] rounded, result;

    // Move the leading one to bit 47, but no further than the exponent reaches: what stops early, or
    // goes right until the exponent is no longer negative, is subnormal. Twenty-four places are enough,
    // because with two subnormal operands the exponent is negative. The exponent is one too low, because
    // below the significand is added to it with its hidden bit.
    significand = product.significand;
    exponent = 9'(product.exponent);
    if (product.exponent < 0) begin
      distance = -product.exponent;
      lost = significand & ~(48'hFFFF_FFFF_FFFF << distance);
      significand = (significand >> distance) | 48'(lost != '0);
      exponent = '0;
    end else begin
      if (significand[47:32] == '0 && exponent >= 9'd16) begin
        significand = significand << 16;
        exponent = exponent - 9'd16;
      end
      if (significand[47:40] == '0 && exponent >= 9'd8) begin
        significand = significand << 8;
        exponent = exponent - 9'd8;
      end
      if (significand[47:44] == '0 && exponent >= 9'd4) begin
        significand = significand << 4;
        exponent = exponent - 9'd4;
      end
      if (significand[47:46] == '0 && exponent >= 9'd2) begin
        significand = significand << 2;
        exponent = exponent - 9'd2;
      end
      if (!significand[47] && exponent >= 9'd1) begin
        significand = significand << 1;
        exponent = exponent - 9'd1;
      end
    end

    // Significand, guard bit, the rest. A carry out of the significand counts the exponent up.
    round_up = significand[23] && (significand[24] || significand[22:0] != '0);
    rounded  = {exponent, 23'd0} + 32'(significand[47:24]) + 32'(round_up);

    if (product.is_nan) result = sa_pkg::CanonicalNan;
    else if (product.is_infinite) result = {product.sign, sa_pkg::Infinity};
    else if (product.significand == '0) result = {product.sign, 31'd0};
    else if (rounded >= 32'(sa_pkg::Infinity)) result = {product.sign, sa_pkg::Infinity};
    else result = {product.sign, rounded[30:0]};
    return result;
  endfunction

  logic exact_valid_q;
  exact_product_t exact_q;
  logic [31:0] product_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) exact_valid_q <= 1'b0;
    else exact_valid_q <= valid_i;
  end

  // Multiplying here, not in an always_comb, lets a simulator skip it where nothing is valid.
  always_ff @(posedge clk_i) begin
    if (valid_i) exact_q <= multiply(a_i, b_i);
    if (exact_valid_q) product_q <= normalise_and_round(exact_q);
  end

  assign product_o = product_q;

endmodule
