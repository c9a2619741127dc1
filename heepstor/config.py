"""The only reader of `heepstor_cfg.hjson`: `Config`, its validation, its overrides, its hash.

There are no hidden defaults: every key must be in the file. Unknown, missing and duplicate keys and
bad values are refused by name, all of them in one message.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import hjson

from heepstor import registers
from heepstor.errors import ConfigError

DEFAULT_PATH = Path(__file__).resolve().parent.parent / "heepstor_cfg.hjson"

Core = Literal["cv32e40p", "ibex"]
"""A CPU that the SoC can be built with."""

Value = int | str
"""Of a key."""


@dataclass(frozen=True)
class Config:
    """One hardware configuration; field names are the keys of the file, joined by `_`."""

    systolic_array_size: int
    systolic_array_accumulator_rows: int
    systolic_array_ports: int
    systolic_array_activation_words: int
    systolic_array_weight_rows: int
    cpu_core: Core
    cpu_fpu_latency: int
    memory_banks: int
    memory_bank_kib: int
    memory_interleaved_banks: int
    memory_stack_kib: int
    clock_hz: int
    uart_baud_rate: int

    @property
    def has_fpu(self) -> bool:
        """Whether the CPU computes floating-point numbers itself."""
        return self.cpu_core == "cv32e40p"

    @property
    def memory_bytes(self) -> int:
        """Size of the RAM in bytes."""
        return self.memory_banks * self.memory_bank_kib * 1024

    @property
    def stack_bytes(self) -> int:
        """Size of the stack in bytes."""
        return self.memory_stack_kib * 1024

    @property
    def hash(self) -> int:
        """CRC-32 of the canonical configuration and register tables: the hardware's identity."""
        canonical = json.dumps(
            {"config": self.as_dict(), "registers": registers.canonical()},
            sort_keys=True,
            separators=(",", ":"),
        )
        return zlib.crc32(canonical.encode())

    @property
    def hash_hex(self) -> str:
        """The hash as eight hexadecimal digits, the name of this hardware's folders."""
        return f"{self.hash:08x}"

    def as_dict(self) -> dict[str, Any]:
        """The configuration in the nested form of the file."""
        nested: dict[str, Any] = {}
        for rule in RULES:
            *parents, leaf = rule.key.split(".")
            node = nested
            for parent in parents:
                node = node.setdefault(parent, {})
            node[leaf] = getattr(self, rule.field)
        return nested


@dataclass(frozen=True)
class Rule:
    """What a key means, with its unit, and what it accepts."""

    key: str
    meaning: str
    accepted: str
    accepts: Callable[[Any, Mapping[str, Any]], bool]
    """Of a value of `kind`, beside the values of their kind that the other keys have."""
    kind: type[Value] = int

    @property
    def field(self) -> str:
        return self.key.replace(".", "_")

    def is_of_kind(self, value: object) -> bool:
        """Whether it is a value of that kind; True is no integer."""
        return type(value) is self.kind


def _power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


RULES: tuple[Rule, ...] = (
    Rule(
        "systolic_array.size",
        "processing elements a side",
        "a multiple of 4 from 4 to 32",
        lambda v, _: 4 <= v <= 32 and v % 4 == 0,
    ),
    Rule(
        "systolic_array.accumulator_rows",
        "rows of `size` partial sums kept in the array",
        "a power of two from 4 to 256",
        lambda v, _: 4 <= v <= 256 and _power_of_two(v),
    ),
    Rule(
        "systolic_array.ports",
        "memory ports of 32 bits for `stream` mode",
        "1, 2 or 4",
        lambda v, _: v in (1, 2, 4),
    ),
    Rule(
        "systolic_array.activation_words",
        "buffer of the feature map, in words",
        "a power of two from 64 to 65536",
        lambda v, _: 64 <= v <= 65536 and _power_of_two(v),
    ),
    Rule(
        "systolic_array.weight_rows",
        "weight buffer, in rows of `size` bytes",
        "a power of two from 16 to 4096",
        lambda v, _: 16 <= v <= 4096 and _power_of_two(v),
    ),
    Rule("cpu.core", "the CPU", "cv32e40p or ibex", lambda v, _: v in get_args(Core), str),
    Rule(
        "cpu.fpu_latency",
        "pipeline registers in the FPU's add, multiply and convert units",
        "0, 1 or 2; and 0 if cpu.core is ibex, which has no FPU",
        lambda v, all_: 0 <= v <= 2 and (v == 0 or all_.get("cpu.core") != "ibex"),
    ),
    Rule("memory.banks", "SRAM banks", "from 1 to 32", lambda v, _: 1 <= v <= 32),
    Rule(
        "memory.bank_kib",
        "size of one bank in KiB",
        "a power of two from 8 to 256",
        lambda v, _: 8 <= v <= 256 and _power_of_two(v),
    ),
    Rule(
        "memory.interleaved_banks",
        "the last banks, word-interleaved",
        "0 or a power of two from 2 to memory.banks",
        lambda v, all_: v == 0 or (2 <= v <= all_.get("memory.banks", v) and _power_of_two(v)),
    ),
    Rule(
        "memory.stack_kib",
        "stack behind the buffers, in KiB",
        "from 2 to 64",
        lambda v, _: 2 <= v <= 64,
    ),
    Rule(
        "clock_hz",
        "clock of the whole SoC, in Hz",
        "from 1000000 to 1000000000",
        lambda v, _: 10**6 <= v <= 10**9,
    ),
    Rule(
        "uart.baud_rate",
        "bits per second",
        # The UART counts in steps of 16 bits, baud_rate * 2^20 / clock_hz: at least 64, so that
        # rounding it costs less than 1 %, and below 2^16.
        "from clock_hz / 16384 to clock_hz / 17",
        lambda v, all_: (
            all_.get("clock_hz", 0) <= 16384 * v and 17 * v <= all_.get("clock_hz", v * 17)
        ),
    ),
)
"""Every key, in the order of the file; the documentation's table of keys is made of them."""

