"""Reports for tests: every kind of layer and of end, names that would break a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heepstor import config
from verif.unit import reports

HOSTILE = "<script>f('a')</script> & $x$ | *b*"
LONG = "features." + "+".join(f"module{i}" for i in range(30))

Report = dict[str, Any]

_COUNTERS = {
    "compute": 9_680,
    "wait_weights": 203,
    "wait_activations": 280,
    "wait_write_back": 0,
    "fill_drain": 294,
}


def passed() -> Report:
    """A run that passed: a streamed layer, one that the CPU feeds, one on the CPU."""
    hardware = config.load()
    layers = [
        _layer(HOSTILE, "stream", 10_538, 10_537, 580_800, (9_680, 10_104), _COUNTERS),
        _layer(LONG, "direct", 12_617, 12_000, 2_940, (74, 1_059)),
        _layer("softmax", "software", 685, 667, 0),
    ]
    total = sum(layer["cycles"] for layer in layers)
    for layer in layers:
        layer["share"] = round(layer["cycles"] / total, 6)
    return reports.example() | {
        "project": "a-project",
        "weights": "trained on <nothing>",
        "config": {"hash": f"0x{hardware.hash_hex}", **hardware.as_dict()},
        "golden": {"compared": 10_458, "mismatches": 0, "layers": 3, "first_mismatch": None},
        "total_cycles": total,
        "layers": layers,
        "memory": _memory(),
        "tools": {"python": "3.11.2", "verilator": "5.48.0"},
        "reproduce": "heepstor sim a-project --set systolic_array.size=8",
    }


def mismatched() -> Report:
    """A run whose second layer is wrong in memory."""
    first = {
        "layer": LONG,
        "index": [0, 2],
        "got": "1.0000001",
        "got_bits": "0x3f800001",
        "expected": "1.0",
        "expected_bits": "0x3f800000",
        "ulps": 1,
    }
    golden = {"compared": 10_458, "mismatches": 7, "layers": 3, "first_mismatch": first}
    end = {"exit_code": 1, "exit_name": "OUTPUT_MISMATCH", "passed": False}
    return passed() | {"golden": golden} | end


def panicked() -> Report:
    """A run that ended in its second layer with a record of why."""
    report = _unreached(passed(), 1)
    panic = {"cause": "load_fault", "pc": "0x00000abc", "value": "0x0", "layer": "1"}
    return report | {"panic": panic, "exit_code": 3, "exit_name": "TRAP"}


def cut_off() -> Report:
    """A run that the cycle limit ended before any layer had."""
    report = _unreached(passed(), 0)
    stopped = {"pc": "0x00000200", "function": "gemm<float>(int)", "layer": HOSTILE}
    report["sim"] |= {"reason": "cycle_limit", "stopped_at": stopped}
    return report | {"exit_code": None, "exit_name": "NONE"}


RUNS = (passed, mismatched, panicked, cut_off)


def _unreached(report: Report, first: int) -> Report:
    for layer in report["layers"][first:]:
        layer |= dict.fromkeys(("cycles", "macs_per_cycle", "utilization", "share"))
        layer.pop("stream", None)
    report["memory"]["stack_used"] = None
    compared = 7_744 if first else 0
    golden = {"compared": compared, "mismatches": 0, "layers": first, "first_mismatch": None}
    nothing: Report = {"prediction": None, "predictions": [], "total_cycles": None, "passed": False}
    return report | {"golden": golden} | nothing


def _layer(
    name: str,
    backend: str,
    cycles: int,
    predicted: int,
    macs: int,
    limits: tuple[int, int] | None = None,
    counters: Mapping[str, int] | None = None,
) -> Report:
    stream = {"words_read": 2_382, "words_written": 7_744}
    return {
        "name": name,
        "op": "Conv2d" if macs else "Softmax",
        "backend": backend,
        "backend_reason": "",
        "input_shape": [1, 3, 26, 26],
        "output_shape": [1, 16, 22, 22],
        "macs": macs,
        "cycles": cycles,
        "predicted_cycles": predicted,
        "macs_per_cycle": round(macs / cycles, 4),
        "utilization": round(macs / cycles / 64, 6),
        "bounds": {"array_cycles": limits[0], "port_cycles": limits[1], "words": limits[1]}
        if limits
        else None,
        **(
            {"stream": {"stream_cycles": sum(counters.values()), **counters, **stream}}
            if counters
            else {}
        ),
    }


def _memory() -> Report:
    sizes = {"code": 8_476, "weights": 10_348, "data": 252, "arena": 40_576, "stack": 16_384}
    regions, address = [], 0
    for kind, size in sizes.items():
        regions.append({"kind": kind, "address": address, "size": size})
        address += size
    buffers = [
        (HOSTILE, "output", 0, 30_976, 0, 1),
        (LONG, "scratch", 30_976, 4_096, 1, 1),
        (LONG, "output", 40_536, 40, 1, 2),
    ]
    keys = ("name", "use", "offset", "size", "first_layer", "last_layer")
    return {
        "weights": sizes["weights"],
        "arena": sizes["arena"],
        "code": sizes["code"],
        "constants": sizes["weights"],
        "data": sizes["data"],
        "stack_size": sizes["stack"],
        "stack_used": 244,
        "used": address,
        "available": 524_288,
        "regions": regions,
        "buffers": [dict(zip(keys, buffer, strict=True)) for buffer in buffers],
    }
