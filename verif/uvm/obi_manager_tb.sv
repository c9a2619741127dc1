// A small OBI manager that reads and writes at random, to prove the memory agent and its monitor on.
//
// It keeps a request until it is granted and has at most `MaxUnanswered` of them open. Python plants
// breaches of the protocol: `fault` says which one the manager commits while a request of it waits.
//
// The one thing a reader would get wrong: the answers are checked nowhere here; the scoreboard does that
// from what the probe saw.
module obi_manager_tb #(
    parameter int unsigned MaxUnanswered = 4,
    parameter int unsigned Words         = 64
);

  localparam time HalfPeriod = 5ns;

  logic clk = 1'b0;
  logic rst_n = 1'b1;
  initial begin
    #1ns rst_n = 1'b0;
    repeat (3) @(negedge clk);
    rst_n = 1'b1;
  end
  always #HalfPeriod clk = ~clk;

  typedef enum logic [1:0] {
    None,
    Withdraw,
    ChangeAddress,
    ChangeData
  } fault_e;

  // Driven by Python: the memory's side, and what the manager is to do.
  logic        gnt = 1'b0;
  logic        rvalid = 1'b0;
  logic        err = 1'b0;
  logic [31:0] rdata = '0;
  logic        enable = 1'b0;
  logic [ 1:0] fault = None;

  logic req_q, we_q;
  logic [3:0] be_q;
  logic [31:0] addr_q, wdata_q, unanswered_q;
  logic starts;

  assign starts = enable && (!req_q || gnt) && unanswered_q < MaxUnanswered && $urandom % 4 != 0;

  always_ff @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
      {req_q, we_q, be_q, addr_q, wdata_q, unanswered_q} <= '0;
    end else begin
      unanswered_q <= unanswered_q + 32'(req_q && gnt) - 32'(rvalid);
      if (gnt) req_q <= 1'b0;
      if (starts) begin
        req_q   <= 1'b1;
        we_q    <= 1'($urandom);
        be_q    <= 4'($urandom);
        // One word beyond the memory, so that it has something to refuse.
        addr_q  <= 4 * ($urandom % (Words + 1));
        wdata_q <= $urandom;
      end else if (req_q && !gnt) begin
        case (fault)
          Withdraw:      req_q <= 1'b0;
          ChangeAddress: addr_q <= addr_q ^ 4;
          ChangeData:    {we_q, wdata_q} <= {1'b1, ~wdata_q};
          default:       ;
        endcase
      end
    end
  end

  // Read by Python.
  logic req, we;
  logic [3:0] be;
  logic [31:0] addr, wdata;
  assign {req, we, be, addr, wdata} = {req_q, we_q, be_q, addr_q, wdata_q};

  logic granted, answered, activity;
  logic [ 31:0] answer;
  logic [182:0] seen;

  obi_probe u_probe (
      .clk_i     (clk),
      .rst_ni    (rst_n),
      .req_i     (req),
      .gnt_i     (gnt),
      .we_i      (we),
      .be_i      (be),
      .addr_i    (addr),
      .wdata_i   (wdata),
      .rvalid_i  (rvalid),
      .err_i     (err),
      .rdata_i   (rdata),
      .state_i   ('0),
      .granted_o (granted),
      .answered_o(answered),
      .answer_o  (answer),
      .activity_o(activity),
      .seen_o    (seen)
  );

endmodule
