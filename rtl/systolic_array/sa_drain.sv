// Reads finished rows of the accumulators, turns sums into results, gives them to the memory ports.
//
//   row of sums -> columns, Ports at a time -> scale, bias, ReLU -> largest of a window -> ports
//
// Rows become final in the order in which this unit reads them (docs/accelerator.md: n tile in the
// group, window, position), so that one counter of credits is all that it knows of the steps.
//
// The one thing a reader would get wrong: nothing behind the issue can wait. A result is issued only
// when a place in its port's queue is left for it (`room_q`), and the place is counted free when the
// port has written the word.
//
//   cycle                     0        1         2                6
//   acc_valid, acc_ready  ____/~~~~~~~~\_______________________________
//   acc_rdata_i           ____________<  row  >________________________
//   issue, first columns  _____________/~~~~~~~\_______________________
//   epilogue              _______________________/~~~~~~~\_____________
//   write_valid_o         ________________________________________/~~~\
//
// Groups of columns follow each other in every cycle, across rows too.
module sa_drain #(
    parameter  int unsigned Size            = 8,
    parameter  int unsigned AccumulatorRows = 64,
    parameter  int unsigned Ports           = 1,
    localparam int unsigned AccRowWidth     = sa_pkg::index_width(AccumulatorRows)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic flush_i,

    input logic              job_start_i,
    input sa_job_pkg::job_t  job_i,
    output logic             done_o,       // the memory has accepted every result

    input  logic row_final_i,   // the next row has had its last step
    output logic block_done_o,  // the last row of a block has been taken

    output logic                   acc_valid_o,
    input  logic                   acc_ready_i,
    output logic [AccRowWidth-1:0] acc_row_o,
    input  logic [Size-1:0][31:0]  acc_rdata_i,

    input logic        param_valid_i,  // scales of all columns, then biases
    input logic [31:0] param_data_i,

    output logic [Ports-1:0]       write_valid_o,
    output logic [Ports-1:0][31:0] write_address_o,
    output logic [Ports-1:0][31:0] write_data_o,
    input  logic [Ports-1:0]       word_written_i
);

  import sa_job_pkg::lin_t;

  localparam int unsigned LaneGroups = Size / Ports;  // groups of columns in a row
  localparam int unsigned GroupWidth = sa_pkg::index_width(LaneGroups);
  localparam int unsigned Slots = sa_job_pkg::EpilogueChannels / Ports;  // scales of a lane
  localparam int unsigned SlotWidth = sa_pkg::index_width(Slots);
  localparam int unsigned WriteDepth = sa_job_pkg::WriteDepth;
  localparam int unsigned RoomWidth = $clog2(WriteDepth + 1);
  localparam logic [AccRowWidth-1:0] HalfRows = AccRowWidth'(AccumulatorRows / 2);

  // Other units use what is left of the job.
  logic unused_job;
  assign unused_job = ^job_i;

  ////////////////////////////////
  // Where we are               //
  ////////////////////////////////

  // Each counts what is left, the current one included.
  lin_t windows_q;  // of the job, from this chunk on
  logic [7:0] chunk_q;  // windows of this chunk, from this one on
  logic [3:0] pool_columns_q, pool_rows_q;  // positions of this window
  logic [7:0] group_q;  // n tiles of this group
  logic [15:0] columns_q;  // of the job, from this n tile on
  logic [7:0] tile_columns_q;  // of this n tile, from this group of columns on

  logic active_q;  // results are still to be issued
  logic half_q;
  logic [AccRowWidth-1:0] row_q;  // in its half
  logic [31:0] chunk_address_q, window_address_q;  // of channel 0
  logic [15:0] channel_q;  // first one of this n tile
  logic [SlotWidth-1:0] tile_slot_q;
  logic [GroupWidth-1:0] lane_group_q;

  logic issue;  // a group of columns enters the pipeline
  logic last_columns, last_position, last_window, last_tile, last_in_group, last_chunk;
  logic row_leaves, window_leaves, tile_leaves, block_leaves, chunk_leaves, job_leaves;

  assign last_columns = tile_columns_q <= 8'(Ports);
  assign last_position = pool_columns_q == 4'd1 && pool_rows_q == 4'd1;
  assign last_window = chunk_q == 8'd1;
  assign last_tile = columns_q <= 16'(job_i.tile_columns);
  assign last_in_group = last_tile || group_q == 8'd1;
  assign last_chunk = windows_q <= lin_t'(job_i.chunk);

  assign row_leaves = issue && last_columns;
  assign window_leaves = row_leaves && last_position;
  assign tile_leaves = window_leaves && last_window;
  assign block_leaves = tile_leaves && last_in_group;
  assign chunk_leaves = tile_leaves && last_tile;
  assign job_leaves = chunk_leaves && last_chunk;
  assign block_done_o = block_leaves;

  function automatic logic [7:0] smaller(lin_t left, logic [7:0] most);
    return left < lin_t'(most) ? 8'(left) : most;
  endfunction

  lin_t windows_after;
  logic [15:0] columns_after;
  assign windows_after = windows_q - lin_t'(job_i.chunk);
  assign columns_after = last_tile ? job_i.columns : columns_q - 16'(job_i.tile_columns);

  logic [31:0] output_pitch;
  assign output_pitch = {{(30 - sa_job_pkg::LinWidth) {1'b0}}, job_i.output_step, 2'b00};

  always_ff @(posedge clk_i) begin
    if (job_start_i) begin
      windows_q <= job_i.windows;
      chunk_address_q <= job_i.output_address;
    end else if (chunk_leaves) begin
      windows_q <= windows_after;
      chunk_address_q <= window_address_q + output_pitch;
    end

    if (job_start_i) chunk_q <= smaller(job_i.windows, job_i.chunk);
    else if (chunk_leaves) chunk_q <= smaller(windows_after, job_i.chunk);
    else if (tile_leaves) chunk_q <= smaller(windows_q, job_i.chunk);
    else if (window_leaves) chunk_q <= chunk_q - 1;

    if (job_start_i) window_address_q <= job_i.output_address;
    else if (tile_leaves && !chunk_leaves) window_address_q <= chunk_address_q;
    else if (window_leaves) window_address_q <= window_address_q + output_pitch;

    if (job_start_i || window_leaves || (row_leaves && pool_columns_q == 4'd1)) begin
      pool_columns_q <= job_i.pool_columns;
    end else if (row_leaves) pool_columns_q <= pool_columns_q - 1;

    if (job_start_i || window_leaves) pool_rows_q <= job_i.pool_rows;
    else if (row_leaves && pool_columns_q == 4'd1) pool_rows_q <= pool_rows_q - 1;

    if (job_start_i || block_leaves) group_q <= job_i.tile_group;
    else if (tile_leaves) group_q <= group_q - 1;

    if (job_start_i) begin
      columns_q   <= job_i.columns;
      channel_q   <= '0;
      tile_slot_q <= '0;
    end else if (tile_leaves) begin
      columns_q   <= columns_after;
      channel_q   <= last_tile ? '0 : channel_q + 16'(job_i.tile_columns);
      tile_slot_q <= last_tile ? '0 : tile_slot_q + SlotWidth'(LaneGroups);
    end

    if (job_start_i) tile_columns_q <= smaller(lin_t'(job_i.columns), job_i.tile_columns);
    else if (tile_leaves) tile_columns_q <= smaller(lin_t'(columns_after), job_i.tile_columns);
    else if (row_leaves) tile_columns_q <= smaller(lin_t'(columns_q), job_i.tile_columns);
    else if (issue) tile_columns_q <= tile_columns_q - 8'(Ports);

    if (job_start_i || row_leaves) lane_group_q <= '0;
    else if (issue) lane_group_q <= lane_group_q + 1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) active_q <= 1'b0;
    else if (flush_i || job_leaves) active_q <= 1'b0;
    else if (job_start_i) active_q <= 1'b1;
  end

  ////////////////////////////////
  // Rows of sums               //
  ////////////////////////////////

  logic [AccRowWidth:0] final_q;  // rows that may be read
  logic [AccRowWidth-1:0] next_row;
  logic next_half;
  logic fresh_q, kept_q;  // the current row is on acc_rdata_i, or in sums_q
  logic [Size-1:0][31:0] sums_q, sums;
  logic row_taken;

  assign next_half = half_q ^ block_leaves;
  assign next_row  = block_leaves ? '0 : row_q + AccRowWidth'(row_leaves);
  assign acc_valid_o = final_q != '0 && (row_leaves || !(fresh_q || kept_q));
  assign acc_row_o = next_row + (next_half ? HalfRows : '0);
  assign row_taken = acc_valid_o && acc_ready_i;
  assign sums = fresh_q ? acc_rdata_i : sums_q;

  always_ff @(posedge clk_i) begin
    if (job_start_i) begin
      half_q <= 1'b0;
      row_q  <= '0;
    end else if (row_leaves) begin
      half_q <= next_half;
      row_q  <= next_row;
    end
    if (fresh_q) sums_q <= acc_rdata_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      final_q <= '0;
      fresh_q <= 1'b0;
      kept_q  <= 1'b0;
    end else if (flush_i) begin
      final_q <= '0;
      fresh_q <= 1'b0;
      kept_q  <= 1'b0;
    end else begin
      final_q <= final_q + (AccRowWidth + 1)'(row_final_i) - (AccRowWidth + 1)'(row_taken);
      fresh_q <= row_taken;
      kept_q  <= (fresh_q || kept_q) && !row_leaves;
    end
  end

  ////////////////////////////////
  // Scales and biases          //
  ////////////////////////////////

  // The column that the next parameter belongs to.
  logic [15:0] param_columns_q;  // left, from its n tile on
  logic [7:0] param_column_q;  // in its n tile
  logic param_is_bias_q, params_there_q;
  logic [SlotWidth-1:0] param_tile_slot_q, param_slot;
  logic param_tile_ends;

  assign param_slot = param_tile_slot_q + SlotWidth'(param_column_q / 8'(Ports));
  assign param_tile_ends = 16'(param_column_q) + 1 == param_columns_q ||
      param_column_q + 1 == job_i.tile_columns;

  always_ff @(posedge clk_i) begin
    if (job_start_i) begin
      param_columns_q <= job_i.columns;
      param_column_q <= '0;
      param_is_bias_q <= 1'b0;
      params_there_q <= 1'b0;
      param_tile_slot_q <= '0;
    end else if (param_valid_i) begin
      param_column_q <= param_column_q + 1;
      if (param_tile_ends) begin
        param_column_q <= '0;
        param_columns_q <= param_columns_q - 16'(job_i.tile_columns);
        param_tile_slot_q <= param_tile_slot_q + SlotWidth'(LaneGroups);
        if (param_columns_q <= 16'(job_i.tile_columns)) begin
          param_columns_q <= job_i.columns;
          param_tile_slot_q <= '0;
          param_is_bias_q <= 1'b1;
          params_there_q <= param_is_bias_q;
        end
      end
    end
  end

  ////////////////////////////////
  // Issue                      //
  ////////////////////////////////

  logic [Ports-1:0] lanes, has_room, all_written;

  for (genvar p = 0; p < Ports; p++) begin : gen_lanes
    assign lanes[p] = tile_columns_q > 8'(p);
  end

  assign issue = (fresh_q || kept_q) && params_there_q &&
      (!last_position || (lanes & ~has_room) == '0);

  assign done_o = !active_q && all_written == '1;

  // Whether the later position of a window is its result so far: +0 is not greater than -0.
  function automatic logic replaces_best(logic [31:0] later, logic [31:0] best);
    logic is_nan, best_is_nan, is_greater;
    is_nan = later[30:0] > sa_pkg::Infinity;
    best_is_nan = best[30:0] > sa_pkg::Infinity;
    if (later[31] != best[31]) is_greater = best[31] && (later[30:0] != '0 || best[30:0] != '0);
    else is_greater = later[31] ? later[30:0] < best[30:0] : later[30:0] > best[30:0];
    return is_nan || (is_greater && !best_is_nan);
  endfunction

  // What is in the pipeline at a flush comes out and is dropped: a bit for each of its cycles.
  logic [sa_pkg::EpilogueLatency:0] flushed_q;

  always_ff @(posedge clk_i) flushed_q <= flush_i ? '1 : flushed_q << 1;

  logic first_position;
  assign first_position = pool_columns_q == job_i.pool_columns && pool_rows_q == job_i.pool_rows;

  for (genvar p = 0; p < Ports; p++) begin : gen_port
    logic [31:0] scales_q[Slots], biases_q[Slots];
    logic [31:0] sum_q, scale_q, bias_q, result;
    logic valid_q, result_valid;
    logic [SlotWidth-1:0] slot;

    assign slot = tile_slot_q + SlotWidth'(lane_group_q);

    always_ff @(posedge clk_i) begin
      if (param_valid_i && param_column_q % 8'(Ports) == 8'(p)) begin
        if (param_is_bias_q) biases_q[param_slot] <= param_data_i;
        else scales_q[param_slot] <= param_data_i;
      end
      if (issue) begin
        scale_q <= scales_q[slot];
        bias_q  <= biases_q[slot];
        sum_q   <= sums[32'(lane_group_q)*Ports+p];
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) valid_q <= 1'b0;
      else valid_q <= issue && lanes[p];
    end

    sa_epilogue u_epilogue (
        .clk_i,
        .rst_ni,
        .valid_i(valid_q),
        .sum_i(sum_q),
        .scale_i(scale_q),
        .bias_i(bias_q),
        .relu_i(job_i.relu),
        .valid_o(result_valid),
        .result_o(result)
    );

    // What becomes of the result, on its way beside it.
    logic result_first, result_last, replaces;
    logic [GroupWidth-1:0] result_group;
    logic [31:0] best_q[LaneGroups], best;

    delay_line #(
        .Width(2 + GroupWidth + 32),
        .Depth(1 + sa_pkg::EpilogueLatency)
    ) u_destination (
        .clk_i,
        .data_i({
          first_position,
          last_position,
          lane_group_q,
          window_address_q + 32'(4 * p) + {14'd0, channel_q + 16'(32'(lane_group_q) * Ports), 2'b00}
        }),
        .data_o({result_first, result_last, result_group, write_address_o[p]})
    );

    assign replaces = result_first || replaces_best(result, best_q[result_group]);
    assign best = replaces ? result : best_q[result_group];

    always_ff @(posedge clk_i) begin
      if (result_valid && replaces) best_q[result_group] <= result;
    end

    assign write_valid_o[p] = result_valid && result_last && !flushed_q[sa_pkg::EpilogueLatency];
    assign write_data_o[p]  = best;

    logic [RoomWidth-1:0] room_q;
    assign has_room[p] = room_q != '0;
    assign all_written[p] = room_q == RoomWidth'(WriteDepth);

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) room_q <= RoomWidth'(WriteDepth);
      else if (flush_i) room_q <= RoomWidth'(WriteDepth);
      else begin
        room_q <= room_q - RoomWidth'(issue && lanes[p] && last_position) +
            RoomWidth'(word_written_i[p]);
      end
    end
  end

  ////////////////////////////////
  // Assertions                 //
  ////////////////////////////////

  // A flop, because an asynchronous reset must not be looked at by a clock edge.
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) was_reset_q <= 1'b0;
    else was_reset_q <= 1'b1;
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  JobBeginsAfterTheLastOne :
  assert property (job_start_i |-> !active_q)
  else $error("a job began before the last one was drained");

  FinalRowsFitTheAccumulators :
  assert property (32'(final_q) <= AccumulatorRows)
  else $error("more rows are final than there are");

  for (genvar p = 0; p < Ports; p++) begin : gen_assert
    RoomIsBounded :
    assert property (active_q |-> 32'(gen_port[p].room_q) <= WriteDepth)
    else $error("a port wrote more words than it was given");
  end

endmodule
