"""Planned jobs, executed as docs/accelerator.md says, give the golden output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
import pytest

from golden.numpy_twin import conv2d, linear, max_pool2d, relu
from heepstor import config
from heepstor.config import Config
from heepstor.ir import Float32Array, Gemm, MatrixProduct, Node, StreamJob, Uint32Array, Window2d
from heepstor.job import Restart, faults
from heepstor.plan.jobs import plan_jobs
from heepstor.plan.packing import stream_constants
from verif.harness.job_model import Addresses, Hardware, Outcome, execute
from verif.harness.seeds import derive

CONFIGS = {
    "default": (),
    "tiny": (
        "systolic_array.size=4",
        "systolic_array.accumulator_rows=4",
        "systolic_array.activation_words=64",
        "systolic_array.weight_rows=16",
    ),
    "size 12, 4 ports": ("systolic_array.size=12", "systolic_array.ports=4"),
    "little buffer": ("systolic_array.activation_words=64",),
}


@dataclass(frozen=True)
class Case:
    """A convolution and its pool, or the M x K of a Linear (`shape` of two)."""

    shape: tuple[int, ...]
    outputs: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    pool: tuple[int, int] = (1, 1)
    relu: bool = False

    @property
    def window(self) -> Window2d:
        return Window2d(self.kernel, self.stride, self.padding, self.dilation)


CASES = {
    "linear": Case((1, 37), 10),
    "linear of a batch": Case((13, 21), 9, relu=True),
    "linear of more inputs than the buffer has words": Case((3, 5000), 3),
    "linear of more outputs than a job may have": Case((2, 9), 300),
    "convolution": Case((3, 9, 8), 5, (3, 2)),
    "1x1": Case((11, 5, 6), 9),
    "1x1 of few channels, by a stride": Case((2, 7, 7), 3, stride=(3, 2)),
    "kernel as large as the map": Case((2, 4, 5), 6, (4, 5)),
    "padding": Case((3, 6, 7), 5, (3, 3), padding=(1, 1), relu=True),
    "more padding than map": Case((2, 2, 3), 3, (3, 5), padding=(2, 4)),
    "positions that see nothing but padding": Case((1, 2, 2), 2, (1, 1), padding=(2, 2)),
    "stride": Case((4, 11, 9), 6, (3, 3), stride=(2, 3), padding=(1, 0)),
    "dilation": Case((3, 11, 12), 5, (3, 3), padding=(2, 1), dilation=(2, 3)),
    "groups": Case((6, 7, 6), 9, (3, 2), padding=(1, 1), groups=3),
    "depthwise": Case((5, 6, 6), 10, (3, 3), padding=(1, 1), groups=5),
    "groups with more outputs than a job may have": Case((2, 2, 2), 2 * 260, (2, 2), groups=2),
    "pool": Case((3, 9, 9), 10, (2, 2), pool=(2, 2), relu=True),
    "pool that leaves a rest": Case((2, 10, 11), 4, (3, 3), pool=(2, 3)),
    "pool, padding, stride, groups": Case(
        (4, 12, 13), 6, (3, 3), (2, 1), (1, 2), groups=2, pool=(1, 2), relu=True
    ),
    "pool of large windows": Case((1, 9, 9), 3, (2, 2), pool=(4, 8)),
}


def values(name: str, *shape: int) -> Float32Array:
    """Random activations of which some are special."""
    generator = np.random.default_rng(derive(f"jobs {name} {shape}"))
    found = generator.standard_normal(shape, np.float32)
    special = generator.choice(np.array([np.nan, np.inf, -0.0, 1e-40, 3e38], np.float32), shape)
    return np.where(generator.random(shape) < 0.005, special, found)


def product_of(case: Case, x: Float32Array) -> tuple[Node, MatrixProduct, Float32Array]:
    """The lowered layer, and its golden output [B, N, OH, OW] or [M, N]."""
    generator = np.random.default_rng(derive(f"jobs weights {case}"))
    inputs = case.shape[-1] if len(case.shape) == 2 else case.shape[0] // case.groups
    kernel = () if len(case.shape) == 2 else case.kernel
    codes = generator.integers(-128, 128, (case.outputs, inputs, *kernel), dtype=np.int8)
    scale = generator.standard_normal(case.outputs, np.float32)
    bias = generator.standard_normal(case.outputs, np.float32)
    if not kernel:
        y = linear(x, codes, scale, bias)
    else:
        y = conv2d(
            x,
            codes,
            scale,
            bias,
            stride=case.stride,
            padding=case.padding,
            dilation=case.dilation,
            groups=case.groups,
        )
    y = max_pool2d(relu(y) if case.relu else y, case.pool, case.pool) if kernel else y
    y = relu(y) if case.relu else y
    n = case.outputs // case.groups
    by_group = codes.reshape(case.groups, n, inputs, -1).transpose(0, 3, 2, 1)
    m = y.shape[0] if not kernel else y.shape[2] * y.shape[3] * case.pool[0] * case.pool[1]
    weights = np.ascontiguousarray(by_group.reshape(case.groups, -1, n))
    gemm = Gemm(m, weights.shape[1], n, case.groups, weights, scale, bias)
    op = MatrixProduct(gemm, case.window if kernel else None, case.pool)
    return Node("layer", (0,), op, x.shape, y.shape, case.relu), op, y


def run(
    jobs: Sequence[StreamJob], constants: Uint32Array, x: Float32Array, cfg: Config
) -> tuple[Uint32Array, list[Outcome]]:
    """Words of the output, in the order of addresses, and what every job did."""
    in_memory = np.ascontiguousarray(x.transpose(0, 2, 3, 1) if x.ndim == 4 else x)
    memory = np.concatenate([constants, in_memory.view(np.uint32).ravel()])
    hardware = Hardware(
        cfg.systolic_array_size,
        cfg.systolic_array_activation_words,
        cfg.systolic_array_weight_rows,
    )
    outcomes = []
    written: dict[int, int] = {}
    for placed in jobs:
        at = Addresses(4 * len(constants), 4 * placed.constants, 4 * placed.channel)
        outcome = execute(placed.job, at, memory, hardware)
        assert not written.keys() & outcome.written.keys()
        assert max(outcome.allowed) < memory.nbytes
        written |= outcome.written
        outcomes.append(outcome)
    assert sorted(written) == list(range(0, 4 * len(written), 4))
    return np.array([written[address] for address in sorted(written)], np.uint32), outcomes


def require_golden(name: str, case: Case, cfg: Config) -> bool:
    """Compares what the jobs write; tells whether there were any."""
    x = values(name, *(case.shape if len(case.shape) == 2 else (1, *case.shape)))
    node, op, golden = product_of(case, x)
    jobs = plan_jobs(node, op, cfg)
    if isinstance(jobs, str):
        # One position always fits; the positions of a pooled window need not.
        assert case.pool != (1, 1)
        assert re.search("positions a window|too small for one window", jobs)
        return False
    assert [faults(placed.job, cfg) for placed in jobs] == [[]] * len(jobs)
    got, outcomes = run(jobs, stream_constants(op.gemm, jobs, cfg.systolic_array_size), x, cfg)
    in_memory = golden.transpose(0, 2, 3, 1) if golden.ndim == 4 else golden
    expected = np.ascontiguousarray(in_memory).view(np.uint32).ravel()
    np.testing.assert_array_equal(got, expected, err_msg=str(case))
    for placed, outcome in zip(jobs, outcomes, strict=True):
        k_tiles = len(placed.job.k_tiles(cfg.systolic_array_size))
        assert outcome.steps == op.gemm.m * placed.job.n_tiles * k_tiles
    return True


@pytest.mark.parametrize("hardware", CONFIGS)
@pytest.mark.parametrize("name", CASES)
def test_planned_jobs_give_the_golden_output(name: str, hardware: str) -> None:
    streamed = require_golden(name, CASES[name], config.load(overrides=CONFIGS[hardware]))
    assert streamed or hardware != "default"


def random_case(generator: np.random.Generator) -> Case:
    def pair(lowest: int, highest: int) -> tuple[int, int]:
        rows, columns = generator.integers(lowest, highest, 2, endpoint=True).tolist()
        return rows, columns

    inputs, outputs = generator.integers(1, 12, 2, endpoint=True).tolist()
    kernel, dilation, padding, pool = pair(1, 4), pair(1, 2), pair(0, 3), pair(1, 3)
    # A window of three positions fits at least.
    taps = zip(kernel, dilation, padding, pool, strict=True)
    room = [(k - 1) * d + 1 - 2 * p + 3 * (n - 1) for k, d, p, n in taps]
    height, width = (max(1, r) + int(generator.integers(0, 7)) for r in room)
    return Case(
        (inputs, height, width),
        outputs,
        kernel,
        pair(1, 3),
        padding,
        dilation,
        groups=gcd(inputs, outputs) if generator.random() < 0.3 else 1,
        pool=pool,
        relu=bool(generator.random() < 0.5),
    )


@pytest.mark.parametrize("hardware", CONFIGS)
@pytest.mark.parametrize("number", range(8))
def test_jobs_of_random_layers_give_the_golden_output(number: int, hardware: str) -> None:
    name = f"random jobs {number} {hardware}"
    case = random_case(np.random.default_rng(derive(name)))
    require_golden(name, case, config.load(overrides=CONFIGS[hardware]))


def jobs_of(case: Case, hardware: str = "default") -> tuple[StreamJob, ...]:
    x = values("shapes", *(case.shape if len(case.shape) == 2 else (1, *case.shape)))
    node, op, _ = product_of(case, x)
    jobs = plan_jobs(node, op, config.load(overrides=CONFIGS[hardware]))
    assert not isinstance(jobs, str), jobs
    return jobs


@pytest.mark.parametrize(
    ("pool", "hardware", "why"),
    [
        ((6, 6), "default", "36 positions a window; half of the accumulators has 32 rows"),
        ((2, 2), "little buffer", "the buffer of activations, 64 words, is too small for one"),
    ],
)
def test_a_window_that_does_not_fit_is_refused_with_the_reason(
    pool: tuple[int, int], hardware: str, why: str
) -> None:
    case = Case((8, 12, 12), 4, pool=pool)
    node, op, _ = product_of(case, values("refused", 1, *case.shape))
    jobs = plan_jobs(node, op, config.load(overrides=CONFIGS[hardware]))
    assert isinstance(jobs, str)
    assert jobs.startswith(why)


def test_chunks_are_of_equal_size() -> None:
    # 7 x 7 positions, and 32 rows in half of the accumulators.
    (placed,) = jobs_of(Case((16, 9, 9), 8, (3, 3)))
    assert placed.job.chunk == 25


def test_the_columns_of_the_n_tiles_are_balanced() -> None:
    (placed,) = jobs_of(Case((1, 40), 10))
    assert (placed.job.n_tiles, placed.job.tile_columns) == (2, 5)


def test_few_rows_take_several_n_tiles_at_a_time() -> None:
    (batch,) = jobs_of(Case((5, 40), 64))
    # 5 rows of 5 n tiles at least hide the 25 cycles after which a row takes its next step.
    assert batch.job.tile_group >= 5
    assert batch.job.chunk == 5


def test_neighbouring_taps_are_one_run_only_where_they_are_neighbours() -> None:
    (joined,) = jobs_of(Case((5, 6, 6), 4, (2, 3)))
    assert (joined.job.run, joined.job.runs, joined.job.bands) == (15, 1, 2)
    (dilated,) = jobs_of(Case((5, 6, 6), 4, (2, 3), dilation=(1, 2)))
    assert (dilated.job.run, dilated.job.runs, dilated.job.bands) == (5, 3, 2)
    groups = jobs_of(Case((4, 6, 6), 4, (2, 3), groups=2))
    assert [(p.job.run, p.job.runs, p.job.column_start) for p in groups] == [(2, 3, 0), (2, 3, 2)]


def test_a_map_larger_than_the_buffer_is_read_once_if_a_chunk_fits() -> None:
    (placed,) = jobs_of(Case((8, 30, 30), 4, (3, 3)))
    assert placed.job.map_words > 4096
    assert placed.job.restart is Restart.NEVER


def test_a_chunk_that_does_not_fit_the_buffer_makes_the_window_start_anew() -> None:
    restarts = {
        name: jobs_of(case, "little buffer")[0].job.restart
        for name, case in {
            "bands": Case((8, 30, 6), 4, (3, 3)),
            "tiles": Case((1, 500), 4),
        }.items()
    }
    assert restarts == {"bands": Restart.BAND, "tiles": Restart.TILE}
