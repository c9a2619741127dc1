"""How far a layer may be from its simulated cycles: `100`, `0.5%`, `fc1=100`, `conv1=0.5%`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from heepstor.errors import ToleranceError

_FORM = re.compile(r"(?:(?P<layer>.+)=)?(?P<amount>\d+|\d+(?:\.\d+)?(?P<percent>%))")


@dataclass(frozen=True)
class Tolerance:
    """An absolute or relative limit; the default is none at all."""

    amount: Decimal = Decimal(0)
    percent: bool = False

    def cycles(self, simulated: int) -> int:
        """The limit in cycles, for a layer of so many."""
        return int(self.amount * simulated / 100 if self.percent else self.amount)

    def __str__(self) -> str:
        return f"{self.amount}%" if self.percent else f"{self.amount:,}"


def for_layers(texts: Sequence[str], layers: Sequence[str]) -> list[Tolerance]:
    """The tolerance of every layer; of two that concern a layer the later counts.

    Args:
        texts: limits, each of all layers or of the one that is named; `conv1` names the layer
            `conv1+relu1`, too.
        layers: the names of all layers.

    Raises:
        ToleranceError: a text is no limit, or names no layer.
    """
    tolerances = [Tolerance()] * len(layers)
    for text in texts:
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ToleranceError(
                f"tolerance {text!r}: accepted is N or N%, of all layers, or LAYER=N or LAYER=N%"
            )
        tolerance = Tolerance(Decimal(match["amount"].rstrip("%")), match["percent"] is not None)
        concerned = [i for i, name in enumerate(layers) if _names(match["layer"], name)]
        if not concerned:
            raise ToleranceError(
                f"tolerance {text!r}: there is no such layer; there are: {', '.join(layers)}"
            )
        for i in concerned:
            tolerances[i] = tolerance
    return tolerances


def _names(text: str | None, layer: str) -> bool:
    return text is None or text == layer or text in layer.split("+")
