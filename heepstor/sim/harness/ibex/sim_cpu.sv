// What the simulator looks up inside the CPU: the same for each of them, at no cost while nobody asks.

module sim_cpu;

  // Address of the instruction in the decode stage.
  function automatic logic [31:0] program_counter();
    return sim_top.u_soc.u_cpu.u_ibex_core.pc_id;
  endfunction

  // Not 0 if there are interrupts that may wake the CPU. In an order of Ibex's own.
  function automatic logic [31:0] enabled_interrupts();
    return 32'(sim_top.u_soc.u_cpu.u_ibex_core.cs_registers_i.mie_q);
  endfunction

  // Whether the instruction in the decode stage leaves it in this cycle, never to be taken back.
  function automatic bit retires();
    return sim_top.u_soc.u_cpu.u_ibex_core.instr_id_done;
  endfunction

  // That instruction, not compressed.
  function automatic logic [31:0] instruction();
    return sim_top.u_soc.u_cpu.u_ibex_core.instr_rdata_id;
  endfunction

  // Address of the one behind it.
  function automatic logic [31:0] next_program_counter();
    return program_counter() + (sim_top.u_soc.u_cpu.u_ibex_core.instr_is_compressed_id ? 2 : 4);
  endfunction

  // Whether an exception, an interrupt or the debugger takes over in this cycle.
  function automatic bit traps();
    return sim_top.u_soc.u_cpu.u_ibex_core.csr_save_cause;
  endfunction

endmodule
