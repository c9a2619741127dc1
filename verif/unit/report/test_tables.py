"""The tables of a report say what its numbers mean."""

from __future__ import annotations

from typing import Any

import pytest

from heepstor.report import markdown, tables, text
from heepstor.report.page import Table
from verif.unit.report import runs


def column(content: Table, heading: str) -> list[str]:
    place = list(content.headings).index(heading)
    return [row[place] for row in content.rows]


def test_what_the_array_does_not_count_of_a_streamed_layer_is_the_firmwares() -> None:
    layer = runs.passed()["layers"][0]
    parts = tables.cycle_parts(layer)
    assert sum(parts.values()) == layer["cycles"]
    assert parts["firmware"] == layer["cycles"] - layer["stream"]["stream_cycles"]


def test_a_layer_of_another_back_end_is_one_part() -> None:
    _, direct, software = runs.passed()["layers"]
    assert tables.cycle_parts(direct) == {"direct": 12_617}
    assert tables.cycle_parts(software) == {"software": 685}


def test_cycles_are_not_split_where_no_layer_was_streamed() -> None:
    report = runs.passed()
    del report["layers"][0]["stream"]
    assert tables.cycles(report).headings == ["layer", "back-end", "cycles", "share"]


def test_a_prediction_is_compared_only_where_there_are_both() -> None:
    report = runs.panicked()
    report["layers"][2]["predicted_cycles"] = 0  # as in a report of an earlier version
    found = tables.predictions(report)
    assert column(found, "predicted") == ["10,537", "12,000", "-"]
    assert column(found, "difference") == ["+1", "-", "-"]
    (total,) = (line for line in text.render(report).splitlines() if line.startswith("total"))
    assert total.split()[2:5] == ["planner", "-", "-"], "no total of cycles, none of predictions"


def test_the_larger_bound_binds() -> None:
    report = runs.passed()
    report["layers"][1]["bounds"] = {"array_cycles": 5_000, "port_cycles": 100, "words": 100}
    found = tables.bounds(report)
    assert column(found, "bound by") == ["port", "array"]
    assert column(found, "of the bound") == [f"{10_104 / 10_538:.1%}", f"{5_000 / 12_617:.1%}"]
    assert column(found, "words moved") == ["10,126", "-"]


def test_the_memory_map_is_without_gaps_up_to_the_end_of_ram() -> None:
    report = runs.passed()
    found = tables.memory(report)
    starts = [int(address, 16) for address in column(found, "from")]
    ends = [int(address, 16) for address in column(found, "to")]
    assert starts == [0, *(end + 1 for end in ends[:-1])]
    assert ends[-1] == report["memory"]["available"] - 1
    assert column(found, "region")[-3:] == ["stack, unused", "stack, used", "free"]
    assert column(found, "bytes")[-2] == "244"


@pytest.mark.parametrize(
    ("address", "size", "interleaved", "banks"),
    [
        (0, 100, 0, "0"),
        (0x7FFF, 2, 0, "0-1"),
        (0x60000, 4, 4, "12-15"),  # a word of the interleaved banks is in one of them
        (0x5FFFF, 2, 4, "11-15"),
        (0x5FFFC, 4, 4, "11"),
    ],
)
def test_banks_are_those_that_hold_a_region(
    address: int, size: int, interleaved: int, banks: str
) -> None:
    report: dict[str, Any] = runs.passed()
    report["config"]["memory"] |= {"banks": 16, "bank_kib": 32, "interleaved_banks": interleaved}
    report["memory"]["regions"] = [{"kind": "data", "address": address, "size": size}]
    assert column(tables.memory(report), "banks")[0] == banks


def test_the_way_to_repeat_a_run_begins_with_its_commit() -> None:
    assert tables.commands(runs.passed()) == [
        "git checkout 0123456789abcdef0123456789abcdef01234567  # and the changes that it had",
        "make setup",
        "source .venv/bin/activate",
        "heepstor sim a-project --set systolic_array.size=8",
    ]
    unknown = runs.passed() | {"revision": {"commit": None, "dirty": False}}
    assert tables.commands(unknown)[0] == "make setup"


def test_markdown_shows_verdict_mismatch_layers_and_commands() -> None:
    text = markdown.render(runs.mismatched())
    assert text.startswith("# a-project: FAIL\n")
    assert "7 of 10,458 values differ" in text
    assert "got 1.0000001 (0x3f800001), expected 1.0 (0x3f800000)" in text
    assert "| softmax | software | 685 |" in text
    assert "\nheepstor sim a-project --set systolic_array.size=8\n```\n" in text


@pytest.mark.parametrize("run", runs.RUNS, ids=lambda run: str(run.__name__))
def test_a_row_of_markdown_has_as_many_cells_as_its_table(run: Any) -> None:
    widths: set[int] = set()
    for line in markdown.render(run()).splitlines():
        if not line.startswith("|"):
            assert len(widths) <= 1
            widths.clear()
        else:
            widths.add(line.replace(r"\|", "").count("|"))


def test_a_name_is_never_taken_for_markdown() -> None:
    assert markdown.escaped("<b>|*a_b*\n`c`") == r"\<b\>\|\*a\_b\* \`c\`"
