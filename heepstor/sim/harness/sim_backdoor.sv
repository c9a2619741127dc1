// Back door into one bank of RAM: `main.cpp` calls these functions in the scope of the bank's
// instance. (A module of its own, because a function that a generate block exports has no scope.)

module sim_backdoor #(
  parameter int unsigned Bank = 0,
  parameter int unsigned Rows = 1
);

  localparam int unsigned RowWidth = $clog2(Rows);

  export "DPI-C" function sim_peek;
  function automatic int unsigned sim_peek(int unsigned row);
    return sim_top.u_soc.gen_banks[Bank].u_bank.mem[row[RowWidth-1:0]];
  endfunction

  export "DPI-C" function sim_poke;
  function automatic void sim_poke(int unsigned row, int unsigned data);
    sim_top.u_soc.gen_banks[Bank].u_bank.mem[row[RowWidth-1:0]] = data;
  endfunction

endmodule
