// Each form of assertion that the RTL uses, twice: `...Planted` is violated and must be reported, and
// `...Kept` holds and must not be. `...Deaf` is violated too, but this Verilator never reports it: these
// forms are refused in RTL, see test_forms.py.
module forms (
  input logic clk_i,
  input logic rst_ni
);

  logic [7:0] cycle_q;  // 0 in the cycle after reset
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cycle_q     <= '0;
      was_reset_q <= 1'b0;
    end else begin
      cycle_q     <= cycle_q + 1;
      was_reset_q <= 1'b1;
    end
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  InvariantPlanted :
  assert property (cycle_q != 6);
  InvariantKept :
  assert property (cycle_q != 255);

  ImplicationPlanted :
  assert property (cycle_q == 4 |-> cycle_q[0]);
  ImplicationKept :
  assert property (cycle_q == 4 |-> cycle_q[2]);

  NextCyclePlanted :
  assert property (cycle_q == 4 |=> cycle_q == 6);
  NextCycleKept :
  assert property (cycle_q == 4 |=> cycle_q == 5);

  DisablePlanted :
  assert property (disable iff (cycle_q >= 8) cycle_q < 6);
  DisableKept :
  assert property (disable iff (cycle_q >= 8) cycle_q < 8);

  StablePlanted :
  assert property (cycle_q == 4 |=> $stable(cycle_q));
  StableKept :
  assert property (cycle_q == 4 |=> $stable(cycle_q[7:1]));

  PastPlanted :
  assert property (cycle_q == 6 |-> $past(cycle_q, 2) == 5);
  PastKept :
  assert property (cycle_q == 6 |-> $past(cycle_q, 2) == 4);

  CountonesPlanted :
  assert property ($countones(cycle_q) < 2);
  CountonesKept :
  assert property ($countones(cycle_q) < 8);

  OnehotPlanted :
  assert property ($onehot(cycle_q));
  OnehotKept :
  assert property ($onehot({cycle_q[0], !cycle_q[0]}));

  Onehot0Planted :
  assert property ($onehot0(cycle_q));
  Onehot0Kept :
  assert property ($onehot0({cycle_q[0], 1'b0}));

  RangeDelayInAntecedentDeaf :
  assert property (cycle_q == 4 ##[1:2] cycle_q == 5 |-> cycle_q == 9);

  FirstMatchDeaf :
  assert property (first_match (cycle_q == 4 ##[1:2] cycle_q == 5) |-> cycle_q == 9);

  SequenceOrDeaf :
  assert property (cycle_q == 4 |-> (##1 cycle_q == 9) or(##2 cycle_q == 9));

  SequenceOrTwoDeaf :
  assert property (cycle_q == 4 |->
                   (cycle_q == 4 ##1 cycle_q == 9) or (cycle_q == 4 ##2 cycle_q == 9));

  GotoRepetitionDeaf :
  assert property (cycle_q == 4 |-> cycle_q == 5 [-> 1] ##1 cycle_q == 9);

endmodule
