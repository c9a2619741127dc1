"""The simulator and its runner: how a run ends, what it leaves behind, what it refuses."""

from __future__ import annotations

import dataclasses
import os
import signal
import struct
import subprocess
import threading
from pathlib import Path

import psutil
import pytest

from heepstor import sim
from heepstor.build import SimulatorBinary, build_soc
from heepstor.errors import SimulationError
from verif.system import bare
from verif.system.hardware import DEFAULT, SMALL


@pytest.fixture(scope="module")
def simulator() -> SimulatorBinary:
    return build_soc(DEFAULT)


def test_cycle_limit_tells_the_function_and_the_marker(simulator: SimulatorBinary) -> None:
    elf = bare.image("hang", DEFAULT)
    result = sim.run(simulator, elf, cycle_limit=20_000)
    assert (result.reason, result.exit_code, result.cycles) == ("cycle_limit", None, 20_000)
    assert sim.symbolize(elf, result.pc) == "spin_for_ever()"
    assert [value for _, value in result.markers] == [0x1000_0003]


def test_sleep_without_an_interrupt_to_wake_it_ends_the_run(simulator: SimulatorBinary) -> None:
    result = sim.run(simulator, bare.image("sleep", DEFAULT), cycle_limit=10_000_000)
    assert (result.reason, result.exit_code) == ("asleep", None)
    assert result.cycles < 100_000


def test_dump_is_the_memory_at_its_marker(simulator: SimulatorBinary, tmp_path: Path) -> None:
    elf = bare.image("dump", DEFAULT)
    arena = sim.symbol_address(elf, "__arena_start")
    dumps = [
        sim.Dump(0x2000_0000, arena, 32, tmp_path / "first"),
        sim.Dump(0x2000_0001, arena, 8, tmp_path / "second"),
        sim.Dump(0x2000_0000, arena + 5, 6, tmp_path / "unaligned"),
        sim.Dump(0x2000_0002, arena, 8, tmp_path / "never"),
    ]
    (tmp_path / "never").write_bytes(b"of an earlier run")
    result = sim.run(simulator, elf, dumps=dumps)
    words = [0x0101_0101 * i for i in range(8)]
    assert result.dumps == tuple(dump.path for dump in dumps)
    assert (tmp_path / "first").read_bytes() == struct.pack("<8I", *words)
    assert (tmp_path / "second").read_bytes() == struct.pack("<2I", 0xDEAD_BEEF, words[1])
    assert (tmp_path / "unaligned").read_bytes() == struct.pack("<8I", *words)[5:11]
    assert not (tmp_path / "never").exists()


def test_dump_beyond_the_memory_is_refused(simulator: SimulatorBinary, tmp_path: Path) -> None:
    dump = sim.Dump(0, DEFAULT.memory_bytes - 4, 8, tmp_path / "dump")
    with pytest.raises(SimulationError, match=f"beyond the memory of {DEFAULT.memory_bytes} bytes"):
        sim.run(simulator, bare.image("dump", DEFAULT), dumps=[dump])


def test_image_for_other_hardware_is_refused_with_both_hashes(simulator: SimulatorBinary) -> None:
    other = dataclasses.replace(DEFAULT, systolic_array_size=12)
    elf = bare.image("boot", other)
    with pytest.raises(SimulationError, match=f"0x{other.hash_hex}.*0x{DEFAULT.hash_hex}"):
        sim.run(simulator, elf)
    # Allowed on purpose, the program's own look at SoC control finds out: check 4.
    assert sim.run(simulator, elf, allow_hash_mismatch=True).exit_code == 4


