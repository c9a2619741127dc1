"""A run, as a list of named steps (`STEPS`).

Each step is a function from data to data, and leaves a summary in `build/<project>/NN_<step>.json`.
The expensive ones (firmware, simulator) are cached by content, so a repeated run only simulates.
"""

from __future__ import annotations

import json
import math
import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

import golden.network
import golden.reference64
from golden.numpy_twin import fnv1a
from heepstor import build, frontend, history, plan, revision, sim
from heepstor.config import Config
from heepstor.emit import hardware
from heepstor.emit import model as model_emitter
from heepstor.errors import HistoryError, ProjectError
from heepstor.ir import Backend, Buffer, Float32Array, Graph, Layer, Plan
from heepstor.project import APPS, LoadedProject
from heepstor.registers import ExitCode, Marker
from heepstor.report import (
    compare,
    document,
    fault,
    files,
    memory_map,
    memory_order,
    provenance,
    records,
    torch_order,
)
from heepstor.report import profile as profile_files
from heepstor.sim import waves

ROOT = Path(__file__).resolve().parents[1]

STEPS = ("import", "plan", "golden", "emit", "firmware", "simulator", "simulate", "report")

Listener = Callable[["Event"], None]


@dataclass(frozen=True)
class Event:
    """Something to show: a step began, a step ended (with `seconds`), or a simulation goes on.

    What is `lasting` is to be read after the run, too; other messages may be overwritten.
    """

    step: str
    number: int
    message: str
    seconds: float | None = None
    lasting: bool = False


@dataclass(frozen=True)
class Options:
    """How to build and run; the defaults are those of `heepstor sim`."""

    config: Config
    backend: Backend | None = None
    per_channel: bool = True
    assertions: bool = True
    profile_guided: bool = False
    cycle_limit: int | None = None
    watch: sim.Watch = field(default_factory=sim.Watch)
    folder: Path | None = None
    """For the files of the run and the generated C++; else build/<project>, and the project's."""
    pages: bool = True
    """Write the report as text, Markdown and HTML, too."""
    talk: Callable[[Path], AbstractContextManager[sim.Console]] | None = None
    """Makes, in the folder of the run, a console for the time of the simulation; the firmware asks
    there after each inference whether to run again."""
    listener: Listener = field(default=lambda event: None)
    console: Callable[[str], None] = field(default=lambda text: None)
    on_jtag: Callable[[Application, int], None] | None = None
    """The run waits for a debugger to load the image; called with the port of `sim.run`."""


@dataclass(frozen=True)
class Generated:
    """A network as C++: what was planned, what golden expects of each layer, and the sources."""

    plan: Plan
    expected: tuple[Float32Array, ...]
    sources: list[Path]


@dataclass(frozen=True)
class Application:
    """A network as firmware: what was planned, what golden expects, and the image."""

    project: LoadedProject
    plan: Plan
    expected: tuple[Float32Array, ...]
    image: build.FirmwareImage


def graph_of(project: LoadedProject) -> Graph:
    """What the front end makes of a project, for batches as large as its sample.

    Raises:
        ModelError: the model has what is not supported; says where.
    """
    return frontend.import_sequential(
        project.model,
        project.input_shape,
        batch=project.sample.shape[0],
        append_final_softmax=project.append_final_softmax,
    )


def generate(project: LoadedProject, options: Options) -> list[Path]:
    """Quantize, plan, and write the C++ application; returns its sources.

    Raises:
        HeepstorError: the model or the plan is not possible; says where and why.
    """
    with _exclusive(folder_of(project, options)) as folder:
        return _generate(project, options, _Steps(folder, options.listener)).sources


def make_application(project: LoadedProject, options: Options) -> Application:
    """Quantize, plan, generate and build; everything up to the ELF file.

    Raises:
        HeepstorError: the model, the plan or the build is not possible; says where and why.
    """
    with _exclusive(folder_of(project, options)) as folder:
        return _make_application(project, options, _Steps(folder, options.listener))


