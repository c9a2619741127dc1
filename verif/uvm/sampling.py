"""When a bin of coverage.py is hit: by bus transactions, resets, tiles and products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from golden.numpy_twin import canonical_nan
from heepstor.config import Config
from heepstor.job import Job
from heepstor.registers import DESCRIPTOR
from verif.uvm.chains import Judge, Run, descriptor_of
from verif.uvm.coverage import (
    GAPS,
    JOB_FEATURES,
    JOB_PHASES,
    RESTARTS,
    STATES,
    TAILS,
    VALUES,
    WEIGHTS,
    Coverage,
)
from verif.uvm.items import (
    ArrayState,
    BusTransaction,
    ChainItem,
    Float32Array,
    Gemm,
    Int8Array,
    Reset,
    TileItem,
)
from verif.uvm.memory import WORD
from verif.uvm.model import Access

_BURSTS = ((2, "1"), (8, "2..7"), (32, "8..31"))
_MANY_K_TILES = 3


class BusSampler:
    """Counts bus transactions; it remembers what the gap before the next one is counted from."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._last_granted = 0
        self._burst = 0

    def transaction(self, seen: BusTransaction, access: Access) -> None:
        """Count a transaction and what the model says it is."""
        hit = self._coverage.hit
        state = state_name(seen.state_at_request)
        gap = wait(seen.requested - self._last_granted - 1)
        kind = "write" if seen.write else "read"
        hit("access by state", f"{kind}, {access.name}, {state}")
        hit("gap", gap)
        hit("grant wait", wait(seen.granted - seen.requested))
        hit("answer wait", wait(seen.answered - seen.granted - 1))
        if access.refusal:
            hit("refusal by state", f"{access.refusal}, {state}")
        if access.name == "CTRL" and not access.refusal and seen.data & 1:
            hit("abort by state", state)
        if access.name.startswith("WEIGHTS") and seen.write:
            hit("bytes of weights", f"bank {access.name[-1]}, {seen.byte_enable:04b}")
        stall = _stall(seen, access, state)
        if stall:
            hit("stall by gap", f"{stall}, {gap}")
        self._count_burst(seen.granted)

    def reset(self, seen: Reset) -> None:
        """Count a reset."""
        self._coverage.hit("reset", state_name(seen.state))
        if seen.request_waited:
            self._coverage.hit("reset", "request waits")
        if seen.unanswered:
            self._coverage.hit("reset", "answer is due")

    def _count_burst(self, granted: int) -> None:
        """A burst is counted when the next request shows that it is over."""
        if self._burst and granted != self._last_granted + 1:
            name = next((name for limit, name in _BURSTS if self._burst < limit), "32+")
            self._coverage.hit("burst", name)
            self._burst = 0
        self._burst += 1
        self._last_granted = granted


def sample_gemm(coverage: Coverage, gemm: Gemm, size: int, rows: int) -> None:
    """Count a product's shape against the array's."""
    (m, k), n = gemm.a.shape, gemm.w.shape[1]
    coverage.hit("shape", f"m {_edge(m, rows)}, k {_edge(k, size)}, n {_edge(n, size)}")


def sample_port(coverage: Coverage, port: int, seen: BusTransaction) -> None:
    """Count how long the memory on a port made an access wait."""
    kind = "write" if seen.write else "read"
    coverage.hit(
        "memory wait", f"port {port}, {kind}, grant, {wait(seen.granted - seen.requested)}"
    )
    answer = wait(seen.answered - seen.granted - 1)
    coverage.hit("memory wait", f"port {port}, {kind}, answer, {answer}")


def sample_chain(
    coverage: Coverage, hardware: Config, chain: ChainItem, runs: Sequence[Run], judge: Judge
) -> None:
    """Count the jobs of a chain, how it ended, and what it met."""
    for run in runs[: judge.whole]:
        for group, bin_ in job_bins(run.job, hardware):
            coverage.hit(group, bin_)
    if judge.is_cut:
        coverage.hit("job cut", f"{chain.cut}, {_phase(runs, judge)}")
    elif runs[-1].error:
        _sample_error(coverage, chain, runs)
    else:
        end = "interrupt" if chain.by_interrupt else "polling"
        coverage.hit("chain", f"{len(runs)} job{'s' * (len(runs) > 1)}, {end}")
        if any(b.at.input == a.at.output for a, b in pairwise(runs)):
            coverage.hit("chain", "a job reads what the one before wrote")


def _phase(runs: Sequence[Run], judge: Judge) -> str:
    """How far a chain came that was cut off."""
    descriptor, operands, results = JOB_PHASES
    if judge.writes:
        return results
    return operands if judge.reads.total() > len(DESCRIPTOR) * len(runs) else descriptor


