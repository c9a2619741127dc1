"""What a bitstream takes of the FPGA, by Yosys: no placement, no clock, no Vivado."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from heepstor.build import area
from heepstor.build.area import Area
from heepstor.build.rtl import Sources
from heepstor.config import Config
from heepstor.fpga import sources
from heepstor.fpga.board import Board

_ELEMENT = "sa_pe"
_CLOCK = "fpga_clock"
"""Takes nothing of what is counted: its parts have places of their own."""
_TITLES = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "bram36": "BRAM (36 Kb)"}


@dataclass(frozen=True)
class Utilisation:
    """What is taken, and of what."""

    board: str
    part: str
    config_hash: int
    tool: str
    elements: Area
    """The processing elements of the array."""
    rest: Area
    """The rest of the array, CPU, RAM and all else."""
    available: Area

    @property
    def total(self) -> Area:
        """All that is taken."""
        return self.rest.plus(self.elements, 1)

    def as_dict(self) -> dict[str, Any]:
        """For a script; percentages are of the whole FPGA."""
        total, available = asdict(self.total), asdict(self.available)
        return {
            "board": self.board,
            "part": self.part,
            "config": f"0x{self.config_hash:08x}",
            "tool": self.tool,
            "processing_elements": asdict(self.elements),
            "rest": asdict(self.rest),
            "total": total,
            "available": available,
            "percent": {key: round(100 * total[key] / available[key], 1) for key in _TITLES},
        }


def measure(
    config: Config, board: Board, *, on_progress: Callable[[str], None] = lambda _: None
) -> Utilisation:
    """Synthesize a bitstream's RTL; what was synthesized before is taken from the cache.

    Minutes. The processing elements are synthesized once, as `heepstor.build.area` does.

    Raises:
        FpgaError: the board's clock cannot become the hardware's.
        ToolError: Yosys, or a package with RTL, is not installed.
        BuildError: Yosys failed.
    """
    rtl = sources.of(config, board)
    rtl = Sources((sources.library(), *rtl.files), rtl.include_folders)
    on_progress("synthesizing a processing element")
    element = Area.of(area.cells(_ELEMENT, {}))
    on_progress("synthesizing the rest of the FPGA (minutes)")
    boxes = (_CLOCK, "BUFGCE")
    rest = area.cells(sources.TOP, {}, without=_ELEMENT, library=boxes, sources=rtl)
    del rest[_CLOCK]
    count = rest.pop(_ELEMENT)
    return Utilisation(
        board=board.name,
        part=board.part,
        config_hash=config.hash,
        tool=area.tool(),
        elements=Area(0, 0, 0, 0).plus(element, count),
        rest=Area.of(rest),
        available=board.resources,
    )


def render(utilisation: Utilisation) -> str:
    """A table in Markdown."""
    values = utilisation.as_dict()
    rows = [
        ["", *_TITLES.values()],
        ["---", *("---:" for _ in _TITLES)],
        ["processing elements", *_counts(values["processing_elements"])],
        ["the rest", *_counts(values["rest"])],
        ["total", *_counts(values["total"])],
        [f"{utilisation.part} has", *_counts(values["available"])],
        ["taken", *(f"{values['percent'][key]} %" for key in _TITLES)],
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{utilisation.tool}; no placement, no clock"


def to_json(utilisation: Utilisation) -> str:
    """The same for a script."""
    return json.dumps(utilisation.as_dict(), indent=2) + "\n"


def _counts(values: dict[str, float]) -> list[str]:
    return [f"{values[key]:,.10g}" for key in _TITLES]
