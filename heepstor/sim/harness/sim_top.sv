// The SoC with a back door for the simulator: memory, program counter and interrupt enables are
// looked into from C++ (`main.cpp`), at no cost to the simulation while nobody looks.

module sim_top (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        uart_rx_i,
  output logic        uart_tx_o,
  output logic        exit_valid_o,
  output logic [31:0] exit_value_o,
  output logic        marker_valid_o,
  output logic [31:0] marker_o,
  output logic        sleeping_o
);

  import heepstor_cfg_pkg::MemoryBankBytes;
  import heepstor_cfg_pkg::MemoryBanks;
  import heepstor_cfg_pkg::MemoryInterleavedBanks;

  logic jtag_tck, jtag_tms, jtag_tdi, jtag_tdo;

  heepstor_soc u_soc (
    .clk_i,
    .rst_ni,
    .jtag_tck_i(jtag_tck),
    .jtag_tms_i(jtag_tms),
    .jtag_tdi_i(jtag_tdi),
    .jtag_tdo_o(jtag_tdo),
    .uart_rx_i,
    .uart_tx_o,
    .exit_valid_o,
    .exit_value_o,
    .marker_valid_o,
    .marker_o,
    .sleeping_o
  );

  // JTAG: functions instead of ports, whose logic would be evaluated in every cycle.
  export "DPI-C" function sim_set_jtag;
  function automatic void sim_set_jtag(int unsigned tck, int unsigned tms, int unsigned tdi);
    jtag_tck = tck[0];
    jtag_tms = tms[0];
    jtag_tdi = tdi[0];
  endfunction

  export "DPI-C" function sim_tdo;
  function automatic int unsigned sim_tdo();
    return 32'(jtag_tdo);
  endfunction

  // Whether a debugger has halted the CPU.
  export "DPI-C" function sim_halted;
  function automatic int unsigned sim_halted();
    return 32'(u_soc.u_debug.halted_o);
  endfunction

  // Address of the instruction in the decode stage.
  export "DPI-C" function sim_program_counter;
  function automatic int unsigned sim_program_counter();
    return u_cpu.program_counter();
  endfunction

  // Interrupts that may wake the CPU.
  export "DPI-C" function sim_enabled_interrupts;
  function automatic int unsigned sim_enabled_interrupts();
    return u_cpu.enabled_interrupts();
  endfunction

  sim_cpu u_cpu ();

  // What the CPU does in this cycle: whether an instruction leaves the decode stage, never to be taken
  // back, its address, the one behind it, and itself, not compressed; whether a trap is taken.
  export "DPI-C" function sim_cpu_step;
  function automatic void sim_cpu_step(
    output bit retires, output int unsigned pc, output int unsigned next_pc,
    output int unsigned instruction, output bit traps
  );
    retires = u_cpu.retires();
    pc = u_cpu.program_counter();
    next_pc = u_cpu.next_program_counter();
    instruction = u_cpu.instruction();
    traps = u_cpu.traps();
  endfunction

  // Where a byte of RAM lies.
  export "DPI-C" function sim_ram_bank;
  function automatic int unsigned sim_ram_bank(int unsigned offset);
    return soc_pkg::ram_bank(offset, MemoryBanks, MemoryInterleavedBanks, MemoryBankBytes);
  endfunction

  export "DPI-C" function sim_ram_row;
  function automatic int unsigned sim_ram_row(int unsigned offset);
    return soc_pkg::ram_row(offset, MemoryBanks, MemoryInterleavedBanks, MemoryBankBytes);
  endfunction

  for (genvar b = 0; b < MemoryBanks; b++) begin : gen_banks
    sim_backdoor #(
      .Bank(b),
      .Rows(MemoryBankBytes / 4)
    ) u_backdoor ();
  end

endmodule
