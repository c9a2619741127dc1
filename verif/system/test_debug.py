"""GDB and OpenOCD on the simulated SoC, and a simulator that waits for them."""

from __future__ import annotations

import json
import queue
import re
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from heepstor import config, debug, flow, project, registers
from heepstor.build import build_soc
from heepstor.debug import gdb
from heepstor.errors import DebugError
from heepstor.openocd import OpenOcd, simulation
from heepstor.report import document
from verif.baselines import baseline
from verif.system import bare
from verif.system.hardware import DEFAULT

PROJECT = "mnist-single_layer"
MARKER = registers.SOC_CTRL.base + next(
    register.offset for register in registers.SOC_CTRL.registers if register.name == "MARKER"
)

# What a person would do; `echo` says which answer comes.
SCRIPT = """
set height 0
echo \\n== sections\\n
compare-sections
echo \\n== layers\\n
layers
echo \\n== hardware\\n
thbreak main
continue
echo \\n== step\\n
print/x $pc
stepi
print/x $pc
echo \\n== layer\\n
break-layer 1
continue
print $a0
echo \\n== software\\n
break heepstor::ops::polynomial_exp
continue
echo \\n== backtrace\\n
backtrace
echo \\n== memory\\n
x/10xw &g_arena
echo \\n== registers\\n
set $kept = $ft11
set $ft11 = 2.5
print $ft11
set $ft11 = $kept
print/x $misa
echo \\n== array\\n
array
echo \\n== nowhere\\n
x/xw 0x50000000
x/xb 0x50000001
x/xb 0x20000ff0
echo \\n== end\\n
delete
detach
"""


def test_gdb_debugs_a_network_which_then_ends_with_the_golden_bits(tmp_path: Path) -> None:
    script = tmp_path / "script.gdb"
    script.write_text(SCRIPT)
    options = flow.Options(config.load(), folder=tmp_path / "run", pages=False)
    with debugged(options) as (session, run):
        command = gdb.command(session, script)
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    report = run.result()
    print(done.stdout, done.stderr)
    assert "Error in sourced" not in done.stderr
    assert done.returncode == 0
    said = dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", done.stdout, re.M | re.S))

    assert said["sections"].count("matched.") >= 6
    assert "MIS-MATCHED" not in said["sections"]
    assert said["layers"].split() == ["0", "fc0", "1", "softmax"]

    assert "Temporary breakpoint 1, main ()" in said["hardware"]
    before, after = (int(pc, 16) for pc in re.findall(r"\$\d+ = (0x\w+)", said["step"]))
    assert after - before in (2, 4)
    assert "$3 = 1" in said["layer"]
    assert "Breakpoint 3, " in said["software"]
    frames = ["polynomial_exp", "ops::softmax", "runtime::infer", "main ()"]
    assert re.search(".*".join(map(re.escape, frames)), said["backtrace"], re.S)

    # The operator has not touched its input: what the array has written, as golden wants it.
    words = re.findall(r"0x(\w{8})\b", said["memory"])
    golden = np.fromfile(tmp_path / "run" / "outputs" / "00.bin", dtype="<u4")
    assert [int(word, 16) for word in words] == golden.tolist()

    assert "$4 = 2.5" in said["registers"]
    assert "$5 = 0x40001124" in said["registers"]  # RV32IMFC, and extensions of its own
    array = dict(re.findall(r"^(\w+) +(0x\w{8})$", said["array"], re.M))
    assert int(array["ID"], 16) == registers.SYSTOLIC_ARRAY_ID
    assert int(array["CONFIG_HASH"], 16) == options.config.hash
    assert int(array["WORDS_READ"], 16) == report["layers"][0]["stream"]["words_read"]

    # A debugger may look anywhere: no bus error comes of it.
    assert said["nowhere"].count("0xbadacce5") == 1
    assert report["panic"] is None
    assert report["exit_name"] == "PASS"
    assert report["golden"]["mismatches"] == 0
    assert report["passed"]
    # What was not interrupted took as long as ever.
    assert report["layers"][0]["cycles"] == baseline.load(PROJECT)["stream"].cycles["fc0"]
    assert not (tmp_path / "run" / "debug.json").exists()


