// Walks the tiles of one pass over the weights, in the order in which they lie in memory: n group, k tile
// (band, run, piece of the run), n tile in the group. docs/accelerator.md says what these are.
//
// Shows the rows and columns of one tile; next_i goes on to the next. The one thing a reader would get
// wrong: after the last tile comes the first again, for the next pass.
module sa_tile_loop #(
    parameter  int unsigned Size       = 8,
    localparam int unsigned CountWidth = sa_pkg::index_width(Size + 1)
) (
    input logic clk_i,

    input logic              job_start_i,
    input sa_job_pkg::job_t job_i,

    input  logic                  next_i,
    output logic [CountWidth-1:0] rows_o,     // of this tile, 1 to Size
    output logic [CountWidth-1:0] columns_o,  // of this tile, 1 to Size
    output logic                  last_o      // of the pass
);

  typedef sa_job_pkg::lin_t lin_t;

  // What other units need of a job.
  logic unused_job;
  assign unused_job = ^job_i;

  // What is left, counted from the tile that is shown on, it included.
  typedef struct packed {
    logic [15:0] columns;
    logic [15:0] group_columns;  // from the first tile of the group on
    logic [7:0]  tiles;          // of the group
    logic [15:0] bands;
    logic [15:0] runs;           // of the band
    lin_t        run;            // rows of the run
  } left_t;

  left_t first, left_d, left_q;
  logic last_group, last_tile, last_piece, last_run, last_band, last_k;
  logic [15:0] columns_behind;  // this tile

  always_comb begin
    first.columns = job_i.columns;
    first.group_columns = job_i.columns;
    first.tiles = job_i.tile_group;
    first.bands = job_i.bands;
    first.runs = job_i.runs;
    first.run = job_i.run;
  end

  // If its last tile is shown.
  assign last_group = left_q.columns <= 16'(job_i.tile_columns);
  assign last_tile = left_q.tiles == 8'd1 || last_group;
  assign last_piece = left_q.run <= lin_t'(Size);
  assign last_run = left_q.runs == 16'd1;
  assign last_band = left_q.bands == 16'd1;
  assign last_k = last_piece && last_run && last_band;
  assign columns_behind = left_q.columns - 16'(job_i.tile_columns);

  assign rows_o = last_piece ? CountWidth'(left_q.run) : CountWidth'(Size);
  assign columns_o = CountWidth'(last_group ? left_q.columns : 16'(job_i.tile_columns));
  assign last_o = last_k && last_group;

  always_comb begin
    left_d = left_q;
    if (!last_tile) begin
      left_d.tiles   = left_q.tiles - 1;
      left_d.columns = columns_behind;
    end else if (!last_k) begin
      left_d.tiles   = job_i.tile_group;
      left_d.columns = left_q.group_columns;
      if (!last_piece) begin
        left_d.run = left_q.run - lin_t'(Size);
      end else begin
        left_d.run = job_i.run;
        if (!last_run) begin
          left_d.runs = left_q.runs - 1;
        end else begin
          left_d.runs  = job_i.runs;
          left_d.bands = left_q.bands - 1;
        end
      end
    end else begin
      left_d = first;
      if (!last_group) begin
        left_d.columns = columns_behind;
        left_d.group_columns = columns_behind;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (job_start_i) left_q <= first;
    else if (next_i) left_q <= left_d;
  end

endmodule
