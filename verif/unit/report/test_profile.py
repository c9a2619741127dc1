"""A profile's numbers add up, and its flame graph is as wide as they are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from heepstor.report import flame, profile
from heepstor.sim import Cost, Profile
from heepstor.sim.profile import part_name
from verif.unit import reports

FOUND = Profile(
    {
        ("before the inference", "_start"): Cost(100),
        ("layer fc", "_start", "main"): Cost(50, 40),
        ("layer fc", "_start", "main", "f", "f"): Cost(20),
        ("layer fc", "_start", "main", "f"): Cost(10),
        ("after the inference", "_start", "main", "g<a; b>()"): Cost(820),
    }
)


def test_a_function_that_calls_itself_counts_once_among_the_inclusive_cycles() -> None:
    functions = {function.name: function for function in FOUND.functions()}
    assert functions["f"].own == functions["f"].inclusive == Cost(30)
    assert functions["main"].own == Cost(50, 40)
    assert functions["main"].inclusive == Cost(900, 40)
    assert functions["_start"].inclusive.cycles == FOUND.cycles == 1000


def test_functions_come_by_their_own_cycles() -> None:
    assert [function.name for function in FOUND.functions()] == ["g<a; b>()", "_start", "main", "f"]


def test_parts_come_in_their_order_and_are_the_run() -> None:
    parts = FOUND.parts()
    assert list(parts) == ["before the inference", "layer fc", "after the inference"]
    assert sum(parts.values(), Cost()) == Cost(1000, 40)
    assert FOUND.part("layer fc").cycles == 80


def test_a_folded_line_has_as_many_names_as_its_stack() -> None:
    assert list(FOUND.folded())[-1] == "after the inference;_start;main;g<a, b>() 820"


@pytest.mark.parametrize(
    ("marker", "name"),
    [
        (0, "before the inference"),
        (0x3000_0000, "between layers"),
        (0x1000_0001, "layer b"),
        (0x1000_0002, "before the inference"),  # a marker of something else
        (0x2000_0001, "between layers"),
        (0x4000_0000, "after the inference"),
    ],
)
def test_a_part_is_named_by_the_last_marker(marker: int, name: str) -> None:
    assert part_name(marker, ["a", "b"]) == name


def test_the_tables_show_every_function_and_the_sum() -> None:
    shown = profile.render(FOUND, reports.example()).splitlines()
    (row,) = (line for line in shown if line.startswith("main "))
    assert row.split() == ["main", "50", "5.0%", "40", "900", "90.0%"]
    totals = [line.split() for line in shown if line.startswith("total ")]
    assert totals == [["total", "1,000", "100.0%", "40"]] * 2
    assert shown[-1] == "PASS: firmware PASS"


def test_boxes_are_as_wide_as_their_cycles_and_lie_below_their_callers() -> None:
    stacks = {("a", "b"): 250, ("a", "c"): 500, ("a",): 250, ("a", "b", "tiny"): 0}
    svg = ElementTree.fromstring(flame.graph(stacks, "all")).find("svg")
    assert svg is not None
    boxes = {}
    for group in svg.iter("g"):
        title, box = group.findtext("title") or "", group.find("rect")
        assert box is not None
        boxes[title] = tuple(float(box.get(key, "nan")) for key in ("x", "width", "y"))
    row = boxes["a: 1,000 cycles, 100.0%"][2] + 18
    assert boxes == {
        "a: 1,000 cycles, 100.0%": (0.0, 1000.0, 0.0),
        "b: 250 cycles, 25.0%": (0.0, 250.0, row),
        "c: 500 cycles, 50.0%": (250.0, 500.0, row),
    }


@pytest.mark.parametrize(
    ("name", "brief"),
    [
        ("_start", "_start"),
        ("a::b::Printer<c::Uart<c::Mmio> >::field(char const*) const", "Printer::field"),
        ("a::b::infer()", "infer"),
        ("a::(anonymous namespace)::output()", "output"),
        ("layer conv1+relu1", "layer conv1+relu1"),
    ],
)
def test_a_box_shows_the_name_without_what_makes_it_long(name: str, brief: str) -> None:
    assert flame.brief(name) == brief
