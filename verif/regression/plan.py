"""The test plan: which tests and coverage bins verify a feature, and why it is worth it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import hjson

from verif.harness import session


class PlanError(Exception):
    """The plan's file is not as it must be; the message lists all faults."""


@dataclass(frozen=True)
class Feature:
    """One entry of the plan."""

    name: str
    why: str
    """What would go wrong unnoticed without it."""
    tests: tuple[str, ...]
    """Node ids of tests without the repetition; `*` stands for any text, and a pattern without
    parameters for all of them."""
    bins: tuple[str, ...] = ()
    """Groups of functional coverage whose bins its tests have to hit."""
    random: bool = False
    """Its tests have random stimulus of which more is worth something: `--seeds` repeats them."""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return _any_of(self.tests)

    def claims(self, node_id: str) -> bool:
        """Whether a test belongs to the feature."""
        return self._pattern.fullmatch(session.without_repetition(node_id)) is not None

    def claims_function(self, function_id: str) -> bool:
        """Whether any test made from a function (`path::name`) may belong to the feature."""
        return (
            _any_of(test.partition("[")[0] for test in self.tests).fullmatch(function_id)
            is not None
        )


@dataclass(frozen=True)
class Plan:
    """All features, and the purpose of each group of bins."""

    features: tuple[Feature, ...]
    bins: Mapping[str, str]
    complete_folders: tuple[str, ...]
    """Folders of which every test must belong to a feature."""

    def features_of(self, node_id: str) -> list[Feature]:
        """The features that a test belongs to."""
        return [feature for feature in self.features if feature.claims(node_id)]

    def unclaimed(self, node_ids: Iterable[str]) -> list[str]:
        """Tests that belong to no feature."""
        return [node_id for node_id in node_ids if not self.features_of(node_id)]

    def faults(self, node_ids: Collection[str]) -> list[str]:
        """What is wrong between the plan and all the tests that there are."""
        faults = []
        for feature in self.features:
            for test in feature.tests:
                pattern = _any_of([test])
                if not any(pattern.fullmatch(session.without_repetition(id_)) for id_ in node_ids):
                    faults.append(f"feature {feature.name!r}: there is no test {test}")
        folders = tuple(f"{folder}/" for folder in self.complete_folders)
        in_folders = [node_id for node_id in node_ids if node_id.startswith(folders)]
        faults += [
            f"{node_id} belongs to no feature; add it to one, or add a feature"
            for node_id in self.unclaimed(in_folders)
        ]
        return faults

    def is_random(self, function_id: str) -> bool:
        """Whether `--seeds` repeats the tests of a function (`path::name`)."""
        return any(f.random and f.claims_function(function_id) for f in self.features)

    def wanted_bins(self) -> list[str]:
        """Groups of coverage that a regression has to fill, in the plan's order."""
        return list(dict.fromkeys(group for feature in self.features for group in feature.bins))


def load(path: Path) -> Plan:
    """Read a plan.

    Raises:
        PlanError: the file cannot be read, is no hjson, or an entry is not as it must be.
    """
    try:
        content = hjson.loads(path.read_text(encoding="utf-8"))
    except (OSError, hjson.HjsonDecodeError) as error:
        raise PlanError(f"{path}: {error}") from error
    faults = list(_faults(content))
    if faults:
        raise PlanError("\n".join([f"{path}:", *faults]))
    return Plan(
        features=tuple(
            Feature(
                name=entry["feature"],
                why=entry["why"],
                tests=tuple(entry["tests"]),
                bins=tuple(entry.get("bins", ())),
                random=entry.get("random", False),
            )
            for entry in content["features"]
        ),
        bins=dict(content["bins"]),
        complete_folders=tuple(content["complete_folders"]),
    )


_KEYS = {"feature": str, "why": str, "tests": list, "bins": list, "random": bool}
_REQUIRED = ("feature", "why", "tests")


def _faults(content: Any) -> Iterable[str]:
    """All that is wrong in a plan's file by itself."""
    if not isinstance(content, dict):
        yield "it is no object"
        return
    parts = {"features": list, "bins": dict, "complete_folders": list}
    missing = [key for key, type_ in parts.items() if not isinstance(content.get(key), type_)]
    if missing:
        yield f"missing or of a wrong type: {', '.join(missing)}"
        return
    names = [entry.get("feature") for entry in content["features"]]
    for index, entry in enumerate(content["features"]):
        where = f"features[{index}] ({entry.get('feature')})"
        for key in _REQUIRED:
            if not entry.get(key):
                yield f"{where}: {key} is missing or empty"
        for key, value in entry.items():
            if not isinstance(value, _KEYS.get(key, ())):
                yield f"{where}: {key} is {value!r}; accepted keys: {', '.join(_KEYS)}"
        if names.count(entry.get("feature")) > 1:
            yield f"{where}: the name occurs more than once"
        for group in entry.get("bins", ()):
            if group not in content["bins"]:
                yield f"{where}: bins {group!r} have no purpose under `bins`"
    used = {group for entry in content["features"] for group in entry.get("bins", ())}
    for group in content["bins"]:
        if group not in used:
            yield f"bins[{group}]: no feature names them"


def _any_of(tests: Iterable[str]) -> re.Pattern[str]:
    """Pattern of the ids of the tests; parameters may follow where a pattern has none."""
    return re.compile("|".join(f"{_glob(test)}{_parameters(test)}" for test in tests))


def _glob(test: str) -> str:
    return ".*".join(re.escape(part) for part in test.split("*"))


def _parameters(test: str) -> str:
    return "" if "[" in test else r"(\[.*\])?"
