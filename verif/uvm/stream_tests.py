"""The UVM tests of `stream` mode; test_uvm_stream.py runs each on several configurations."""

from __future__ import annotations

import pyuvm

from verif.harness import session
from verif.uvm.job_sequences import (
    ChainSequences,
    CornerJobsSequence,
    CutSequence,
    ErrorSequence,
    EveryJobSequence,
    MeanwhileSequence,
    RandomJobsSequence,
    RefusalSequence,
)
from verif.uvm.tests import SMALLEST_SIZE, ArrayTest


@pyuvm.test()
class RandomJobsDoWhatTheContractSays(ArrayTest):
    """Layers and numbers that nobody would choose, alone and chained."""

    async def stimulus(self) -> None:
        await self.start(RandomJobsSequence(session.of(quick=15, full=300)))


@pyuvm.test()
class EveryKindOfJobDoesWhatTheContractSays(ArrayTest):
    """Each way to restart the window, to cut in chunks and n groups, to pool; padding, dilation."""

    async def stimulus(self) -> None:
        await self.start(EveryJobSequence())


@pyuvm.test()
class JobsOfCornerShapesGiveTheResultsOfTheContract(ArrayTest):
    """M, K and N just at, below and above what fits, and all tails."""

    async def stimulus(self) -> None:
        await self.start(CornerJobsSequence(self._edges))

    def _edges(self, limit: int) -> tuple[int, ...]:
        # Where jobs are large, and so slow, only the edges that are next to a whole tile.
        if self.cfg.size > SMALLEST_SIZE:
            return limit, limit + 1
        return 1, limit - 1, limit, limit + 1, 2 * limit + 1


@pyuvm.test()
class DescriptorsThatAreNotValidAreRefused(ArrayTest):
    """For each reason, in the first and in a later job; nothing else is read, nothing written."""

    async def stimulus(self) -> None:
        await self.start(RefusalSequence())


@pyuvm.test()
class ErrorInAnyPhaseEndsTheChainAndNothingElse(ArrayTest):
    """Bus errors in each phase, a window that cannot serve, weights that run out."""

    async def stimulus(self) -> None:
        await self.start(ErrorSequence())


@pyuvm.test()
class AbortAndResetOfAJobLeaveAnArrayThatWorks(ArrayTest):
    """While it reads its descriptor, its operands, while it writes results."""

    async def stimulus(self) -> None:
        await self.start(CutSequence())


@pyuvm.test()
class ChainsRunTheirJobsOneAfterTheOther(ArrayTest):
    """Of each length, ended by interrupt and polling; a job reads what the one before wrote."""

    async def stimulus(self) -> None:
        await self.start(ChainSequences())


@pyuvm.test()
class AccessesWhileAJobRunsDoNotDisturbIt(ArrayTest):
    """Registers are read, and what belongs to the job is refused."""

    async def stimulus(self) -> None:
        await self.start(MeanwhileSequence())
