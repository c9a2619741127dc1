"""The UVM test whose results test_uvm_array.py compares between arrays of different sizes."""

from __future__ import annotations

from pathlib import Path

import cocotb
import numpy as np
import pyuvm

from verif.harness import seeds
from verif.uvm import stimulus
from verif.uvm.job_sequences import StreamGemmSequence
from verif.uvm.tests import ArrayTest
from verif.uvm.virtual_sequences import GemmSequence

PLUSARG = "results"
"""`+results=<path>`: where the words of all results go, as a NumPy file."""
_SHAPES = ((1, 1, 1), (3, 9, 5), (5, 4, 12), (9, 17, 13), (2, 30, 3))


@pyuvm.test()
class SameProductsOnEverySize(ArrayTest):
    """Operands that depend on the base seed alone, values of all classes; in both modes."""

    async def stimulus(self) -> None:
        random = np.random.default_rng(seeds.derive("the same products on every size"))
        results = []
        for shares in stimulus.MIXES.values():
            for m, k, n in _SHAPES:
                a = stimulus.mixed(random, (m, k), shares)
                w = stimulus.weights(random, (k, n), special=0.2)
                gemm, job = GemmSequence(a, w), StreamGemmSequence(a, w)
                await self.start(gemm)
                await self.start(job)
                # A -0 would be a +0 where a bias of +0 is added; but no sum is one.
                np.testing.assert_array_equal(
                    job.result.view(np.uint32), gemm.result.view(np.uint32), "`stream` and `direct`"
                )
                results.append(gemm.result.ravel())
        words = np.concatenate(results).view(np.uint32)
        np.save(Path(cocotb.plusargs[PLUSARG]), words)
