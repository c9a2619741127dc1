// The interlocks of sa_core, against a record of which step is where.
module sa_core_formal #(
  parameter  int unsigned Size            = 4,
  parameter  int unsigned AccumulatorRows = 4,
  localparam int unsigned AccRowWidth     = sa_pkg::index_width(AccumulatorRows),
  localparam int unsigned LaneWidth       = sa_pkg::index_width(Size)
) (
  input logic clk_i,
  input logic rst_ni,

  input logic                   abort_i,
  input logic                   step_valid_i,
  input logic [AccRowWidth-1:0] step_row_i,
  input logic                   step_bank_i,
  input logic                   weight_valid_i,
  input logic                   weight_bank_i,
  input logic [  LaneWidth-1:0] weight_row_i,
  input logic                   acc_valid_i,
  input logic                   acc_write_i,
  input logic [AccRowWidth-1:0] acc_row_i,

  output logic assume_weight_is_in_the_array_o,

  output logic record_and_module_agree_o,
  output logic step_waits_just_while_its_row_is_in_flight_o,
  output logic sums_come_out_for_the_row_that_expects_them_o,
  output logic accumulator_waits_while_its_row_is_in_flight_o,
  output logic accumulator_waits_for_nothing_else_o,
  output logic accumulator_access_never_meets_a_step_in_its_half_o,
  output logic weight_in_use_is_never_written_o,
  output logic weight_of_an_idle_bank_never_waits_o,
  output logic each_step_in_flight_has_a_row_of_its_own_o,
  output logic step_uses_one_bank_o,
  output logic busy_while_a_step_is_in_flight_o
);

  localparam int unsigned Latency = sa_pkg::step_latency(Size);

  logic step_ready, weight_ready, acc_ready, busy;

  sa_core #(
    .Size(Size),
    .AccumulatorRows(AccumulatorRows)
  ) u_dut (
    .clk_i,
    .rst_ni,
    .abort_i,
    .busy_o(busy),
    .step_valid_i,
    .step_ready_o(step_ready),
    .step_row_i,
    .step_first_i(1'b0),
    .step_bank_i,
    .step_lanes_i('1),
    .step_activations_i('0),
    .weight_valid_i,
    .weight_ready_o(weight_ready),
    .weight_bank_i,
    .weight_row_i,
    .weight_enable_i('1),
    .weight_data_i('0),
    .acc_valid_i,
    .acc_ready_o(acc_ready),
    .acc_write_i,
    .acc_row_i,
    .acc_column_i('0),
    .acc_wdata_i('0),
    .acc_rdata_o()
  );

  // By row, bit i: a step to this row entered i + 1 cycles ago and was not aborted.
  logic [AccumulatorRows-1:0][Latency-1:0] to_row_q;
  // By bank, bit i: such a step, to whatever row.
  logic [1:0][Latency-1:0] steps_q;
  logic enters;

  assign enters = step_valid_i && step_ready;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      to_row_q <= '0;
      steps_q  <= '0;
    end else if (abort_i) begin
      to_row_q <= '0;
      steps_q  <= '0;
    end else begin
      for (int unsigned r = 0; r < AccumulatorRows; r++) begin
        to_row_q[r] <= {to_row_q[r][Latency-2:0], enters && step_row_i == AccRowWidth'(r)};
      end
      for (int unsigned b = 0; b < 2; b++) begin
        steps_q[b] <= {steps_q[b][Latency-2:0], enters && step_bank_i == 1'(b)};
      end
    end
  end

  // Where the module keeps the same facts.
  always_comb begin
    record_and_module_agree_o = steps_q == u_dut.in_flight_q;
    for (int unsigned r = 0; r < AccumulatorRows; r++) begin
      if (u_dut.row_busy_q[r] != (to_row_q[r] != '0)) record_and_module_agree_o = 1'b0;
      for (int unsigned age = 0; age < Latency; age++) begin
        if (to_row_q[r][age] != ((steps_q[0][age] || steps_q[1][age]) &&
                                 u_dut.u_row.gen_shift.words_q[age] == AccRowWidth'(r))) begin
          record_and_module_agree_o = 1'b0;
        end
      end
    end
  end

  assign step_waits_just_while_its_row_is_in_flight_o = step_ready == (to_row_q[step_row_i] == '0);

  always_comb begin
    sums_come_out_for_the_row_that_expects_them_o = 1'b1;
    for (int unsigned r = 0; r < AccumulatorRows; r++) begin
      if ((u_dut.sums_valid && u_dut.sums_row == AccRowWidth'(r)) !=
          (to_row_q[r][Latency-1] && !abort_i)) begin
        sums_come_out_for_the_row_that_expects_them_o = 1'b0;
      end
    end
  end

  assign accumulator_waits_while_its_row_is_in_flight_o =
      !(acc_ready && to_row_q[acc_row_i] != '0);

  // A step enters, or leaves with its sums, in the half of the access.
  logic enters_here, leaves_here;

  always_comb begin
    enters_here = enters && step_row_i[AccRowWidth-1] == acc_row_i[AccRowWidth-1];
    leaves_here = 1'b0;
    for (int unsigned r = 0; r < AccumulatorRows; r++) begin
      if (to_row_q[r][Latency-1] && (r >= AccumulatorRows / 2) == acc_row_i[AccRowWidth-1]) begin
        leaves_here = 1'b1;
      end
    end
  end

  assign accumulator_waits_for_nothing_else_o =
      acc_ready || to_row_q[acc_row_i] != '0 || enters_here || (acc_write_i && leaves_here);

  assign accumulator_access_never_meets_a_step_in_its_half_o =
      !(acc_valid_i && acc_ready &&
        (enters_here || (acc_write_i && leaves_here && u_dut.sums_valid)));

  // A step of age t has passed the elements that are used at age t or before; what is written now is
  // seen from the next cycle on.
  always_comb begin
    int unsigned last_use;
    last_use = 32'(weight_row_i) * sa_pkg::AddLatency + (Size - 1) * sa_pkg::HopLatency;
    weight_in_use_is_never_written_o = 1'b1;
    if (weight_ready && weight_valid_i) begin
      if (enters && step_bank_i == weight_bank_i) weight_in_use_is_never_written_o = 1'b0;
      for (int unsigned age = 1; age <= Latency; age++) begin
        if (steps_q[weight_bank_i][age-1] && age < last_use) begin
          weight_in_use_is_never_written_o = 1'b0;
        end
      end
    end
  end

  assign assume_weight_is_in_the_array_o = 32'(weight_row_i) < Size;

  assign weight_of_an_idle_bank_never_waits_o =
      weight_ready || steps_q[weight_bank_i] != '0 ||
      (step_valid_i && step_bank_i == weight_bank_i);

  always_comb begin
    each_step_in_flight_has_a_row_of_its_own_o = $countones(steps_q) ==
        $countones(u_dut.row_busy_q);
    for (int unsigned r = 0; r < AccumulatorRows; r++) begin
      if ((to_row_q[r] & (to_row_q[r] - 1'b1)) != '0) begin
        each_step_in_flight_has_a_row_of_its_own_o = 1'b0;
      end
    end
  end

  assign step_uses_one_bank_o = (steps_q[0] & steps_q[1]) == '0;

  assign busy_while_a_step_is_in_flight_o = busy == (steps_q != '0);

endmodule
