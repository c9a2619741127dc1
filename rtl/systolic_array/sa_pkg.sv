// Constants of the systolic array: latencies, what follows from them, and binary32 patterns.
//
// The one thing a reader would get wrong: latencies are facts of the modules named beside them, stated
// here once so that the others can count on them; changing a number here does not change the pipeline.
package sa_pkg;

  // Cycles from operands to result; one operation may start every cycle.
  localparam int unsigned MulLatency = 1;  // sa_fp_mul
  localparam int unsigned AddLatency = 2;  // sa_fp_add
  localparam int unsigned Mul32Latency = 2;  // sa_fp_mul32
  localparam int unsigned EpilogueLatency = Mul32Latency + AddLatency;  // sa_epilogue
  // Cycles from a processing element to its neighbour on the right.
  localparam int unsigned HopLatency = 1;  // sa_pe

  localparam logic [31:0] CanonicalNan = 32'h7FC0_0000;
  localparam logic [30:0] Infinity = 31'h7F80_0000;

  // Bits of an index below `count`; never none.
  function automatic int unsigned index_width(int unsigned count);
    return count > 1 ? $clog2(count) : 1;
  endfunction

  // Cycles from a step's activations at sa_array's inputs to its sums at the outputs: down one column,
  // across to the last column.
  function automatic int unsigned step_latency(int unsigned size);
    return MulLatency + size * AddLatency + (size - 1) * HopLatency;
  endfunction

  // Cycles from a step's activations at sa_array's inputs to the cycle in which the processing element
  // at (row, column) uses its weight.
  function automatic int unsigned weight_use_age(int unsigned row, int unsigned column);
    return row * AddLatency + column * HopLatency;
  endfunction

endpackage
