// Loads the weights of a job into the core, a row of a tile a cycle, two tiles ahead of the steps, and hands
// the scales and biases on to the drain.
//
//   memory => sa_weight_fetch -> sa_gearbox --+--> row register --+--> core
//                    |                        |                   |
//                    +--> scale, bias         +--> weight buffer -+
//
// There is one pass over all tiles for every chunk. The first takes the rows from memory and keeps them in
// the weight buffer; if all of them found room there, the others take them from it, else from memory again.
// Either way a row is offered to the core in the cycle after it was taken.
//
// The one thing a reader would get wrong: a tile waits for the tile before the last one to be done although
// the core would hold its rows back where needed: the core only knows the steps that have entered.
//
//   cycle                         0        1        2        3        4
//   row taken                   < r 0 >  < r 1 >  < r 0 of the next tile ...
//   weight_valid_o, ready_i              < r 0 >  < r 1 >
//   tile_ready_o (2 rows)       ___________________________/~~~~~~~
module sa_weights #(
    parameter  int unsigned Size       = 8,
    parameter  int unsigned Ports      = 1,
    parameter  int unsigned WeightRows = 256,
    localparam int unsigned LaneWidth  = sa_pkg::index_width(Size)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic flush_i,

    input  logic             job_start_i,
    input  sa_job_pkg::job_t job_i,
    output logic             idle_o,       // nothing is left to load in this job, nor outstanding
    output logic             error_o,      // the weights ran out: weight_words is too small

    output logic tile_ready_o,  // the tile whose steps come next is wholly in the core
    output logic tile_bank_o,
    input  logic tile_done_i,   // its last step has entered the core

    output logic                      weight_valid_o,
    input  logic                      weight_ready_i,
    output logic                      weight_bank_o,
    output logic [LaneWidth-1:0]      weight_row_o,
    output logic [     Size-1:0]      weight_enable_o,
    output logic [     Size-1:0][7:0] weight_data_o,

    output logic        param_valid_o,
    output logic [31:0] param_data_o,

    output logic [Ports-1:0]       read_valid_o,
    input  logic [Ports-1:0]       read_ready_i,
    output logic [Ports-1:0][31:0] read_address_o,
    input  logic [Ports-1:0]       rvalid_i,
    input  logic [Ports-1:0][31:0] rdata_i
);

  localparam int unsigned CountWidth = sa_pkg::index_width(Size + 1);
  localparam int unsigned BeatCountWidth = sa_pkg::index_width(Ports + 1);
  localparam int unsigned EntryWidth = sa_pkg::index_width(WeightRows);

  typedef enum logic [1:0] {
    Idle,
    Rows,    // of a pass
    Rest,    // of the words of a pass, which belong to no row
    Starved  // after an error
  } state_e;

  state_e state_d, state_q;
  logic first_pass_d, first_pass_q, last_pass, pass_ends, fetch_start;
  sa_job_pkg::lin_t windows_d, windows_q;  // of this chunk and those behind it
  logic fits_d, fits_q;  // all rows so far found room in the weight buffer
  logic replay;

  ////////////////////////////////
  // Rows from memory           //
  ////////////////////////////////

  logic fetch_done, fetch_idle;
  logic beat_valid, beat_ready;
  logic [BeatCountWidth-1:0] beat_words;
  logic [Ports-1:0][31:0] beat_data;
  logic stream_valid, stream_ready;
  logic [Size-1:0][7:0] stream_row;
  logic [CountWidth-1:0] tile_rows, tile_columns;
  logic last_tile, row_taken, last_row;

  sa_weight_fetch #(
      .Ports(Ports)
  ) u_fetch (
      .clk_i,
      .rst_ni,
      .flush_i,
      .job_start_i,
      .start_i(fetch_start),
      .job_i,
      .done_o(fetch_done),
      .idle_o(fetch_idle),
      .beat_valid_o(beat_valid),
      .beat_ready_i(beat_ready),
      .beat_words_o(beat_words),
      .beat_data_o(beat_data),
      .param_valid_o,
      .param_data_o,
      .read_valid_o,
      .read_ready_i,
      .read_address_o,
      .rvalid_i,
      .rdata_i
  );

  sa_gearbox #(
      .Size (Size),
      .Words(Ports)
  ) u_gearbox (
      .clk_i,
      .rst_ni,
      .clear_i(flush_i || state_q == Rest),
      .beat_valid_i(beat_valid),
      .beat_ready_o(beat_ready),
      .beat_words_i(beat_words),
      .beat_data_i(beat_data),
      .bytes_i(tile_columns),
      .row_valid_o(stream_valid),
      .row_ready_i(stream_ready),
      .row_o(stream_row)
  );

  sa_tile_loop #(
      .Size(Size)
  ) u_tiles (
      .clk_i,
      .job_start_i,
      .job_i,
      .next_i(row_taken && last_row),
      .rows_o(tile_rows),
      .columns_o(tile_columns),
      .last_o(last_tile)
  );

  ////////////////////////////////
  // Passes                     //
  ////////////////////////////////

  assign last_pass = windows_q <= sa_job_pkg::lin_t'(job_i.chunk);
  assign replay = !first_pass_q && fits_q;
  assign pass_ends = row_taken && last_row && last_tile;
  assign error_o = state_q == Rows && !replay && fetch_done && !stream_valid;
  assign idle_o = state_q == Idle && !weight_valid_o && fetch_idle;

  always_comb begin
    state_d = state_q;
    windows_d = windows_q;
    first_pass_d = first_pass_q;
    fetch_start = 1'b0;
    if (job_start_i) begin
      state_d = Rows;
      windows_d = job_i.windows;
      first_pass_d = 1'b1;
      fetch_start = 1'b1;
    end else if (error_o) begin
      state_d = Starved;
    end else if ((pass_ends && replay) || (state_q == Rest && fetch_done)) begin
      state_d = last_pass ? Idle : Rows;
      windows_d = windows_q - sa_job_pkg::lin_t'(job_i.chunk);
      first_pass_d = 1'b0;
      fetch_start = !last_pass && !fits_q;
    end else if (pass_ends) begin
      state_d = Rest;
    end
    if (flush_i) state_d = Idle;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) state_q <= Idle;
    else state_q <= state_d;
  end

  // Begin with the job.
  always_ff @(posedge clk_i) begin
    windows_q <= windows_d;
    first_pass_q <= first_pass_d;
    fits_q <= fits_d;
  end

  ////////////////////////////////
  // Rows and tiles             //
  ////////////////////////////////

  logic [CountWidth-1:0] row_d, row_q;
  logic bank_d, bank_q, done_bank_d, done_bank_q;
  logic [1:0] begun_d, begun_q;  // tiles of which a row was taken, and that are not done
  logic [1:0] loaded_d, loaded_q;  // those of them that are wholly in the core
  logic tile_may_come, row_may_leave, last_offered_q;

  assign last_row = row_q == tile_rows - 1;
  assign tile_may_come = row_q != '0 || begun_q != 2'd2;
  assign row_may_leave = state_q == Rows && tile_may_come && (!weight_valid_o || weight_ready_i);
  assign stream_ready = row_may_leave && !replay;
  assign row_taken = row_may_leave && (replay || stream_valid);

  always_comb begin
    row_d = row_q;
    bank_d = bank_q;
    if (row_taken) row_d = last_row ? '0 : row_q + 1;
    if (row_taken && last_row) bank_d = !bank_q;
    done_bank_d = done_bank_q ^ tile_done_i;
    begun_d = begun_q + 2'(row_taken && row_q == '0) - 2'(tile_done_i);
    loaded_d = loaded_q + 2'(weight_valid_o && weight_ready_i && last_offered_q) - 2'(tile_done_i);
    if (job_start_i) begin
      row_d = '0;
      bank_d = 1'b0;
      done_bank_d = 1'b0;
    end
    if (flush_i) begin
      begun_d  = '0;
      loaded_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      begun_q  <= '0;
      loaded_q <= '0;
    end else begin
      begun_q  <= begun_d;
      loaded_q <= loaded_d;
    end
  end

  always_ff @(posedge clk_i) begin
    row_q <= row_d;
    bank_q <= bank_d;
    done_bank_q <= done_bank_d;
  end

  assign tile_ready_o = loaded_q != '0;
  assign tile_bank_o  = done_bank_q;

  ////////////////////////////////
  // Weight buffer              //
  ////////////////////////////////

  logic [EntryWidth:0] entry_d, entry_q;  // WeightRows: full
  logic [Size-1:0][7:0] entries_q[WeightRows];
  logic [Size-1:0][7:0] replayed_q;
  logic is_full;

  assign is_full = entry_q == (EntryWidth + 1)'(WeightRows);

  always_comb begin
    entry_d = entry_q;
    fits_d  = fits_q && !is_full;  // there is another row then
    if (row_taken && !is_full) entry_d = entry_q + 1;
    if (pass_ends || job_start_i) entry_d = '0;
    if (job_start_i) fits_d = 1'b1;
  end

  always_ff @(posedge clk_i) begin
    entry_q <= entry_d;
    if (row_taken && first_pass_q && !is_full) entries_q[entry_q[EntryWidth-1:0]] <= stream_row;
    if (row_taken && replay) replayed_q <= entries_q[entry_q[EntryWidth-1:0]];
  end

  ////////////////////////////////
  // To the core                //
  ////////////////////////////////

  logic valid_d, valid_q, is_replayed_q;
  logic [Size-1:0][7:0] stream_row_q;

  assign valid_d = (row_taken || (valid_q && !weight_ready_i)) && !flush_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= valid_d;
  end

  always_ff @(posedge clk_i) begin
    if (row_taken) begin
      weight_bank_o <= bank_q;
      weight_row_o <= LaneWidth'(row_q);
      weight_enable_o <= ~({Size{1'b1}} << tile_columns);
      last_offered_q <= last_row;
      is_replayed_q <= replay;
    end
    if (stream_ready) stream_row_q <= stream_row;
  end

  assign weight_valid_o = valid_q;
  assign weight_data_o  = is_replayed_q ? replayed_q : stream_row_q;

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

  JobsDoNotOverlap :
  assert property (job_start_i |-> idle_o && begun_q == '0)
  else $error("a job starts while weights of the one before are loaded or used");

  OnlyALoadedTileIsDone :
  assert property (tile_done_i |-> tile_ready_o)
  else $error("a tile is done that is not in the core");

  WeightWaitsUnchanged :
  assert property (weight_valid_o && !weight_ready_i && !flush_i |=> weight_valid_o &&
                   $stable({weight_bank_o, weight_row_o, weight_enable_o, weight_data_o}))
  else $error("a row was changed or lost while it waited");

endmodule
