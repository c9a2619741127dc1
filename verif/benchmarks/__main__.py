"""Speeds of what the project runs most, beside those of a committed record.

`python -m verif.benchmarks` measures, prints each speed and its ratio to `record.json`, and writes
`build/benchmarks.json`; `--record` makes that the new record. Nothing here fails by being slow: CPU
time is counted, but what else runs on the machine still shows (20 % and more), so the load is
recorded too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

import heepstor
from golden import gemm, network, numpy_twin
from heepstor import config, project
from heepstor.build import rtl
from verif.benchmarks import uvm_throughput
from verif.harness import seeds
from verif.rtl import fp_unit, native, sa
from verif.system import bare
from verif.uvm import runner

RECORD = Path(__file__).with_name("record.json")
RESULT = rtl.ROOT / "build" / "benchmarks.json"

_SEED = 1
_CORE_CYCLES = {"busy": 4_000_000, "idle": 20_000_000}  # for a 4 x 4 array; fewer for larger ones
_ACCUMULATOR_ROWS = 64
_SOC_CYCLES = {"busy": 5_000_000, "sleep": 50_000_000}
_GEMM_SHAPE = (400, 144, 24)  # M, K, N
_VECTORS = 20_000_000
_IMAGES = 50  # of a batch, as `heepstor accuracy` makes them
_UVM = runner.Configuration(size=8, rows=8, ports=1, words=128)


@dataclass(frozen=True)
class Speed:
    """Something per second of CPU time."""

    name: str
    value: float
    unit: str


def core_speeds() -> Iterator[Speed]:
    """sa_core alone: a step in every cycle, and none."""
    modules = (*sa.ARRAY_MODULES, "clk_gate", "sa_accumulator", "sa_core")
    sources = [path for path in rtl.array() if path.stem in modules]
    main = Path(__file__).with_name("sa_core.cpp")
    for size in (4, 8, 16):
        parameters = {"Size": size, "AccumulatorRows": _ACCUMULATOR_ROWS}
        program = native.build("sa_core", sources, main, parameters=parameters)
        for mode, most in _CORE_CYCLES.items():
            cycles = most * 16 // size**2
            command = [str(program), mode, str(cycles), str(size), str(_ACCUMULATOR_ROWS)]
            seconds = _child_seconds(partial(subprocess.run, command, check=True))
            yield Speed(f"sa_core {size}x{size} {mode}", cycles / seconds, "cycles/s")
            if mode == "busy":
                yield Speed(f"sa_core {size}x{size} {mode}", cycles * size**2 / seconds, "MAC/s")


def soc_speeds() -> Iterator[Speed]:
    """The SoC: bare programs that compute or sleep, and a network on each back-end."""
    hardware = config.load()
    for program, cycles in _SOC_CYCLES.items():
        result = bare.run(program, hardware, cycle_limit=cycles)
        yield Speed(f"SoC, program '{program}'", result.cycles_per_cpu_s, "cycles/s")
    model = nn.Sequential(nn.Conv2d(3, 16, 5), nn.ReLU(), nn.Conv2d(16, 16, 3)).eval()
    cycles_of = {}
    for backend in ("software", "direct", "stream"):
        compiled = heepstor.compile(
            model, input_shape=(3, 16, 16), name=f"benchmark-{backend}", backend=backend
        )
        report = compiled.simulate()
        assert report["passed"], backend
        cycles_of[backend] = report["sim"]["cycles"]
        speed = report["sim"]["cycles"] / report["sim"]["cpu_s"]
        yield Speed(f"SoC, network, {backend} back-end", speed, "cycles/s")
    # Not a speed of the simulator but of the hardware: how many times fewer cycles.
    for backend in ("direct", "stream"):
        gain = cycles_of["software"] / cycles_of[backend]
        yield Speed(f"cycles of software / {backend}", gain, "")


def uvm_speeds() -> Iterator[Speed]:
    """The UVM environment with its monitor, scoreboards and coverage."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        os.environ[uvm_throughput.RESULT_VARIABLE] = str(path)
        runner.run(_UVM, uvm_throughput.__name__, uvm_throughput.RandomGemms.__name__)
        result = json.loads(path.read_text(encoding="utf-8"))
    speed = result["transactions"] / result["cpu_s"]
    yield Speed("UVM environment, 8x8", speed, "bus transactions/s")


def arithmetic_speeds() -> Iterator[Speed]:
    """Random vectors through the native check of the multipliers and the adder."""
    for unit in ("sa_fp_mul", "sa_fp_mul32", "sa_fp_add"):
        files = fp_unit.sources(unit)
        fp_unit.run(unit, files, 1, directed=False)  # builds it
        run = partial(fp_unit.run, unit, files, _VECTORS, directed=False)
        yield Speed(f"{unit} against the host", _VECTORS / _child_seconds(run), "vectors/s")


def golden_speeds() -> Iterator[Speed]:
    """The golden matrix product, and a network on it."""
    m, k, n = _GEMM_SHAPE
    a, w = torch.randn(m, k), torch.randint(-127, 128, (k, n), dtype=torch.int8)
    a_numpy, w_numpy = a.numpy(), w.numpy()
    for name, work in (
        ("PyTorch", partial(gemm.gemm, a, w)),
        ("NumPy", partial(numpy_twin.gemm, a_numpy, w_numpy)),
    ):
        yield Speed(f"golden product, {name}", m * k * n / _best_seconds(work), "MAC/s")
    cifar10 = project.find("cifar10").load(batch=1)
    images = torch.randn(_IMAGES, *cifar10.input_shape)
    seconds = _best_seconds(partial(network.run, cifar10.model, images))
    yield Speed("golden network, cifar10", _IMAGES / seconds, "images/s")


def _child_seconds(work: Callable[[], object]) -> float:
    """User time of the processes that `work` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    work()
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def _best_seconds(work: Callable[[], object], repetitions: int = 5) -> float:
    """CPU time of the fastest of a few runs in this process."""
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Speeds, beside those of the committed record.")
    parser.add_argument("--record", action="store_true", help="make this the committed record")
    arguments = parser.parse_args()
    os.environ[seeds.VARIABLE] = str(_SEED)
    known = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {"speeds": []}
    recorded = {(entry["name"], entry["unit"]): entry["value"] for entry in known["speeds"]}
    load = os.getloadavg()[0]
    torch.set_num_threads(1)
    speeds = []
    for group in (core_speeds, soc_speeds, uvm_speeds, arithmetic_speeds, golden_speeds):
        for speed in group():
            speeds.append(speed)
            before = recorded.get((speed.name, speed.unit))
            ratio = f"{speed.value / before:6.2f} of the record" if before else "   new"
            print(f"{speed.name:32} {speed.value:14,.1f} {speed.unit:18} {ratio}", flush=True)
    result = {
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}",
        "load_at_start": round(load, 2),
        "speeds": [{**asdict(speed), "value": float(f"{speed.value:.4g}")} for speed in speeds],
    }
    for path in (RESULT, *((RECORD,) if arguments.record else ())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
