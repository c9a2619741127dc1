"""`heepstor.config`: what is accepted, what is refused, and with which words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from heepstor import config, registers
from heepstor.errors import ConfigError

DEFAULT_TEXT = config.DEFAULT_PATH.read_text(encoding="utf-8")


def load_text(tmp_path: Path, text: str) -> config.Config:
    path = tmp_path / "other.hjson"
    path.write_text(text, encoding="utf-8")
    return config.load(path)


def test_the_committed_file_has_the_documented_defaults() -> None:
    loaded = config.load()
    assert loaded.systolic_array_size == 8
    assert loaded.cpu_fpu_latency == 0
    assert loaded.memory_bytes == 512 * 1024


def test_the_nested_form_repeats_every_key_of_the_file() -> None:
    loaded = config.load()
    assert loaded.as_dict()["memory"]["banks"] == loaded.memory_banks
    assert config.from_values(config.flatten(loaded.as_dict(), "x"), "x") == loaded


def test_the_committed_file_explains_every_key_as_the_loader_does() -> None:
    for rule in config.RULES:
        line = rf"^ *{rule.key.split('.')[-1]}: \S+ +// {re.escape(rule.meaning)}: "
        assert re.search(line, DEFAULT_TEXT, re.MULTILINE), line


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("size: 8 ", "size: 10 ", "systolic_array.size is 10; it must be a multiple of 4 from 4"),
        ("size: 8 ", "size: 36 ", "systolic_array.size is 36"),
        ("size: 8 ", "size: eight\n", "systolic_array.size is 'eight"),
        ("size: 8 ", "size: 8.5 ", "systolic_array.size is 8.5"),
        ("size: 8 ", "size: true ", "systolic_array.size is True"),
        ("rows: 64 ", "rows: 48 ", "accumulator_rows is 48; it must be a power of two"),
        ("latency: 0 ", "latency: 3 ", "cpu.fpu_latency is 3; it must be 0, 1 or 2"),
        ('core: "cv32e40p" ', 'core: "cva6" ', "cpu.core is 'cva6'; it must be cv32e40p or ibex"),
        ('core: "cv32e40p" ', "core: 32 ", "cpu.core is 32; it must be cv32e40p or ibex"),
        ("  banks: 16 ", "  banks: 0 ", "memory.banks is 0; it must be from 1 to 32"),
        ("bank_kib: 32 ", "bank_kib: 33 ", "memory.bank_kib is 33; it must be a power of two"),
        ("_banks: 0 ", "_banks: 32 ", "memory.interleaved_banks is 32; it must be 0 or a power"),
        ("kib: 16 ", "kib: 1 ", "memory.stack_kib is 1; it must be from 2 to 64"),
        ("100000000 ", "1 ", "clock_hz is 1; it must be from 1000000"),
        (
            "3000000 ",
            "9000000 ",
            "uart.baud_rate is 9000000; it must be from clock_hz / 16384 to clock_hz / 17",
        ),
        ("clock_hz: ", "clok_hz: ", "clok_hz is unknown; accepted keys: systolic_array.size"),
        ("clock_hz: ", "clok_hz: ", "clock_hz is missing; it must be from 1000000"),
        ("cpu: {", "clock_hz: 5\n  cpu: {", "clock_hz is given twice"),
        ("cpu: {", "cpu: [", "not valid hjson"),
    ],
)
def test_a_fault_is_refused_by_name(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert DEFAULT_TEXT.count(old) >= 1
    with pytest.raises(ConfigError, match=r"other\.hjson") as error:
        load_text(tmp_path, DEFAULT_TEXT.replace(old, new, 1))
    assert words in str(error.value)


def test_every_fault_is_in_one_message(tmp_path: Path) -> None:
    text = DEFAULT_TEXT.replace("size: 8 ", "size: 9 ").replace("latency: 0 ", "latency: 7 ")
    with pytest.raises(ConfigError) as error:
        load_text(tmp_path, text)
    assert "systolic_array.size is 9" in str(error.value)
    assert "cpu.fpu_latency is 7" in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.hjson: cannot be read"):
        config.load(tmp_path / "nowhere.hjson")


def test_an_override_replaces_the_key_of_the_file() -> None:
    overridden = config.load(overrides=["memory.banks=8", "systolic_array.size = 0x10"])
    assert (overridden.memory_banks, overridden.systolic_array_size) == (8, 16)


def test_an_override_passes_the_same_checks() -> None:
    with pytest.raises(ConfigError, match=r"memory\.banks is 99; it must be from 1 to 32"):
        config.load(overrides=["memory.banks=99"])


def test_an_override_can_be_a_word() -> None:
    assert config.load(overrides=["cpu.core = ibex"]).cpu_core == "ibex"


def test_a_latency_of_an_fpu_that_is_not_there_is_refused() -> None:
    message = r"cpu\.fpu_latency is 1; it must be 0, 1 or 2; and 0 if cpu\.core is ibex"
    with pytest.raises(ConfigError, match=message):
        config.load(overrides=["cpu.core=ibex", "cpu.fpu_latency=1"])


@pytest.mark.parametrize("override", ["memory.banks", "memory.bank=8", "=3"])
def test_an_override_of_no_key_lists_the_keys(override: str) -> None:
    with pytest.raises(ConfigError, match="accepted is key=value with a key of: systolic_array"):
        config.load(overrides=[override])


def test_an_override_that_is_no_integer_is_refused() -> None:
    with pytest.raises(ConfigError, match="'many' is no integer; it must be from 1 to 32"):
        config.load(overrides=["memory.banks=many"])


def test_the_hash_changes_with_every_key() -> None:
    base = config.load()
    hashes = {base.hash}
    for rule in config.RULES:
        other = "ibex" if rule.kind is str else getattr(base, rule.field) + 1
        hashes.add(replace(base, **{rule.field: other}).hash)
    assert len(hashes) == 1 + len(config.RULES)


def test_the_hash_changes_with_the_register_table(monkeypatch: pytest.MonkeyPatch) -> None:
    before = config.load().hash
    moved = replace(registers.SOC_CTRL, base=registers.SOC_CTRL.base + 0x1000)
    monkeypatch.setattr(registers, "BLOCKS", (registers.SYSTOLIC_ARRAY, moved))
    assert config.load().hash != before


def test_the_hash_does_not_change_with_an_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    before = config.load().hash
    reworded = replace(registers.SOC_CTRL.registers[0], doc="other words")
    block = replace(registers.SOC_CTRL, registers=(reworded, *registers.SOC_CTRL.registers[1:]))
    monkeypatch.setattr(registers, "BLOCKS", (registers.SYSTOLIC_ARRAY, block))
    assert config.load().hash == before
