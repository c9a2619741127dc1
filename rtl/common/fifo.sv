// A queue of Depth words, a power of two; the oldest one is shown from the cycle after it came.
//
// The one thing a reader would get wrong: a full queue takes no word, not even while one leaves: neither
// side's ready depends on the other side, so that queues cut paths.
//
//   cycle                      0            1            2
//   push_valid_i, push_ready_o ____/~~~~~~~~~~~~\______________________
//   push_data_i                ----<     w      >----------------------
//   pop_valid_o                _________________/~~~~~~~~~~~~\_________
//   pop_data_o                 -----------------<     w      >---------   until pop_ready_i
//   pop_ready_i                ------------------____/~~~~~~~\_________
module fifo #(
    parameter  int unsigned Width      = 32,
    parameter  int unsigned Depth      = 4,
    localparam int unsigned CountWidth = $clog2(Depth) + 1
) (
    input logic clk_i,
    input logic rst_ni,

    input logic flush_i,  // empties it, whatever comes in this cycle included

    input  logic             push_valid_i,
    output logic             push_ready_o,
    input  logic [Width-1:0] push_data_i,

    output logic             pop_valid_o,
    input  logic             pop_ready_i,
    output logic [Width-1:0] pop_data_o,

    output logic [CountWidth-1:0] count_o
);

  logic [Width-1:0] words_q[Depth];
  // Words that came, and that left, modulo twice the depth: a full queue is then no empty one.
  logic [CountWidth-1:0] pushed_d, pushed_q, popped_d, popped_q;
  logic push;

  assign count_o = pushed_q - popped_q;
  assign push_ready_o = count_o != CountWidth'(Depth);
  assign pop_valid_o = count_o != '0;
  assign pop_data_o = words_q[popped_q[CountWidth-2:0]];

  assign push = push_valid_i && push_ready_o;

  always_comb begin
    pushed_d = pushed_q + CountWidth'(push);
    popped_d = popped_q + CountWidth'(pop_valid_o && pop_ready_i);
    if (flush_i) begin
      pushed_d = '0;
      popped_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pushed_q <= '0;
      popped_q <= '0;
    end else begin
      pushed_q <= pushed_d;
      popped_q <= popped_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) words_q[pushed_q[CountWidth-2:0]] <= push_data_i;
  end

endmodule
