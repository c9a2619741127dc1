// The loops of a job: one step of sa_core for every position, n tile, k tile, n group and chunk, in
// the order of docs/accelerator.md. An address is one of the step before plus constants of the job.
//
// Two stages. The first has the counters of the next step: where its words lie, which lanes take
// part, and whether it may go: half of the accumulators is free, its words are in the activation
// buffer. Going, it reads the buffer. The second has the step while the buffer's data stands beside
// it, until its tile is in the core and the core takes it. Where it has none, it has the reason, so
// that a wait is counted in the very cycle that lacks the step.
//
// The window of the buffer moves with the counters. When they come to a new chunk (to a new band or
// k tile, if the job restarts there), their first lin is the lowest word that is still needed.
//
// The one thing a reader would get wrong: tile_ready_i is looked at in the second stage, which makes
// tile_done_o: there it is always about the step at hand, so that tiles follow without a gap.
//
//   cycle          0            1            2            3
//   first stage    < step 0 >   < step 1 >   < step 2, 2 cycles      >
//   read_o         _/~~~~~~~~~~~~~~~~~~~~~\_______________/~~~~~~~~~~~
//   data_i                      < step 0 >   < step 1                >
//   step_valid_o   _____________/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
//   step_ready_i   _____________/~~~~~~~~~~~\_____________/~~~~~~~~~~~
module sa_steps
  import sa_job_pkg::job_t, sa_job_pkg::lin_t;
