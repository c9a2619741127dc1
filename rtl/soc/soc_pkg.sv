// Types and the address arithmetic of the RAM, shared by the SoC and by whoever looks into its
// memory.

package soc_pkg;

  // A refused access, as the block that refused it tells SoC control. `valid` is high for one
  // cycle.
  typedef struct packed {
    logic        valid;
    logic        write;
    logic        fetch;
    logic [31:0] address;
  } bus_error_t;

  // The last `interleaved` banks (0 or a power of two) hold consecutive words in consecutive banks;
  // every other bank holds consecutive words itself. `bank_bytes` is a power of two.

  function automatic int unsigned ram_bank(logic [31:0] offset, int unsigned banks,
                                           int unsigned interleaved, int unsigned bank_bytes);
    logic [31:0] linear;
    linear = offset / bank_bytes;
    if (interleaved == 0 || linear < banks - interleaved) return linear;
    return (banks - interleaved) + ((offset / 4) % interleaved);
  endfunction

  // Index of the word inside its bank.
  function automatic int unsigned ram_row(logic [31:0] offset, int unsigned banks,
                                          int unsigned interleaved, int unsigned bank_bytes);
    logic [31:0] start;  // of the interleaved banks
    start = (banks - interleaved) * bank_bytes;
    if (interleaved == 0 || offset < start) return (offset % bank_bytes) / 4;
    return ((offset - start) / 4) / interleaved;
  endfunction

endpackage
