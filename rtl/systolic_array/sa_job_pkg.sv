// A job of `stream` mode, unpacked. docs/accelerator.md says what each number means; counts are words.
//
// The one thing a reader would get wrong: a lin (index of a word behind `input_address`) is signed: padding
// before the map is negative.
package sa_job_pkg;

  localparam int unsigned LinWidth = 24;
  // Columns, rounded up to whole tiles of Size, whose scales and biases are kept.
  localparam int unsigned EpilogueChannels = 256;
  // Accesses that a memory port may have granted and not answered.
  localparam int unsigned MaxOutstanding = 4;
  // Results that may wait at a memory port: what it has room for, and sa_drain counts.
  localparam int unsigned WriteDepth = 8;

  typedef logic signed [LinWidth-1:0] lin_t;

  typedef enum logic [1:0] {
    RestartNever = 2'd0,
    RestartBand  = 2'd1,
    RestartTile  = 2'd2
  } restart_e;

  typedef struct packed {
    logic        relu;
    restart_e    restart;
    logic [31:0] input_address;
    logic [31:0] weights_address;
    logic [31:0] output_address;
    lin_t        map_words;
    lin_t        row_words;
    lin_t        row_start;
    lin_t        column_start;
    lin_t        row_step;
    lin_t        column_step;
    lin_t        band_step;
    lin_t        run_step;
    lin_t        run;
    logic [15:0] bands;
    logic [15:0] runs;
    lin_t        windows;
    logic [15:0] window_columns;
    logic [7:0]  chunk;
    logic [3:0]  pool_columns;
    logic [3:0]  pool_rows;
    logic [7:0]  tile_group;
    logic [15:0] columns;
    logic [7:0]  tile_columns;
    lin_t        output_step;
    lin_t        weight_words;
    lin_t        segment_words;
  } job_t;

  // Registers of the same names, in words and cycles.
  typedef struct packed {
    logic [31:0] compute;
    logic [31:0] wait_weights;
    logic [31:0] wait_activations;
    logic [31:0] wait_write_back;
    logic [31:0] fill_drain;
    logic [31:0] words_read;
    logic [31:0] words_written;
  } counters_t;

  // Bits of STATUS, the lowest one last.
  typedef struct packed {
    logic bus;
    logic window;
    logic descriptor;
  } errors_t;

endpackage