@contextmanager
def debugged(
    options: flow.Options,
) -> Iterator[tuple[debug.Session, Future[document.Report]]]:
    """A session, and its run."""
    ready: queue.Queue[debug.Session | None] = queue.Queue()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(
            debug.debug_simulation,
            project.find(PROJECT).load(),
            options,
            gdb_port=0,
            on_ready=ready.put,
        )
        run.add_done_callback(lambda _: ready.put(None))
        session = ready.get()
        if session is None:
            run.result()  # raises what went wrong
            raise AssertionError("the run has ended before GDB could come")
        yield session, run


@contextmanager
def waiting(program: str, tmp_path: Path, cycle_limit: int) -> Iterator[tuple[int, Path]]:
    """A simulator that has loaded a program and waits for a debugger: its port and result file."""
    result = tmp_path / "result.json"
    command = [str(build_soc(DEFAULT).path), str(bare.image(program, DEFAULT)), "--jtag", "0"]
    command += ["--result", str(result), "--cycle-limit", str(cycle_limit)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as simulator:
        assert simulator.stderr is not None
        try:
            yield json.loads(simulator.stderr.readline())["jtag_port"], result
            assert simulator.wait() == 0
        finally:
            simulator.kill()


def test_run_begins_with_the_first_debugger_and_goes_on_without_it(tmp_path: Path) -> None:
    with waiting("boot", tmp_path, 1_000_000) as (port, result):
        with socket.create_connection(("127.0.0.1", port)) as client:
            # IDCODE: through Test-Logic-Reset to Shift-DR, then 32 bits.
            moves = [1, 1, 1, 1, 1, 0, 1, 0, 0]
            commands = "".join(f"{tms << 1}{4 | tms << 1}" for tms in moves) + "0R4" * 32
            client.sendall(commands.encode())
            bits = b""
            while len(bits) < 32:
                bits += client.recv(64)
        assert int(bits[::-1], 2) == registers.JTAG_IDCODE
    assert json.loads(result.read_text())["reason"] == "exit"


def test_reset_by_a_debugger_restarts_all_but_the_debug_module(tmp_path: Path) -> None:
    command = [str(build_soc(DEFAULT).path), "--jtag", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as simulator:
        assert simulator.stderr is not None
        port = json.loads(simulator.stderr.readline())["jtag_port"]
        with OpenOcd(simulation(port), log=tmp_path / "log") as openocd:
            tell = openocd.command
            tell("halt")
            tell(f"mww {MARKER:#x} 0x1234abcd; mwh 0x1002 0xbeef; mwb 0x1001 0x55")
            assert tell("read_memory 0x1000 32 1") == "0xbeef5500"
            assert tell(f"read_memory {MARKER:#x} 32 1") == "0x1234abcd"
            tell("reset run")
            # It would be taken for one that has stayed halted.
            tell("poll")
            assert tell("heepstor.cpu curstate") == "running"
            # While it runs, too: memory has kept its content, registers have not.
            assert tell("read_memory 0x1000 32 1") == "0xbeef5500"
            assert tell(f"read_memory {MARKER:#x} 32 1") == "0x0"
            tell("reset halt")
            assert tell("heepstor.cpu curstate") == "halted"
            assert int(tell("get_reg -force pc").split()[1], 16) == registers.BOOT_ADDRESS
            with pytest.raises(DebugError, match=r"OpenOCD refuses 'nonsense': invalid command"):
                tell("nonsense")
        simulator.terminate()


def test_sleeping_cpu_is_waited_for_while_a_debugger_may_wake_it(tmp_path: Path) -> None:
    """And the limit holds."""
    with (
        waiting("sleep", tmp_path, 200_000) as (port, result),
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        assert client.recv(1) == b""  # the simulator has ended
    ended = json.loads(result.read_text())
    assert (ended["reason"], ended["cycles"]) == ("cycle_limit", 200_000)


def test_ports_that_cannot_be_had_are_refused() -> None:
    simulator = str(build_soc(DEFAULT).path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for text, reason in (
            (str(port), f"--jtag {port}: Address already in use"),
            ("65536", "--jtag is 65536; a port is 65535 at most"),
        ):
            done = subprocess.run([simulator, "--jtag", text], capture_output=True, text=True)
            assert (done.returncode, done.stderr.strip()) == (2, reason)
