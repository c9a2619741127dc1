// Bytes come in beats and leave in rows: the weights of a row of a tile follow those of the row before
// without padding, so that rows begin at any byte of a word.
//
// The first byte of a beat is the first to leave. A row of min(Size, 4 * Words) bytes or fewer may leave in
// every cycle, a longer one as soon as its bytes are there, while a beat enters in every cycle that has room.
// The one thing a reader would get wrong: row_o shows Size bytes, of which the first bytes_i belong to the row.
//
//   cycle          0            1            2
//   beat           < 8 bytes >  < 8 bytes >
//   row (5 bytes)               < 0 to 4 >   < 5 to 9 >
module sa_gearbox #(
    parameter  int unsigned Size       = 8,
    parameter  int unsigned Words      = 1,                               // of a beat
    localparam int unsigned CountWidth = sa_pkg::index_width(Words + 1),
    localparam int unsigned RowWidth   = sa_pkg::index_width(Size + 1)
) (
    input logic clk_i,
    input logic rst_ni,

    input logic clear_i,  // drops what is held, and a beat that enters now

    input  logic                        beat_valid_i,
    output logic                        beat_ready_o,
    input  logic [CountWidth-1:0]       beat_words_i,  // 1 to Words: the first ones of beat_data_i
    input  logic [     Words-1:0][31:0] beat_data_i,

    input  logic [RowWidth-1:0]      bytes_i,      // of the next row, 1 to Size
    output logic                     row_valid_o,
    input  logic                     row_ready_i,
    output logic [    Size-1:0][7:0] row_o
);

  localparam int unsigned BeatBytes = 4 * Words;
  // A beat has room beside what is too little for the longest row.
  localparam int unsigned Capacity = Size - 1 + BeatBytes;
  localparam int unsigned LevelWidth = sa_pkg::index_width(Capacity + 1);

  typedef logic [LevelWidth-1:0] level_t;

  logic [Capacity-1:0][7:0] bytes_d, bytes_q, kept;
  level_t level_d, level_q, kept_level;
  logic beat_enters;

  assign row_valid_o = level_q >= level_t'(bytes_i);
  assign row_o = bytes_q[Size-1:0];

  always_comb begin
    kept = bytes_q;
    kept_level = level_q;
    if (row_valid_o && row_ready_i) begin
      kept = bytes_q >> (8 * bytes_i);
      kept_level = level_q - level_t'(bytes_i);
    end
  end

  assign beat_ready_o = clear_i || kept_level <= level_t'(Capacity - BeatBytes);
  assign beat_enters  = beat_valid_i && beat_ready_o;

  always_comb begin
    bytes_d = kept;
    level_d = kept_level;
    if (beat_enters) begin
      for (int unsigned i = 0; i < BeatBytes; i++) begin
        bytes_d[32'(kept_level)+i] = beat_data_i[i/4][8*(i%4)+:8];
      end
      level_d = kept_level + level_t'({beat_words_i, 2'b00});
    end
    if (clear_i) level_d = '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) level_q <= '0;
    else level_q <= level_d;
  end

  always_ff @(posedge clk_i) bytes_q <= bytes_d;

endmodule
