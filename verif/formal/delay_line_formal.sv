// delay_line against words that count the cycles since they came in.
module delay_line_formal #(
  parameter int unsigned Width = 4,
  parameter int unsigned Depth = 3
) (
  input logic clk_i,
  input logic rst_ni,

  input logic             mark_i,  // keep this cycle's word
  input logic [Width-1:0] data_i,

  output logic word_comes_out_after_depth_cycles_o
);

  logic [Width-1:0] data;

  delay_line #(
    .Width(Width),
    .Depth(Depth)
  ) u_dut (
    .clk_i,
    .data_i,
    .data_o(data)
  );

  // Cycles since the word that is kept came in, no more than Depth + 1.
  int unsigned age_d, age_q;
  logic [Width-1:0] word_d, word_q;

  always_comb begin
    age_d  = age_q > Depth ? age_q : age_q + 1;
    word_d = word_q;
    if (mark_i && age_q > Depth) begin
      age_d  = 0;
      word_d = data_i;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) age_q <= Depth + 1;
    else age_q <= age_d;
  end

  always_ff @(posedge clk_i) word_q <= word_d;

  // In the cycle of age_d cycles.
  assign word_comes_out_after_depth_cycles_o = !(age_d == Depth && rst_ni) || data == word_d;

endmodule