def simulate(project: LoadedProject, options: Options) -> document.Report:
    """Make the application, run it on the Verilated SoC, compare every layer; returns the report.

    `report["passed"]` is the verdict; the report is also in `build/<project>/report.json`.

    Raises:
        HeepstorError: something could not be built or started.
    """
    with _exclusive(folder_of(project, options)) as folder:
        _, report = _make_and_run(project, options, _Steps(folder, options.listener), folder)
        return report


def profile(project: LoadedProject, options: Options) -> tuple[document.Report, sim.Profile]:
    """`simulate`, and where the cycles went; also in `build/<project>/profile.*`.

    Raises:
        HeepstorError: something could not be built or started.
    """
    options = replace(options, watch=replace(options.watch, profile=True))
    with _exclusive(folder_of(project, options)) as folder:
        steps = _Steps(folder, options.listener)
        application, report = _make_and_run(project, options, steps, folder)
        layers = [layer.name for layer in application.plan.layers]
        found = sim.read_profile(folder / sim.CALLS, application.image.elf, layers)
        *_, page = profile_files.write(found, report, folder)
        steps.say("report", f"profile: {_relative(page)}", lasting=True)
        return report, found


def with_sample(application: Application, project: LoadedProject, options: Options) -> Application:
    """The application for the same project with another sample, with nothing compiled.

    The image, `with_sample.elf` in the folder of the run, gets the sample and the golden hashes in
    place of its own.

    Raises:
        BuildError: the image cannot be changed so.
    """
    expected = _golden_outputs(project, application.plan, options)
    image = build.with_sample(
        application.image,
        folder_of(project, options) / "with_sample.elf",
        old=_contents(application.project, application.expected),
        new=_contents(project, expected),
    )
    return replace(application, project=project, expected=expected, image=image)


def simulate_application(application: Application, options: Options) -> document.Report:
    """The second half of `simulate`, for an application that is there; the history gets no run.

    Raises:
        HeepstorError: something could not be built or started.
    """
    with _exclusive(folder_of(application.project, options)) as folder:
        files.remove(folder)
        options = replace(options, pages=False)
        return _run(application, options, _Steps(folder, options.listener), folder)


def render_report(name: str) -> list[Path]:
    """Write text, Markdown and page of a project's last report anew; returns their paths.

    Raises:
        HeepstorError: there is no such report, or a run of the project goes on.
    """
    report = document.load(ROOT / "build" / name / "report.json")
    with _exclusive(ROOT / "build" / name) as folder:
        return files.write(report, folder)


def _generate(project: LoadedProject, options: Options, steps: _Steps) -> Generated:
    with steps.step("import") as summary:
        graph = graph_of(project)
        summary |= {"project": project.name, "input_shape": list(project.sample.shape)}
        summary |= {"weights": project.weights_source}
    with steps.step("plan") as summary:
        planned = plan.plan(
            graph, options.config, backend=options.backend, per_channel=options.per_channel
        )
        summary |= _plan_summary(planned)
    with steps.step("golden") as summary:
        expected = _golden_outputs(project, planned, options)
        hashes = _hashes(expected)
        summary |= {"hashes": [f"0x{value:08x}" for value in hashes]}
    with steps.step("emit") as summary:
        sources = _emit(project, planned, hashes, options)
        summary |= {"files": sorted(path.name for path in sources)}
    return Generated(planned, expected, sources)


def _make_application(project: LoadedProject, options: Options, steps: _Steps) -> Application:
    generated = _generate(project, options, steps)
    with steps.step("firmware") as summary:
        image = build.build_firmware(
            generated.sources,
            options.config,
            include=[_gen_dir(project, options)],
            assertions=options.assertions,
            defines={"HEEPSTOR_INTERACTIVE": "1"} if options.talk else None,
        )
        summary |= {"elf": _relative(image.elf), "sections": _sections(image)}
    return Application(project, generated.plan, generated.expected, image)


def _make_and_run(
    project: LoadedProject, options: Options, steps: _Steps, folder: Path
) -> tuple[Application, document.Report]:
    """A run from the model to the verdict, which the history remembers."""
    # A report that is there always belongs to the last run that got as far as a verdict.
    files.remove(folder)
    application = _make_application(project, options, steps)
    report = _run(application, options, steps, folder)
    # Else it is another image than the project's, or its cycles are those of a person, too.
    if options.talk is None and options.on_jtag is None:
        _remember(report, steps)
    return application, report


