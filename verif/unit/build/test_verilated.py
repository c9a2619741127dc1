"""Building the simulator: what counts as an input, and how a failure is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from heepstor import config
from heepstor.build import cache, rtl, verilated
from heepstor.errors import BuildError, ToolError

CONFIG = config.load()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that no other test sees."""
    original = cache.cached

    def cached(kind: str, key: object, build: object) -> Path:
        return original(kind, key, build, root=tmp_path)  # type: ignore[arg-type]

    monkeypatch.setattr(cache, "cached", cached)
    return tmp_path


def test_fault_in_the_rtl_is_told_with_the_end_of_the_log(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = own_cache / "faulty.sv"
    faulty.write_text("module faulty; nonsense endmodule\n")
    sources = rtl.soc(CONFIG)
    broken = rtl.Sources((*sources.files, faulty), sources.include_folders)
    monkeypatch.setattr(rtl, "soc", lambda _: broken)
    said: list[str] = []
    with pytest.raises(BuildError) as error:
        verilated.build_soc(CONFIG, on_progress=said.append)
    message = str(error.value)
    assert "verilating the SoC failed" in message
    assert "faulty.sv:1" in message
    log = next(own_cache.rglob("build.log"))
    assert str(log) in message
    assert said == ["verilating the SoC"]


def test_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match=r"g\+\+ is not on PATH"):
        verilated.build_soc(CONFIG)


def test_missing_package_is_named() -> None:
    with pytest.raises(ToolError, match="nobodys_package is not installed"):
        rtl.package_folder("nobodys_package")


def test_every_source_and_option_is_part_of_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys: list[str] = []

    def note(kind: str, key: dict[str, object], build: object) -> Path:
        keys.append(cache.digest_of(key))
        return tmp_path

    monkeypatch.setattr(cache, "cached", note)
    sources = rtl.soc(CONFIG)
    own = next(file for file in sources.files if file.name == "obi_xbar.sv")
    edited = tmp_path / own.name
    edited.write_text(own.read_text() + "// edited\n")

    verilated.build_soc(CONFIG)
    verilated.build_soc(CONFIG)
    assert keys[0] == keys[1]
    verilated.build_soc(CONFIG, instrumented=True)
    verilated.build_soc(CONFIG, profile_guided=tmp_path / "any.elf")
    verilated.build_soc(config.load(overrides=["uart.baud_rate=1000000"]))
    files = tuple(edited if file == own else file for file in sources.files)
    monkeypatch.setattr(rtl, "soc", lambda _: rtl.Sources(files, sources.include_folders))
    verilated.build_soc(CONFIG)
    assert len(set(keys)) == len(keys) - 1, keys


@pytest.mark.parametrize("change", ["content", "name", "another file", "other cpu", "vendor"])
def test_the_version_of_the_rtl_is_another_when_its_sources_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    source = tmp_path / "one.sv"
    source.write_text("module one; endmodule\n")
    files = {"systolic_array": (source,)}
    monkeypatch.setattr(rtl, "own_files", lambda folder: files.get(folder, ()))
    before = rtl.version()
    if change == "content":
        source.write_text("module one; endmodule // changed\n")
    elif change == "name":
        files["systolic_array"] = (source.rename(tmp_path / "two.sv"),)
    elif change == "another file":
        files["soc"] = (source,)
    elif change == "other cpu":
        files["cpu/ibex"] = (source,)
    else:
        monkeypatch.setattr(rtl, "vendor_versions", lambda: {"cpu": "2"})
    assert rtl.version() != before


def test_the_version_of_the_rtl_does_not_depend_on_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    versions = set()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        source = tmp_path / name / "one.sv"
        source.write_text("module one; endmodule\n")
        monkeypatch.setattr(rtl, "own_files", lambda folder, source=source: (source,))
        versions.add(rtl.version())
    assert len(versions) == 1
