"""The words behind the memory agents: one memory, however many ports it has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WORD = 4


class Memory:
    """Words from address 0 on, written by bytes.

    Attributes:
        words: all of them, by index.
    """

    def __init__(self, words: int) -> None:
        self.words: npt.NDArray[np.uint32] = np.zeros(words, np.uint32)

    def read(self, index: int) -> int:
        """The word at `index`."""
        return int(self.words[index])

    def write(self, index: int, word: int, byte_enable: int) -> None:
        """Write the bytes of `word` that `byte_enable` names."""
        mask = sum(0xFF << 8 * byte for byte in range(WORD) if byte_enable >> byte & 1)
        self.words[index] = self.read(index) & ~mask | word & mask
