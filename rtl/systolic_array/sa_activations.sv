// The window of the map: reads words in their order, keeps the last Words of them, and gives Size
// consecutive ones, from any lin on, every cycle.
//
// Word lin lies in bank lin % Banks: Size neighbours lie in different banks, each bank reads one row, and
// a rotation puts the words in order. Words of different ports lie in different banks too, so that all
// ports can write at once.
//
// The one thing a reader would get wrong: ports answer at their own pace. A word can be read when it and
// all before it are there; filled_o is the next word of the port that is furthest behind.
//
//   cycle       0             1
//   read_i      ___/~~~~~~~~~~\________
//   read_lin_i  ---<    lin   >--------
//   data_o      --------------<  words lin .. lin + Size - 1   kept until the next read
//
//   low_i                    filled_o           low_i + min(Words, SEGMENT_WORDS), or the end of the map
//     |~~~~ can be read ~~~~~~~~|.... asked for .....|
module sa_activations #(
    parameter int unsigned Size  = 8,
    parameter int unsigned Ports = 1,
    parameter int unsigned Words = 4096
) (
    input logic clk_i,
    input logic rst_ni,

    input logic             job_start_i,
    input sa_job_pkg::job_t job_i,
    input logic             flush_i,

    // Empties the window; reading begins at this lin, within what low_i says in the next cycle.
    input  logic             restart_valid_i,
    output logic             restart_ready_o,
    input  sa_job_pkg::lin_t restart_lin_i,

    input  sa_job_pkg::lin_t low_i,
    output sa_job_pkg::lin_t filled_o,

    input  logic                         read_i,
    input  sa_job_pkg::lin_t             read_lin_i,  // lanes outside of the window give anything
    output logic [Size-1:0][31:0]        data_o,

    output logic [Ports-1:0]       read_valid_o,
    input  logic [Ports-1:0]       read_ready_i,
    output logic [Ports-1:0][31:0] read_address_o,
    input  logic [Ports-1:0]       rvalid_i,
    input  logic [Ports-1:0][31:0] rdata_i
);

  localparam int unsigned LinWidth = sa_job_pkg::LinWidth;
  localparam int unsigned BankWidth = $clog2(Size);
  localparam int unsigned Banks = 1 << BankWidth;
  localparam int unsigned Rows = Words / Banks;
  localparam int unsigned RowWidth = $clog2(Rows);

  if (Rows < 2) begin : gen_too_few_words
    $fatal(1, "Words must be more than Size");
  end

  // A lin that is not negative. It may be a little beyond the map: the first word of a port that is not
  // to be read.
  typedef logic [LinWidth-1:0] index_t;

  // Other units use what is left of the job.
  logic unused_job;
  assign unused_job = ^job_i;

  ////////////////////////////////
  // What is to be read         //
  ////////////////////////////////

  logic restarts, is_open_d, is_open_q;
  index_t reach, segment_end, limit;

  assign restarts = restart_valid_i && restart_ready_o;

  // Whether the window has been begun.
  always_comb begin
    is_open_d = is_open_q;
    if (restarts) is_open_d = 1'b1;
    if (job_start_i) is_open_d = job_i.restart == sa_job_pkg::RestartNever;
    if (flush_i) is_open_d = 1'b0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) is_open_q <= 1'b0;
    else is_open_q <= is_open_d;
  end

  assign reach = 32'(job_i.segment_words) < Words ? job_i.segment_words : index_t'(Words);
  assign segment_end = low_i + reach;
  assign limit = segment_end < index_t'(job_i.map_words) ? segment_end : job_i.map_words;

  ////////////////////////////////
  // Ports                      //
  ////////////////////////////////

  // By port: the next word to be asked for, and the next one to come.
  index_t [Ports-1:0] asked_d, asked_q, come_d, come_q;
  logic [Ports-1:0] valid_d, valid_q, is_quiet;

  // The first word from `start` on that goes through `port`.
  function automatic index_t first_of(index_t start, index_t port);
    return start + (port - start) % index_t'(Ports);
  endfunction

  for (genvar q = 0; q < Ports; q++) begin : gen_port
    logic is_taken;

    assign is_taken = valid_q[q] && read_ready_i[q];
    assign is_quiet[q] = !valid_q[q] && asked_q[q] == come_q[q];

    always_comb begin
      asked_d[q] = asked_q[q];
      come_d[q]  = come_q[q];
      if (is_taken) asked_d[q] = asked_q[q] + index_t'(Ports);
      if (rvalid_i[q]) come_d[q] = come_q[q] + index_t'(Ports);
      // What is shown stays until it is taken. Who waits for a restart lets nothing new be shown.
      valid_d[q] = valid_q[q] && !is_taken ||
          is_open_q && !restart_valid_i && asked_d[q] < limit;
      if (restarts) begin
        asked_d[q] = first_of(restart_lin_i, index_t'(q));
        come_d[q]  = first_of(restart_lin_i, index_t'(q));
      end
      if (job_start_i || flush_i) begin
        asked_d[q] = index_t'(q);
        come_d[q]  = index_t'(q);
        valid_d[q] = 1'b0;
      end
    end

    assign read_address_o[q] = job_i.input_address + {6'b0, asked_q[q], 2'b0};
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= '0;
      for (int unsigned q = 0; q < Ports; q++) begin
        asked_q[q] <= index_t'(q);
        come_q[q]  <= index_t'(q);
      end
    end else begin
      valid_q <= valid_d;
      asked_q <= asked_d;
      come_q  <= come_d;
    end
  end

  assign read_valid_o = valid_q;
  assign restart_ready_o = &is_quiet;

  index_t filled;

  always_comb begin
    filled = come_q[0];
    for (int unsigned q = 1; q < Ports; q++) if (come_q[q] < filled) filled = come_q[q];
  end

  assign filled_o = filled;

  ////////////////////////////////
  // Banks and rotation         //
  ////////////////////////////////

  // Where a word lies: row and bank.
  localparam int unsigned PlaceWidth = RowWidth + BankWidth;

  logic [PlaceWidth-1:0] first;
  logic [BankWidth-1:0] first_bank_q;
  logic [31:0] word[Banks];

  assign first = read_lin_i[PlaceWidth-1:0];

  logic unused_lin;
  assign unused_lin = ^read_lin_i[LinWidth-1:PlaceWidth];

  for (genvar b = 0; b < Banks; b++) begin : gen_bank
    // All that goes through one port comes to this bank.
    localparam int unsigned Port = b % Ports;

    logic [31:0] words_q[Rows], read_q;
    logic write;
    logic [RowWidth-1:0] write_row, read_row;

    assign write = rvalid_i[Port] && come_q[Port][BankWidth-1:0] == BankWidth'(b);
    assign write_row = come_q[Port][BankWidth+:RowWidth];
    // The first place in this bank from the first word's on: banks before that one have a later row.
    assign read_row = RowWidth'((first + PlaceWidth'(Banks - 1 - b)) >> BankWidth);

    always_ff @(posedge clk_i) begin
      if (write) words_q[write_row] <= rdata_i[Port];
      if (read_i) read_q <= words_q[read_row];
    end

    assign word[b] = read_q;
  end

  always_ff @(posedge clk_i) begin
    if (read_i) first_bank_q <= first[BankWidth-1:0];
  end

  always_comb begin
    for (int unsigned i = 0; i < Size; i++) data_o[i] = word[first_bank_q+BankWidth'(i)];
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

  LowStaysOrRises :
  assert property (is_open_q && !restart_valid_i && !job_start_i && !flush_i |=>
                   job_start_i || restart_valid_i || flush_i || low_i >= $past(low_i))
  else $error("low_i fell within a window");

  LowIsNotNegative :
  assert property (is_open_q |-> low_i >= 0)
  else $error("low_i is negative");

  RestartIsWithinTheMap :
  assert property (restarts |-> restart_lin_i >= 0 && restart_lin_i <= job_i.map_words)
  else $error("a restart outside of the map");

  JobStartsWhenNothingIsUnderWay :
  assert property (job_start_i |-> &is_quiet)
  else $error("a job began while words of the one before were still read");

  for (genvar q = 0; q < Ports; q++) begin : gen_port_assertions
    AnswersWereAskedFor :
    assert property (rvalid_i[q] |-> asked_q[q] != come_q[q])
    else $error("a word came that was not asked for");
  end

endmodule
