"""docs/heepstor.md: a table a network, HEEPstor's cycles beside ours."""

from __future__ import annotations

from collections.abc import Iterator

from heepstor.board.performance_summary import is_free, module_of
from heepstor.flow import ROOT
from heepstor.ir import Backend
from verif.reference import runs

PATH = ROOT / "docs" / "heepstor.md"
UPDATE = "python -m verif.reference"

_HEAD = """\
# HEEPstor and this project, layer by layer

Both in RTL simulation, cycle by cycle, on the same CPU (CV32E40P with FPU), with an array of 8x8,
on the same number of images at once, debug assertions on. Neither is a measurement on an FPGA.

- **HEEPstor**: {source}
- **direct**: this project, the CPU feeding the array, as in HEEPstor
- **stream**: this project, the array fetching and writing by itself

A row is a layer of `stream` mode with all that the other two do in its place: batch norm, ReLU and
pooling are separate steps in HEEPstor. *Between layers* is what HEEPstor's total has beyond its
layers; a total here is the sum of its layers.

Made by `{update}` from [HEEPstor's figures](../verif/reference/heepstor.json), from the
[baselines](cycle-regressions.md) of the networks with one image, and from
[runs with more](../verif/reference/batched.json); `--run` simulates the latter anew. A test holds
the page against all of them.
"""


def render() -> str:
    """The whole page."""
    head = _HEAD.format(source=runs.source(), update=UPDATE)
    return "\n".join([head, *(line for name in runs.theirs() for line in _network(name))])


def _network(name: str) -> Iterator[str]:
    theirs, ours = runs.theirs()[name], runs.ours(name)
    rows = {
        layer: (
            sum(c for n, c in theirs.layers.items() if module_of(n) in layer.split("+")),
            sum(c for n, c in ours[Backend.DIRECT].items() if _is_part(n, layer)),
            cycles,
        )
        for layer, cycles in ours[Backend.STREAM].items()
    }
    free = {module_of(n): c for n, c in theirs.layers.items() if is_free(n)}
    totals = (theirs.total_cycles, *(sum(ours[backend].values()) for backend in runs.BACKENDS))
    between = totals[0] - sum(row[0] for row in rows.values()) - sum(free.values())
    _require_complete(name, totals[1:], [row[1:] for row in rows.values()], between)
    images = f"{theirs.images} images at once" if theirs.images > 1 else "one image"
    yield f"## {name}, {images}\n"
    yield "| layer | HEEPstor | direct | stream | HEEPstor / stream |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for layer, (heepstor, direct, stream) in rows.items():
        yield f"| {layer} | {heepstor:,} | {direct:,} | {stream:,} | {_factor(heepstor, stream)} |"
    for module, cycles in free.items():
        yield f"| {module} | {cycles:,} | | | |"
    yield f"| between layers | {between:,} | | | |"
    yield (
        f"| **total** | **{totals[0]:,}** | **{totals[1]:,}** | **{totals[2]:,}** "
        f"| **{_factor(totals[0], totals[2])}** |\n"
    )


def _is_part(layer: str, whole: str) -> bool:
    return set(layer.split("+")) <= set(whole.split("+"))


def _factor(theirs: int, ours: int) -> str:
    return f"{theirs / ours:.3g}"


def _require_complete(
    name: str, totals: tuple[int, ...], rows: list[tuple[int, ...]], between: int
) -> None:
    """Every cycle of each side is in a row, once."""
    sums = tuple(map(sum, zip(*rows, strict=True)))
    assert sums == totals, f"{name}: layers of our back-ends do not fit together: {sums}, {totals}"
    assert 0 <= between < 2_000, f"{name}: {between} cycles of HEEPstor are in no layer"
