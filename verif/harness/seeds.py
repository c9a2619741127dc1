"""One base seed a session; every run derives its own from it by name.

The base seed is the environment variable `HEEPSTOR_SEED`. Where it is not set, the conftest picks
one at random and puts it there, so that pytest-xdist's workers and the simulators inherit it.
"""

from __future__ import annotations

import os
import secrets
import zlib

VARIABLE = "HEEPSTOR_SEED"


def choose() -> int:
    """The session's base seed: that of the environment, else a random one, which is put there.

    Raises:
        ValueError: the variable holds no integer.
    """
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = str(secrets.randbits(31))
    return base()


def base() -> int:
    """The session's base seed.

    Raises:
        KeyError: no one called `choose`.
        ValueError: the variable holds no integer.
    """
    return int(os.environ[VARIABLE], 0)


def derive(name: str) -> int:
    """The seed of the run called `name`: 31 bits, the same for the same base seed and name."""
    return zlib.crc32(f"{base()}/{name}".encode()) & 0x7FFF_FFFF
