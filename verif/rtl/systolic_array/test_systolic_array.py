"""The array behind its bus port: registers, steps, hazards, errors, timing."""

from __future__ import annotations

import pytest

from heepstor.build import rtl
from verif.harness.cocotb_runner import run_module
from verif.rtl.systolic_array import runner

TESTS = "verif.rtl.systolic_array.cocotb_systolic_array"


@runner.on_every_configuration
def test_systolic_array(size: int, rows: int, ports: int) -> None:
    runner.run(TESTS, size=size, rows=rows, ports=ports)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Size": 6}, "Size must be a multiple of 4 from 4 to 32"),
        ({"Ports": 3}, "Ports must be 1, 2 or 4"),
        *(
            pytest.param(*refused, marks=pytest.mark.full)
            for refused in (
                # Its 1,296 elements are elaborated before it is refused.
                ({"Size": 36}, "Size must be a multiple of 4 from 4 to 32"),
                ({"AccumulatorRows": 48}, "AccumulatorRows must be a power of two from 4 to 256"),
                ({"AccumulatorRows": 512}, "AccumulatorRows must be a power of two from 4 to 256"),
                ({"ActivationWords": 96}, "ActivationWords must be a power of two of at least"),
                ({"WeightRows": 48}, "WeightRows must be a power of two of at least Size"),
            )
        ),
    ],
)
def test_parameter_that_is_out_of_range_does_not_elaborate(
    parameters: dict[str, int], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        run_module(
            "systolic_array",
            rtl.array(),
            TESTS,
            parameters,
        )
