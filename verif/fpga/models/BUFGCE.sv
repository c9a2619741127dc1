// An FPGA's clock buffer with an enable (UG572): `CE` counts while `I` is low, so that the output has no
// short pulse.
module BUFGCE (
    input  logic I,
    input  logic CE,
    output logic O
);

  logic enabled;

  always_latch begin
    if (!I) enabled = CE;
  end

  assign O = I && enabled;

endmodule
