"""Cycles of the example networks on each CPU, from the baselines, as the table of docs/cpus.md.

`python -m verif.baselines.cpus` prints it; with `--update` it takes the place of the page's.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from heepstor import flow, project
from heepstor.ir import Backend
from verif.baselines.baseline import Baseline, folder_of, load

PAGE = flow.ROOT / "docs" / "cpus.md"

_SOFTMAX = "softmax"
_HEADINGS = (
    *("network", "back-end", "CV32E40P", "of that softmax"),
    *("Ibex", "of that softmax", "Ibex / CV32E40P"),
)


def table() -> str:
    """The table in Markdown; `-` where a network has no baseline."""
    lines = [_HEADINGS, ["---", "---", *["--:"] * (len(_HEADINGS) - 2)], *_rows()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rows() -> Iterator[list[str]]:
    for name in project.names():
        cv32e40p, ibex = (load(name, folder_of(core)) for core in ("cv32e40p", "ibex"))
        for backend in (Backend.STREAM, Backend.DIRECT, Backend.SOFTWARE):
            before, after = cv32e40p[backend.value], ibex.get(backend.value)
            yield [name, backend.value, *_cycles(before), *_cycles(after), _ratio(before, after)]


def _cycles(baseline: Baseline | None) -> tuple[str, str]:
    """All layers, and what every back-end leaves to the CPU."""
    if baseline is None:
        return "-", "-"
    return f"{_total(baseline):,}", f"{baseline.cycles[_SOFTMAX]:,}"


def _ratio(before: Baseline, after: Baseline | None) -> str:
    return "-" if after is None else f"{_total(after) / _total(before):.1f}"


def _total(baseline: Baseline) -> int:
    return sum(baseline.cycles.values())


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> None:
    """Do what the command line asks for; `page` has the table."""
    parser = argparse.ArgumentParser(prog="python -m verif.baselines.cpus", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write it into docs/cpus.md")
    if not parser.parse_args(arguments).update:
        print(table())
        return
    text = page.read_text(encoding="utf-8")
    first = text.index(f"| {_HEADINGS[0]} |")
    end = text.index("\n\n", first)
    page.write_text(text[:first] + table() + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
