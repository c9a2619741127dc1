"""Area of the array on the FPGA of a ZCU104 (UltraScale+), for a sweep of its parameters.

`python -m verif.area` synthesizes with Yosys, prints a table and writes `build/area.json`.
`--set Size=16 --set Ports=4` measures one configuration instead of the sweep.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from heepstor.build import rtl
from verif.area.synthesis import PARAMETERS, Area, array_area

RESULT = rtl.ROOT / "build" / "area.json"

_SWEEP = {
    "Size": (4, 8, 16),
    "Ports": (1, 2, 4),
    "ActivationWords": (1024, 4096, 16384),
    "AccumulatorRows": (64, 128, 256),
}
_COLUMNS = ("lut", "ff", "dsp", "bram36")


def sweep() -> Iterator[dict[str, int]]:
    """The default configuration, then each value that differs from it in one parameter."""
    yield dict(PARAMETERS)
    for name, values in _SWEEP.items():
        for value in values:
            if value != PARAMETERS[name]:
                yield PARAMETERS | {name: value}


def table(results: Sequence[tuple[Mapping[str, int], Area]]) -> str:
    """The results in Markdown."""
    head = [*PARAMETERS, "LUT", "FF", "DSP", "BRAM (36 Kb)"]
    rows = [
        [*parameters.values(), *(f"{getattr(area, column):,}" for column in _COLUMNS)]
        for parameters, area in results
    ]
    return "".join(
        f"| {' | '.join(map(str, row))} |\n" for row in (head, ["---"] * len(head), *rows)
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE")
    overrides = dict(setting.split("=") for setting in parser.parse_args().set)
    if unknown := overrides.keys() - PARAMETERS.keys():
        parser.error(f"no parameter {', '.join(unknown)}; there are {', '.join(PARAMETERS)}")
    asked = PARAMETERS | {name: int(value) for name, value in overrides.items()}
    results = []
    for parameters in [asked] if overrides else sweep():
        with tempfile.TemporaryDirectory() as folder:
            results.append((parameters, array_area(parameters, Path(folder))))
        print(table(results[-1:]).splitlines()[-1], flush=True)
    report = {
        "tool": f"Yosys {metadata.version('pyosys')}, synth_xilinx -family xcup",
        "results": [{"parameters": p, "area": asdict(area)} for p, area in results],
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"\n{report['tool']}; {RESULT.relative_to(rtl.ROOT)}\n\n{table(results)}", end="")


if __name__ == "__main__":
    main()
