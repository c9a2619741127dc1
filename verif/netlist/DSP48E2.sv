// A DSP of UltraScale+ as Yosys uses it for this RTL: a multiplier of 27 x 18 bits without registers (UG579,
// "multiplier"; parameters and modes are those of Yosys' xcu_dsp_map.v). Yosys has no model of it.
//
// The one thing a reader would get wrong: this is no model of the whole cell. Any other use of it is
// refused: a parameter or a port that is not here by the simulator, a value of one that is here by $fatal.
module DSP48E2 #(
    parameter int unsigned ACASCREG      = 1,
    parameter int unsigned ADREG         = 1,
    parameter int unsigned ALUMODEREG    = 1,
    parameter string       AMULTSEL      = "A",
    parameter int unsigned AREG          = 1,
    parameter string       A_INPUT       = "DIRECT",
    parameter int unsigned BCASCREG      = 1,
    parameter string       BMULTSEL      = "B",
    parameter int unsigned BREG          = 1,
    parameter string       B_INPUT       = "DIRECT",
    parameter int unsigned CARRYINREG    = 1,
    parameter int unsigned CARRYINSELREG = 1,
    parameter int unsigned CREG          = 1,
    parameter int unsigned DREG          = 1,
    parameter int unsigned INMODEREG     = 1,
    parameter int unsigned MREG          = 1,
    parameter int unsigned OPMODEREG     = 1,
    parameter int unsigned PREG          = 1,
    parameter string       USE_MULT      = "MULTIPLY",
    parameter string       USE_SIMD      = "ONE48"
) (
    input  logic signed [29:0] A,
    input  logic signed [17:0] B,
    input  logic        [47:0] C,
    input  logic        [26:0] D,
    output logic signed [47:0] P,

    input logic [4:0] INMODE,
    input logic [3:0] ALUMODE,
    input logic [8:0] OPMODE,
    input logic [2:0] CARRYINSEL,
    input logic       CARRYIN,

    input logic [29:0] ACIN,
    input logic [17:0] BCIN,
    input logic [47:0] PCIN
);

  localparam int unsigned Registers = ACASCREG + ADREG + ALUMODEREG + AREG + BCASCREG + BREG +
      CARRYINREG + CARRYINSELREG + CREG + DREG + INMODEREG + MREG + OPMODEREG + PREG;
  localparam logic [8:0] Multiply = 9'b0_0000_0101;

  if (Registers != 0 || AMULTSEL != "A" || A_INPUT != "DIRECT" || BMULTSEL != "B" ||
      B_INPUT != "DIRECT" || USE_MULT != "MULTIPLY" || USE_SIMD != "ONE48") begin : gen_other_use
    $fatal(1, "a DSP48E2 that does more than to multiply has no model");
  end

  always_comb begin
    if (OPMODE != Multiply || {INMODE, ALUMODE, CARRYINSEL, CARRYIN} != '0) begin
      $fatal(1, "a DSP48E2 that does not multiply has no model");
    end
  end

  assign P = 48'($signed(A[26:0])) * 48'(B);

  logic unused_inputs;
  assign unused_inputs = ^{A[29:27], C, D, ACIN, BCIN, PCIN};

endmodule