def _run(
    application: Application, options: Options, steps: _Steps, folder: Path
) -> document.Report:
    names = [layer.name for layer in application.plan.layers]
    instruments = options.watch.instruments(folder, names)
    simulator = _build_simulator(application, instruments, options, steps)
    result = _simulate(application, simulator, instruments, options, steps, folder)
    _tell_what_was_watched(instruments, result, options, steps)
    return _report(application, result, options, steps, folder)


def _plan_summary(planned: Plan) -> dict[str, Any]:
    return {
        "arena_bytes": planned.arena_bytes,
        "weight_bytes": planned.weight_bytes,
        "layers": [
            {
                "name": layer.name,
                "op": layer.kind.value,
                "backend": layer.backend.value,
                "reason": layer.backend_reason,
                "macs": layer.macs,
                "output": list(layer.output.shape),
                "arena_offset": layer.output.buffer.offset if layer.output.buffer else None,
            }
            for layer in planned.layers
        ],
    }


def _golden_outputs(
    project: LoadedProject, planned: Plan, options: Options
) -> tuple[Float32Array, ...]:
    """The golden output of every layer: that of the last module it covers, in the layer's shape."""
    outputs = golden.network.run(
        project.model,
        project.sample_tensor,
        per_channel=options.per_channel,
        append_final_softmax=project.append_final_softmax,
    )
    return tuple(
        outputs[layer.modules[-1]].numpy().reshape(layer.output.shape) for layer in planned.layers
    )


def _hashes(outputs: Sequence[Float32Array]) -> list[int]:
    """What the firmware's `@layer` records must say of these outputs."""
    return [fnv1a(memory_order(values).view(np.uint32)) for values in outputs]


def _contents(project: LoadedProject, expected: Sequence[Float32Array]) -> build.Sample:
    return build.Sample(memory_order(project.sample).tobytes(), tuple(_hashes(expected)))


def _emit(
    project: LoadedProject, planned: Plan, hashes: Sequence[int], options: Options
) -> list[Path]:
    """Write the generated C++; returns its sources. Files of an earlier model are removed."""
    hardware.write_all(options.config)
    files = model_emitter.render(
        planned,
        options.config,
        project=project.name,
        sample=project.sample,
        expected_hashes=hashes,
    )
    gen_dir = _gen_dir(project, options)
    gen_dir.mkdir(parents=True, exist_ok=True)
    for stale in gen_dir.iterdir():
        if stale.name not in files:
            stale.unlink()
    for name, content in files.items():
        hardware.write_if_changed(gen_dir / name, content)
    return [gen_dir / name for name in files if name.endswith(".cpp")]


def _build_simulator(
    application: Application, instruments: sim.Instruments, options: Options, steps: _Steps
) -> build.SimulatorBinary:
    with steps.step("simulator") as summary:
        simulator = build.build_soc(
            options.config,
            instrumented=instruments.need_instrumented,
            profile_guided=application.image.elf if options.profile_guided else None,
            on_progress=lambda message: steps.say("simulator", message),
        )
        summary |= {"binary": _relative(simulator.path), "hash": f"0x{simulator.config_hash:08x}"}
    return simulator


def _simulate(
    application: Application,
    simulator: build.SimulatorBinary,
    instruments: sim.Instruments,
    options: Options,
    steps: _Steps,
    folder: Path,
) -> sim.SimResult:
    """Run the image; every layer's output is dumped at the moment the layer ends."""
    layers = application.plan.layers
    if options.watch.waves:
        waves.remove(folder)
    limit = options.cycle_limit or _default_cycle_limit(application.plan, options)
    dump_folder = folder / "outputs"
    shutil.rmtree(dump_folder, ignore_errors=True)
    dump_folder.mkdir()
    arena = sim.symbol_address(application.image.elf, "__arena_start")
    dumps = [
        sim.Dump(
            marker=Marker.LAYER_END | layer.index,
            address=arena + _offset(layer.output.buffer),
            size=layer.output.elements * 4,
            path=dump_folder / f"{layer.index:02d}.bin",
        )
        for layer in layers
    ]
    on_jtag = options.on_jtag and partial(options.on_jtag, application)

    def on_progress(progress: sim.Progress) -> None:
        steps.say("simulate", _progress_text(progress, layers))

    with steps.step("simulate") as summary, _console(options, folder, steps) as console:
        result = sim.run(
            simulator,
            application.image.elf,
            cycle_limit=limit,
            dumps=dumps,
            on_progress=None if console else on_progress,  # it would write into the conversation
            on_output=options.console,
            on_jtag=on_jtag,
            instruments=instruments,
            console=console,
        )
        summary |= {"cycles": result.cycles, "reason": result.reason, "cycle_limit": limit}
    return result


