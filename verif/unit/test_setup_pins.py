"""Every package of the environment is pinned, the ones that others bring along too."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def pins_of_project() -> dict[str, str]:
    """Package to version of the direct dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return pins(project["dependencies"] + project["optional-dependencies"]["dev"])


def pins_of_constraints() -> dict[str, str]:
    """Package to version of the constraints file."""
    lines = (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return pins([line for line in lines if not line.startswith("#")])


def pins(lines: list[str]) -> dict[str, str]:
    split = [line.partition("==") for line in lines]
    assert all(separator for _, separator, _ in split), lines
    return {canonicalize_name(name): version for name, _, version in split}


def required_by(package: str) -> set[str]:
    """What the installed `package` requires on this machine, without extras."""
    requirements = map(Requirement, importlib.metadata.requires(package) or [])
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }


def test_the_direct_dependencies_have_one_version_in_both_files() -> None:
    constraints = pins_of_constraints()
    for name, version in pins_of_project().items():
        assert constraints[name] == version, name


def test_the_constraints_are_all_that_the_dependencies_bring_along_and_nothing_else() -> None:
    found: set[str] = set()
    new = set(pins_of_project())
    while new:
        found |= new
        new = {name for package in new for name in required_by(package)} - found
    assert found == set(pins_of_constraints())


def test_the_environment_has_the_constrained_versions() -> None:
    for name, version in pins_of_constraints().items():
        # A local part, as in 2.13.0+cpu, names a build of the same version.
        assert importlib.metadata.version(name).partition("+")[0] == version, name
