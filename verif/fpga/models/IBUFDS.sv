// An FPGA's differential input buffer, as long as its two pins are opposite.
module IBUFDS (
    input  logic I,
    input  logic IB,
    output logic O
);

  assign O = I && !IB;

endmodule
