"""Properties proved for all inputs and all time; each wrapper here says in which words.

Whether a proof can fail is tested too: of a module with a planted fault the property is refuted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from heepstor.build import rtl
from verif.formal import prover

_STUBS = Path(__file__).resolve().parent / "stubs"
_OWN = {
    path.stem: path
    for folder in ("common", "systolic_array", "soc")
    for path in rtl.own_files(folder)
}


def _sources(top: str) -> list[Path]:
    """What the wrapper `top` needs, packages first."""
    if top == "sa_core_formal":
        own = [_OWN[name] for name in ("sa_pkg", "delay_line", "sa_accumulator", "sa_core")]
        return [*own, _STUBS / "sa_array.sv", _STUBS / "clk_gate.sv"]
    return [_OWN["sa_pkg"], _OWN[top.removesuffix("_formal")]]


@pytest.mark.parametrize(
    ("managers", "subordinates", "max_outstanding"),
    [(2, 2, 2), (2, 3, 2), (3, 2, 1), (3, 3, 2), (4, 3, 3)],
)
def test_crossbar_serves_everyone_and_mixes_nothing_up(
    tmp_path: Path, managers: int, subordinates: int, max_outstanding: int
) -> None:
    parameters = {
        "Managers": managers,
        "Subordinates": subordinates,
        "MaxOutstanding": max_outstanding,
    }
    prover.prove("obi_xbar_formal", _sources("obi_xbar_formal"), tmp_path, parameters)


@pytest.mark.parametrize(("size", "rows"), [(4, 4), (8, 8)])
def test_core_lets_nothing_meet_a_step_in_flight_that_it_must_not(
    tmp_path: Path, size: int, rows: int
) -> None:
    parameters = {"Size": size, "AccumulatorRows": rows}
    prover.prove("sa_core_formal", _sources("sa_core_formal"), tmp_path, parameters)


@pytest.mark.parametrize(("size", "rows"), [(4, 4), (4, 8)])
def test_accumulator_gives_back_what_was_written(tmp_path: Path, size: int, rows: int) -> None:
    parameters = {"Size": size, "Rows": rows}
    prover.prove("sa_accumulator_formal", _sources("sa_accumulator_formal"), tmp_path, parameters)


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_delay_line_delays_by_its_depth(tmp_path: Path, depth: int) -> None:
    prover.prove("delay_line_formal", _sources("delay_line_formal"), tmp_path, {"Depth": depth})


# (wrapper, file, what it says, the fault, a property that is then wrong)
_FAULTS = [
    (
        "obi_xbar",
        "obi_xbar",
        "if (other != m) ask",
        "if (1'b0) ask",
        "subordinate_owes_one_manager",
    ),
    ("obi_xbar", "obi_xbar", "((left[m] == '0) ||", "((1'b1) ||", "manager_awaits_one_subordinate"),
    ("obi_xbar", "obi_xbar", "(ask[m] & ~sub_gnt_i);", "'0;", "waiting_request_stays"),
    ("obi_xbar", "obi_xbar", "& ~sub_req_o) | after |", ") |", "every_other_manager_goes_first"),
    ("obi_xbar", "obi_xbar", "| after |", "| ask[m] |", "every_other_manager_goes_first"),
    ("obi_xbar", "obi_xbar", "sub_be_o[s]    = mgr_be_i[m]", "sub_be_o[s] = '1", "unchanged"),
    ("obi_xbar", "obi_xbar", "sub_rdata_i[target_q[m]]", "sub_rdata_i[0]", "goes_to_who_asked"),
    ("obi_xbar", "obi_xbar", "< CountWidth'(MaxO", "<= CountWidth'(MaxO", "no_more_answers"),
    ("obi_xbar", "obi_xbar", "winner[m] |= want[m] & ~decided", "", "free_subordinate_is_asked"),
    ("sa_core", "sa_core", "row_busy_d[sums_row] = 1'b0", "", "step_waits_just_while"),
    ("sa_core", "sa_core", "row_busy_d[step_row_i] = 1'b1", "", "record_and_module_agree"),
    ("sa_core", "sa_core", "row_busy_d  = '0", "", "accumulator_waits_for_nothing_else"),
    ("sa_core", "sa_core", "!row_busy_q[acc_row_i] && ", "", "accumulator_waits_while"),
    ("sa_core", "sa_core", " && !step_enters", "", "accumulator_access_never_meets"),
    ("sa_core", "sa_core", "(last_use - 1)", "(last_use - 2)", "weight_in_use_is_never"),
    ("sa_core", "sa_core", "in_flight_q[weight_bank_i] &", "'1 &", "weight_of_an_idle_bank"),
    ("sa_core", "sa_core", "|| in_flight_q[1][Last]", "", "sums_come_out_for_the_row"),
    ("sa_core", "delay_line", "words_q[Depth-1]", "words_q[Depth-2]", "sums_come_out_for_the_row"),
    (
        "sa_accumulator",
        "sa_accumulator",
        "if (write_i[n])",
        "if (write_i[0])",
        "record_and_module_agree",
    ),
    ("sa_accumulator", "sa_accumulator", "if (read_i) ", "", "stays_until_the_next_read"),
    ("delay_line", "delay_line", "words_q[Depth-1]", "words_q[Depth-2]", "comes_out_after_depth"),
]


@pytest.mark.parametrize(("module", "file", "right", "wrong", "property_"), _FAULTS)
def test_planted_fault_refutes_the_property(
    tmp_path: Path, module: str, file: str, right: str, wrong: str, property_: str
) -> None:
    top = f"{module}_formal"
    text = _OWN[file].read_text(encoding="utf-8")
    assert text.count(right) == 1, f"{file}: {right!r} occurs {text.count(right)} times"
    faulty = tmp_path / f"{file}.sv"
    faulty.write_text(text.replace(right, wrong), encoding="utf-8")
    sources = [faulty if path == _OWN[file] else path for path in _sources(top)]
    with pytest.raises(prover.RefutedError, match=rf"^{top}.*: .*{property_}.*\n"):
        prover.prove(top, sources, tmp_path)


def test_property_that_needs_a_deeper_induction_is_not_proved(tmp_path: Path) -> None:
    depth = prover.MAX_INDUCTION_DEPTH + 2
    with pytest.raises(prover.NotProvedError):
        prover.prove("delay_line_formal", _sources("delay_line_formal"), tmp_path, {"Depth": depth})


def test_module_that_cannot_be_read_is_not_proved(tmp_path: Path) -> None:
    with pytest.raises(prover.NotProvedError, match="unknown module"):
        prover.prove("delay_line_formal", [], tmp_path)
