"""A second engine, made by docs/bring-your-own-accelerator.md alone, gives the golden bits.

The firmware's operators run on the host; their matrix products go, access by access, to the
Verilated engine.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from golden import numpy_twin
from heepstor import config
from heepstor.build import rtl
from heepstor.build.firmware import SOFTWARE
from heepstor.emit import hardware
from verif.firmware import host_build, operators
from verif.firmware.test_operators import (
    CONVOLUTIONS,
    assert_same_bits,
    convolved_size,
    epilogue,
    golden_conv2d,
    random_product,
    values,
)
from verif.harness import seeds
from verif.harness.cocotb_runner import run_module
from verif.rtl import native

# The engine and the operators for the host are built for nothing else.
pytestmark = pytest.mark.full

COLUMNS = 4
ENGINE = "direct"  # of serve.h's two back-ends, the one that is not the CPU

_HERE = Path(__file__).resolve().parent
_UNITS = ("sa_pkg", "sa_fp_mul", "sa_fp_add", "obi_assertions")
_SOURCES = [
    *(p for p in (*rtl.own_files("systolic_array"), *rtl.own_files("common")) if p.stem in _UNITS),
    _HERE / "mac_engine.sv",
]


@pytest.fixture(scope="module")
def program() -> Path:
    folders = (SOFTWARE, hardware.write_all(config.load()), host_build.SOURCES, _HERE)
    return native.build(
        "mac_engine",
        _SOURCES,
        _HERE / "mac_engine.cpp",
        [header for folder in folders for header in sorted(folder.rglob("*.h"))],
        includes=folders,
        # As for the target: the epilogue's roundings.
        flags=("-ffp-contract=off",),
    )


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng(seeds.derive(request.node.name))


def test_linear_on_the_engine_has_the_golden_bits(program: Path, rng: np.random.Generator) -> None:
    shapes = [(1, 1, 1), (1, 4, 4), (5, 7, 9), *map(tuple, rng.integers(1, [20, 40, 20], (20, 3)))]
    requests, expected = [], []
    for m, k, n in shapes:
        x, product = values(rng, (m, k)), random_product(rng, 1, k, n)
        requests.append(operators.linear(ENGINE, COLUMNS, x, product))
        expected.append(epilogue(numpy_twin.gemm(x, product.codes[0]), product))
    assert_same_bits(program, requests, expected, shapes)


def test_conv2d_on_the_engine_has_the_golden_bits(program: Path, rng: np.random.Generator) -> None:
    requests, expected = [], []
    for extent, channels, filters, groups, window in CONVOLUTIONS:
        depth = window.kernel[0] * window.kernel[1] * channels
        x = values(rng, (*extent, groups * channels))
        product = random_product(rng, groups, depth, filters)
        output = convolved_size(extent, window)
        scratch_rows = 3 if any(window.padding) else 0
        requests.append(
            operators.conv2d(
                ENGINE, COLUMNS, x, product, window, output=output, scratch_rows=scratch_rows
            )
        )
        expected.append(golden_conv2d(x, product, window, output))
    assert_same_bits(program, requests, expected, CONVOLUTIONS)


def test_the_engine_behind_its_port() -> None:
    run_module("mac_engine", _SOURCES, "verif.byo.cocotb_mac_engine")
