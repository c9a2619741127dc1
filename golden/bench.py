"""Speed of the golden matrix product: `python -m golden.bench`.

Not a test: a number depends on the machine and on what else it does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch

from golden import gemm, numpy_twin

# M, K, N of the convolutions of cifar10, for one image and for a batch of 32.
_SHAPES = ((484, 75, 16), (400, 144, 24), (32 * 484, 75, 16), (32 * 400, 144, 24))
_REPETITIONS = 5


def main() -> None:
    """Print the best of a few runs for each shape and model."""
    print(f"{'M':>6} {'K':>4} {'N':>3}  {'PyTorch':>14}  {'NumPy':>14}")
    for m, k, n in _SHAPES:
        a, w = torch.randn(m, k), torch.randint(-127, 128, (k, n), dtype=torch.int8)
        macs = m * k * n
        by_torch = macs / _best_time(partial(gemm.gemm, a, w))
        by_numpy = macs / _best_time(partial(numpy_twin.gemm, a.numpy(), w.numpy()))
        print(f"{m:>6} {k:>4} {n:>3}  {by_torch:>8.2e} MAC/s  {by_numpy:>8.2e} MAC/s")


def _best_time(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs."""
    times = []
    for _ in range(_REPETITIONS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
