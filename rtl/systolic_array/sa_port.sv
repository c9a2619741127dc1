// One memory port of the array: who is next, what is under way, and whose answer this is.
//
// Writes wait in a queue; reads of the three clients wait at the clients. What is next goes into the
// request on the bus, which is a register: it is free in a cycle in which it is empty or granted, so that
// an access a cycle is possible. Writes come first, then client 0, 1, 2: a result that waits holds back
// the whole array, weights are read once for many activations, descriptors are read ahead.
//
// The one thing a reader would get wrong: flush_i cannot take back what is on the bus. It forgets the
// writes that still wait and everybody's interest in answers; the port is idle once those have come. It
// accepts for the next user in the meantime: answers come in order, so that a count tells old from new.
//
//   cycle                          0          1          2
//   read_valid_i and read_ready_o  ____/~~~~~~~~~~\____________________
//   obi_req_o and obi_gnt_i        _______________/~~~~~~~~~~\_________
//   obi_rvalid_i, rvalid_o         __________________________/~~~~~~~~~   at the earliest
module sa_port #(
    localparam int unsigned Clients = 3
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic flush_i,
    output logic idle_o,   // nothing is on the bus, unanswered, or waiting to be written

    input  logic        write_valid_i,
    output logic        write_ready_o,
    input  logic [31:0] write_address_i,
    input  logic [31:0] write_data_i,

    // Clients: weights, activations, descriptor.
    input  logic [Clients-1:0]       read_valid_i,
    output logic [Clients-1:0]       read_ready_o,
    input  logic [Clients-1:0][31:0] read_address_i,
    output logic [Clients-1:0]       rvalid_o,
    output logic [       31:0]       rdata_o,

    output logic        error_o,         // this cycle's answer is an error, and given to nobody
    output logic [31:0] error_address_o,

    // Granted in this cycle.
    output logic word_read_o,
    output logic word_written_o,

    output logic        obi_req_o,
    input  logic        obi_gnt_i,
    output logic [31:0] obi_addr_o,
    output logic        obi_we_o,
    output logic [ 3:0] obi_be_o,
    output logic [31:0] obi_wdata_o,
    input  logic        obi_rvalid_i,
    input  logic [31:0] obi_rdata_i,
    input  logic        obi_err_i
);

  localparam int unsigned WriteDepth = sa_job_pkg::WriteDepth;
  localparam int unsigned MaxOutstanding = sa_job_pkg::MaxOutstanding;
  localparam int unsigned CountWidth = $clog2(MaxOutstanding) + 1;

  ////////////////////////////////
  // Writes that wait           //
  ////////////////////////////////

  logic write_waits, write_taken;
  logic [31:0] write_address, write_data;
  logic [$clog2(WriteDepth):0] unused_count;

  fifo #(
      .Width(64),
      .Depth(WriteDepth)
  ) u_writes (
      .clk_i,
      .rst_ni,
      .flush_i,
      .push_valid_i(write_valid_i),
      .push_ready_o(write_ready_o),
      .push_data_i ({write_address_i, write_data_i}),
      .pop_valid_o (write_waits),
      .pop_ready_i (write_taken),
      .pop_data_o  ({write_address, write_data}),
      .count_o     (unused_count)
  );

  ////////////////////////////////
  // Who is next                //
  ////////////////////////////////

  logic is_free, is_taken, may_be_answered;
  logic [31:0] address;

  // Nothing new on the bus in the cycle of a flush, so that all that is under way is old.
  assign is_free = (!obi_req_o || obi_gnt_i) && may_be_answered && !flush_i;
  assign is_taken = write_taken || read_ready_o != '0;
  assign write_taken = write_waits && is_free;

  always_comb begin
    read_ready_o = '0;
    address = write_address;
    // The last one that is found is the one of the highest priority.
    if (!write_waits) begin
      for (int i = Clients - 1; i >= 0; i--) begin
        if (read_valid_i[i]) begin
          read_ready_o = Clients'(is_free) << i;
          address = read_address_i[i];
        end
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) obi_req_o <= 1'b0;
    else if (is_taken) obi_req_o <= 1'b1;
    else if (obi_gnt_i) obi_req_o <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (is_taken) begin
      obi_addr_o <= address;
      obi_we_o   <= write_taken;
    end
    if (write_taken) obi_wdata_o <= write_data;
  end

  assign obi_be_o = '1;

  assign word_read_o = obi_req_o && obi_gnt_i && !obi_we_o;
  assign word_written_o = obi_req_o && obi_gnt_i && obi_we_o;

  ////////////////////////////////
  // Whose answer it is         //
  ////////////////////////////////

  // Accesses on the bus or granted, the oldest first: their client (none: a write) and address.
  logic [Clients-1:0] client;
  logic awaits_answer;
  logic [CountWidth-1:0] under_way;

  fifo #(
      .Width(Clients + 32),
      .Depth(MaxOutstanding)
  ) u_under_way (
      .clk_i,
      .rst_ni,
      .flush_i     (1'b0),
      .push_valid_i(is_taken),
      .push_ready_o(may_be_answered),
      .push_data_i ({read_ready_o, address}),
      .pop_valid_o (awaits_answer),
      .pop_ready_i (obi_rvalid_i),
      .pop_data_o  ({client, error_address_o}),
      .count_o     (under_way)
  );

  // Answers to come in which nobody is interested any more.
  logic [CountWidth-1:0] old_d, old_q;
  logic is_new;

  assign is_new = obi_rvalid_i && old_q == '0;

  always_comb begin
    old_d = old_q;
    if (flush_i) old_d = under_way - CountWidth'(obi_rvalid_i);
    else if (obi_rvalid_i && !is_new) old_d = old_q - 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) old_q <= '0;
    else old_q <= old_d;
  end

  assign rvalid_o = is_new && !obi_err_i ? client : '0;
  assign rdata_o = obi_rdata_i;
  assign error_o = is_new && obi_err_i;

  assign idle_o = !write_waits && !awaits_answer;

  ////////////////////////////////
  // Assertions                 //
  ////////////////////////////////

  obi_assertions #(
      .MaxOutstanding(MaxOutstanding)
  ) u_obi_assertions (
      .clk_i,
      .rst_ni,
      .req_i   (obi_req_o),
      .gnt_i   (obi_gnt_i),
      .addr_i  (obi_addr_o),
      .we_i    (obi_we_o),
      .be_i    (obi_be_o),
      .wdata_i (obi_wdata_o),
      .rvalid_i(obi_rvalid_i)
  );

  // A flop, because an asynchronous reset must not be looked at by a clock edge.
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) was_reset_q <= 1'b0;
    else was_reset_q <= 1'b1;
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  ReadsWaitForTheirTurn :
  assert property ((read_valid_i & ~read_ready_o) != '0 && !flush_i |=>
                   ($past(read_valid_i & ~read_ready_o) & ~read_valid_i) == '0)
  else $error("a client withdrew its read");

  AddressesAreOfWords :
  assert property (obi_req_o |-> obi_addr_o[1:0] == '0)
  else $error("an address is not that of a word");

  OldAnswersAreUnderWay :
  assert property (old_q <= under_way)
  else $error("more answers are to be dropped than will come");

endmodule
