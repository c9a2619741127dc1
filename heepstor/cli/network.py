"""Commands on a network as it changes: its weights, accuracy, and cycles over commits."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from heepstor.cli.command import Command, positive, say, verdict
from heepstor.cli.options import add_data, add_hardware, add_software, flow_options


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project")
    parser.add_argument("--epochs", type=int, default=None, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--device", default="cpu", help="where PyTorch trains: cpu, cuda, ...")


def _train(options: argparse.Namespace) -> int:
    from heepstor import project, train

    result = train.train(
        project.find(options.project),
        options.data,
        epochs=options.epochs,
        seed=options.seed,
        data_name=options.data_name,
        device=options.device,
        on_progress=say,
    )
    print(result)
    return 0


TRAIN = Command(
    "train", help="train a project's weights", arguments=(add_data, _train_arguments), run=_train
)


def _accuracy_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rtl",
        type=positive,
        metavar="N",
        help="simulate N images on the SoC, disagreeing ones first, and compare bit for bit",
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="where PyTorch runs the float models: cpu, cuda, ... (default: a GPU if there is one)",
    )
    parser.add_argument("--json", action="store_true", help="print accuracy.json instead")


def _accuracy(options: argparse.Namespace) -> int:
    from heepstor import accuracy, project
    from heepstor.terminal import Terminal

    terminal = Terminal()
    result = accuracy.measure(
        project.find(options.project),
        options.data,
        options=flow_options(options),
        rtl=options.rtl,
        device=options.device,
        data_name=options.data_name,
        on_progress=terminal.on_progress,
        on_message=terminal.on_message,
    )
    print(json.dumps(result, indent=2) if options.json else "\n" + accuracy.render(result))
    return verdict(not result["rtl"] or result["rtl"]["passed"])


ACCURACY = Command(
    "accuracy",
    help="top-1 over a whole test set: float, fake-quantized and bit-exact model",
    description="""\
Top-1 of a project's network over the test split of its data set: in float32, fake-quantized, and by
the bit-exact golden model, quantized per tensor and per channel. An interrupted run goes on where
it was; what it finds is in build/accuracy/PROJECT/.

Hardware, back-end and quantization options are those of the images in RTL simulation (--rtl).
""",
    arguments=(add_hardware, add_software, add_data, _accuracy_arguments),
    run=_accuracy,
)


def _history_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "project", nargs="?", help="one of those with a run; without it, all of them in short"
    )
    parser.add_argument(
        "--backend",
        choices=["planner", "software", "direct", "stream"],
        help="only runs for which this was asked",
    )
    parser.add_argument("--layer", metavar="NAME", help="only the layer with this name or module")
    parser.add_argument(
        "--last", type=positive, default=6, metavar="N", help="columns to show (default: 6)"
    )
    parser.add_argument("--json", action="store_true", help="print all runs for a script")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with a picture of each trend, too"
    )
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="the recorded runs (default: HEEPSTOR_HISTORY, or else build/history.sqlite)",
    )


def _history(options: argparse.Namespace) -> int:
    from heepstor import history

    path = options.database or history.default_path()
    runs = history.read(path, must_exist=path is options.database) if path else []
    series = history.series_of(runs, project=options.project, backend=options.backend)
    if options.layer:
        series = history.narrowed(series, options.layer)
    if options.html:
        from heepstor.history import page

        options.html.parent.mkdir(parents=True, exist_ok=True)
        options.html.write_text(page.render(series, last=options.last), encoding="utf-8")
    if options.json:
        print(json.dumps([history.as_dict(one) for one in series], indent=2))
    elif options.project or options.layer:
        print(history.render(series, last=options.last))
    else:
        print(history.overview(series))
    return 0


HISTORY = Command(
    "history",
    help="cycles per layer from commit to commit",
    arguments=(_history_arguments,),
    run=_history,
)

COMMANDS = (TRAIN, ACCURACY, HISTORY)
