"""From the UART's pin to the verdict of `heepstor compare`: a simulated SoC stands in for a board.

The simulator samples the UART's TX pin every cycle and decodes start bit, data and stop bit at the
configured rate (`UartReceiver` in its main.cpp); what it decodes goes, as it comes, into a
pseudo-terminal that `heepstor capture` reads as a serial port. None of it was measured on a board.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from heepstor import build, config, flow, project, sim
from heepstor.board.capture import Captured, capture
from heepstor.board.compare import Comparison
from heepstor.board.files import compare_files
from heepstor.build import rtl
from heepstor.errors import LogError
from heepstor.ir import Backend

CONFIG = config.load()
NAME = "mnist-single_layer"


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> flow.Options:
    """A folder of its own: another worker may run the project at this moment."""
    folder = tmp_path_factory.mktemp("board")
    return flow.Options(config=CONFIG, backend=Backend.STREAM, folder=folder)


@pytest.fixture(scope="module")
def report(options: flow.Options) -> flow.document.Report:
    """The simulated run; its first layer is streamed."""
    return flow.simulate(project.find(NAME).load(), options)


@pytest.fixture(scope="module")
def image(options: flow.Options) -> Path:
    """The image of that run."""
    return flow.make_application(project.find(NAME).load(), options).image.elf


@pytest.fixture(scope="module")
def uart(image: Path) -> str:
    """What that image prints."""
    return sim.run(build.build_soc(CONFIG), image).uart


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal: the board's and the host's."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def record(elf: Path, line: tuple[int, int], log: Path) -> Captured:
    """Capture a run; the "board" is reset when the port is open."""
    board, host = line
    command = [str(build.build_soc(CONFIG).path), str(elf)]
    runs: list[subprocess.Popen[bytes]] = []

    def on_event(_: str) -> None:
        runs.append(subprocess.Popen(command, stdout=board, stderr=subprocess.DEVNULL))

    captured = capture(os.ttyname(host), CONFIG.uart_baud_rate, log, on_event=on_event)
    assert [run.wait() for run in runs] == [0]
    return captured


def compare(options: flow.Options, log: Path, *, allow_mismatch: bool = False) -> Comparison:
    assert options.folder is not None
    report_file = options.folder / "report.json"
    return compare_files(NAME, log, report_file=report_file, allow_mismatch=allow_mismatch)


def test_a_run_is_captured_live_and_has_the_simulated_cycles(
    options: flow.Options,
    report: flow.document.Report,
    image: Path,
    uart: str,
    line: tuple[int, int],
    tmp_path: Path,
) -> None:
    captured = record(image, line, tmp_path / "log.txt")
    assert captured.ended == "result"
    assert uart.endswith(" exit=0\n")  # the last stop bit, too, though the firmware has ended
    assert captured.file.read_text(encoding="ascii") == uart
    found = compare(options, captured.file)
    assert found.passed
    assert [row.name for row in found.rows] == ["fc0", "softmax"]
    assert all(row.difference == 0 for row in found.rows)
    assert found.rows[0].logged is not None
    assert found.rows[0].logged.counters == report["layers"][0]["stream"]
    assert (found.faults, found.notes, found.causes) == ((), (), ())


def test_the_header_names_what_ran(report: flow.document.Report, image: Path, uart: str) -> None:
    named = re.findall(r"^@heepstor .* config=(\w+) rtl=(\w+) image=(\w+) ", uart, re.MULTILINE)
    digest = sim.symbol_address(image, "__image_digest")
    expected = (CONFIG.hash, rtl.version(), digest)
    assert [tuple(int(value, 16) for value in values) for values in named] == [expected]
    assert [int(value, 16) for value in report["identity"].values()] == list(expected)


def test_a_print_in_the_timed_region_is_another_image_and_is_seen(
    options: flow.Options, report: flow.document.Report, tmp_path: Path
) -> None:
    """A simulation altered on purpose stands in for a board that runs other firmware."""
    text = "a print of more characters than the UART takes at once"
    source = tmp_path / "model.cpp"
    assert options.folder is not None
    gen_dir = options.folder / "gen"
    generated = (gen_dir / "model.cpp").read_text(encoding="utf-8")
    call = re.search(r"return Stream::run\(kJobs0\);", generated)
    assert call is not None
    printing = f'runtime::out.text("{text}").end();\n    {call[0]}'
    header = '#include "runtime/platform.h"\n'
    source.write_text(header + generated.replace(call[0], printing), encoding="utf-8")
    altered = build.build_firmware([source], CONFIG, include=[gen_dir])
    log = tmp_path / "log.txt"
    log.write_text(sim.run(build.build_soc(CONFIG), altered.elf).uart, encoding="ascii")

    with pytest.raises(LogError, match=r"image: 0x\w{8} in the report, 0x\w{8} in the log;"):
        compare(options, log)
    found = compare(options, log, allow_mismatch=True)
    assert not found.passed
    first, second = found.rows
    assert first.difference is not None
    assert first.difference > (len(text) - 32) * 10 * CONFIG.clock_hz // CONFIG.uart_baud_rate
    assert second.difference == 0
    seen = [cause.what for cause in found.causes if cause.verdict == "seen"]
    assert any(what.startswith("prints in the timed region: 55 characters") for what in seen)
    assert any(what.startswith("the array's counters of fc0: outside its jobs") for what in seen)


def test_another_configuration_is_named(
    options: flow.Options, report: flow.document.Report, uart: str, tmp_path: Path
) -> None:
    other = config.load(overrides=["cpu.fpu_latency=1"])
    log = tmp_path / "log.txt"
    log.write_text(uart.replace(f"config=0x{CONFIG.hash_hex}", f"config=0x{other.hash_hex}"))
    with pytest.raises(LogError, match=f"0x{CONFIG.hash_hex} in the report, 0x{other.hash_hex} in"):
        compare(options, log)