#(
    parameter  int unsigned Size            = 8,
    parameter  int unsigned AccumulatorRows = 64,
    parameter  int unsigned ActivationWords = 1024,
    localparam int unsigned AccRowWidth     = sa_pkg::index_width(AccumulatorRows)
) (
    input logic clk_i,
    input logic rst_ni,

    input logic job_start_i,
    input job_t job_i,
    input logic flush_i,

    output logic                  restart_valid_o,
    input  logic                  restart_ready_i,
    output lin_t                  restart_lin_o,
    output lin_t                  low_o,            // words below it are not needed any more
    input  lin_t                  filled_i,         // words below it are in the buffer
    output logic                  read_o,
    output lin_t                  read_lin_o,
    input  logic [Size-1:0][31:0] data_i,           // of the last read

    input  logic tile_ready_i,  // the tile of the next step is in the core, until tile_done_o
    input  logic tile_bank_i,
    output logic tile_done_o,   // its last step has entered

    output logic row_final_o,  // a row has its last sum on the way
    input  logic block_done_i, // a half of the accumulators is free again

    output logic                         step_valid_o,
    input  logic                         step_ready_i,
    output logic [AccRowWidth-1:0]       step_row_o,
    output logic                         step_first_o,
    output logic                         step_bank_o,
    output logic [       Size-1:0]       step_lanes_o,
    output logic [       Size-1:0][31:0] step_activations_o,

    // What this cycle is; none of them: before the first or after the last step, or the core waits.
    output logic issued_o,
    output logic wait_write_back_o,
    output logic wait_activations_o,
    output logic wait_weights_o,

    output logic done_o,         // every step of the job has entered the core
    output logic error_window_o  // a step needs words that can never come: no more steps
);

  localparam int unsigned RowInHalfWidth = AccRowWidth - 1;
  localparam int unsigned CountWidth = $clog2(Size + 1);
  localparam int unsigned SumWidth = sa_job_pkg::LinWidth + 1;

  typedef logic [RowInHalfWidth-1:0] row_in_half_t;
  typedef logic [CountWidth-1:0] count_t;  // of lanes
  typedef logic signed [SumWidth-1:0] sum_t;  // of two lins

  // Counters begin at 1: the last round is the one in which they equal their bound.
  typedef struct packed {
    lin_t row;
    lin_t column;
    lin_t window_row;     // of the first position in the window
    lin_t window_column;
    logic [3:0] dx;
    logic [3:0] dy;
    logic [15:0] x;
    logic [7:0] window;   // in the chunk
    lin_t windows_left;   // in the job, this one included
  } position_t;

  typedef struct packed {
    logic [15:0] band;
    logic [15:0] run;
    lin_t run_left;       // words from the first lane on
    lin_t band_offset;
    lin_t run_offset;
    lin_t column_offset;  // run_offset and the words before the tile
    logic is_first;       // of a block
  } k_tile_t;

  typedef struct packed {
    logic [7:0] tile;           // in the group
    logic [15:0] columns_left;  // in the job, those of this tile included
    logic [15:0] group_columns_left;
  } n_tile_t;

  typedef struct packed {
    logic [AccRowWidth-1:0] row;
    logic is_first;
    logic [Size-1:0] lanes;
    logic ends_tile;
    logic ends_row;
    logic ends_job;
  } step_t;

  typedef enum logic [2:0] {
    Idle,             // no step, because there is no job, or it has only begun or ended
    Step,
    NoFreeHalf,       // no step, because of this
    NoWords,
    WordsNeverCome
  } slot_e;

  ////////////////////////////////
  // Loops                      //
  ////////////////////////////////

  logic running_d, running_q;  // the first stage holds a step
  logic go;  // it leaves the first stage

  position_t position_d, position_q;
  position_t chunk_start_d, chunk_start_q;
  k_tile_t k_tile_d, k_tile_q;
  n_tile_t n_tile_d, n_tile_q;
  logic half_d, half_q;
  row_in_half_t row_in_half_d, row_in_half_q;

  logic last_position, last_tile, last_piece, last_run, last_band, last_group;
  logic ends_k_tile, ends_run, ends_band, ends_block, ends_chunk, ends_job;

  assign last_position = position_q.dx == job_i.pool_columns && position_q.dy == job_i.pool_rows &&
      (position_q.window == job_i.chunk || position_q.windows_left == 1);
  assign last_group = n_tile_q.columns_left <= 16'(job_i.tile_columns);
  assign last_tile = last_group || n_tile_q.tile == job_i.tile_group;
  assign last_piece = k_tile_q.run_left <= lin_t'(Size);
  assign last_run = k_tile_q.run == job_i.runs;
  assign last_band = k_tile_q.band == job_i.bands;

  assign ends_k_tile = last_position && last_tile;
  assign ends_run = ends_k_tile && last_piece;
  assign ends_band = ends_run && last_run;
  assign ends_block = ends_band && last_band;
  assign ends_chunk = ends_block && last_group;
  assign ends_job = ends_chunk && position_q.windows_left == 1;

  // After the last position of a window, the column is that of the next window.
  function automatic position_t next_position(position_t from);
    position_t next;
    next = from;
    next.dx = from.dx + 1;
    next.column = from.column + job_i.column_step;
    if (from.dx == job_i.pool_columns) begin
      next.dx  = 1;
      next.dy  = from.dy + 1;
      next.row = from.row + job_i.row_step;
      if (from.dy != job_i.pool_rows) begin
        next.column = from.window_column;
      end else begin
        next.dy = 1;
        next.x = from.x + 1;
        next.window = from.window + 1;
        next.windows_left = from.windows_left - 1;
        if (from.x == job_i.window_columns) begin
          next.x = 1;
          next.column = job_i.column_start;
        end else begin
          next.row = from.window_row;
        end
        next.window_row = next.row;
        next.window_column = next.column;
      end
    end
    return next;
  endfunction

  always_comb begin
    position_d = position_q;
    chunk_start_d = chunk_start_q;
    if (job_start_i) begin
      position_d = '{
          row: job_i.row_start,
          column: job_i.column_start,
          window_row: job_i.row_start,
          window_column: job_i.column_start,
          dx: 1,
          dy: 1,
          x: 1,
          window: 1,
          windows_left: job_i.windows
      };
      chunk_start_d = position_d;
    end else if (go) begin
      position_d = next_position(position_q);
      if (last_position) begin
        position_d.window = 1;
        if (ends_chunk) chunk_start_d = position_d;
        else position_d = chunk_start_q;
      end
    end
  end

  always_comb begin
    k_tile_d = k_tile_q;
    if (job_start_i || (go && ends_block)) begin
      k_tile_d = '{band: 1, run: 1, run_left: job_i.run, is_first: 1'b1, default: '0};
    end else if (go && ends_k_tile) begin
      k_tile_d.is_first = 1'b0;
      k_tile_d.run_left = k_tile_q.run_left - lin_t'(Size);
      k_tile_d.column_offset = k_tile_q.column_offset + lin_t'(Size);
      if (last_piece) begin
        k_tile_d.run = k_tile_q.run + 1;
        k_tile_d.run_offset = k_tile_q.run_offset + job_i.run_step;
        if (last_run) begin
          k_tile_d.run = 1;
          k_tile_d.run_offset = '0;
          k_tile_d.band = k_tile_q.band + 1;
          k_tile_d.band_offset = k_tile_q.band_offset + job_i.band_step;
        end
        k_tile_d.run_left = job_i.run;
        k_tile_d.column_offset = k_tile_d.run_offset;
      end
    end
  end

  always_comb begin
    n_tile_d = n_tile_q;
    if (job_start_i || (go && ends_chunk)) begin
      n_tile_d = '{tile: 1, columns_left: job_i.columns, group_columns_left: job_i.columns};
    end else if (go && last_position) begin
      n_tile_d.tile = n_tile_q.tile + 1;
      n_tile_d.columns_left = n_tile_q.columns_left - 16'(job_i.tile_columns);
      if (last_tile) begin
        n_tile_d.tile = 1;
        if (ends_block) n_tile_d.group_columns_left = n_tile_d.columns_left;
        else n_tile_d.columns_left = n_tile_q.group_columns_left;
      end
    end
  end

  // Rows follow each other as steps do, and begin again with each k tile.
  always_comb begin
    half_d = half_q;
    row_in_half_d = row_in_half_q;
    if (job_start_i) begin
      half_d = 1'b0;
      row_in_half_d = '0;
    end else if (go) begin
      half_d = half_q ^ ends_block;
      row_in_half_d = ends_k_tile ? '0 : row_in_half_q + 1;
    end
  end

  // Nobody looks at a counter before a job has set it.
  always_ff @(posedge clk_i) begin
    position_q <= position_d;
    chunk_start_q <= chunk_start_d;
    k_tile_q <= k_tile_d;
    n_tile_q <= n_tile_d;
    half_q <= half_d;
    row_in_half_q <= row_in_half_d;
  end

  ////////////////////////////////
  // Words of the step          //
  ////////////////////////////////

  function automatic sum_t smaller(sum_t a, sum_t b);
    return a < b ? a : b;
  endfunction

  // From 0 to `most`.
  function automatic sum_t clip(sum_t value, sum_t most);
    return value < 0 ? '0 : smaller(value, most);
  endfunction

  lin_t row, column;  // of lane 0
  sum_t lin, row_left;
  logic is_in_map;
  count_t first_lane, end_lane;
  logic [Size-1:0] lanes;

  assign row = position_q.row + k_tile_q.band_offset;
  assign column = position_q.column + k_tile_q.column_offset;
  assign lin = sum_t'(row) + sum_t'(column);

  // Lanes first_lane to end_lane - 1 take part; none if end_lane is not beyond first_lane.
  assign is_in_map = row >= 0 && row < job_i.map_words;
  assign row_left = sum_t'(job_i.row_words) - sum_t'(column);
  assign first_lane = count_t'(clip(-sum_t'(column), sum_t'(Size)));
  assign end_lane = count_t'(clip(smaller(row_left, sum_t'(k_tile_q.run_left)), sum_t'(Size)));
  assign lanes = is_in_map ? ~({Size{1'b1}} << end_lane) & ({Size{1'b1}} << first_lane) : '0;

  ////////////////////////////////
  // Window of the buffer       //
  ////////////////////////////////

  // The counters have come to where the window begins; it has yet to follow.
  logic window_waits_d, window_waits_q;
  lin_t low_d, low_q, first_lin;
  logic restarts, window_moves;
  logic words_are_there, words_never_come;
  sum_t end_lin, window_end;

  assign restarts = job_i.restart != sa_job_pkg::RestartNever;
  assign first_lin = lin_t'(clip(lin, sum_t'(job_i.map_words)));
  assign window_moves = running_q && window_waits_q && (!restarts || restart_ready_i);

  always_comb begin
    window_waits_d = window_waits_q && !window_moves;
    if (go) begin
      unique case (job_i.restart)
        sa_job_pkg::RestartBand: window_waits_d = ends_band;
        sa_job_pkg::RestartTile: window_waits_d = ends_k_tile;
        default: window_waits_d = ends_chunk;
      endcase
    end
    if (job_start_i) window_waits_d = 1'b1;
  end

  // A window that goes on never goes back: what has left it is not in the buffer any more.
  always_comb begin
    low_d = low_q;
    if (job_start_i) low_d = '0;
    else if (window_moves && (restarts || first_lin > low_q)) low_d = first_lin;
  end

  always_ff @(posedge clk_i) begin
    window_waits_q <= window_waits_d;
    low_q <= low_d;
  end

  assign end_lin = lin + sum_t'(end_lane);
  assign window_end = smaller(sum_t'(job_i.map_words),
                              sum_t'(low_q) + smaller(sum_t'(ActivationWords),
                                                      sum_t'(job_i.segment_words)));

  // A window that waits for no restart moves in this cycle, and upwards: its end is not known yet.
  assign words_are_there = !restart_valid_o && (lanes == '0 || end_lin <= sum_t'(filled_i));
  assign words_never_come = !restart_valid_o && lanes != '0 &&
      (lin + sum_t'(first_lane) < sum_t'(low_q) || (end_lin > window_end && !window_waits_q));

  assign restart_valid_o = running_q && window_waits_q && restarts;
  assign restart_lin_o = first_lin;
  assign low_o = low_q;
  assign read_o = go && lanes != '0;
  assign read_lin_o = lin_t'(lin);

  ////////////////////////////////
  // Halves of the accumulators //
  ////////////////////////////////

  logic [1:0] free_halves_d, free_halves_q;
  logic begins_block, half_is_free;

  assign begins_block = k_tile_q.is_first && row_in_half_q == '0;
  assign half_is_free = !begins_block || free_halves_q != '0;

  always_comb begin
    free_halves_d = free_halves_q - 2'(go && begins_block) + 2'(block_done_i);
    if (job_start_i) free_halves_d = 2'd2;
  end

  always_ff @(posedge clk_i) free_halves_q <= free_halves_d;

  ////////////////////////////////
  // Second stage               //
  ////////////////////////////////

  slot_e slot_d, slot_q;
  step_t step_d, step_q;
  logic slot_is_free;
  logic begun_d, begun_q;  // a step of the job has entered
  logic done_d, done_q;

  assign slot_is_free = slot_q != Step || issued_o;
  assign go = running_q && slot_is_free && slot_d == Step;

  always_comb begin
    slot_d = slot_q;
    if (slot_is_free) begin
      if (!running_q) slot_d = Idle;
      else if (words_never_come) slot_d = WordsNeverCome;
      else if (!half_is_free) slot_d = NoFreeHalf;
      else if (!words_are_there) slot_d = NoWords;
      else slot_d = Step;
    end
    if (flush_i) slot_d = Idle;
  end

  always_comb begin
    step_d = step_q;
    if (go) begin
      step_d = '{
          row: {half_q, row_in_half_q},
          is_first: k_tile_q.is_first,
          lanes: lanes,
          ends_tile: last_position,
          ends_row: last_piece && last_run && last_band,
          ends_job: ends_job
      };
    end
  end

  always_comb begin
    running_d = running_q && !(go && ends_job) && slot_d != WordsNeverCome;
    begun_d = begun_q || issued_o;
    done_d = done_q || (issued_o && step_q.ends_job);
    if (job_start_i) begin
      running_d = 1'b1;
      begun_d = 1'b0;
      done_d = 1'b0;
    end
    if (flush_i) begin
      running_d = 1'b0;
      done_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      running_q <= 1'b0;
      slot_q <= Idle;
      done_q <= 1'b0;
    end else begin
      running_q <= running_d;
      slot_q <= slot_d;
      done_q <= done_d;
    end
  end

  always_ff @(posedge clk_i) begin
    step_q  <= step_d;
    begun_q <= begun_d;
  end

  assign step_valid_o = slot_q == Step && tile_ready_i;
  assign step_row_o = step_q.row;
  assign step_first_o = step_q.is_first;
  assign step_bank_o = tile_bank_i;
  assign step_lanes_o = step_q.lanes;
  assign step_activations_o = data_i;

  assign issued_o = step_valid_o && step_ready_i;
  assign tile_done_o = issued_o && step_q.ends_tile;
  assign row_final_o = issued_o && step_q.ends_row;

  assign wait_write_back_o = begun_q && slot_q == NoFreeHalf;
  assign wait_activations_o = begun_q && slot_q == NoWords;
  assign wait_weights_o = begun_q && slot_q == Step && !tile_ready_i;

  assign done_o = done_q;
  assign error_window_o = slot_q == WordsNeverCome;

  logic unused_job;
  assign unused_job = ^{
      job_i.relu,
      job_i.input_address,
      job_i.weights_address,
      job_i.output_address,
      job_i.output_step,
      job_i.weight_words
  };

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

  JobBeginsWhenNoneRuns :
  assert property (job_start_i |-> !running_q && slot_q != Step)
  else $error("a job began before the steps of the last one had entered the core");

  TileStaysUntilItsLastStep :
  assert property (step_valid_o && !tile_done_o && !flush_i |=> tile_ready_i &&
                   $stable(tile_bank_i))
  else $error("a tile went or changed its bank before its last step");

  OnlyTakenHalvesAreGivenBack :
  assert property (block_done_i |-> free_halves_q != 2'd2)
  else $error("a half of the accumulators that was free was given back");

endmodule
