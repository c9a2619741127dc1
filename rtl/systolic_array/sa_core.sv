// The array, its accumulator memory, and the interlocks that make every order of requests safe.
//
// Three request ports with valid and ready. Who drives them waits; nothing is lost and nothing is wrong:
//
// - Steps: acc[row] := (first ? +0 : acc[row]) + activations * weights of a bank. All that a step needs
//   comes with it, so that a front end may send one every cycle. A step waits while an earlier one to
//   its row is in flight.
// - Weights: those of one row that are enabled. They wait while a step in flight, or one at the door,
//   still has to use the row; they follow the last such step through the array, so that a bank may be
//   loaded again row by row while its last step is still on its way down.
// - Accumulators: a row is read, or a word of it written. It waits while a step in flight is to write the
//   row. The rows are in two halves, by the highest bit of their number, each a memory of its own: a
//   request gives way to a step that enters to its half (and reads it) and, if it writes, to sums that
//   leave to its half. So one half may be read every cycle while a step enters the other every cycle.
//
// A step without any lane is a row of padding: it hands acc[row] on as it is (first: it writes +0), but
// for a NaN of other bits than the canonical one, which only a write can have put there: as any step, it
// makes that one canonical.
//
// The one thing a reader would get wrong: results are not bound to what the array holds but to
// `in_flight_q` here. After abort_i the array may still carry steps; nobody waits for their sums.
//
//   cycle                              0          1        ...  3 * Size   3 * Size + 1
//   step_valid_i and step_ready_o  ____/~~~~~~~~~~\__________________________________
//   busy_o                         _______________/~~~~~~~~~~~~~~~~~~~~~~~\__________
//   acc[row] can be read, or used by the next step to it                   /~~~~~~~~~
//
//   acc_valid_i and acc_ready_o    ____/~~~~~~~~~~\______
//   acc_rdata_o                    _______________<row >_   in this cycle only
module sa_core #(
    parameter  int unsigned Size            = 8,
    parameter  int unsigned AccumulatorRows = 64,
    localparam int unsigned AccRowWidth     = sa_pkg::index_width(AccumulatorRows),
    localparam int unsigned LaneWidth       = sa_pkg::index_width(Size)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic abort_i,  // drops the steps in flight, one that enters now included
    output logic busy_o,   // a step is in flight

    input  logic                         step_valid_i,
    output logic                         step_ready_o,
    input  logic [AccRowWidth-1:0]       step_row_i,
    input  logic                         step_first_i,
    input  logic                         step_bank_i,
    input  logic [       Size-1:0]       step_lanes_i,
    input  logic [       Size-1:0][31:0] step_activations_i,

    input  logic                      weight_valid_i,
    output logic                      weight_ready_o,
    input  logic                      weight_bank_i,
    input  logic [LaneWidth-1:0]      weight_row_i,
    input  logic [     Size-1:0]      weight_enable_i,  // by column
    input  logic [     Size-1:0][7:0] weight_data_i,

    input  logic                         acc_valid_i,
    output logic                         acc_ready_o,
    input  logic                         acc_write_i,
    input  logic [AccRowWidth-1:0]       acc_row_i,
    input  logic [  LaneWidth-1:0]       acc_column_i,  // of a write
    input  logic [           31:0]       acc_wdata_i,
    output logic [       Size-1:0][31:0] acc_rdata_o
);

  localparam int unsigned StepLatency = sa_pkg::step_latency(Size);
  // Position of a step's bit in in_flight_q, in the cycle in which its sums come out.
  localparam int unsigned Last = StepLatency - 1;

  logic step_enters, sums_valid, weight_written, acc_accessed;
  logic [AccRowWidth-1:0] sums_row;
  logic [Size-1:0][31:0] sums;
  logic step_half, acc_half, sums_half;

  assign step_enters = step_valid_i && step_ready_o;
  assign weight_written = weight_valid_i && weight_ready_o;
  assign acc_accessed = acc_valid_i && acc_ready_o;

  assign step_half = step_row_i[AccRowWidth-1];
  assign acc_half = acc_row_i[AccRowWidth-1];
  assign sums_half = sums_row[AccRowWidth-1];

  ////////////////////////////////
  // What is in flight          //
  ////////////////////////////////

  // Bit i of a bank: a step that uses it entered i + 1 cycles ago.
  logic [1:0][StepLatency-1:0] in_flight_d, in_flight_q;
  // Rows that a step in flight is to write.
  logic [AccumulatorRows-1:0] row_busy_d, row_busy_q;

  assign busy_o = in_flight_q != '0;
  assign sums_valid = (in_flight_q[0][Last] || in_flight_q[1][Last]) && !abort_i;

  always_comb begin
    for (int unsigned b = 0; b < 2; b++) begin
      in_flight_d[b] = {in_flight_q[b][Last-1:0], step_enters && step_bank_i == 1'(b)};
    end
    row_busy_d = row_busy_q;
    if (sums_valid) row_busy_d[sums_row] = 1'b0;
    if (step_enters) row_busy_d[step_row_i] = 1'b1;
    if (abort_i) begin
      in_flight_d = '0;
      row_busy_d  = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      in_flight_q <= '0;
      row_busy_q  <= '0;
    end else begin
      in_flight_q <= in_flight_d;
      row_busy_q  <= row_busy_d;
    end
  end

  ////////////////////////////////
  // Interlocks                 //
  ////////////////////////////////

  // Cycles after a step's entry in which this row of weights is used for the last time.
  int unsigned last_use;
  logic [StepLatency-1:0] has_yet_to_use;

  assign last_use = sa_pkg::weight_use_age(32'(weight_row_i), Size - 1);
  // Weights written now are seen from the next cycle on: too early for steps of age < last_use.
  assign has_yet_to_use = in_flight_q[weight_bank_i] & ~({StepLatency{1'b1}} << (last_use - 1));

  assign step_ready_o = !row_busy_q[step_row_i];
  assign weight_ready_o = has_yet_to_use == '0 && !(step_valid_i && step_bank_i == weight_bank_i);
  assign acc_ready_o = !row_busy_q[acc_row_i] && !(step_enters && step_half == acc_half) &&
      !(acc_write_i && sums_valid && sums_half == acc_half);

  ////////////////////////////////
  // Accumulator memory         //
  ////////////////////////////////

  localparam int unsigned RowInHalfWidth = AccRowWidth - 1;

  logic first_q, step_half_q, acc_half_q;
  logic [Size-1:0][31:0] read_data[2];  // by half
  logic [Size-1:0][31:0] step_read_data;

  // What is read comes a cycle later.
  always_ff @(posedge clk_i) begin
    first_q <= step_first_i;
    step_half_q <= step_half;
    acc_half_q <= acc_half;
  end

  for (genvar h = 0; h < 2; h++) begin : gen_half
    logic step_here, sums_here, acc_here;
    logic [RowInHalfWidth-1:0] read_row, write_row;
    logic [Size-1:0] write;

    assign step_here = step_enters && step_half == 1'(h);
    assign sums_here = sums_valid && sums_half == 1'(h);
    assign acc_here = acc_accessed && acc_half == 1'(h);

    assign read_row = step_here ? RowInHalfWidth'(step_row_i) : RowInHalfWidth'(acc_row_i);
    assign write_row = sums_here ? RowInHalfWidth'(sums_row) : RowInHalfWidth'(acc_row_i);

    always_comb begin
      write = '0;
      if (sums_here) write = '1;
      else if (acc_here && acc_write_i) write[acc_column_i] = 1'b1;
    end

    sa_accumulator #(
        .Size(Size),
        .Rows(AccumulatorRows / 2)
    ) u_accumulator (
        .clk_i,
        .read_i((step_here && !step_first_i) || (acc_here && !acc_write_i)),
        .read_row_i(read_row),
        .read_data_o(read_data[h]),
        .write_i(write),
        .write_row_i(write_row),
        .write_data_i(sums_here ? sums : {Size{acc_wdata_i}})
    );
  end

  assign step_read_data = read_data[step_half_q];
  assign acc_rdata_o = read_data[acc_half_q];

  ////////////////////////////////
  // Array                      //
  ////////////////////////////////

  logic clk_array;

  clk_gate u_clk_gate (
      .clk_i,
      .rst_ni,
      .enable_i(busy_o || step_enters || weight_written),
      .clk_o(clk_array)
  );

  sa_array #(
      .Size(Size)
  ) u_array (
      .clk_i(clk_array),
      .rst_ni,
      .weight_valid_i(weight_written),
      .weight_bank_i,
      .weight_row_i,
      .weight_enable_i,
      .weight_data_i,
      .step_valid_i(step_enters),
      .step_bank_i,
      .lanes_i(step_lanes_i),
      .activations_i(step_activations_i),
      .partial_sums_i(first_q ? '0 : step_read_data),
      .sums_o(sums)
  );

  delay_line #(
      .Width(AccRowWidth),
      .Depth(StepLatency)
  ) u_row (
      .clk_i (clk_array),
      .data_i(step_row_i),
      .data_o(sums_row)
  );

  ////////////////////////////////
  // Assertions                 //
  ////////////////////////////////

  logic [AccRowWidth+2+Size+32*Size-1:0] step;
  assign step = {step_row_i, step_first_i, step_bank_i, step_lanes_i, step_activations_i};

  // Rows by age in cycles less one, on the free clock, while those of the sums are on the gated one.
  logic [StepLatency-1:0][AccRowWidth-1:0] rows_q;

  always_ff @(posedge clk_i) rows_q <= {rows_q[Last-1:0], step_row_i};

  // A flop, because an asynchronous reset must not be looked at by a clock edge.
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) was_reset_q <= 1'b0;
    else was_reset_q <= 1'b1;
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  StepWaitsUnchanged :
  assert property (step_valid_i && !step_ready_o && !abort_i |=> step_valid_i && $stable(step))
  else $error("a step was changed or withdrawn while it waited");

  OneStepAtATime :
  assert property ((in_flight_q[0] & in_flight_q[1]) == '0)
  else $error("a step uses both banks");

  EachStepInFlightHasARowOfItsOwn :
  assert property ($countones(in_flight_q) == $countones(row_busy_q))
  else $error("steps in flight and rows that they are to write differ in number");

  SumsAreExpected :
  assert property (sums_valid |-> row_busy_q[sums_row])
  else $error("sums came out for a row that waits for none");

  SumsBelongToTheStepThatEntered :
  assert property (sums_valid |-> sums_row == rows_q[Last])
  else $error("sums came out for another row than their step named");

  StepsInFlightAddUp :
  assert property (!abort_i |=> $countones(in_flight_q) + 32'($past(sums_valid)) ==
                   $past($countones(in_flight_q)) + 32'($past(step_enters)))
  else $error("a step was lost or came twice");

endmodule
