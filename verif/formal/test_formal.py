"""Properties proved for all inputs and all time; each wrapper here says in which words.

Whether a proof can fail is tested too: of a module with a planted fault the property is refuted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from heepstor import config
from heepstor.build import rtl
from verif.formal import prover, table

_STUBS = Path(__file__).resolve().parent / "stubs"
_OWN = {
    path.stem: path
    for folder in ("common", "systolic_array", "soc")
    for path in rtl.own_files(folder)
}


def _sources(top: str, folder: Path, size: int = 4, rows: int = 4) -> list[Path]:
    """What the wrapper `top` needs, packages first; what is generated goes into `folder`."""
    if top == "sa_core_formal":
        own = [_OWN[name] for name in ("sa_pkg", "delay_line", "sa_accumulator", "sa_core")]
        return [*own, _STUBS / "sa_array.sv", _STUBS / "clk_gate.sv"]
    if top == "sa_subordinate_formal":
        generated = rtl.generated_files(config.load())
        offsets = next(path for path in generated if path.stem == "sa_reg_pkg")
        packages = [offsets, table.write(folder, size, rows)]
        own = ("sa_pkg", "sa_job_pkg", "sa_subordinate")
        return [*packages, *(_OWN[name] for name in own)]
    return [_OWN["sa_pkg"], _OWN[top.removesuffix("_formal")]]


@pytest.mark.parametrize(
    ("managers", "subordinates", "max_outstanding"),
    [
        (2, 2, 2),
        (2, 3, 2),
        (3, 2, 1),
        pytest.param(3, 3, 2, marks=pytest.mark.full),
        pytest.param(4, 3, 3, marks=pytest.mark.full),
    ],
)
def test_crossbar_serves_everyone_and_mixes_nothing_up(
    tmp_path: Path, managers: int, subordinates: int, max_outstanding: int
) -> None:
    parameters = {
        "Managers": managers,
        "Subordinates": subordinates,
        "MaxOutstanding": max_outstanding,
    }
    prover.prove("obi_xbar_formal", _sources("obi_xbar_formal", tmp_path), tmp_path, parameters)


@pytest.mark.parametrize(("size", "rows"), [(4, 4), pytest.param(8, 8, marks=pytest.mark.full)])
def test_core_lets_nothing_meet_a_step_in_flight_that_it_must_not(
    tmp_path: Path, size: int, rows: int
) -> None:
    parameters = {"Size": size, "AccumulatorRows": rows}
    prover.prove("sa_core_formal", _sources("sa_core_formal", tmp_path), tmp_path, parameters)


@pytest.mark.parametrize(
    "size", [4, 12, *(pytest.param(s, marks=pytest.mark.full) for s in (8, *range(16, 33, 4)))]
)
def test_every_offset_does_what_the_register_table_says(tmp_path: Path, size: int) -> None:
    rows = 256 if size % 8 else 64
    sources = _sources("sa_subordinate_formal", tmp_path, size, rows)
    parameters = {"Size": size, "AccumulatorRows": rows}
    prover.prove("sa_subordinate_formal", sources, tmp_path, parameters)


@pytest.mark.parametrize(("size", "rows"), [(4, 4), (4, 8)])
def test_accumulator_gives_back_what_was_written(tmp_path: Path, size: int, rows: int) -> None:
    parameters = {"Size": size, "Rows": rows}
    prover.prove(
        "sa_accumulator_formal", _sources("sa_accumulator_formal", tmp_path), tmp_path, parameters
    )


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_delay_line_delays_by_its_depth(tmp_path: Path, depth: int) -> None:
    prover.prove(
        "delay_line_formal", _sources("delay_line_formal", tmp_path), tmp_path, {"Depth": depth}
    )


@pytest.mark.parametrize("depth", [2, 4, 8])
def test_queue_gives_every_word_in_its_turn(tmp_path: Path, depth: int) -> None:
    prover.prove("fifo_formal", _sources("fifo_formal", tmp_path), tmp_path, {"Depth": depth})


# By wrapper and file: what it says, the fault, and the property that is then wrong.
_FAULTS = {
    ("obi_xbar", "obi_xbar"): [
        ("if (other != m) ask", "if (1'b0) ask", "subordinate_owes_one_manager_at_a_time"),
        ("((left[m] == '0) ||", "((1'b1) ||", "manager_awaits_one_subordinate_at_a_time"),
        ("(ask[m] & ~sub_gnt_i);", "'0;", "waiting_request_stays_at_its_subordinate"),
        ("& ~sub_req_o) | after |", ") |", "every_other_manager_goes_first_at_most_once"),
        ("| after |", "| ask[m] |", "every_other_manager_goes_first_at_most_once"),
        ("sub_be_o[s]    = mgr_be_i[m]", "sub_be_o[s] = '1", "granted_request_arrives_unchanged"),
        ("sub_rdata_i[target_q[m]]", "sub_rdata_i[0]", "answer_goes_to_who_asked"),
        ("sub_err_i[target_q[m]]", "1'b0", "answer_goes_to_who_asked"),
        ("< CountWidth'(MaxO", "<= CountWidth'(MaxO", "no_more_answers_are_awaited_than_allowed"),
        ("winner[m] |= want[m] & ~decided", "", "free_subordinate_is_asked"),
    ],
    ("sa_core", "sa_core"): [
        ("row_busy_d[sums_row] = 1'b0", "", "step_waits_just_while_its_row_is_in_flight"),
        ("row_busy_d[step_row_i] = 1'b1", "", "record_and_module_agree"),
        ("row_busy_d  = '0", "", "accumulator_waits_for_nothing_else"),
        ("!row_busy_q[acc_row_i] && ", "", "accumulator_waits_while_its_row_is_in_flight"),
        (
            "!(step_enters && step_half == acc_half)",
            "1'b1",
            "accumulator_access_never_meets_a_step_in_its_half",
        ),
        (
            "sums_valid && sums_half == acc_half",
            "sums_valid && sums_half != acc_half",
            "accumulator_access_never_meets_a_step_in_its_half",
        ),
        (
            "(step_enters && step_half == acc_half)",
            "step_enters",
            "accumulator_waits_for_nothing_else",
        ),
        ("(last_use - 1)", "(last_use - 2)", "weight_in_use_is_never_written"),
        ("in_flight_q[weight_bank_i] &", "'1 &", "weight_of_an_idle_bank_never_waits"),
        ("|| in_flight_q[1][Last]", "", "sums_come_out_for_the_row_that_expects_them"),
    ],
    ("sa_core", "delay_line"): [
        ("words_q[Depth-1]", "words_q[Depth-2]", "sums_come_out_for_the_row_that_expects_them"),
    ],
    ("sa_subordinate", "sa_subordinate"): [
        (">> 16);", ">> 16) + 1;", "accumulator_is_the_one_at_its_offset"),
        (
            "WeightBytes = Size * Size",
            "WeightBytes = 2 * Size * Size",
            "access_is_refused_as_the_table_says",
        ),
        ("Weights: error_access = !obi_we_i", "Weights: ", "access_is_refused_as_the_table_says"),
        ("Job, Tile: error_busy", "Job: error_busy", "access_is_refused_as_the_table_says"),
        (
            "Launch, Accumulators: error_busy",
            "Launch: error_busy",
            "access_is_refused_as_the_table_says",
        ),
        ("row_o <= LaneWidth'(row)", "row_o <= '0", "weights_are_those_at_their_offset"),
        (
            "weight_bank_o <= in_bank_1",
            "weight_bank_o <= tile_bank_q",
            "weights_are_those_at_their_offset",
        ),
        (
            "Size'(obi_be_i) << ",
            "Size'(4'hF) << ",
            "weights_are_those_at_their_offset",
        ),
        (
            "acc_column_q <= acc_column_o",
            "acc_column_q <= '0",
            "accumulator_reads_as_its_column_of_the_row",
        ),
        ("<< lane << 1", "<< lane", "step_has_the_lanes_up_to_the_launching_one"),
        ("activations_q[lane]", "activations_q[0]", "activation_is_staged_for_its_lane"),
        (
            "rvalid_q <= obi_gnt_o",
            "rvalid_q <= is_read",
            "every_grant_is_answered_in_the_next_cycle",
        ),
        ("(is_refused || is_ready)", "is_ready", "refused_access_does_not_wait"),
        (
            "'0) error_address_d = offset",
            "'1) error_address_d = offset",
            "first_error_is_kept_with_its_address",
        ),
        ("Hash: rdata_d = ConfigHash", "Hash: ", "constants_are_at_their_offsets"),
        ("    if (is_read) begin", "    begin", "refused_access_reads_as_0"),
    ],
    ("sa_accumulator", "sa_accumulator"): [
        ("if (write_i[n])", "if (write_i[0])", "record_and_module_agree"),
        (
            "read_data_q <= words_q[read_row_i]",
            "read_data_q <= words_q[0]",
            "word_that_was_written_is_read",
        ),
        ("if (read_i) ", "", "word_stays_until_the_next_read"),
    ],
    ("fifo", "fifo"): [
        ("words_q[pushed_q[", "words_q[popped_q[", "record_and_module_agree"),
        (
            "popped_q[CountWidth-2:0]]",
            "pushed_q[CountWidth-2:0]]",
            "word_comes_out_after_those_before_it",
        ),
        ("if (flush_i) begin", "if (1'b0) begin", "count_is_of_the_words_that_stay"),
        (
            "count_o != CountWidth'(Depth)",
            "count_o < CountWidth'(Depth - 1)",
            "word_is_taken_unless_full_and_shown_unless_empty",
        ),
    ],
    ("delay_line", "delay_line"): [
        ("words_q[Depth-1]", "words_q[Depth-2]", "word_comes_out_after_depth_cycles"),
    ],
}


@pytest.mark.parametrize(
    ("module", "file", "right", "wrong", "property_"),
    [
        pytest.param(
            *(*where, *fault),
            id=f"{where[1]}-{fault[2]}",
            # One of each file shows that its proofs can fail.
            marks=pytest.mark.full if number else (),
        )
        for where, faults in _FAULTS.items()
        for number, fault in enumerate(faults)
    ],
)
def test_planted_fault_refutes_the_property(
    tmp_path: Path, module: str, file: str, right: str, wrong: str, property_: str
) -> None:
    top = f"{module}_formal"
    text = _OWN[file].read_text(encoding="utf-8")
    assert text.count(right) == 1, f"{file}: {right!r} occurs {text.count(right)} times"
    faulty = tmp_path / f"{file}.sv"
    faulty.write_text(text.replace(right, wrong), encoding="utf-8")
    sources = [faulty if path == _OWN[file] else path for path in _sources(top, tmp_path)]
    with pytest.raises(prover.RefutedError, match=rf"^{top}.*: {property_}\n"):
        prover.prove(top, sources, tmp_path, only=property_)


def test_property_that_needs_a_deeper_induction_is_not_proved(tmp_path: Path) -> None:
    depth = prover.MAX_INDUCTION_DEPTH + 2
    with pytest.raises(prover.NotProvedError):
        prover.prove(
            "delay_line_formal", _sources("delay_line_formal", tmp_path), tmp_path, {"Depth": depth}
        )


def test_module_that_cannot_be_read_is_not_proved(tmp_path: Path) -> None:
    with pytest.raises(prover.NotProvedError, match="unknown module"):
        prover.prove("delay_line_formal", [], tmp_path)
