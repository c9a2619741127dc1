// An UltraScale+ MMCM with one output (UG572). It measures its input, and refuses settings or an input
// that the data sheet does not allow. Until it locks, after `LockCycles` of its input, its output is
// what a real one's may be: a clock that is too fast. Time is in picoseconds.
module MMCME4_BASE #(
    parameter real         CLKIN1_PERIOD    = 0.0,  // ns
    parameter int unsigned DIVCLK_DIVIDE    = 1,
    parameter real         CLKFBOUT_MULT_F  = 5.0,
    parameter real         CLKOUT0_DIVIDE_F = 1.0
) (
    input  logic CLKIN1,
    input  logic CLKFBIN,
    input  logic PWRDWN,
    input  logic RST,
    output logic CLKFBOUT,
    output logic CLKFBOUTB,
    output logic CLKOUT0,
    output logic CLKOUT0B,
    output logic CLKOUT1,
    output logic CLKOUT1B,
    output logic CLKOUT2,
    output logic CLKOUT2B,
    output logic CLKOUT3,
    output logic CLKOUT3B,
    output logic CLKOUT4,
    output logic CLKOUT5,
    output logic CLKOUT6,
    output logic LOCKED
);

  localparam int unsigned LockCycles = 100;
  localparam real InputPs = CLKIN1_PERIOD * 1000.0;
  localparam real OscillatorPs = InputPs * real'(DIVCLK_DIVIDE) / CLKFBOUT_MULT_F;
  localparam real DetectorMHz = 1.0e6 / (InputPs * real'(DIVCLK_DIVIDE));
  localparam real OscillatorMHz = 1.0e6 / OscillatorPs;
  localparam real OutputPs = OscillatorPs * CLKOUT0_DIVIDE_F;
  localparam real TooFast = 4.0;

  if (DetectorMHz < 10.0 || DetectorMHz > 500.0) begin : gen_detector
    $fatal(1, "the phase detector gets %f MHz", DetectorMHz);
  end
  if (OscillatorMHz < 800.0 || OscillatorMHz > 1600.0) begin : gen_oscillator
    $fatal(1, "the oscillator runs at %f MHz", OscillatorMHz);
  end

  int unsigned cycles;  // of the input, since all is well
  realtime last_edge;

  always_ff @(posedge CLKIN1) begin
    if (cycles != 0 && abs($realtime - last_edge - InputPs) > 1.0) begin
      $fatal(1, "a period of the input is %f ps, not %f", $realtime - last_edge, InputPs);
    end
    last_edge <= $realtime;
    cycles    <= (PWRDWN || RST || CLKFBIN != CLKFBOUT) ? 0 : cycles + 1;
  end

  function automatic real abs(real value);
    return value < 0.0 ? -value : value;
  endfunction

  assign LOCKED = cycles >= LockCycles;

  initial begin
    CLKOUT0 = 0;
    wait (CLKIN1);
    forever begin
      if (LOCKED) #(OutputPs / 2.0);
      else        #(OutputPs / 2.0 / TooFast);
      CLKOUT0 = !CLKOUT0;
    end
  end

  assign CLKFBOUT = CLKIN1;
  assign CLKFBOUTB = !CLKFBOUT;
  assign CLKOUT0B = !CLKOUT0;
  assign {CLKOUT1, CLKOUT2, CLKOUT3, CLKOUT4, CLKOUT5, CLKOUT6} = '0;
  assign {CLKOUT1B, CLKOUT2B, CLKOUT3B} = '1;

endmodule
