"""The result of a run as one HTML page: no script, no network, readable on a phone.

Importing this takes as long as Matplotlib does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from heepstor import aligned
from heepstor.aligned import NOTHING, count
from heepstor.report import page, run_charts, tables, text
from heepstor.report.document import Report, predicted


def render(report: Report) -> str:
    """The page."""
    title = f"{report['project']}: {text.verdict_word(report)}"
    return page.document(title, "\n".join(_body(report)))


def _body(report: Report) -> Iterator[str]:
    yield page.header(
        f"{report['project']}: {text.verdict_word(report)}",
        passed=report["passed"],
        lines=[escape(line) for line in (text.verdict(report), text.headline(report))],
    )
    yield page.numbers(_numbers(report))
    yield page.section("golden", "Golden verdict", *_golden(report))
    yield page.section(
        "cycles",
        "Cycles",
        page.chart(
            run_charts.cycles(report),
            "Of a layer in stream mode, the array counts what it did in each cycle; what is left "
            "is the firmware's.",
        ),
        page.table(tables.cycles(report)),
    )
    yield from _waves(report)
    yield from _predictions(report)
    yield from _roofline(report)
    yield from _memory(report)
    yield page.section("configuration", "Configuration", page.table(tables.configuration(report)))
    yield page.section("origin", "Made with", page.table(tables.origin(report)))
    if commands := tables.commands(report):
        yield page.section("again", "Again", f"<pre>{escape(chr(10).join(commands))}</pre>")


def _numbers(report: Report) -> list[tuple[str, str]]:
    """What a reader comes for."""
    total, memory = report["total_cycles"], report["memory"]
    macs = sum(layer["macs"] for layer in report["layers"])
    size = report["config"]["systolic_array"]["size"]
    return [
        ("cycles of the inference", count(total)),
        ("predicted", count(aligned.total(map(predicted, report["layers"])))),
        ("MAC per cycle", f"{macs / total:.2f}" if total else NOTHING),
        ("utilization", tables.percent(macs / total / size**2 if total else None)),
        ("memory", f"{memory['used'] / memory['available']:.1%}"),
        ("prediction", report["prediction"]["class"] if report["prediction"] else NOTHING),
    ]


def _golden(report: Report) -> Iterator[str]:
    yield f"<p>{escape(text.golden(report['golden']))}</p>"
    if first := report["golden"]["first_mismatch"]:
        facts = {
            "layer": first["layer"],
            "index, in PyTorch's order": str(first["index"]),
            "got": f"{first['got']} ({first['got_bits']})",
            "expected": f"{first['expected']} ({first['expected_bits']})",
            "ulps apart": f"{first['ulps']:,}",
        }
        yield '<div class="mismatch"><h3>First mismatch</h3>'
        yield f"{page.facts(facts)}</div>"
    if panic := report["panic"]:
        yield f'<div class="mismatch"><h3>Panic of the firmware</h3>{page.facts(panic)}'
        yield f"{_preformatted(text.fault_lines(report))}</div>"
    if stopped := report["sim"]["stopped_at"]:
        facts = {"reason": report["sim"]["reason"], "cycle": f"{report['sim']['cycles']:,}"}
        facts |= {key: str(value) for key, value in stopped.items()}
        yield f'<div class="mismatch"><h3>Stopped</h3>{page.facts(facts)}</div>'
    for line in [*text.predictions(report["predictions"]), text.reference(report["reference"])]:
        yield f"<p>{escape(line)}</p>"


def _preformatted(lines: Sequence[str]) -> str:
    return f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def _predictions(report: Report) -> Iterator[str]:
    if any(map(predicted, report["layers"])):
        yield page.section(
            "predictions",
            "Predicted and simulated",
            page.chart(
                run_charts.predictions(report),
                "The planner's predictions. In stream mode it runs each job's counters cycle by "
                "cycle, on memory that never waits; what the CPU does it knows on average.",
            ),
            page.table(tables.predictions(report)),
        )


def _waves(report: Report) -> Iterator[str]:
    content = tables.waves(report)
    if content.rows:
        yield page.section(
            "waves",
            "Waveforms",
            "<p>What each layer did, cycle by cycle, in a waveform of it alone; "
            f"<code>{escape(tables.open_waves(report))}</code> opens it.</p>",
            page.table(content),
        )


def _roofline(report: Report) -> Iterator[str]:
    if tables.bounded_layers(report):
        yield page.section(
            "roofline",
            "Roofline",
            page.chart(
                run_charts.roofline(report),
                "No layer can be above the roof: the array does size x size MAC a cycle, and every "
                "word has to cross a port once. A line marks what the layer's shape allows: tiles "
                "that K and N do not fill cost whole steps.",
            ),
            page.table(tables.bounds(report)),
        )


def _memory(report: Report) -> Iterator[str]:
    memory = report["memory"]
    if memory.get("regions"):
        yield page.section(
            "memory",
            "Memory map",
            page.chart(run_charts.memory(report), text.memory(memory)),
            page.table(tables.memory(report)),
        )
    if memory.get("buffers"):
        yield page.section(
            "arena",
            "Arena over time",
            page.chart(
                run_charts.arena(report),
                f"Buffers share {memory['arena']:,} bytes: two lie over each other only if no "
                "layer needs both.",
            ),
            page.table(tables.buffers(report)),
        )
