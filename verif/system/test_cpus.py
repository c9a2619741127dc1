"""Ibex instead of CV32E40P: the same bits, the faults told in the same words, a debugger."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

import heepstor
from heepstor import build, config, project, report, sim
from heepstor.build import rtl
from heepstor.ir import Backend
from heepstor.openocd import OpenOcd, simulation
from heepstor.registers import BOOT_ADDRESS, ExitCode
from verif.baselines import runs
from verif.baselines.baseline import baseline_of, folder_of, update_of
from verif.baselines.compare import compare
from verif.firmware.test_faults import CYCLE_LIMIT, ENDLESS, FAULTS, callers, fault_of, run_fault
from verif.system import bare
from verif.system.hardware import SMALL, SMALL_OVERRIDES

# FAULTS that reach the CPU in different ways: an exception, two bus errors, a deep stack, a panic.
REACHING = [0, 3, 5, ENDLESS, 14]


def test_only_the_chosen_cpu_is_read_and_both_count_as_one_version_of_the_rtl() -> None:
    version = rtl.version()
    for core, other in (("cv32e40p", "ibex"), ("ibex", "cv32e40p")):
        files = rtl.soc(config.load(overrides=[f"cpu.core={core}"])).files
        names = {path.name for path in files}
        assert f"{core}_core.sv" in names
        assert f"{other}_core.sv" not in names
        assert [path.parent.name for path in files if path.name == "soc_cpu.sv"] == [core]
        assert rtl.version() == version


def test_timer_interrupt_wakes_the_cpu_at_the_compared_count() -> None:
    result = bare.run("timer", SMALL)
    assert (result.reason, result.exit_code) == ("exit", ExitCode.PASS)
    (slept, _), (woke, _) = result.markers
    assert 950 <= woke - slept <= 1100, (slept, woke)


def test_the_simulator_sees_where_the_cpu_is_and_that_nothing_will_wake_it() -> None:
    hanging = bare.run("hang", SMALL, cycle_limit=20_000)
    assert sim.symbolize(bare.image("hang", SMALL), hanging.pc) == "spin_for_ever()"
    assert bare.run("sleep", SMALL).reason == "asleep"


@pytest.mark.parametrize("number", REACHING)
def test_a_fault_is_reported_as_on_the_other_cpu(number: int) -> None:
    _, exit_code, cause, value, functions = next(f for f in FAULTS.values() if f[0] == number)
    result = run_fault(number, SMALL)
    assert result.exit_code == exit_code, result.uart
    assert callers(fault_of(number, result, SMALL)) == functions
    assert f"@panic cause={cause} pc=0x" in result.uart
    if value is not None:
        assert f" value=0x{value:08x} layer=0" in result.uart


def test_a_debugger_loads_breaks_steps_and_lets_go(tmp_path: Path) -> None:
    elf = bare.image("boot", SMALL)
    main = sim.symbol_address(elf, "main")
    seen = []

    def debug(port: int) -> None:
        # Before its first clock this CPU looks as if it slept; the simulator waits all the same.
        time.sleep(0.2)
        with OpenOcd(simulation(port), log=tmp_path / "openocd.log") as openocd:

            def note(register: str) -> None:
                name_and_value = openocd.command(f"get_reg -force {register}")
                seen.append(int(name_and_value.split()[1], 16))

            openocd.load(elf)
            note("pc")
            note("mtvec")
            openocd.command(f"bp {main} 2 hw")
            openocd.resume()
            openocd.command("wait_halt 60000")
            note("pc")
            openocd.command(f"rbp {main}")
            openocd.command("step")
            note("pc")
            openocd.resume()

    result = sim.run(build.build_soc(SMALL), elf, on_jtag=debug, cycle_limit=CYCLE_LIMIT)
    assert seen[:3] == [BOOT_ADDRESS, BOOT_ADDRESS - 0x80 | 1, main]
    assert seen[3] in (main + 2, main + 4)
    assert (result.reason, result.exit_code) == ("exit", 42)


def special_rows() -> torch.Tensor:
    """[12, 16]: each row with numbers of another kind, so that a NaN does not hide the others."""
    rng = np.random.default_rng(7)

    def words(lowest: int, highest: int, rows: int = 1) -> npt.NDArray[np.uint32]:
        """Random signs and fractions, and exponents from `lowest` to `highest`."""
        shape = (rows, 16)
        fractions = rng.integers(0, 1 << 23, shape, dtype=np.uint32)
        exponents = rng.integers(lowest, highest + 1, shape, dtype=np.uint32)
        return rng.integers(0, 2, shape, dtype=np.uint32) << 31 | exponents << 23 | fractions

    zeros = rng.integers(0, 2, (1, 16), dtype=np.uint32) << 31
    with_one = words(120, 130, 5)
    with_one[:, 3] = [0x7F800000, 0xFF800000, 0x7FC12345, 0x7F800001, 0x7F800000]
    with_one[4, 8] = 0xFF800000
    ordinary, subnormal, smallest = words(120, 130, 2), words(0, 0), words(1, 3)
    largest, any_exponent = words(250, 254), words(0, 254)
    rows = [ordinary, subnormal, smallest, largest, any_exponent, zeros, with_one]
    return torch.from_numpy(np.concatenate(rows).view(np.float32))


@pytest.mark.parametrize("backend", ["software", "direct"])
def test_what_the_cpu_computes_without_an_fpu_has_the_golden_bits(backend: str) -> None:
    torch.manual_seed(7)
    sample = special_rows()
    model = nn.Sequential(nn.Linear(16, 9), nn.ReLU(), nn.Linear(9, 5))
    assert 3 <= model(sample).isnan().any(dim=1).sum() <= 8  # of 12 rows
    network = heepstor.compile(
        model,
        input_shape=(16,),
        batch=len(sample),
        sample=sample,
        append_final_softmax=True,
        name=f"test-ibex-special-{backend}",
        backend=backend,
        overrides=SMALL_OVERRIDES,
    )
    result = network.simulate()
    assert result["passed"], network.render(result)
    assert result["golden"]["compared"] == len(sample) * (9 + 5 + 5)


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "backend"),
    [
        pytest.param(name, backend, id=f"{name}-{backend.value}")
        for name in project.names()
        for backend in runs.backends(name, "ibex")
    ],
)
def test_a_network_is_golden_and_no_slower_than_its_baseline_in_every_layer(
    name: str, backend: Backend, record_property: Callable[[str, object], None]
) -> None:
    result = runs.run(name, backend, "ibex")
    assert result["passed"], report.render(result)
    assert "CPU ibex" in report.render(result)
    folder = folder_of("ibex")
    baseline = baseline_of(name, backend.value, folder)
    measured = runs.measured(result, date.today())
    comparison = compare(name, backend.value, baseline, measured, update_of(folder))
    if comparison.text:
        record_property("note", comparison.text)
    assert not comparison.failures, comparison.cause
    products = [row for row in result["layers"] if row["macs"]]
    assert {row["backend"] for row in products} == {backend.value}
    assert not runs.mispredicted(result)
