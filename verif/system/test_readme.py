"""The README tells the truth: its Python runs, its result is what comes out, its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys

from heepstor import config, flow, project, report
from verif.docs.blocks import blocks

README_FILE = flow.ROOT / "README.md"
README = README_FILE.read_text(encoding="utf-8")


def test_ones_own_network_runs_in_at_most_twenty_lines() -> None:
    (program,) = (block.text for block in blocks(README_FILE) if block.language == "python")
    assert len(program.strip().splitlines()) <= 20
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "PASS: firmware PASS" in run.stdout


def test_the_result_it_shows_is_the_one_that_comes_out() -> None:
    result = flow.simulate(project.find("cifar10").load(), flow.Options(config=config.load()))
    table = report.render(result).split("\n")
    shown = [line for line in table if not line.startswith("simulation:")]  # that is the host's
    assert "\n".join(shown) in README


def test_every_make_command_is_a_target_of_the_makefile() -> None:
    makefile = (flow.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", README))
    assert named
    assert named <= targets


def test_every_project_that_is_named_exists() -> None:
    named = set(re.findall(r"PROJECT=([a-z0-9_-]{2,})", README))
    assert named
    assert named <= set(project.names())
