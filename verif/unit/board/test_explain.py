"""Why cycles differ: what the numbers show is seen, what both sides agree on is ruled out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from heepstor.board.files import compare_files
from verif.unit.board import samples


def causes(
    folder: Path, lines: Sequence[str], report: dict[str, Any] | None = None, **arguments: Any
) -> dict[str, list[str]]:
    """The sentences by their verdict."""
    found = compare_files(
        "tiny",
        samples.saved(folder, lines),
        report_file=samples.written(folder, report or samples.report()),
        **arguments,
    )
    by_verdict: dict[str, list[str]] = {"seen": [], "ruled out": [], "possible": []}
    for cause in found.causes:
        by_verdict[cause.verdict].append(cause.what)
    return by_verdict


def test_the_same_run_leaves_only_hardware_that_differs_from_its_rtl(tmp_path: Path) -> None:
    found = causes(tmp_path, samples.log([1000, 507, 200]))
    assert found["seen"] == []
    assert len(found["possible"]) == 1
    assert found["possible"][0].startswith("hardware that does not do what its RTL says")
    for word in ("FPU latency", "clock", "flash or on-chip", "prints", "counter overhead"):
        assert any(what.startswith(word) for what in found["ruled out"]), word


def test_another_image_may_print_be_linked_or_count_otherwise(tmp_path: Path) -> None:
    other = samples.IDENTITY.replace("image=0x00000003", "image=0x00000009")
    lines = samples.log([1000, 507, 200], identity=other)
    found = causes(tmp_path, lines, allow_mismatch=True)
    assert [what.partition(":")[0] for what in found["possible"]] == [
        "flash or on-chip linking",
        "counter overhead",
        "prints in the timed region",
    ]
    assert any(what.startswith("FPU latency") for what in found["ruled out"])


def test_another_configuration_may_have_another_fpu(tmp_path: Path) -> None:
    other = samples.IDENTITY.replace("config=0x00000001", "config=0x00000009")
    lines = samples.log([1000, 507, 200], identity=other)
    found = causes(tmp_path, lines, allow_mismatch=True)
    assert any(what.startswith("FPU latency") for what in found["possible"])
    assert any(what.startswith("prints") for what in found["ruled out"])


def test_the_same_difference_everywhere_is_the_counters(tmp_path: Path) -> None:
    (seen, _) = causes(tmp_path, samples.log([1012, 512, 212]))["seen"]
    assert seen.startswith("counter overhead: every layer differs by the same +12 cycles")


def test_the_same_ratio_everywhere_is_the_clocks(tmp_path: Path) -> None:
    found = causes(tmp_path, samples.log([1250, 625, 250]))
    assert found["seen"][0].startswith("clock: every layer has 1.25 times its simulated cycles")
    others = [*found["possible"], *found["ruled out"]]
    assert not [what for what in others if what.startswith("clock")]  # it is seen


def test_neither_is_seen_where_differences_have_no_rule(tmp_path: Path) -> None:
    seen = causes(tmp_path, samples.log([1000, 625, 212]))["seen"]
    assert not [what for what in seen if what.startswith(("clock", "counter overhead"))]


def test_the_cpu_is_seen_where_the_array_keeps_its_cycles(tmp_path: Path) -> None:
    seen = causes(tmp_path, samples.log([1000, 650, 230]))["seen"]
    assert seen == [
        "the CPU alone is slower or faster: layers that the array computes by itself take their "
        "simulated cycles, the others do not"
    ]


def test_the_arrays_counters_say_what_it_waited_for(tmp_path: Path) -> None:
    counters = samples.COUNTERS | {"stream_cycles": 1000, "wait_weights": 145, "fill_drain": 105}
    lines = samples.log([1103, 500, 200], counters=counters)
    assert causes(tmp_path, lines)["seen"] == [
        "the array's counters of conv1+relu1: wait_weights +95, fill_drain +5, outside its jobs +3"
    ]


def test_text_between_header_and_layers_is_a_print_in_the_timed_region(tmp_path: Path) -> None:
    lines = samples.log([1000, 5500, 200])
    lines.insert(1, "conv1 done")
    (seen,) = causes(tmp_path, lines)["seen"]
    assert seen == (
        "prints in the timed region: 11 characters came while the layers ran; "
        "the UART sends one in 1,000 cycles, and takes 32 at once"
    )


def test_a_damaged_record_is_no_print(tmp_path: Path) -> None:
    lines = samples.log([1000, 5500, 200])
    lines[1] = lines[1].replace("@layer", "@laier")
    assert causes(tmp_path, lines)["seen"] == []


def test_one_layer_shows_no_rule(tmp_path: Path) -> None:
    report = samples.report(layers=[samples.layer("fc1", 500)])
    lines = [line for line in samples.log([512], counters={}) if "index=1" not in line]
    assert causes(tmp_path, lines, report)["seen"] == []