_RULE_BY_KEY = {rule.key: rule for rule in RULES}

KINDS: Mapping[str, type[Value]] = {rule.key: rule.kind for rule in RULES}
"""The dotted keys of a configuration, and what kind of value each has."""


def load(path: Path | str = DEFAULT_PATH, overrides: Sequence[str] = ()) -> Config:
    """Read and check a configuration file.

    Args:
        path: the hjson file.
        overrides: `key=value` strings, applied over the file (`memory.banks=8`).

    Raises:
        ConfigError: with every fault found, one sentence each.
    """
    path = Path(path)
    values = flatten(read_hjson(path), path.name)
    for override in overrides:
        key, value = _parse_override(override)
        values[key] = value
    return from_values(values, path.name)


def from_values(values: Mapping[str, Any], origin: str) -> Config:
    """Check values by dotted key and build the `Config`; `origin` names their source in messages.

    Raises:
        ConfigError: as `load`.
    """
    faults = [
        f"{key} is unknown; accepted keys: {', '.join(_RULE_BY_KEY)}"
        for key in values
        if key not in _RULE_BY_KEY
    ]
    faults += [
        f"{rule.key} is missing; it must be {rule.accepted}"
        for rule in RULES
        if rule.key not in values
    ]
    typed = {rule.key: values[rule.key] for rule in RULES if rule.is_of_kind(values.get(rule.key))}
    for rule in RULES:
        if rule.key in values and (
            rule.key not in typed or not rule.accepts(typed[rule.key], typed)
        ):
            faults.append(f"{rule.key} is {values[rule.key]!r}; it must be {rule.accepted}")
    if faults:
        raise ConfigError(f"{origin}: " + "; ".join(faults))
    return Config(**{rule.field: typed[rule.key] for rule in RULES})


def read_hjson(path: Path) -> dict[str, Any]:
    """The object in an hjson file.

    Raises:
        ConfigError: it cannot be read, or gives a key twice.
    """

    def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # hjson lets the last of two equal keys win silently.
        keys = [key for key, _ in pairs]
        duplicates = sorted({key for key in keys if keys.count(key) > 1})
        if duplicates:
            raise ConfigError(f"{path.name}: {', '.join(duplicates)} is given twice; give it once")
        return dict(pairs)

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        tree = hjson.loads(text, object_pairs_hook=refuse_duplicates)
    except hjson.HjsonDecodeError as error:
        raise ConfigError(f"{path.name}: not valid hjson: {error}") from error
    if not isinstance(tree, dict):
        raise ConfigError(f"{path.name}: holds {type(tree).__name__}; it must be an object")
    return tree


def flatten(tree: Mapping[str, Any], origin: str, prefix: str = "") -> dict[str, Any]:
    """Values by dotted key; `prefix` is that of the whole tree.

    Raises:
        ConfigError: an object is empty.
    """
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            nested = flatten(value, origin, f"{prefix}{key}.")
            if not nested:
                raise ConfigError(f"{origin}: {prefix}{key} is empty")
            flat.update(nested)
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _parse_override(text: str) -> tuple[str, Value]:
    key, separator, value = text.partition("=")
    key = key.strip()
    if not separator or key not in _RULE_BY_KEY:
        raise ConfigError(
            f"override {text!r}: accepted is key=value with a key of: {', '.join(_RULE_BY_KEY)}"
        )
    value = value.strip()
    if KINDS[key] is str:
        return key, value
    try:
        return key, int(value, 0)
    except ValueError:
        raise ConfigError(
            f"override {text!r}: {value!r} is no integer; it must be {_RULE_BY_KEY[key].accepted}"
        ) from None
