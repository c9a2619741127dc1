// Size x Size weight-stationary array of processing elements, with the skew inside.
//
// A step is one row of activations in, one row of sums out: for each column n,
// sums_o[n] = partial_sums_i[n] + activations_i[0] * w[0][n] + activations_i[1] * w[1][n] + ..., summed
// in that order, skipping the lanes that are not valid. A new step may enter every cycle. One without
// any lane hands its partial sums on; only a NaN may change, to the canonical one (sa_fp_add).
//
//            partial_sums_i          column n delayed n hops
//              |    |    |
//   act. 0 -> PE - PE - PE           row k delayed k additions, so that each
//   act. 1 -> PE - PE - PE           activation meets the sum coming down
//   act. 2 -> PE - PE - PE
//              |    |    |
//            sums_o                  the delays of the columns made equal again
//
// The one thing a reader would get wrong: the partial sums of a step are taken one multiplication after
// its activations, in time for a memory that is read when the step enters. (step_latency: 3 * Size)
//
//   cycle                          0              MulLatency         step_latency(Size)
//   step_valid_i, activations_i    <  step s  >
//   partial_sums_i                                <  step s  >
//   sums_o                                                           <  step s  >
//
// A weight may be written at any time; which cycles are safe is for sa_core to know. There is no flush:
// sums of a step that nobody wants come out and are ignored.
module sa_array #(
    parameter  int unsigned Size     = 8,
    localparam int unsigned RowWidth = sa_pkg::index_width(Size)
) (
    input logic clk_i,
    input logic rst_ni,

    // Weights of one row, by column.
    input logic                     weight_valid_i,
    input logic                     weight_bank_i,
    input logic [RowWidth-1:0]      weight_row_i,
    input logic [    Size-1:0]      weight_enable_i,
    input logic [    Size-1:0][7:0] weight_data_i,

    input logic                  step_valid_i,
    input logic                  step_bank_i,
    input logic [Size-1:0]       lanes_i,
    input logic [Size-1:0][31:0] activations_i,
    input logic [Size-1:0][31:0] partial_sums_i,

    output logic [Size-1:0][31:0] sums_o
);

  // What passes from element to element: [row][column], the column or row beyond the last is outside.
  logic valid[Size][Size+1];
  logic lane[Size][Size+1];
  logic bank[Size][Size+1];
  logic [31:0] activation[Size][Size+1];
  logic [31:0] sum[Size+1][Size];

  // Step and bank by age in cycles: row k takes part of a step at age AddLatency * k.
  localparam int unsigned LastRowAge = sa_pkg::weight_use_age(Size - 1, 0);
  logic [LastRowAge:0] valid_by_age, bank_by_age;
  logic [LastRowAge-1:0] valid_q, bank_q;

  assign valid_by_age = {valid_q, step_valid_i};
  assign bank_by_age  = {bank_q, step_bank_i};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= valid_by_age[LastRowAge-1:0];
  end

  always_ff @(posedge clk_i) bank_q <= bank_by_age[LastRowAge-1:0];

  for (genvar k = 0; k < Size; k++) begin : gen_row
    localparam int unsigned Age = sa_pkg::weight_use_age(k, 0);

    assign valid[k][0] = valid_by_age[Age];
    assign bank[k][0]  = bank_by_age[Age];
    delay_line #(
        .Width(33),
        .Depth(Age)
    ) u_skew (
        .clk_i,
        .data_i({lanes_i[k], activations_i[k]}),
        .data_o({lane[k][0], activation[k][0]})
    );

    logic [1:0] row_write;  // by bank
    assign row_write = {weight_bank_i, !weight_bank_i} &
        {2{weight_valid_i && weight_row_i == RowWidth'(k)}};

    for (genvar n = 0; n < Size; n++) begin : gen_column
      sa_pe u_pe (
          .clk_i,
          .rst_ni,
          .weight_write_i(row_write & {2{weight_enable_i[n]}}),
          .weight_i(weight_data_i[n]),
          .west_valid_i(valid[k][n]),
          .west_lane_i(lane[k][n]),
          .west_bank_i(bank[k][n]),
          .west_activation_i(activation[k][n]),
          .east_valid_o(valid[k][n+1]),
          .east_lane_o(lane[k][n+1]),
          .east_bank_o(bank[k][n+1]),
          .east_activation_o(activation[k][n+1]),
          .north_i(sum[k][n]),
          .south_o(sum[k+1][n])
      );
    end
  end

  for (genvar n = 0; n < Size; n++) begin : gen_sums
    delay_line #(
        .Depth(n * sa_pkg::HopLatency)
    ) u_skew (
        .clk_i,
        .data_i(partial_sums_i[n]),
        .data_o(sum[0][n])
    );

    delay_line #(
        .Depth((Size - 1 - n) * sa_pkg::HopLatency)
    ) u_deskew (
        .clk_i,
        .data_i(sum[Size][n]),
        .data_o(sums_o[n])
    );
  end

endmodule
