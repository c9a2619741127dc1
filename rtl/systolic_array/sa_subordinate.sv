// Registers of the array and its `direct` front end: the CPU stores weights and activations and launches
// steps. docs/architecture.md has the register map, heepstor/registers.py the table.
//
// While a chain of jobs runs (`stream` mode), the core is not ours: what needs it, or would disturb the
// chain, is refused.
//
// Every access is answered once, in the cycle after its grant; only the grant waits. A refused access
// sets an error bit, changes nothing else and reads as 0. A weight or a launch is granted when there is
// room to hold it, and given to the core in the cycles after: so that the bus does not wait for a hazard
// until its next access meets it. Steps and weights reach the core in the order of the bus.
//
// The one thing a reader would get wrong: STAGE writes straight into the registers from which a launched
// step is taken, and waits while one that has not entered the core still needs them.
//
//   cycle            0             1             2          3*Size+2     3*Size+3
//   obi_req, gnt     < LAUNCH  >   <  STAGE  >                <  read acc  >
//   obi_rvalid                     < LAUNCH  >   <  STAGE  >               < result >
//   step_valid_o                   <  step   >
//
// One access may be granted every cycle where there is no hazard.
module sa_subordinate #(
    parameter  int unsigned        Size            = 8,
    parameter  int unsigned        AccumulatorRows = 64,
    parameter  logic        [31:0] ConfigHash      = '0,
    parameter  int unsigned        Ports           = 1,
    parameter  int unsigned        ActivationWords = 4096,
    parameter  int unsigned        WeightRows      = 256,
    localparam int unsigned        AccRowWidth     = sa_pkg::index_width(AccumulatorRows),
    localparam int unsigned        LaneWidth       = sa_pkg::index_width(Size),
    localparam int unsigned        GroupWidth      = sa_pkg::index_width(Size / 4)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic        obi_req_i,
    output logic        obi_gnt_o,
    input  logic [15:2] obi_addr_i,
    input  logic        obi_we_i,
    input  logic [ 3:0] obi_be_i,
    input  logic [31:0] obi_wdata_i,
    output logic        obi_rvalid_o,
    output logic [31:0] obi_rdata_o,
    output logic        irq_o,

    output logic abort_o,
    input  logic busy_i,

    output logic                         job_start_o,
    output logic                  [31:0] job_address_o,
    input  logic                         job_running_i,
    input  logic                         job_done_i,
    input  sa_job_pkg::errors_t          job_errors_i,
    input  logic                  [31:0] job_address_i,
    input  logic                  [31:0] bus_error_address_i,
    input  sa_job_pkg::counters_t        counters_i,

    output logic                         step_valid_o,
    input  logic                         step_ready_i,
    output logic [AccRowWidth-1:0]       step_row_o,
    output logic                         step_first_o,
    output logic                         step_bank_o,
    output logic [       Size-1:0]       step_lanes_o,
    output logic [       Size-1:0][31:0] step_activations_o,

    output logic                      weight_valid_o,
    input  logic                      weight_ready_i,
    output logic                      weight_bank_o,
    output logic [LaneWidth-1:0]      weight_row_o,
    output logic [     Size-1:0]      weight_enable_o,
    output logic [     Size-1:0][7:0] weight_data_o,

    output logic                         acc_valid_o,
    input  logic                         acc_ready_i,
    output logic                         acc_write_o,
    output logic [AccRowWidth-1:0]       acc_row_o,
    output logic [  LaneWidth-1:0]       acc_column_o,
    output logic [           31:0]       acc_wdata_o,
    input  logic [       Size-1:0][31:0] acc_rdata_i
);

  // A group is four columns side by side: a word of weights, four words of accumulators.
  localparam int unsigned Groups = Size / 4;
  localparam int unsigned WeightBytes = Size * Size;
  localparam int unsigned LaneBytes = 4 * Size;
  localparam int unsigned AccumulatorBytes = 4 * Size * AccumulatorRows;

  typedef enum logic [4:0] {
    Unmapped,
    Id,
    Geometry,
    Hash,
    Ctrl,
    Status,
    ErrorAddress,
    Tile,
    Steps,
    Job,
    IrqEnable,
    StreamGeometry,
    BusErrorAddress,
    Counter,
    Weights,
    Stage,
    Launch,
    Accumulators
  } target_e;

  function automatic logic in_window(logic [15:0] at, logic [15:0] base, int unsigned bytes);
    return at >= base && 32'(at - base) < bytes;
  endfunction

  // One return at the end, here and elsewhere: Verilator does not count the coverage of earlier ones.
  function automatic target_e decode(logic [15:0] at);
    target_e found;
    case (at)
      sa_reg_pkg::IdOffset: found = Id;
      sa_reg_pkg::GeometryOffset: found = Geometry;
      sa_reg_pkg::ConfigHashOffset: found = Hash;
      sa_reg_pkg::CtrlOffset: found = Ctrl;
      sa_reg_pkg::StatusOffset: found = Status;
      sa_reg_pkg::ErrorAddressOffset: found = ErrorAddress;
      sa_reg_pkg::TileOffset: found = Tile;
      sa_reg_pkg::StepsOffset: found = Steps;
      sa_reg_pkg::JobOffset: found = Job;
      sa_reg_pkg::IrqEnableOffset: found = IrqEnable;
      sa_reg_pkg::StreamGeometryOffset: found = StreamGeometry;
      sa_reg_pkg::BusErrorAddressOffset: found = BusErrorAddress;
      sa_reg_pkg::CyclesOffset, sa_reg_pkg::ComputeOffset, sa_reg_pkg::WaitWeightsOffset,
      sa_reg_pkg::WaitActivationsOffset, sa_reg_pkg::WaitWriteBackOffset,
      sa_reg_pkg::FillDrainOffset, sa_reg_pkg::WordsReadOffset,
      sa_reg_pkg::WordsWrittenOffset: found = Counter;
      default: begin
        if (in_window(at, sa_reg_pkg::Weights0Offset, WeightBytes)) found = Weights;
        else if (in_window(at, sa_reg_pkg::Weights1Offset, WeightBytes)) found = Weights;
        else if (in_window(at, sa_reg_pkg::StageOffset, LaneBytes)) found = Stage;
        else if (in_window(at, sa_reg_pkg::LaunchOffset, LaneBytes)) found = Launch;
        else if (in_window(at, sa_reg_pkg::AccumulatorsOffset, AccumulatorBytes)) begin
          found = Accumulators;
        end else found = Unmapped;
      end
    endcase
    return found;
  endfunction

  // Every cycle of a job is counted once: CYCLES is the sum of what they were.
  function automatic logic [31:0] counter(sa_job_pkg::counters_t counters, logic [15:0] at);
    logic [31:0] found;
    case (at)
      sa_reg_pkg::ComputeOffset: found = counters.compute;
      sa_reg_pkg::WaitWeightsOffset: found = counters.wait_weights;
      sa_reg_pkg::WaitActivationsOffset: found = counters.wait_activations;
      sa_reg_pkg::WaitWriteBackOffset: found = counters.wait_write_back;
      sa_reg_pkg::FillDrainOffset: found = counters.fill_drain;
      sa_reg_pkg::WordsReadOffset: found = counters.words_read;
      sa_reg_pkg::WordsWrittenOffset: found = counters.words_written;
      default: begin
        found = counters.compute + counters.wait_weights + counters.wait_activations +
            counters.wait_write_back + counters.fill_drain;
      end
    endcase
    return found;
  endfunction

  // Row of a group, by multiplying with the reciprocal: 11 bits cover the largest memory (32 x 256
  // words), and with 16 more the quotient is exact for the divisors 1 to 8.
  function automatic logic [10:0] row_of(logic [10:0] index);
    localparam int unsigned Reciprocal = (65536 + Groups - 1) / Groups;
    return 11'((32'(index) * Reciprocal) >> 16);
  endfunction

  ////////////////////////////////
  // Decode                     //
  ////////////////////////////////

  logic [15:0] offset, base;
  target_e target;
  logic in_bank_1;
  logic [12:0] word;  // index in its window
  logic [10:0] group, row;
  logic [GroupWidth-1:0] group_in_row;
  logic [ LaneWidth-1:0] lane;

  assign offset = {obi_addr_i, 2'b00};
  assign target = decode(offset);
  assign in_bank_1 = offset >= sa_reg_pkg::Weights1Offset;

  always_comb begin
    case (target)
      Weights: base = in_bank_1 ? sa_reg_pkg::Weights1Offset : sa_reg_pkg::Weights0Offset;
      Stage:   base = sa_reg_pkg::StageOffset;
      Launch:  base = sa_reg_pkg::LaunchOffset;
      default: base = sa_reg_pkg::AccumulatorsOffset;
    endcase
  end

  assign word = 13'((offset - base) >> 2);
  assign lane = word[LaneWidth-1:0];
  assign group = target == Weights ? word[10:0] : word[12:2];
  assign row = row_of(group);
  assign group_in_row = GroupWidth'(group - row * 11'(Groups));

  ////////////////////////////////
  // Refusal and grant          //
  ////////////////////////////////

  logic is_partial, error_address, error_access, error_row, error_busy, is_refused;
  logic step_leaves, weight_leaves, is_ready;
  logic job_start_q, job_runs;
  logic is_read, is_write, is_launch, is_stage, is_weight;

  // TILE, of the next step
  logic [sa_reg_pkg::TileRowWidth-1:0] tile_row_d, tile_row_q;
  logic tile_bank_d, tile_bank_q, tile_first_d, tile_first_q;

  // A step and a weight on their way to the core; never both.
  logic step_valid_d, step_valid_q, weight_valid_d, weight_valid_q;

  always_comb begin
    is_partial = obi_be_i != '1;
    case (target)
      Id, Geometry, Hash, ErrorAddress, Steps, StreamGeometry, BusErrorAddress, Counter: begin
        error_access = obi_we_i;
      end
      Status, Tile, Job, IrqEnable, Accumulators: error_access = obi_we_i && is_partial;
      Ctrl, Stage, Launch: error_access = !obi_we_i || is_partial;
      Weights: error_access = !obi_we_i;
      default: error_access = 1'b0;
    endcase
    error_address = target == Unmapped;
    case (target)
      Job, Tile: error_busy = job_runs && !error_access && obi_we_i;
      Weights, Stage, Launch, Accumulators: error_busy = job_runs && !error_access;
      default: error_busy = 1'b0;
    endcase
    error_row = target == Launch && !error_access && !error_busy &&
        32'(tile_row_q) >= AccumulatorRows;
    is_refused = error_address || error_access || error_busy || error_row;
  end

  assign job_runs = job_running_i || job_start_q;
  assign step_leaves   = !step_valid_q || step_ready_i;
  assign weight_leaves = !weight_valid_q || weight_ready_i;

  always_comb begin
    case (target)
      Weights, Launch: is_ready = step_leaves && weight_leaves;
      Stage: is_ready = step_leaves;
      // The core is handed over with nothing in it nor on its way to it.
      Job: is_ready = !obi_we_i || !(busy_i || step_valid_q || weight_valid_q);
      Accumulators: is_ready = !step_valid_q && acc_ready_i;
      default: is_ready = 1'b1;
    endcase
  end

  assign obi_gnt_o = obi_req_i && (is_refused || is_ready);
  assign is_read = obi_gnt_o && !is_refused && !obi_we_i;
  assign is_write = obi_gnt_o && !is_refused && obi_we_i;
  assign is_launch = is_write && target == Launch;
  assign is_stage = is_write && (target == Stage || target == Launch);
  assign is_weight = is_write && target == Weights;

  // CTRL is always granted. Saying so by obi_gnt_o would close a combinational loop through acc_ready_i.
  assign abort_o = obi_req_i && obi_we_i && target == Ctrl && !is_refused &&
      obi_wdata_i[sa_reg_pkg::CtrlAbortLsb];

  ////////////////////////////////
  // Registers                  //
  ////////////////////////////////

  localparam int unsigned Errors = 7;
  localparam int unsigned FirstErrorLsb = sa_reg_pkg::StatusErrAddressLsb;

  logic [Errors-1:0] errors_d, errors_q;  // as in STATUS: those of jobs, busy, row, access, address
  logic done_d, done_q, irq_on_done_d, irq_on_done_q;
  logic [15:0] error_address_d, error_address_q;
  logic [31:0] steps_d, steps_q;

  always_comb begin
    errors_d = errors_q;
    error_address_d = error_address_q;
    tile_row_d = tile_row_q;
    tile_bank_d = tile_bank_q;
    tile_first_d = tile_first_q;
    steps_d = steps_q;
    done_d = done_q;
    irq_on_done_d = irq_on_done_q;

    if (obi_gnt_o && is_refused) begin
      errors_d = errors_q | {3'b0, error_busy, error_row, error_access, error_address};
      if (errors_q == '0) error_address_d = offset;
    end
    if (is_write && target == Status) begin
      errors_d = errors_q & ~obi_wdata_i[FirstErrorLsb+:Errors];
      if (obi_wdata_i[sa_reg_pkg::StatusDoneLsb]) done_d = 1'b0;
    end
    // What is cleared in the cycle in which it happens has happened all the same.
    if (job_done_i) begin
      errors_d |= {job_errors_i, 4'b0};
      done_d = 1'b1;
    end
    if (is_write && target == IrqEnable) begin
      irq_on_done_d = obi_wdata_i[sa_reg_pkg::IrqEnableDoneLsb];
    end
    if (is_write && target == Tile) begin
      tile_row_d   = obi_wdata_i[sa_reg_pkg::TileRowLsb+:sa_reg_pkg::TileRowWidth];
      tile_bank_d  = obi_wdata_i[sa_reg_pkg::TileBankLsb];
      tile_first_d = obi_wdata_i[sa_reg_pkg::TileFirstLsb];
    end
    if (is_launch) begin
      tile_row_d = tile_row_q + 1;
      steps_d = steps_q + 1;
    end
    if (abort_o) begin
      errors_d = '0;
      done_d = 1'b0;
      tile_row_d = '0;
      tile_bank_d = 1'b0;
      tile_first_d = 1'b0;
      steps_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      errors_q <= '0;
      done_q <= 1'b0;
      irq_on_done_q <= 1'b0;
      error_address_q <= '0;
      tile_row_q <= '0;
      tile_bank_q <= 1'b0;
      tile_first_q <= 1'b0;
      steps_q <= '0;
    end else begin
      errors_q <= errors_d;
      done_q <= done_d;
      irq_on_done_q <= irq_on_done_d;
      error_address_q <= error_address_d;
      tile_row_q <= tile_row_d;
      tile_bank_q <= tile_bank_d;
      tile_first_q <= tile_first_d;
      steps_q <= steps_d;
    end
  end

  assign irq_o = errors_q != '0 || (done_q && irq_on_done_q);

  ////////////////////////////////
  // Response                   //
  ////////////////////////////////

  logic rvalid_q, is_acc_read_q;
  logic [LaneWidth-1:0] acc_column_q;
  logic [31:0] rdata_d, rdata_q;

  always_comb begin
    rdata_d = '0;
    if (is_read) begin
      case (target)
        Id: rdata_d = sa_reg_pkg::IdValue;
        Geometry: begin
          rdata_d = 32'(Size) << sa_reg_pkg::GeometrySizeLsb;
          rdata_d |= 32'(AccumulatorRows) << sa_reg_pkg::GeometryAccumulatorRowsLsb;
        end
        Hash: rdata_d = ConfigHash;
        Status: begin
          rdata_d[sa_reg_pkg::StatusBusyLsb] = busy_i || step_valid_q;
          rdata_d[sa_reg_pkg::StatusJobLsb] = job_runs;
          rdata_d[sa_reg_pkg::StatusDoneLsb] = done_q;
          rdata_d[FirstErrorLsb+:Errors] = errors_q;
        end
        ErrorAddress: rdata_d = 32'(error_address_q);
        Tile: begin
          rdata_d[sa_reg_pkg::TileRowLsb+:sa_reg_pkg::TileRowWidth] = tile_row_q;
          rdata_d[sa_reg_pkg::TileBankLsb] = tile_bank_q;
          rdata_d[sa_reg_pkg::TileFirstLsb] = tile_first_q;
        end
        Steps: rdata_d = steps_q;
        Job: rdata_d = job_address_i;
        IrqEnable: rdata_d[sa_reg_pkg::IrqEnableDoneLsb] = irq_on_done_q;
        StreamGeometry: begin
          rdata_d = 32'(Ports) << sa_reg_pkg::StreamGeometryPortsLsb;
          rdata_d |= 32'($clog2(
              ActivationWords
          )) << sa_reg_pkg::StreamGeometryLog2ActivationWordsLsb;
          rdata_d |= 32'($clog2(WeightRows)) << sa_reg_pkg::StreamGeometryLog2WeightRowsLsb;
        end
        BusErrorAddress: rdata_d = bus_error_address_i;
        Counter: rdata_d = counter(counters_i, offset);
        default: ;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rvalid_q <= 1'b0;
      is_acc_read_q <= 1'b0;
      rdata_q <= '0;
    end else begin
      rvalid_q <= obi_gnt_o;
      is_acc_read_q <= is_read && target == Accumulators;
      rdata_q <= rdata_d;
    end
  end

  // The row that an access reads comes a cycle later.
  always_ff @(posedge clk_i) acc_column_q <= acc_column_o;

  assign obi_rvalid_o = rvalid_q;
  assign obi_rdata_o  = is_acc_read_q ? acc_rdata_i[acc_column_q] : rdata_q;

  ////////////////////////////////
  // To the jobs                //
  ////////////////////////////////

  // The clock of the jobs stands still without one: it has to hear of the first in time.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) job_start_q <= 1'b0;
    else job_start_q <= is_write && target == Job;
  end

  always_ff @(posedge clk_i) if (is_write && target == Job) job_address_o <= obi_wdata_i;

  assign job_start_o = job_start_q && !abort_o;

  ////////////////////////////////
  // To the core                //
  ////////////////////////////////

  always_comb begin
    step_valid_d   = is_launch || (step_valid_q && !step_ready_i);
    weight_valid_d = is_weight || (weight_valid_q && !weight_ready_i);
    if (abort_o) step_valid_d = 1'b0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_valid_q   <= 1'b0;
      weight_valid_q <= 1'b0;
    end else begin
      step_valid_q   <= step_valid_d;
      weight_valid_q <= weight_valid_d;
    end
  end

  logic [Size-1:0][31:0] activations_q;
  logic [31:0] weight_word_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) activations_q <= '0;
    else if (abort_o) activations_q <= '0;
    else if (is_stage) activations_q[lane] <= obi_wdata_i;
  end

  always_ff @(posedge clk_i) begin
    if (is_launch) begin
      step_row_o   <= AccRowWidth'(tile_row_q);
      step_bank_o  <= tile_bank_q;
      step_first_o <= tile_first_q;
      step_lanes_o <= ~({Size{1'b1}} << lane << 1);  // lanes 0 to lane
    end
    if (is_weight) begin
      weight_bank_o <= in_bank_1;
      weight_row_o <= LaneWidth'(row);
      weight_enable_o <= Size'(obi_be_i) << (4 * group_in_row);
      weight_word_q <= obi_wdata_i;
    end
  end

  assign step_valid_o = step_valid_q;
  assign step_activations_o = activations_q;
  assign weight_valid_o = weight_valid_q;
  assign weight_data_o = {Groups{weight_word_q}};

  // Accumulators are accessed in the cycle of the grant; what was launched before must be in the core.
  assign acc_valid_o = obi_req_i && target == Accumulators && !is_refused && !step_valid_q;
  assign acc_write_o = obi_we_i;
  assign acc_row_o = AccRowWidth'(row);
  assign acc_column_o = LaneWidth'({group_in_row, word[1:0]});
  assign acc_wdata_o = obi_wdata_i;

  ////////////////////////////////
  // Assertions                 //
  ////////////////////////////////

  // A flop, because an asynchronous reset must not be looked at by a clock edge.
  logic was_reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) was_reset_q <= 1'b0;
    else was_reset_q <= 1'b1;
  end

  default disable iff (!was_reset_q);
  default clocking @(posedge clk_i);
  endclocking

  EveryGrantIsAnsweredInTheNextCycle :
  assert property (obi_req_i && obi_gnt_o |=> obi_rvalid_o)
  else $error("a granted access got no response");

  NothingElseIsAnswered :
  assert property (!(obi_req_i && obi_gnt_o) |=> !obi_rvalid_o)
  else $error("a response without a request");

  StepsAndWeightsKeepTheirOrder :
  assert property (!(step_valid_q && weight_valid_q))
  else $error("a step and a weight are offered to the core at once");

  WeightWaitsUnchanged :
  assert property (weight_valid_o && !weight_ready_i |=> weight_valid_o &&
                   $stable({weight_bank_o, weight_row_o, weight_enable_o, weight_data_o}))
  else $error("a weight was changed or lost while it waited");

endmodule
