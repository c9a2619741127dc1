// Address decoder of one bus manager: which subordinate answers, and at which address inside it.
//
// Subordinates are numbered as in `heepstor_soc`: the RAM banks first, then the peripherals, then
// those that answer for no one. Not every manager may reach every peripheral: a register has side
// effects, and a prefetcher or a job that strays into one must not cause them.

module soc_decoder #(
  parameter int unsigned Subordinates          = 5,
  parameter int unsigned Nobody                = 4,     // answers for no one's addresses
  parameter int unsigned Banks                 = 2,
  parameter int unsigned InterleavedBanks      = 0,
  parameter int unsigned BankBytes             = 8192,
  parameter logic [31:0] RamBase               = '0,
  parameter int unsigned Peripherals           = 1,
  parameter int unsigned PeripheralWindowWidth = 16,    // log2 of the bytes of a window
  // Base addresses, aligned to the window.
  parameter logic [Peripherals-1:0][31:0] PeripheralBase = '0,
  parameter bit   [Peripherals-1:0]       Reach          = '1,  // those that this manager may reach
  localparam int unsigned TargetWidth = $clog2(Subordinates)
) (
  input  logic [31:0]            addr_i,
  output logic [TargetWidth-1:0] target_o,
  output logic [31:0]            addr_o     // byte offset inside a bank; unchanged for all others
);

  logic [31:0] offset;
  int unsigned bank, row;

  assign offset = addr_i - RamBase;
  assign bank   = soc_pkg::ram_bank(offset, Banks, InterleavedBanks, BankBytes);
  assign row    = soc_pkg::ram_row(offset, Banks, InterleavedBanks, BankBytes);

  always_comb begin
    target_o = TargetWidth'(Nobody);
    addr_o   = addr_i;
    if (offset < Banks * BankBytes) begin
      target_o = TargetWidth'(bank);
      addr_o   = {row[29:0], addr_i[1:0]};
    end else begin
      for (int unsigned p = 0; p < Peripherals; p++) begin
        if (Reach[p] &&
            addr_i[31:PeripheralWindowWidth] == PeripheralBase[p][31:PeripheralWindowWidth]) begin
          target_o = TargetWidth'(Banks + p);
        end
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{row[31:30], bank[31:TargetWidth]};

endmodule