def _sample_error(coverage: Coverage, chain: ChainItem, runs: Sequence[Run]) -> None:
    run = runs[-1]
    job = "later job" if len(runs) > 1 else "first job"
    if chain.spoiled:
        coverage.hit("job refusal", f"{chain.spoiled}, {job}")
    elif run.error == "ERR_WINDOW":
        coverage.hit("job error", f"window, {job}")
    elif run.error == "ERR_DESCRIPTOR":
        coverage.hit("job error", f"weights run out, {job}")
    elif run.job is None or (run.following and run.bus_error in descriptor_of(run.following)):
        # What is fetched ahead is that of a later job.
        where = "later job" if run.job else "first job"
        coverage.hit("job error", f"descriptor, {where}")
    else:
        coverage.hit("job error", f"{_broken(run)}, {job}")


def _broken(run: Run) -> str:
    """What of a job could not be accessed."""
    assert run.job
    written = sorted(run.outcome.written)
    if run.bus_error in written:
        return "last result" if run.bus_error == written[-1] else "results"
    behind = run.bus_error - run.at.weights
    if not 0 <= behind < WORD * (run.job.weight_words + 2 * run.job.columns):
        return "activations"
    return "weights" if behind < WORD * run.job.weight_words else "scales and biases"


def job_bins(job: Job, hardware: Config) -> Iterator[tuple[str, str]]:
    """Groups and bins of a job that ends without an error."""
    size, half = hardware.systolic_array_size, hardware.systolic_array_accumulator_rows // 2
    positions = job.windows * job.pool
    shape = f"m {_edge(positions, half)}, k {_edge(job.k, size)}, n {_edge(job.columns, size)}"
    yield "job shape", shape
    pieces = min(_MANY_K_TILES, -(-job.run // size))
    columns = _tail((job.columns - 1) % job.tile_columns + 1, size)
    lanes = _tail((job.run - 1) % size + 1, size)
    yield "job tail", f"k {lanes}, n {columns}, {pieces} of a run"
    for feature in _features(job, hardware):
        yield "job by restart", f"{feature}, restart {RESTARTS[job.restart]}"
    yield "chunk", _chunk(job, half)
    yield "n group", _n_group(job, hardware.systolic_array_weight_rows)
    yield "pool", f"{job.pool_rows}, {job.pool_columns}"


def _features(job: Job, hardware: Config) -> Iterator[str]:
    """Of JOB_FEATURES."""
    last_row = -(-job.windows // job.window_columns) * job.pool_rows - 1
    last_column = min(job.windows, job.window_columns) * job.pool_columns - 1
    row = job.row_start + last_row * job.row_step + (job.bands - 1) * job.band_step
    run_end = (job.runs - 1) * job.run_step + job.run
    column_end = job.column_start + last_column * job.column_step + run_end
    has = (
        job.row_start < 0 or job.column_start < 0,
        row >= job.map_words or column_end > job.row_words,
        job.bands > 1,
        job.runs > 1 and job.run_step > job.run,
        job.column_start > 0,
        job.pool > 1,
        job.relu,
        job.map_words > hardware.systolic_array_activation_words,
        job.windows > job.chunk,
        job.n_tiles > job.tile_group,
    )
    return (feature for feature, is_there in zip(JOB_FEATURES, has, strict=True) if is_there)


def _chunk(job: Job, half: int) -> str:
    rows = min(job.chunk, job.windows) * job.pool * job.tile_group
    fill = (
        "1 window" if min(job.chunk, job.windows) == 1 else "a part" if rows < half else "all of it"
    )
    if job.windows <= job.chunk:
        return f"{fill}, one chunk"
    return f"{fill}, last one {'smaller' if job.windows % job.chunk else 'whole'}"


def _n_group(job: Job, weight_rows: int) -> str:
    weights = "read for each chunk" if job.k * job.n_tiles > weight_rows else "kept"
    if job.n_tiles == 1:
        return f"one tile, {weights}"
    if job.n_tiles <= job.tile_group:
        return f"one group, {weights}"
    return f"last group {'smaller' if job.n_tiles % job.tile_group else 'whole'}, {weights}"


def sample_tile(coverage: Coverage, tile: TileItem, size: int) -> None:
    """Count a tile's tails, and what its values did in the multipliers and adders."""
    k, n = tile.w.shape
    k_tiles = min(_MANY_K_TILES, -(-k // size))
    lanes = (k - 1) % size + 1
    coverage.hit("tail", f"k {_tail(lanes, size)}, n {_tail(n, size)}, {k_tiles} of K")
    if tile.result is not None:
        for class_ in np.unique(value_classes(tile.result)):
            coverage.hit("results", VALUES[class_])
    sums = np.zeros((len(tile.a), n), np.float32)
    for activations, weights in zip(tile.a.T, tile.w, strict=True):
        sums = _sample_step(coverage, sums, activations, weights)


def _sample_step(
    coverage: Coverage, sums: Float32Array, activations: Float32Array, weights: Int8Array
) -> Float32Array:
    """Count `sums` [M, N] plus `activations` [M] times `weights` [N]; returns the new sums."""
    with np.errstate(all="ignore"):
        factors = weights.astype(np.float32)
        exact = np.multiply.outer(activations.astype(np.float64), weights.astype(np.float64))
        products = canonical_nan(np.multiply.outer(activations, factors))
        total = canonical_nan(sums + products)
        _hit_pairs(
            coverage,
            "operands of products",
            (VALUES, value_classes(activations)[:, np.newaxis]),
            (WEIGHTS, _weight_classes(weights)),
        )
        _hit_pairs(
            coverage,
            "operands of sums",
            (VALUES, value_classes(sums)),
            (VALUES, value_classes(products)),
        )
        operands_finite = np.isfinite(activations)[:, np.newaxis]
        _hit_masks(
            coverage,
            "products",
            {
                "exact": operands_finite & (products == exact),
                "rounded": np.isfinite(products) & (products != exact),
                "overflow": operands_finite & np.isinf(products),
                "infinity times 0": np.isinf(activations)[:, np.newaxis] & (weights == 0),
            },
        )
        finite = np.isfinite(sums) & np.isfinite(products)
        error = _rounding_error(sums, products, total)
        _hit_masks(
            coverage,
            "sums",
            {
                "exact": finite & (error == 0),
                "rounded": finite & np.isfinite(total) & (error != 0),
                "cancelled": finite & (total == 0) & (sums != 0),
                "overflow": finite & np.isinf(total),
                "infinity minus infinity": np.isinf(sums) & np.isinf(products) & np.isnan(total),
            },
        )
    return total


def _rounding_error(a: Float32Array, b: Float32Array, total: Float32Array) -> npt.NDArray[np.bool_]:
    """Where `total` is not exactly `a + b` (Knuth's two-sum, for finite operands)."""
    of_b = total - a
    return ((a - (total - of_b)) + (b - of_b)) != 0


def _hit_pairs(
    coverage: Coverage,
    group: str,
    first: tuple[tuple[str, ...], npt.NDArray[np.intp]],
    second: tuple[tuple[str, ...], npt.NDArray[np.intp]],
) -> None:
    """Count each pair of classes once; each side has the names and the classes, broadcast."""
    (names, classes), (other_names, other_classes) = first, second
    for pair in np.unique(classes * len(other_names) + other_classes).tolist():
        one, other = divmod(pair, len(other_names))
        coverage.hit(group, f"{names[one]}, {other_names[other]}")


def _hit_masks(coverage: Coverage, group: str, masks: dict[str, npt.NDArray[np.bool_]]) -> None:
    for name, mask in masks.items():
        if mask.any():
            coverage.hit(group, name)


def state_name(state: int) -> str:
    """The bin of a state of the array; a step or weight that waits says more than BUSY."""
    idle, busy, step_waits, weight_waits, job_runs = STATES
    if state & ArrayState.JOB:
        return job_runs
    if state & ArrayState.WEIGHT_WAITS:
        return weight_waits
    if state & ArrayState.STEP_WAITS:
        return step_waits
    return busy if state & ArrayState.BUSY else idle


def wait(cycles: int) -> str:
    """The bin of a number of cycles."""
    zero, one, few, many = GAPS
    if cycles < 2:
        return one if cycles else zero
    return few if cycles < 8 else many


def _stall(seen: BusTransaction, access: Access, state: str) -> str | None:
    """The hazard that made an access wait, or None."""
    if seen.granted == seen.requested or access.refusal:
        return None
    if access.name == "ACCUMULATORS":
        return f"{'write' if seen.write else 'read'} of sums in flight"
    if access.name == "JOB":
        return "JOB behind steps"
    what = "weights" if access.name.startswith("WEIGHTS") else access.name
    behind = {"step waits": "a step", "weight waits": "a weight"}[state]
    return f"{what} behind {behind}"


def _edge(value: int, limit: int) -> str:
    if value == 1:
        return "1"
    return {limit - 1: "below", limit: "at", limit + 1: "above"}.get(
        value, "many" if value > limit else "below"
    )


def _tail(value: int, size: int) -> str:
    one, part, all_but_one, whole = TAILS
    return {1: one, size - 1: all_but_one, size: whole}.get(value, part)


def value_classes(values: Float32Array) -> npt.NDArray[np.intp]:
    """The class of each value, as an index into VALUES."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    exponent, fraction = bits >> 23 & 0xFF, bits & 0x7F_FFFF
    return np.select(
        [bits == 0, bits == 0x8000_0000, exponent == 0, exponent != 0xFF, fraction == 0],
        [VALUES.index(name) for name in ("+0", "-0", "subnormal", "normal", "infinity")],
        VALUES.index("nan"),
    )


def _weight_classes(codes: Int8Array) -> npt.NDArray[np.intp]:
    return np.select(
        [codes == -128, codes == -127, codes == 0, codes == 127, codes < 0],
        [WEIGHTS.index(name) for name in ("-128", "-127", "0", "127", "negative")],
        WEIGHTS.index("positive"),
    )
