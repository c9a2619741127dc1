// fifo, seen from one word on its way through, which may be any.
module fifo_formal #(
  parameter  int unsigned Width      = 3,
  parameter  int unsigned Depth      = 4,
  localparam int unsigned CountWidth = $clog2(Depth) + 1
) (
  input logic clk_i,
  input logic rst_ni,

  input logic             mark_i,  // follow the word that comes in this cycle
  input logic             flush_i,
  input logic             push_valid_i,
  input logic [Width-1:0] push_data_i,
  input logic             pop_ready_i,

  output logic record_and_module_agree_o,
  output logic count_is_of_the_words_that_stay_o,
  output logic word_is_taken_unless_full_and_shown_unless_empty_o,
  output logic word_comes_out_after_those_before_it_o
);

  logic push_ready, pop_valid, push, pop;
  logic [Width-1:0] pop_data;
  logic [CountWidth-1:0] count;

  fifo #(
    .Width(Width),
    .Depth(Depth)
  ) u_dut (
    .clk_i,
    .rst_ni,
    .flush_i,
    .push_valid_i,
    .push_ready_o(push_ready),
    .push_data_i,
    .pop_valid_o(pop_valid),
    .pop_ready_i,
    .pop_data_o(pop_data),
    .count_o(count)
  );

  assign push = push_valid_i && push_ready;
  assign pop = pop_valid && pop_ready_i;

  // Words that are held; of those, how many leave before the word that is followed.
  logic [CountWidth-1:0] held_q, before_q;
  logic follows_q;
  logic [Width-1:0] word_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_q <= '0;
      follows_q <= 1'b0;
    end else if (flush_i) begin
      held_q <= '0;
      follows_q <= 1'b0;
    end else begin
      held_q <= held_q + CountWidth'(push) - CountWidth'(pop);
      if (!follows_q) follows_q <= push && mark_i;
      else if (pop && before_q == '0) follows_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!follows_q) begin
      before_q <= held_q - CountWidth'(pop);
      word_q   <= push_data_i;
    end else begin
      before_q <= before_q - CountWidth'(pop);
    end
  end

  logic [CountWidth-1:0] place;
  assign place = u_dut.popped_q + before_q;

  assign record_and_module_agree_o = !follows_q ||
      (before_q < held_q && u_dut.words_q[place[CountWidth-2:0]] == word_q);
  assign count_is_of_the_words_that_stay_o = count == held_q && held_q <= CountWidth'(Depth);
  assign word_is_taken_unless_full_and_shown_unless_empty_o =
      push_ready == (held_q < CountWidth'(Depth)) && pop_valid == (held_q != '0);
  assign word_comes_out_after_those_before_it_o =
      !follows_q || before_q != '0 || (pop_valid && pop_data == word_q);

endmodule