def test_image_without_a_hash_is_refused(simulator: SimulatorBinary, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    command = ["riscv64-unknown-elf-objcopy", "--remove-section=.heepstor.hash"]
    subprocess.run([*command, str(bare.image("boot", DEFAULT)), str(stripped)], check=True)
    with pytest.raises(SimulationError, match=r"no word in section \.heepstor\.hash"):
        sim.run(simulator, stripped)


def test_image_larger_than_the_memory_is_refused(tmp_path: Path) -> None:
    moved = tmp_path / "moved.elf"
    command = ["riscv64-unknown-elf-objcopy", "--change-section-lma", ".text=0x20000"]
    subprocess.run([*command, str(bare.image("boot", SMALL)), str(moved)], check=True)
    with pytest.raises(SimulationError, match=r"segment at 0x\w+ of \d+ bytes is outside"):
        sim.run(build_soc(SMALL), moved)


@pytest.mark.parametrize("content", [b"", b"no ELF at all" * 10])
def test_file_that_is_no_elf_is_refused(
    simulator: SimulatorBinary, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(content)
    with pytest.raises(SimulationError, match="not an ELF file"):
        sim.run(simulator, path)
    with pytest.raises(SimulationError, match="ELF file"):
        sim.run(simulator, path, allow_hash_mismatch=True)


def test_trace_is_refused_by_a_simulator_without_tracing(
    simulator: SimulatorBinary, tmp_path: Path
) -> None:
    with pytest.raises(SimulationError, match="writes no traces"):
        sim.run(
            simulator,
            bare.image("boot", DEFAULT),
            instruments=sim.Instruments(trace=tmp_path / "trace.fst"),
        )


@pytest.mark.full
def test_trace_is_written_when_asked_for_alone(tmp_path: Path) -> None:
    tracing = build_soc(SMALL, instrumented=True)
    elf = bare.image("boot", SMALL)
    trace = tmp_path / "trace.fst"
    plain = sim.run(tracing, elf)
    assert list(tmp_path.iterdir()) == []
    traced = sim.run(tracing, elf, instruments=sim.Instruments(trace=trace))
    assert (traced.cycles, traced.uart) == (plain.cycles, plain.uart)
    assert trace.stat().st_size > 10_000


def test_progress_and_output_arrive_while_the_simulation_runs(simulator: SimulatorBinary) -> None:
    class EnoughError(Exception):
        pass

    def stop(progress: sim.Progress) -> None:
        assert progress.cycles > 0
        assert progress.cycles_per_s > 0
        raise EnoughError

    with pytest.raises(EnoughError):
        sim.run(simulator, bare.image("busy", DEFAULT), on_progress=stop)
    lines: list[str] = []
    sim.run(simulator, bare.image("boot", DEFAULT), on_output=lines.append)
    assert lines == ["Hello, HEEPstor\n", "no newline at the end"]


def test_interruption_ends_the_simulator_and_leaves_no_dump(
    simulator: SimulatorBinary, tmp_path: Path
) -> None:
    """Ctrl-C while it runs: KeyboardInterrupt passes, the child is gone, nothing half is left."""
    dump = sim.Dump(3, 0, 64, tmp_path / "dump")
    written = threading.Event()
    children = psutil.Process().children()

    def interrupt(_: sim.Progress) -> None:
        if dump.path.exists():
            written.set()
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        sim.run(simulator, bare.image("busy", DEFAULT), dumps=[dump], on_progress=interrupt)
    assert written.is_set()
    assert not dump.path.exists()
    assert psutil.Process().children() == children


def test_interrupted_simulator_writes_a_result_that_says_so(
    simulator: SimulatorBinary, tmp_path: Path
) -> None:
    result = tmp_path / "result.json"
    command = [str(simulator.path), str(bare.image("busy", DEFAULT)), "--result", str(result)]
    with subprocess.Popen([*command, "--progress-ms", "10"], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it runs
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        assert process.wait() == 0
    assert '"reason": "signal"' in result.read_text()


def test_simulator_that_dies_is_an_error(simulator: SimulatorBinary) -> None:
    def kill(_: sim.Progress) -> None:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/exe").resolve() == simulator.path.resolve():
                os.kill(int(child), signal.SIGKILL)

    with pytest.raises(SimulationError, match="died of SIGKILL"):
        sim.run(simulator, bare.image("busy", DEFAULT), on_progress=kill)
