"""Why a log and a simulation differ: what the numbers show, what is ruled out, what may be.

Only what is in both records is said to be seen. What would look the same in the numbers is listed
as possible, in plain words, unless both sides agree on the fact that it would need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from heepstor.board.log import CONFIGURATION, IMAGE, RTL, Log, MeasuredLayer, identity_of
from heepstor.report.document import Report

_SAME_RATIO = 0.001
"""Two ratios of cycles this near each other count as one: 0.1 %."""

_UART_BITS = 10
_UART_BUFFER = 32
"""Bits of a character on the line; characters that the UART takes at once."""


@dataclass(frozen=True)
class Cause:
    """A sentence, and how well it is founded."""

    verdict: Literal["seen", "possible", "ruled out"]
    what: str


@dataclass(frozen=True)
class _Pair:
    """A layer of the report that the log has a time for."""

    row: Mapping[str, Any]
    logged: MeasuredLayer

    @property
    def difference(self) -> int:
        return self.logged.cycles - int(self.row["cycles"])

    @property
    def differs(self) -> bool:
        """By more than what the log cannot tell apart."""
        return abs(self.difference) > self.logged.resolution

    @property
    def ratio(self) -> float:
        return self.logged.cycles / int(self.row["cycles"])

    @property
    def ratio_error(self) -> float:
        """How far the ratio may be off, for what the log cannot tell apart."""
        return self.logged.resolution / int(self.row["cycles"])


def causes(report: Report, log: Log) -> tuple[Cause, ...]:
    """What explains the differences; nothing where there is none."""
    pairs = [
        _Pair(row, logged)
        for row, logged in zip(report["layers"], log.layers, strict=True)
        if logged is not None
    ]
    if not any(pair.differs for pair in pairs):
        return ()
    seen = [Cause("seen", what) for rule in _RULES for what in rule(report, log, pairs)]
    kinds = {_kind(cause) for cause in seen}
    others = [cause for cause in _candidates(report, log) if _kind(cause) not in kinds]
    return (*seen, *others)


def _kind(cause: Cause) -> str:
    return cause.what.partition(":")[0]


def _same_offset(_: Report, __: Log, pairs: Sequence[_Pair]) -> Iterator[str]:
    differences = {pair.difference for pair in pairs}
    if len(pairs) > 1 and len(differences) == 1:
        yield (
            f"counter overhead: every layer differs by the same {differences.pop():+,} cycles, "
            "however long it is; reading the counter takes another time"
        )


def _same_ratio(report: Report, log: Log, pairs: Sequence[_Pair]) -> Iterator[str]:
    if len(pairs) < 2 or len({pair.difference for pair in pairs}) == 1:
        return
    longest = max(pairs, key=lambda pair: int(pair.row["cycles"]))
    ratio = longest.ratio
    if abs(ratio - 1) > _SAME_RATIO and all(
        abs(pair.ratio - ratio) <= _SAME_RATIO * ratio + pair.ratio_error for pair in pairs
    ):
        yield (
            f"clock: every layer has {ratio:.4g} times its simulated cycles; the counter and the "
            "CPU run at different clocks, or the clock given is not the one of the run"
        )


def _only_the_cpu(_: Report, __: Log, pairs: Sequence[_Pair]) -> Iterator[str]:
    streamed = [pair for pair in pairs if pair.row["backend"] == "stream"]
    others = [pair for pair in pairs if pair.row["backend"] != "stream"]
    if streamed and all(p.differs for p in others) and not any(p.differs for p in streamed):
        yield (
            "the CPU alone is slower or faster: layers that the array computes by itself take "
            "their simulated cycles, the others do not"
        )


def _counters(_: Report, __: Log, pairs: Sequence[_Pair]) -> Iterator[str]:
    for pair in pairs:
        simulated, logged = pair.row.get("stream", {}), pair.logged.counters
        if not pair.differs or not simulated or not logged:
            continue
        parts = {name: logged[name] - simulated[name] for name in simulated}
        by_the_array = parts.pop("stream_cycles")
        said = [f"{name} {change:+,}" for name, change in parts.items() if change]
        said.append(f"outside its jobs {pair.difference - by_the_array:+,}")
        yield f"the array's counters of {pair.row['name']}: {', '.join(said)}"


def _prints(report: Report, log: Log, _: Sequence[_Pair]) -> Iterator[str]:
    if log.chatter:
        config = report["config"]
        cycles = _UART_BITS * config["clock_hz"] / config["uart"]["baud_rate"]
        yield (
            f"prints in the timed region: {log.chatter} characters came while the layers ran; "
            f"the UART sends one in {cycles:,.0f} cycles, and takes {_UART_BUFFER} at once"
        )


_RULES: tuple[Callable[[Report, Log, Sequence[_Pair]], Iterator[str]], ...] = (
    _same_offset,
    _same_ratio,
    _only_the_cpu,
    _counters,
    _prints,
)


_NEEDS = {
    "FPU latency: another number of pipeline registers in the FPU": CONFIGURATION,
    "memory: other banks, or a bus that waits for them": CONFIGURATION,
    "clock: another frequency than the configuration's, or than the one given": CONFIGURATION,
    "flash or on-chip linking: code or weights fetched from a slower memory": IMAGE,
    "counter overhead: another way to read the counter around a layer": IMAGE,
    "prints in the timed region: a layer that waits for the UART": IMAGE,
    "another accelerator or SoC": RTL,
}
"""What may be, and the fact that both sides would have to differ in, or not to name."""


def _candidates(report: Report, log: Log) -> Iterator[Cause]:
    expected = identity_of(report)
    agreed = {fact for fact, value in log.identity.items() if value == expected[fact]}
    for what, fact in _NEEDS.items():
        if fact in agreed:
            yield Cause("ruled out", f"{what}; the {fact} is the same")
        else:
            yield Cause("possible", what)
    if agreed >= set(_NEEDS.values()):
        yield Cause(
            "possible",
            "hardware that does not do what its RTL says (timing not met, memories that are not "
            "what they are taken for), or a log that is not what was printed",
        )