@contextmanager
def _console(options: Options, folder: Path, steps: _Steps) -> Iterator[sim.Console | None]:
    if options.talk is None:
        yield None
        return
    with options.talk(folder) as console:
        steps.say("simulate", f"console: {console.name}", lasting=True)
        yield console


def _tell_what_was_watched(
    instruments: sim.Instruments, result: sim.SimResult, options: Options, steps: _Steps
) -> None:
    """Say where the window and the checkpoint are, and what opens them."""
    watch, markers = options.watch, {marker for _, marker in result.markers}
    if watch.waves and instruments.trace:
        folder = instruments.trace.parent
        if instruments.trace.exists():
            waves.write_views(options.config, folder)
            opens = shlex.join(["heepstor", "waves", os.path.relpath(folder, ROOT / "build")])
            message = f"{_relative(instruments.trace)}; to open it: {opens}"
        else:
            message = f"none: this run was never in {watch.waves}"
        steps.say("simulate", f"waves: {message}", lasting=True)
    if checkpoint := instruments.checkpoint:
        message = f"{_relative(checkpoint.path)}; to go on from it: --resume"
        if checkpoint.marker not in markers:
            message = f"none: {watch.checkpoint_at} never began"
        steps.say("simulate", f"checkpoint: {message}", lasting=True)


def _default_cycle_limit(planned: Plan, options: Options) -> int:
    """Twenty times the prediction, and room for boot, checks and printing; or for a person."""
    if options.talk or options.on_jtag:
        return sim.DEFAULT_CYCLE_LIMIT
    return 20_000_000 + 20 * sum(layer.predicted_cycles for layer in planned.layers)


def _offset(buffer: Buffer | None) -> int:
    if buffer is None:
        raise AssertionError("a layer's output always has a buffer in the arena")
    return buffer.offset


def _progress_text(progress: sim.Progress, layers: Sequence[Layer]) -> str:
    layer = _layer_name(progress.marker, layers)
    return (
        f"{progress.cycles / 1e6:.1f} million cycles, "
        f"{progress.cycles_per_s / 1e6:.2f} million a second" + (f", {layer}" if layer else "")
    )


def _layer_name(marker: int, layers: Sequence[Layer]) -> str | None:
    """The layer that runs, by the last marker written; None outside layers."""
    kind, index = marker & 0xF000_0000, marker & 0x0FFF_FFFF
    return layers[index].name if kind == Marker.LAYER_START and index < len(layers) else None


def _report(
    application: Application, result: sim.SimResult, options: Options, steps: _Steps, folder: Path
) -> document.Report:
    with steps.step("report") as summary:
        report = _assemble(application, result, options)
        document.validate(report)
        hardware.write_if_changed(folder / "report.json", json.dumps(report, indent=2) + "\n")
        if options.pages:
            *_, page = files.write(report, folder)
            steps.say("report", f"page: {_relative(page)}", lasting=True)
        summary |= {"passed": report["passed"]}
    return report


def _remember(report: document.Report, steps: _Steps) -> None:
    """Add the run to the history; one that cannot be written is no reason to lose a run."""
    path = history.default_path()
    if path is None:
        return
    try:
        history.record(report, path)
    except HistoryError as error:
        steps.say("report", f"this run is not recorded: {error}", lasting=True)


