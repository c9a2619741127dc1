"""Which of two jobs is faster, in closed form: the search for the best one asks very often.

How many cycles the best one takes, `job_cycles` says exactly.
"""

from __future__ import annotations

from heepstor.config import Config
from heepstor.job import Job, Restart
from heepstor.registers import DESCRIPTOR

_RESTART = 12
"""Cycles in which no step is done where the window of the buffer starts anew."""


def row_latency(config: Config) -> int:
    """Cycles after which a row of the accumulators can take its next step."""
    return 3 * config.systolic_array_size + 1


def rank(job: Job, config: Config) -> tuple[int, int]:
    """About how many cycles; of jobs that the ports limit alike, the array ends one earlier."""
    array = _array(job, config)
    return max(array, _words(job, config) // config.systolic_array_ports), array


def _array(job: Job, config: Config) -> int:
    """Cycles of a job whose words are there in time."""
    blocks = sum(
        count * groups * _block(job, windows * job.pool, group, config)
        for windows, count in _split(job.windows, job.chunk)
        for group, groups in _split(job.n_tiles, job.tile_group)
    )
    last = row_latency(config) + _drain(job, job.chunk * job.pool, job.tile_group, config)
    return blocks + last + _restarts(job, config) * _RESTART


def _block(job: Job, rows: int, group: int, config: Config) -> int:
    """Cycles of a pass over all k tiles, or of the reading of its sums if that takes longer."""
    k_tiles = job.k_tile_count(config.systolic_array_size)
    # Every n tile of the group takes a cycle for each row of its weights.
    loads = group * job.k
    steps = max(rows * group, row_latency(config) if k_tiles > 1 else 0) * k_tiles
    return max(steps, loads, _drain(job, rows, group, config))


def _drain(job: Job, rows: int, group: int, config: Config) -> int:
    return rows * min(group * job.tile_columns, job.columns) // config.systolic_array_ports


def _words(job: Job, config: Config) -> int:
    """What goes through the ports."""
    kept = job.k * job.n_tiles <= config.systolic_array_weight_rows
    weights = job.weight_words * (1 if kept else -(-job.windows // job.chunk))
    activations = _restarts(job, config) * job.segment_words or job.map_words
    outputs = job.windows * job.columns
    return weights + activations + outputs + 2 * job.columns + len(DESCRIPTOR)


def _restarts(job: Job, config: Config) -> int:
    of_block = {
        Restart.NEVER: 0,
        Restart.BAND: job.bands,
        Restart.TILE: job.k_tile_count(config.systolic_array_size),
    }
    blocks = -(-job.windows // job.chunk) * -(-job.n_tiles // job.tile_group)
    return blocks * of_block[job.restart]


def _split(total: int, part: int) -> tuple[tuple[int, int], ...]:
    """Sizes of the parts of `total`, and how many there are of each."""
    return (part, total // part), (total % part, 1 if total % part else 0)
