"""What quantization and the hardware's arithmetic cost: top-1 over a whole test set.

docs/accuracy.md tells what is counted, and how.
"""

from heepstor.accuracy.document import render
from heepstor.accuracy.measurement import measure

__all__ = ["measure", "render"]