def _assemble(application: Application, result: sim.SimResult, options: Options) -> document.Report:
    project, planned, config = application.project, application.plan, options.config
    found = records.parse(result.uart)
    got = _dumped_outputs(planned, result)
    reached = len(got)
    comparison = compare(planned.layers[:reached], got, application.expected[:reached])
    predictions = []
    if reached == len(planned.layers) and len(planned.output.shape) == 2:
        scores = got[-1].reshape(planned.output.shape).tolist()
        predictions = document.prediction_rows(scores, project.class_names, project.sample_labels)
    passed = (
        result.exit_code == ExitCode.PASS
        and reached == len(planned.layers)
        and comparison.mismatches == 0
    )
    return {
        "schema": document.SCHEMA,
        "project": project.name,
        "backend": options.backend.value if options.backend else "planner",
        "assertions": options.assertions,
        "quantization": "per_channel" if options.per_channel else "per_tensor",
        "weights": project.weights_source,
        "revision": revision.current().as_dict(),
        "identity": document.identity(found.header),
        "config": {"hash": f"0x{config.hash_hex}", **config.as_dict()},
        "golden": comparison.as_dict(),
        "reference": _reference(application, options),
        "prediction": predictions[0] if predictions else None,
        "predictions": predictions,
        "total_cycles": found.total_cycles,
        "layers": _layer_rows(application, found, options),
        "memory": _memory(application, found, config),
        "sim": {
            "cycles": result.cycles,
            "wall_s": round(result.wall_s, 3),
            "cpu_s": round(result.cpu_s, 3),
            "cycles_per_s": round(result.cycles_per_cpu_s),
            "reason": result.reason,
            "stopped_at": _stopped_at(application, result),
        },
        "panic": found.panic,
        "fault": fault.describe(found, application.image.elf, [one.name for one in planned.layers]),
        "exit_code": result.exit_code,
        "exit_name": _exit_name(result.exit_code),
        "passed": passed,
        "tools": provenance.tools(),
        "reproduce": _reproduce(project, options),
    }


def _dumped_outputs(planned: Plan, result: sim.SimResult) -> list[Float32Array]:
    """The outputs the firmware got to, from the first layer on."""
    outputs = []
    for layer, path in zip(planned.layers, result.dumps, strict=True):
        if not path.exists():
            break
        flat = np.fromfile(path, dtype="<f4")
        outputs.append(torch_order(flat, layer.output))
    return outputs


def _reference(application: Application, options: Options) -> dict[str, Any]:
    project = application.project
    distances = golden.reference64.distance(
        application.expected[-1].reshape(application.plan.output.shape),
        project.model,
        project.sample_tensor,
        per_channel=options.per_channel,
        append_final_softmax=project.append_final_softmax,
    )
    return {
        "unquantized": _distance(distances.unquantized),
        "exact": _distance(distances.exact),
    }


