"""Descriptors of jobs, and what the hardware refuses."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from heepstor import config
from heepstor.job import Job, Restart, encode, faults
from heepstor.registers import DESCRIPTOR

JOB = Job(
    map_words=784,
    row_words=28,
    row_start=-56,
    column_start=-2,
    row_step=28,
    column_step=1,
    band_step=28,
    run_step=1,
    run=5,
    bands=4,
    runs=3,
    windows=144,
    window_columns=12,
    chunk=8,
    pool_columns=2,
    pool_rows=1,
    tile_group=2,
    columns=10,
    tile_columns=5,
    output_step=12,
    weight_words=150,
    segment_words=784,
    relu=True,
    restart=Restart.BAND,
)


def test_a_descriptor_has_the_words_of_its_table() -> None:
    names = [word.name for word in DESCRIPTOR]
    words = encode(JOB, 0x100, 0x200, 0x300, 0x400)
    assert dict(zip(names, words, strict=True)) == {
        "NEXT": 0x400,
        "CONTROL": 0x301,
        "INPUT": 0x100,
        "WEIGHTS": 0x200,
        "OUTPUT": 0x300,
        "MAP_WORDS": 784,
        "ROW_WORDS": 28,
        "ROW_START": 0xFFFF_FFC8,
        "COLUMN_START": 0xFFFF_FFFE,
        "ROW_STEP": 28,
        "COLUMN_STEP": 1,
        "BAND_STEP": 28,
        "RUN_STEP": 1,
        "RUN": 5,
        "TAPS": 0x0003_0004,
        "WINDOWS": 144,
        "SHAPE": 0x0008_000C,
        "POOL": 0x0212,
        "COLUMNS": 0x0005_000A,
        "OUTPUT_STEP": 12,
        "WEIGHT_WORDS": 150,
        "SEGMENT_WORDS": 784,
    }


def test_every_number_of_a_job_has_a_place() -> None:
    for field in fields(Job):
        changed = replace(JOB, **{field.name: getattr(JOB, field.name) ^ 1})
        assert encode(changed, 0, 0, 0, 0) != encode(JOB, 0, 0, 0, 0), field.name


def test_a_number_that_does_not_fit_its_place_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="POOL_ROWS is 16; it must fit 4 bits"):
        encode(replace(JOB, pool_rows=16), 0, 0, 0, 0)


def test_a_valid_job_has_no_faults() -> None:
    assert faults(JOB, config.load()) == []


REFUSED = {
    "run is 0; it must be from 1 to 8,388,607": {"run": 0},
    "pool_rows is 0; it must be from 1 to 15": {"pool_rows": 0},
    "map_words is 8,388,608; it must be from 1 to 8,388,607": {"map_words": 1 << 23},
    "row_start is -8,388,609": {"row_start": -(1 << 23) - 1},
    "restart is 3; it must be 0, 1 or 2": {"restart": 3},
    "tile_columns is 9; the array has 8": {"tile_columns": 9},
    "a block has 34 rows; half of the accumulators has 32": {"chunk": 17, "tile_group": 1},
    "257 columns in 33 tiles; at most 32": {"columns": 257, "tile_columns": 8},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_the_hardware_refuses_is_a_fault(message: str) -> None:
    (fault,) = faults(replace(JOB, **REFUSED[message]), config.load())
    assert message in fault


COUNTS = (
    "run",
    "runs",
    "bands",
    "windows",
    "window_columns",
    "chunk",
    "pool_columns",
    "pool_rows",
    "columns",
    "tile_columns",
    "tile_group",
    "map_words",
    "row_words",
    "weight_words",
    "segment_words",
)


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_of_nothing_is_a_fault(name: str) -> None:
    found = faults(replace(JOB, **{name: 0}), config.load())
    assert any(fault.startswith(f"{name} is 0; it must be from 1") for fault in found)
