"""`report.json` as a table for people."""

from __future__ import annotations

from typing import Any

from heepstor import aligned
from heepstor.aligned import NOTHING, count, total
from heepstor.report import fault
from heepstor.report.document import predicted

_HEADINGS = (
    "layer",
    "operator",
    "output",
    "MACs",
    "back-end",
    "cycles",
    "predicted",
    "MAC/cycle",
    "util",
    "share",
    "steps",
)
_LEFT_ALIGNED = {"layer", "operator", "output", "back-end"}


def render(report: dict[str, Any]) -> str:
    """The whole report, ending in the verdict."""
    lines = [
        f"{report['project']}: {headline(report)}",
        "",
        *aligned.lines([_HEADINGS, *map(_row, report["layers"]), _total(report)], _LEFT_ALIGNED),
        "",
        *_waves(report["layers"]),
        memory(report["memory"]),
        _simulation(report["sim"]),
        *predictions(report["predictions"]),
        reference(report["reference"]),
        golden(report["golden"]),
        *fault_lines(report),
        verdict(report),
    ]
    return "\n".join(lines)


def headline(report: dict[str, Any]) -> str:
    """What ran, in a line."""
    size = report["config"]["systolic_array"]["size"]
    return (
        f"array {size}x{size}, CPU {report['config']['cpu']['core']}, "
        f"configuration {report['config']['hash']}, "
        f"{report['quantization'].replace('_', ' ')} quantization, weights: {report['weights']}"
    )


def _row(layer: dict[str, Any]) -> tuple[str, ...]:
    has_macs = layer["macs"] > 0
    return (
        layer["name"],
        layer["op"],
        "x".join(map(str, layer["output_shape"])),
        f"{layer['macs']:,}" if has_macs else "",
        layer["backend"],
        count(layer["cycles"]),
        count(predicted(layer)),
        _number(layer["macs_per_cycle"], ".3f") if has_macs else "",
        _number(layer["utilization"], ".2%") if has_macs else "",
        _number(layer["share"], ".1%"),
        _steps(layer),
    )


def _steps(layer: dict[str, Any]) -> str:
    """Share of the layer's cycles in which the array began a step by itself."""
    return format(layer["stream"]["compute"] / layer["cycles"], ".1%") if "stream" in layer else ""


def _total(report: dict[str, Any]) -> tuple[str, ...]:
    macs = sum(layer["macs"] for layer in report["layers"])
    cycles = report["total_cycles"]
    size = report["config"]["systolic_array"]["size"]
    return (
        "total",
        "",
        "",
        f"{macs:,}",
        report["backend"],
        count(cycles),
        count(total(map(predicted, report["layers"]))),
        _number(macs / cycles if cycles else None, ".3f"),
        _number(macs / cycles / size**2 if cycles else None, ".2%"),
        "",
        "",
    )


def _number(value: float | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)


def _waves(layers: list[dict[str, Any]]) -> list[str]:
    """The command for the waveform of a layer, as it is for the first one, in a line."""
    commands = [layer["waves"] for layer in layers if "waves" in layer]
    return [f"waveform of a layer, here the first: {commands[0]}"] if commands else []


def memory(memory: dict[str, Any]) -> str:
    """What takes how much of the RAM, in a line."""
    return (
        f"memory: weights {memory['weights']:,}, arena {memory['arena']:,}, "
        f"code {memory['code']:,}, "
        f"stack {count(memory['stack_used'])} of {memory['stack_size']:,}; "
        f"all {memory['used']:,} of {memory['available']:,} bytes"
    )


def _simulation(sim: dict[str, Any]) -> str:
    return (
        f"simulation: {sim['cycles']:,} cycles in {sim['wall_s']:.1f} s, "
        f"{sim['cycles_per_s'] / 1e6:.2f} million cycles per CPU second"
    )


def predictions(predictions: list[dict[str, Any]]) -> list[str]:
    """What class each sample was taken for, a line each."""
    return [
        f"prediction: {row['class']} (class {row['top1']})"
        + ("" if row["expected"] is None else f", expected class {row['expected']}")
        for row in predictions
    ]


def reference(reference: dict[str, Any]) -> str:
    """What quantization and rounding cost, in a line."""
    unquantized, exact = reference["unquantized"], reference["exact"]
    agrees = "the same class" if unquantized["top1_agrees"] else "ANOTHER class"
    return (
        f"unquantized PyTorch model: {agrees}, output differs by at most "
        f"{_number(unquantized['max_abs_error'], '.3g')}; "
        f"of that, rounding to FP32: {_number(exact['max_abs_error'], '.3g')}"
    )


def golden(golden: dict[str, Any]) -> str:
    """How many values are golden, and the first that is not, in a line."""
    if not golden["compared"]:
        return "golden: nothing compared, because no layer ended"
    if not golden["mismatches"]:
        return (
            f"golden: {golden['compared']:,} values in {golden['layers']} layers, "
            "all equal bit for bit"
        )
    first = golden["first_mismatch"]
    return (
        f"golden: {golden['mismatches']:,} of {golden['compared']:,} values differ; first "
        f"{first['layer']}{first['index']}: got {first['got']} ({first['got_bits']}), "
        f"expected {first['expected']} ({first['expected_bits']}), {first['ulps']} ulps apart"
    )


def fault_lines(report: dict[str, Any]) -> list[str]:
    """Where and how the firmware failed, if it reported a fault."""
    found = report.get("fault")
    return fault.lines(report["panic"]["cause"], found) if found else []


def verdict(report: dict[str, Any]) -> str:
    """PASS or FAIL, and how the firmware ended, in a line."""
    panic = report["panic"]
    where = " at " + " ".join(f"{k}={v}" for k, v in panic.items()) if panic else ""
    ended = f"firmware {report['exit_name']}{where}"
    if report["exit_code"] is None:
        at = report["sim"]["stopped_at"]
        layer = f", layer {at['layer']}" if at["layer"] else ""
        ended = (
            f"firmware did not end: {report['sim']['reason']} at cycle "
            f"{report['sim']['cycles']:,}, pc {at['pc']} in {at['function']}{layer}"
        )
    return f"{verdict_word(report)}: {ended}"


def verdict_word(report: dict[str, Any]) -> str:
    """PASS or FAIL."""
    return "PASS" if report["passed"] else "FAIL"