def _distance(distance: golden.reference64.Distance) -> dict[str, Any]:
    return {
        "max_abs_error": _finite(distance.max_abs_error),
        "mean_abs_error": _finite(distance.mean_abs_error),
        "top1_agrees": distance.top1_agreement == 1.0,
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity and no NaN."""
    return value if math.isfinite(value) else None


def _memory(application: Application, found: records.Records, config: Config) -> dict[str, Any]:
    image = application.image
    return {
        "weights": application.plan.weight_bytes,
        "arena": application.plan.arena_bytes,
        "code": image.text_bytes,
        "constants": image.rodata_bytes,
        "data": image.data_bytes + image.bss_bytes,
        "stack_size": config.stack_bytes,
        "stack_used": found.stack_used,
        "used": sum(_sections(image).values()) + config.stack_bytes,
        "available": config.memory_bytes,
        "regions": memory_map.regions(sim.sections(image.elf), _weights(image)),
        "buffers": memory_map.buffers(application.plan),
    }


def _weights(image: build.FirmwareImage) -> list[sim.Span]:
    found = sim.variables(image.elf)
    return [span for span in found if model_emitter.WEIGHT_SYMBOL.search(span.name)]


def _layer_rows(
    application: Application, found: records.Records, options: Options
) -> list[document.Report]:
    rows = document.layer_rows(application.plan, found, options.config)
    if _is_of_apps(application.project):
        for index, row in enumerate(rows):
            row["waves"] = _command(
                application.project, options, ["--waves", sim.layer_option(index, row["name"])]
            )
    return rows


def _reproduce(project: LoadedProject, options: Options) -> str:
    """How to make this run again: a command, or for a model from elsewhere the Python."""
    if not _is_of_apps(project):
        arguments = {
            "input_shape": project.input_shape,
            **({"batch": len(project.sample)} if len(project.sample) > 1 else {}),
            **({"append_final_softmax": True} if project.append_final_softmax else {}),
            **({"backend": options.backend.value} if options.backend else {}),
            **({} if options.per_channel else {"per_channel": False}),
            **({} if options.assertions else {"assertions": False}),
        }
        return provenance.call(project.name, options.config, arguments)
    return _command(project, options)


def _is_of_apps(project: LoadedProject) -> bool:
    """Whether a command can name it."""
    return project.gen_dir.parent == APPS / project.name


def _command(project: LoadedProject, options: Options, more: Sequence[str] = ()) -> str:
    """The command of this run, with `more` options."""
    switches = [
        *(["--backend", options.backend.value] if options.backend else []),
        *(["--batch", str(len(project.sample))] if len(project.sample) > 1 else []),
        *([] if options.per_channel else ["--per-tensor"]),
        *([] if options.assertions else ["--no-assertions"]),
        *(["--cycle-limit", str(options.cycle_limit)] if options.cycle_limit else []),
        *more,
    ]
    return provenance.command(project.name, options.config, switches)


def _sections(image: build.FirmwareImage) -> dict[str, int]:
    return {
        "text": image.text_bytes,
        "rodata": image.rodata_bytes,
        "data": image.data_bytes,
        "bss": image.bss_bytes,
        "arena": image.arena_bytes,
    }


def _stopped_at(application: Application, result: sim.SimResult) -> document.Report | None:
    """Where the CPU was when the firmware did not end by itself."""
    if result.exit_code is not None:
        return None
    marker = result.markers[-1][1] if result.markers else 0
    return {
        "pc": f"0x{result.pc:08x}",
        "function": sim.symbolize(application.image.elf, result.pc),
        "layer": _layer_name(marker, application.plan.layers),
    }


def _exit_name(code: int | None) -> str:
    if code is None:
        return "NONE"
    return ExitCode(code).name if code in set(ExitCode) else f"UNKNOWN_{code}"


def _relative(path: Path) -> str:
    return os.path.relpath(path, ROOT)


def folder_of(project: LoadedProject, options: Options) -> Path:
    """Where the files of a run are."""
    return options.folder or ROOT / "build" / project.name


def _gen_dir(project: LoadedProject, options: Options) -> Path:
    return options.folder / "gen" if options.folder else project.gen_dir


@contextmanager
def _exclusive(folder: Path) -> Iterator[Path]:
    """The folder of a run, for it alone: two would overwrite each other's files."""
    owner = folder / ".owner"
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        pid = owner.read_text(encoding="utf-8").strip() if owner.exists() else "unknown"
        raise ProjectError(
            f"{_relative(folder)}: another run of this project (process {pid}) is using it; "
            "wait until it has ended"
        ) from None
    except OSError as error:
        raise ProjectError(f"{_relative(folder)}: cannot be written ({error.strerror})") from error
    try:
        owner.write_text(str(os.getpid()), encoding="utf-8")
        yield folder
    finally:
        lock.release()


class _Steps:
    """Announces each step, times it, and writes its summary when it has succeeded."""

    def __init__(self, folder: Path, listener: Listener) -> None:
        self._folder = folder
        self._listener = listener
        for stale in folder.glob("[0-9][0-9]_*.json"):
            stale.unlink()

    def say(self, step: str, message: str, *, lasting: bool = False) -> None:
        self._listener(Event(step, STEPS.index(step) + 1, message, lasting=lasting))

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        number = STEPS.index(name) + 1
        summary: dict[str, Any] = {"step": name}
        self._listener(Event(name, number, "begins"))
        start = time.monotonic()
        yield summary
        seconds = time.monotonic() - start
        path = self._folder / f"{number:02d}_{name}.json"
        hardware.write_if_changed(path, json.dumps(summary, indent=2) + "\n")
        self._listener(Event(name, number, "ends", seconds))
