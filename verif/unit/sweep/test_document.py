"""JSON, CSV and the printed table have the numbers that were found out, and no others."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from heepstor.sweep import document
from heepstor.sweep.spec import Sweep
from heepstor.sweep.write import write
from verif.unit.sweep.sweeps import load, point, row

AREA = {"lut": 12345, "ff": 67, "dsp": 8, "bram36": 0.5}
SIMULATED = {"cycles": 4321, "memory_bytes": 65536, "run": "simulate-1"}
ROWS = [
    row(point(size=4), 5000, on_front=True, accuracy=0.75, data="MNIST"),
    row(point(size=8), 4000, on_front=True, area=AREA, simulated=SIMULATED),
    row(point(size=8, banks=32), 4000),
    row(point(size=8, banks=1), 0, error="too, large"),
    row(point(size=4, banks=1), 0, error="too, large"),
]


def a_sweep(folder: Path) -> Sweep:
    return load(folder, ("[4, 8] }", "[4, 8] }, memory: { banks: [1, 16, 32] }"))


def test_the_table_has_the_front_and_what_was_simulated(tmp_path: Path) -> None:
    head, rule, *lines = document.render(a_sweep(tmp_path), ROWS).splitlines()
    assert head.split() == [
        *("project", "size", "banks", "predicted", "predicted-memory", "simulated", "memory"),
        *("LUT", "FF", "DSP", "BRAM", "accuracy"),
    ]
    assert set(rule) == {"-", " "}
    assert [line.split() for line in lines[:3]] == [
        ["a", "4", "16", "5,000", "1,000", "75.00%"],
        ["a", "8", "16", "4,000", "1,000", "4,321", "65,536", "12,345", "67", "8", "0.5"],
        [],
    ]
    assert lines[3:] == [
        "2 x predict: too, large",
        "5 points, 2 on the front, 1 simulated, 1 with area, 2 failed",
    ]


def test_columns_of_what_nobody_asked_for_are_not_shown(tmp_path: Path) -> None:
    head, *_ = document.render(a_sweep(tmp_path), ROWS[:1]).splitlines()
    assert head.split() == ["project", "size", "banks", "predicted", "predicted-memory", "accuracy"]


def test_the_table_of_nothing_but_failures_says_why(tmp_path: Path) -> None:
    text = document.render(a_sweep(tmp_path), ROWS[3:])
    assert text.endswith(
        "2 x predict: too, large\n2 points, 0 on the front, 0 simulated, 0 with area, 2 failed"
    )


def test_of_many_kinds_of_errors_the_most_frequent_are_shown() -> None:
    rows = [row(point(size=4), 0, error=f"error {n}") for n in range(12) for _ in range(12 - n)]
    lines = document.summary(rows)
    assert lines[0] == "12 x predict: error 0"
    assert lines[10] == "and 2 other errors"
    assert len(lines) == 12


def test_csv_has_every_row_and_empty_cells_where_nothing_is_known() -> None:
    rows = list(csv.DictReader(io.StringIO(document.as_csv(ROWS))))
    assert len(rows) == len(ROWS)
    assert rows[1]["systolic_array.size"] == "8"
    assert (rows[1]["cycles"], rows[1]["bram36"], rows[1]["accuracy"]) == ("4321", "0.5", "")
    assert (rows[3]["predicted_cycles"], rows[3]["error"]) == ("", "predict: too, large")
    assert [row["pareto"] for row in rows] == ["True", "True", "False", "False", "False"]


def test_json_has_the_same_and_says_what_is_varied(tmp_path: Path) -> None:
    found = json.loads(document.as_json(a_sweep(tmp_path), ROWS))
    assert found["schema"] == document.SCHEMA
    assert found["varied"] == ["systolic_array.size", "memory.banks"]
    assert len(found["points"]) == len(ROWS)
    assert found["points"][1]["lut"] == 12345
    assert found["points"][1]["run"] == "simulate-1"
    assert found["points"][2]["cycles"] is None


def test_the_files_are_written_where_no_folder_is_yet(tmp_path: Path) -> None:
    paths = write(a_sweep(tmp_path), ROWS, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["sweep.json", "sweep.csv", "sweep.html"]
    assert paths[1].read_text(encoding="utf-8") == document.as_csv(ROWS)
