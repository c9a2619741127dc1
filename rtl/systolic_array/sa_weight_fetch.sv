// Reads the weights of a job as a stream of words, as often as it is told to, and the scales and biases
// behind them once.
//
// Word i comes through port i % Ports. What a port answers waits in a FIFO of its own, and words leave in
// beats of one word a port. A port asks for a word only if the FIFO has room for it, and FifoDepth covers
// the cycles from the request to the departure, so that a word may leave each cycle.
//
// Scales and biases take port 0 as soon as it has nothing else to do: at the latest when all weights have
// come, and sooner when nobody takes them. The one thing a reader would get wrong: they must not wait for
// the end of the pass. Blocks are drained with them during the pass, and no weights are taken while both
// halves of the accumulators wait to be drained.
//
//   cycle                     0           1           2          3
//   read_valid_o, ready_i  < word 0 >  < word 1 >
//   rvalid_i (earliest)                           < word 0 >  < word 1 >
//   beat_valid_o (Ports = 1)                                  < word 0 >
module sa_weight_fetch #(
    parameter  int unsigned Ports      = 1,
    localparam int unsigned CountWidth = sa_pkg::index_width(Ports + 1)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic flush_i,

    input logic             job_start_i,  // with the first start_i of a job
    input logic             start_i,      // reads all weights; not before done_o
    input sa_job_pkg::job_t job_i,

    output logic done_o,  // all weights that were asked for by start_i have left
    output logic idle_o,  // and so have scales and biases

    output logic                         beat_valid_o,
    input  logic                         beat_ready_i,
    output logic [CountWidth-1:0]        beat_words_o,  // the last beat may have fewer than Ports
    output logic [     Ports-1:0][31:0] beat_data_o,

    output logic        param_valid_o,
    output logic [31:0] param_data_o,

    output logic [Ports-1:0]       read_valid_o,
    input  logic [Ports-1:0]       read_ready_i,
    output logic [Ports-1:0][31:0] read_address_o,
    input  logic [Ports-1:0]       rvalid_i,
    input  logic [Ports-1:0][31:0] rdata_i
);

  // A word that is always taken at once holds its place for four cycles (asked for, on the bus, answered,
  // in the FIFO); the rest is for memory that answers late, as many as a port may have outstanding.
  localparam int unsigned FifoDepth = 4 + sa_job_pkg::MaxOutstanding;
  localparam int unsigned PortShift = $clog2(Ports);

  typedef sa_job_pkg::lin_t lin_t;
  typedef logic [$clog2(FifoDepth):0] fill_t;  // 0 to FifoDepth

  // What other units need of a job.
  logic unused_job;
  assign unused_job = ^job_i;

  ////////////////////////////////
  // Scales and biases          //
  ////////////////////////////////

  logic port_0_is_free;
  logic params_d, params_q;  // port 0 is theirs
  logic [16:0] params_to_ask_d, params_to_ask_q, params_to_come_d, params_to_come_q;
  logic [31:0] param_address_d, param_address_q;
  logic param_asked;

  assign param_asked = params_q && params_to_ask_q != '0 && read_ready_i[0];
  assign param_valid_o = params_q && rvalid_i[0];
  assign param_data_o = rdata_i[0];

  // They have the port until the last of them has come: answers carry no name.
  always_comb begin
    params_to_ask_d = params_to_ask_q - 17'(param_asked);
    params_to_come_d = params_to_come_q - 17'(param_valid_o);
    param_address_d = param_asked ? param_address_q + 32'd4 : param_address_q;
    params_d = params_to_come_d != '0 && (params_q || port_0_is_free);
    if (job_start_i) begin
      params_to_ask_d  = {job_i.columns, 1'b0};
      params_to_come_d = {job_i.columns, 1'b0};
      param_address_d  = job_i.weights_address + {6'd0, job_i.weight_words, 2'b00};
    end
    if (flush_i) begin
      params_d = 1'b0;
      params_to_come_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      params_q <= 1'b0;
      params_to_come_q <= '0;
    end else begin
      params_q <= params_d;
      params_to_come_q <= params_to_come_d;
    end
  end

  always_ff @(posedge clk_i) begin
    params_to_ask_q <= params_to_ask_d;
    param_address_q <= param_address_d;
  end

  ////////////////////////////////
  // Weights of each port       //
  ////////////////////////////////

  logic [Ports-1:0] filled, pop;

  for (genvar q = 0; q < Ports; q++) begin : gen_port
    lin_t to_ask_d, to_ask_q;
    logic [31:0] address_d, address_q;
    fill_t held, to_come_d, to_come_q;
    logic is_lent, asks, asked, came, unused_ready;

    if (q == 0) begin : gen_shared
      assign port_0_is_free = !asks && to_come_q == '0;
      assign is_lent = params_q;
      assign read_valid_o[q] = params_q ? params_to_ask_q != '0 : asks;
      assign read_address_o[q] = params_q ? param_address_q : address_q;
    end else begin : gen_own
      assign is_lent = 1'b0;
      assign read_valid_o[q] = asks;
      assign read_address_o[q] = address_q;
    end

    assign asks  = to_ask_q != '0 && held + to_come_q != fill_t'(FifoDepth);
    assign asked = asks && read_ready_i[q] && !is_lent;
    assign came  = rvalid_i[q] && !is_lent;

    always_comb begin
      to_ask_d  = to_ask_q - lin_t'(asked);
      address_d = asked ? address_q + 32'(4 * Ports) : address_q;
      to_come_d = to_come_q + fill_t'(asked) - fill_t'(came);
      if (start_i) begin
        to_ask_d  = (job_i.weight_words + lin_t'(Ports - 1 - q)) >> PortShift;
        address_d = job_i.weights_address + 32'(4 * q);
      end
      if (flush_i) begin
        to_ask_d  = '0;
        to_come_d = '0;
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        to_ask_q  <= '0;
        to_come_q <= '0;
      end else begin
        to_ask_q  <= to_ask_d;
        to_come_q <= to_come_d;
      end
    end

    always_ff @(posedge clk_i) address_q <= address_d;

    fifo #(
        .Width(32),
        .Depth(FifoDepth)
    ) u_words (
        .clk_i,
        .rst_ni,
        .flush_i,
        .push_valid_i(came),
        .push_ready_o(unused_ready),
        .push_data_i (rdata_i[q]),
        .pop_valid_o (filled[q]),
        .pop_ready_i (pop[q]),
        .pop_data_o  (beat_data_o[q]),
        .count_o     (held)
    );
  end

  ////////////////////////////////
  // Beats                      //
  ////////////////////////////////

  lin_t to_give_d, to_give_q;
  logic [Ports-1:0] in_beat;
  logic given;

  always_comb begin
    for (int unsigned q = 0; q < Ports; q++) in_beat[q] = to_give_q > lin_t'(q);
  end

  assign beat_valid_o = in_beat[0] && (in_beat & ~filled) == '0;
  assign beat_words_o = in_beat[Ports-1] ? CountWidth'(Ports) : CountWidth'(to_give_q);
  assign given = beat_valid_o && beat_ready_i;
  assign pop = given ? in_beat : '0;

  always_comb begin
    to_give_d = to_give_q;
    if (given) to_give_d = to_give_q - lin_t'(beat_words_o);
    if (start_i) to_give_d = job_i.weight_words;
    if (flush_i) to_give_d = '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) to_give_q <= '0;
    else to_give_q <= to_give_d;
  end

  assign done_o = to_give_q == '0;
  assign idle_o = done_o && params_to_come_q == '0;

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

  StreamsDoNotOverlap :
  assert property (start_i |-> done_o)
  else $error("weights are to be read again before all of them have been given");

  for (genvar q = 0; q < Ports; q++) begin : gen_assert
    RequestWaitsUnchanged :
    assert property (read_valid_o[q] && !read_ready_i[q] && !flush_i |=>
                     read_valid_o[q] && $stable(read_address_o[q]))
    else $error("a request was changed or withdrawn while it waited");
  end

endmodule
