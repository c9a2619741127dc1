// Fetches the descriptors of a chain, checks and unpacks them, and says when a job begins: one job after
// the other, the next descriptor on its way while a job runs. docs/accelerator.md says what is refused.
//
// The one thing a reader would get wrong: a refusal is told when the descriptor's turn has come, so that
// the job before it ends as any other; until then nobody knows of it.
//
//   cycle              0       1 ..             w    w+1   w+2   w+3   w+4 ..       d    d+1
//   start_i         __/~~\_____________________________________________________________________
//   read client     __________< read 22 words >________________________< next ones  >__________
//   job_start_o     _________________________________________/~~~~\_____________________/~~~~\_
//   job_running_o   _________________________________________/~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
//   job_done_i      _________________________________________________________________/~~\______
//
// The last word comes in cycle w. The chain ends with the job whose NEXT is 0.
module sa_descriptor #(
    parameter int unsigned Size            = 8,
    parameter int unsigned AccumulatorRows = 64
) (
    input logic clk_i,
    input logic rst_ni,

    input logic        start_i,
    input logic [31:0] start_address_i,
    input logic        flush_i,

    output sa_job_pkg::job_t        job_o,
    output logic                    job_start_o,
    input  logic                    job_done_i,
    output logic                    job_running_o,
    output logic             [31:0] address_o,      // of what runs, ran last or was refused
    output logic                    running_o,      // from the start to the end of the chain
    output logic                    chain_done_o,   // the last job has ended
    output logic                    error_o,        // a descriptor is refused: the chain has ended

    output logic        read_valid_o,
    input  logic        read_ready_i,
    output logic [31:0] read_address_o,
    input  logic        rvalid_i,
    input  logic [31:0] rdata_i
);

  localparam int unsigned Words = sa_reg_pkg::DescriptorWords;
  localparam int unsigned CountWidth = $clog2(Words + 1);

  typedef enum logic [2:0] {
    Idle,
    Fetch,
    CountPositions,
    CountRows,
    Ready  // for its turn
  } state_e;

  ////////////////////////////////
  // Words                      //
  ////////////////////////////////

  logic [Words-1:0][31:0] words_q;
  sa_job_pkg::job_t staged;
  logic [31:0] next, control, taps, shape, pool, columns;

  function automatic int unsigned at(logic [15:0] offset);
    return 32'(offset) / 4;
  endfunction

  assign next = words_q[at(sa_reg_pkg::DescriptorNextOffset)];
  assign control = words_q[at(sa_reg_pkg::DescriptorControlOffset)];
  assign taps = words_q[at(sa_reg_pkg::DescriptorTapsOffset)];
  assign shape = words_q[at(sa_reg_pkg::DescriptorShapeOffset)];
  assign pool = words_q[at(sa_reg_pkg::DescriptorPoolOffset)];
  assign columns = words_q[at(sa_reg_pkg::DescriptorColumnsOffset)];

  always_comb begin
    staged.relu = control[sa_reg_pkg::DescriptorControlReluLsb];
    staged.restart = sa_job_pkg::restart_e'(control[sa_reg_pkg::DescriptorControlRestartLsb+:2]);
    staged.input_address = words_q[at(sa_reg_pkg::DescriptorInputOffset)];
    staged.weights_address = words_q[at(sa_reg_pkg::DescriptorWeightsOffset)];
    staged.output_address = words_q[at(sa_reg_pkg::DescriptorOutputOffset)];
    staged.map_words = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorMapWordsOffset)]);
    staged.row_words = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorRowWordsOffset)]);
    staged.row_start = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorRowStartOffset)]);
    staged.column_start = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorColumnStartOffset)]);
    staged.row_step = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorRowStepOffset)]);
    staged.column_step = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorColumnStepOffset)]);
    staged.band_step = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorBandStepOffset)]);
    staged.run_step = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorRunStepOffset)]);
    staged.run = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorRunOffset)]);
    staged.bands = taps[sa_reg_pkg::DescriptorTapsBandsLsb+:16];
    staged.runs = taps[sa_reg_pkg::DescriptorTapsRunsLsb+:16];
    staged.windows = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorWindowsOffset)]);
    staged.window_columns = shape[sa_reg_pkg::DescriptorShapeWindowColumnsLsb+:16];
    staged.chunk = shape[sa_reg_pkg::DescriptorShapeChunkLsb+:8];
    staged.pool_columns = pool[sa_reg_pkg::DescriptorPoolPoolColumnsLsb+:4];
    staged.pool_rows = pool[sa_reg_pkg::DescriptorPoolPoolRowsLsb+:4];
    staged.tile_group = pool[sa_reg_pkg::DescriptorPoolTileGroupLsb+:8];
    staged.columns = columns[sa_reg_pkg::DescriptorColumnsColumnsLsb+:16];
    staged.tile_columns = columns[sa_reg_pkg::DescriptorColumnsTileColumnsLsb+:8];
    staged.output_step = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorOutputStepOffset)]);
    staged.weight_words = sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorWeightWordsOffset)]);
    staged.segment_words =
        sa_job_pkg::lin_t'(words_q[at(sa_reg_pkg::DescriptorSegmentWordsOffset)]);
  end

  // What a later version may use.
  logic unused_bits;
  assign unused_bits = ^{control[31:11], shape[31:24], pool[31:16], columns[31:24]};

  ////////////////////////////////
  // Refusal                    //
  ////////////////////////////////

  // n tiles whose scales and biases are kept.
  localparam int unsigned MaxTiles = sa_job_pkg::EpilogueChannels / Size;

  logic is_unknown, is_misaligned, has_zero, is_too_long, is_too_wide, has_too_many_rows;
  logic [15:0] positions_q;
  logic [23:0] rows_q;

  // A signed word that a lin cannot hold.
  function automatic logic overflows(logic [31:0] value);
    return 32'(sa_job_pkg::lin_t'(value)) != value;
  endfunction

  // An extent has no sign; lins end at the half of what as many bits can count.
  function automatic logic is_too_large(logic [31:0] value);
    return value >= 32'd1 << (sa_job_pkg::LinWidth - 1);
  endfunction

  assign is_unknown = 32'(control[sa_reg_pkg::DescriptorControlVersionLsb+:8]) !=
      sa_reg_pkg::DescriptorVersion || control[sa_reg_pkg::DescriptorControlRestartLsb+:2] == 2'd3;
  assign is_misaligned = ((next | staged.input_address | staged.weights_address |
                           staged.output_address) & 32'd3) != '0;
  assign has_zero = staged.map_words == '0 || staged.row_words == '0 || staged.run == '0 ||
      staged.windows == '0 || staged.weight_words == '0 || staged.segment_words == '0 ||
      staged.bands == '0 || staged.runs == '0 || staged.window_columns == '0 ||
      staged.chunk == '0 || staged.pool_columns == '0 || staged.pool_rows == '0 ||
      staged.tile_group == '0 || staged.columns == '0;
  assign is_too_long = is_too_large(words_q[at(sa_reg_pkg::DescriptorMapWordsOffset)]) ||
      is_too_large(words_q[at(sa_reg_pkg::DescriptorRowWordsOffset)]) ||
      is_too_large(words_q[at(sa_reg_pkg::DescriptorRunOffset)]) ||
      is_too_large(words_q[at(sa_reg_pkg::DescriptorWindowsOffset)]) ||
      is_too_large(words_q[at(sa_reg_pkg::DescriptorWeightWordsOffset)]) ||
      is_too_large(words_q[at(sa_reg_pkg::DescriptorSegmentWordsOffset)]) ||
      overflows(words_q[at(sa_reg_pkg::DescriptorRowStartOffset)]) ||
      overflows(words_q[at(sa_reg_pkg::DescriptorColumnStartOffset)]) ||
      overflows(words_q[at(sa_reg_pkg::DescriptorRowStepOffset)]) ||
      overflows(words_q[at(sa_reg_pkg::DescriptorColumnStepOffset)]) ||
      overflows(words_q[at(sa_reg_pkg::DescriptorBandStepOffset)]) ||
      overflows(words_q[at(sa_reg_pkg::DescriptorRunStepOffset)]) ||
      overflows(words_q[at(sa_reg_pkg::DescriptorOutputStepOffset)]);
  // More n tiles than MaxTiles, without a division; of 0 columns it would be too many.
  assign is_too_wide = 32'(staged.tile_columns) > Size ||
      32'(staged.columns) > 32'(staged.tile_columns) * MaxTiles;
  // The rows of a half of the accumulators, multiplied in two cycles.
  assign has_too_many_rows = 32'(rows_q) > AccumulatorRows / 2;

  always_ff @(posedge clk_i) begin
    positions_q <= 16'(staged.chunk) * 16'(staged.pool_rows) * 16'(staged.pool_columns);
    rows_q <= 24'(positions_q) * 24'(staged.tile_group);
  end

  ////////////////////////////////
  // Fetching, starting, ending //
  ////////////////////////////////

  state_e state_d, state_q;
  logic [31:0] fetch_address_d, fetch_address_q;  // of the descriptor that is fetched or ready
  logic [CountWidth-1:0] requested_d, requested_q, received_d, received_q;
  logic [31:0] address_d, address_q;
  logic running_d, running_q, job_running_d, job_running_q, job_start_q;
  logic is_turn, is_refused, job_starts, fetch_starts;

  assign is_turn = state_q == Ready && (!job_running_q || job_done_i);
  assign is_refused = fetch_address_q[1:0] != '0 || is_unknown || is_misaligned || has_zero ||
      is_too_long || is_too_wide || has_too_many_rows;
  assign job_starts = is_turn && !is_refused && !flush_i;
  assign fetch_starts = start_i || (job_starts && next != '0);

  assign error_o = is_turn && is_refused;
  assign chain_done_o = job_done_i && state_q == Idle;

  always_comb begin
    state_d = state_q;
    case (state_q)
      Fetch: if (received_d == CountWidth'(Words)) state_d = CountPositions;
      CountPositions: state_d = CountRows;
      CountRows: state_d = Ready;
      Ready: if (is_turn) state_d = Idle;
      default: ;
    endcase
    // A descriptor without a proper address is refused as it is.
    if (fetch_starts) state_d = fetch_address_d[1:0] == '0 ? Fetch : Ready;
    if (flush_i) state_d = Idle;
  end

  always_comb begin
    fetch_address_d = fetch_address_q;
    requested_d = requested_q + CountWidth'(read_valid_o && read_ready_i);
    received_d = received_q + CountWidth'(rvalid_i);
    if (fetch_starts) begin
      fetch_address_d = start_i ? start_address_i : next;
      requested_d = '0;
      received_d = '0;
    end
  end

  always_comb begin
    address_d = address_q;
    if (start_i) address_d = start_address_i;
    else if (is_turn) address_d = fetch_address_q;

    running_d = (running_q || start_i) && !chain_done_o && !error_o && !flush_i;
    job_running_d = ((job_running_q && !job_done_i) || job_starts) && !flush_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      address_q <= '0;
      running_q <= 1'b0;
      job_running_q <= 1'b0;
      job_start_q <= 1'b0;
    end else begin
      state_q <= state_d;
      address_q <= address_d;
      running_q <= running_d;
      job_running_q <= job_running_d;
      job_start_q <= job_starts;
    end
  end

  always_ff @(posedge clk_i) begin
    fetch_address_q <= fetch_address_d;
    requested_q <= requested_d;
    received_q <= received_d;
    if (rvalid_i) words_q[received_q] <= rdata_i;
    if (job_starts) job_o <= staged;
  end

  assign read_valid_o = state_q == Fetch && requested_q != CountWidth'(Words);
  assign read_address_o = fetch_address_q + 32'({requested_q, 2'b00});
  assign job_start_o = job_start_q;
  assign job_running_o = job_running_q;
  assign address_o = address_q;
  assign running_o = running_q;

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

  ChainStartsAlone :
  assert property (start_i |-> !running_q)
  else $error("a chain was started while another one runs");

  OnlyAJobThatRunsEnds :
  assert property (job_done_i |-> job_running_q)
  else $error("a job ended that did not run");

  WordsAreThoseAskedFor :
  assert property (rvalid_i |-> state_q == Fetch && received_q < requested_q)
  else $error("a word came that was not asked for");

endmodule
