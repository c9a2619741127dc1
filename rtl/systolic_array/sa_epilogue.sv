// One lane of the epilogue: fl(fl(sum * scale) + bias), then ReLU if asked for; see docs/numerics.md.
//
// The one thing a reader would get wrong: ReLU looks at the sign alone. Among what the adder gives, only
// negative numbers and -0 have it set, because its one NaN is positive and goes through.
//
//   cycle      0         1         2         3         4
//   valid_i    ____/~~~~~~~~~\________________________________________
//   operands   ----<  s, k, b >---------------------------------------
//   valid_o    ____________________________________________/~~~~~~~~~\
//   result_o   --------------------------------------------< s * k + b      kept until the next result
//
// An operation may start every cycle; nothing holds a result back.
module sa_epilogue (
    input logic clk_i,
    input logic rst_ni,

    input logic        valid_i,
    input logic [31:0] sum_i,
    input logic [31:0] scale_i,
    input logic [31:0] bias_i,
    input logic        relu_i,   // constant while operations are on their way

    output logic        valid_o,
    output logic [31:0] result_o
);

  logic [sa_pkg::EpilogueLatency-1:0] valid_q;  // the newest operation is at the bottom
  logic [31:0] scaled, bias, biased;

  sa_fp_mul32 u_scale (
      .clk_i,
      .rst_ni,
      .valid_i,
      .a_i      (sum_i),
      .b_i      (scale_i),
      .product_o(scaled)
  );

  delay_line #(
      .Depth(sa_pkg::Mul32Latency)
  ) u_bias_delay (
      .clk_i,
      .data_i(bias_i),
      .data_o(bias)
  );

  sa_fp_add u_add_bias (
      .clk_i,
      .rst_ni,
      .valid_i(valid_q[sa_pkg::Mul32Latency-1]),
      .a_i    (scaled),
      .b_i    (bias),
      .sum_o  (biased)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[sa_pkg::EpilogueLatency-2:0], valid_i};
  end

  assign valid_o  = valid_q[sa_pkg::EpilogueLatency-1];
  assign result_o = relu_i && biased[31] ? '0 : biased;

  ////////////////////////////////
  // Assertions                 //
  ////////////////////////////////

  ReluIsConstantWhileOperationsAreOnTheirWay :
  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   valid_i || valid_q[sa_pkg::EpilogueLatency-2:0] != '0 |=> $stable(relu_i))
  else $error("relu_i changed between an operation and its result");

endmodule
