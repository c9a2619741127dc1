// What the simulator looks up inside the CPU: the same for each of them, at no cost while nobody asks.

module sim_cpu;

  // Address of the instruction in the decode stage.
  function automatic logic [31:0] program_counter();
    return sim_top.u_soc.u_cpu.u_cpu.core_i.pc_id;
  endfunction

  // Not 0 if there are interrupts that may wake the CPU.
  function automatic logic [31:0] enabled_interrupts();
    return sim_top.u_soc.u_cpu.u_cpu.core_i.mie_bypass;
  endfunction

  // Whether the instruction in the decode stage leaves it in this cycle, never to be taken back.
  function automatic bit retires();
    return sim_top.u_soc.u_cpu.u_cpu.core_i.id_stage_i.minstret;
  endfunction

  // That instruction, not compressed.
  function automatic logic [31:0] instruction();
    return sim_top.u_soc.u_cpu.u_cpu.core_i.instr_rdata_id;
  endfunction

  // Address of the one behind it.
  function automatic logic [31:0] next_program_counter();
    return program_counter() + (sim_top.u_soc.u_cpu.u_cpu.core_i.is_compressed_id ? 2 : 4);
  endfunction

  // Whether an exception, an interrupt or the debugger takes over in this cycle.
  function automatic bit traps();
    return sim_top.u_soc.u_cpu.u_cpu.core_i.csr_save_cause;
  endfunction

endmodule
