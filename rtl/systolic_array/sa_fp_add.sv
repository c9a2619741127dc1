// FP32 + FP32 -> FP32 adder, IEEE round to nearest even; see docs/numerics.md.
//
// Stage 1 aligns the operand of smaller magnitude with the larger one, keeping three more bits (guard,
// round, sticky), and adds or subtracts. Stage 2 normalises and rounds.
//
// The one thing a reader would get wrong: three bits are enough even when subtracting. After an
// alignment by two places or more the difference loses at most one leading bit, so that guard and
// sticky are still below it; after one place or none, nothing was shifted out.
//
//   cycle        0         1         2
//   valid_i  ____/~~~~~~~~~\____________________
//   a_i, b_i ----<   a, b  >--------------------
//   sum_o    ------------------------<  a + b      kept until the next sum
//
// An operation may start every cycle. A stage switches only for a valid operation.
module sa_fp_add (
    input logic clk_i,
    input logic rst_ni,

    input logic        valid_i,
    input logic [31:0] a_i,
    input logic [31:0] b_i,

    output logic [31:0] sum_o
);

  // A sum before it is normalised: significand * 2^(exponent - 127 - 26), unless it is special.
  typedef struct packed {
    logic        is_nan;
    logic        is_infinite;
    logic        sign;
    logic [7:0]  exponent;
    logic [27:0] significand;  // carry, hidden bit, fraction, guard, round, sticky
  } aligned_sum_t;

  function automatic aligned_sum_t align_and_add(logic [31:0] a, logic [31:0] b);
    logic b_is_larger, subtract, is_special;
    logic [30:0] larger, smaller;  // magnitudes
    logic [7:0] exponent_larger, exponent_smaller, distance;
    logic [26:0] addend, lost;
    aligned_sum_t sum;

    b_is_larger = b[30:0] > a[30:0];
    larger = b_is_larger ? b[30:0] : a[30:0];
    smaller = b_is_larger ? a[30:0] : b[30:0];
    subtract = a[31] != b[31];

    // A subnormal number has the exponent of the smallest normal one, without the hidden bit.
    exponent_larger = larger[30:23] == '0 ? 8'd1 : larger[30:23];
    exponent_smaller = smaller[30:23] == '0 ? 8'd1 : smaller[30:23];
    distance = exponent_larger - exponent_smaller;

    addend = {smaller[30:23] != '0, smaller[22:0], 3'b0};
    lost = addend & ~(27'h7FF_FFFF << distance);
    addend = (addend >> distance) | 27'(lost != '0);

    sum.exponent = exponent_larger;
    sum.significand = {1'b0, larger[30:23] != '0, larger[22:0], 3'b0};
    if (subtract) sum.significand = sum.significand - 28'(addend);
    else sum.significand = sum.significand + 28'(addend);
    // x - x is +0; only the sum of two negative zeros is -0.
    sum.sign = (b_is_larger ? b[31] : a[31]) && !(subtract && larger == smaller);

    is_special = larger[30:23] == '1;
    sum.is_nan = is_special && (larger[22:0] != '0 || (subtract && smaller[30:23] == '1));
    sum.is_infinite = is_special && !sum.is_nan;
    return sum;
  endfunction

  function automatic logic [31:0] normalise_and_round(aligned_sum_t sum);
    logic [27:0] significand;
    logic [7:0] exponent;
    logic round_up;
    logic [31:0] rounded, result;

    // Move the leading one to bit 27, but no further than the exponent reaches: what stops early is
    // subnormal. The exponent is one too low, because below the significand is added to it with its
    // hidden bit.
    significand = sum.significand;
    exponent = sum.exponent;
    if (significand[27:12] == '0 && exponent >= 8'd16) begin
      significand = significand << 16;
      exponent = exponent - 8'd16;
    end
    if (significand[27:20] == '0 && exponent >= 8'd8) begin
      significand = significand << 8;
      exponent = exponent - 8'd8;
    end
    if (significand[27:24] == '0 && exponent >= 8'd4) begin
      significand = significand << 4;
      exponent = exponent - 8'd4;
    end
    if (significand[27:26] == '0 && exponent >= 8'd2) begin
      significand = significand << 2;
      exponent = exponent - 8'd2;
    end
    if (!significand[27] && exponent >= 8'd1) begin
      significand = significand << 1;
      exponent = exponent - 8'd1;
    end

    // Significand, guard bit, the rest. A carry out of the significand counts the exponent up.
    round_up = significand[3] && (significand[4] || significand[2:0] != '0);
    rounded  = {1'b0, exponent, 23'd0} + 32'(significand[27:4]) + 32'(round_up);

    if (sum.is_nan) result = sa_pkg::CanonicalNan;
    else if (sum.significand == '0) result = {sum.sign, 31'd0};
    else if (sum.is_infinite || rounded >= 32'(sa_pkg::Infinity)) begin
      result = {sum.sign, sa_pkg::Infinity};
    end else result = {sum.sign, rounded[30:0]};
    return result;
  endfunction

  logic aligned_valid_q;
  aligned_sum_t aligned_q;
  logic [31:0] sum_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) aligned_valid_q <= 1'b0;
    else aligned_valid_q <= valid_i;
  end

  // Adding here, not in an always_comb, lets a simulator skip it where nothing is valid.
  always_ff @(posedge clk_i) begin
    if (valid_i) aligned_q <= align_and_add(a_i, b_i);
    if (aligned_valid_q) sum_q <= normalise_and_round(aligned_q);
  end

  assign sum_o = sum_q;

endmodule
