"""`heepstor.report`: records, comparison, schema and table."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import jsonschema
import numpy as np
import pytest

from heepstor import report
from heepstor.errors import SimulationError
from heepstor.ir import Backend, Buffer, Layer, OpKind, Tensor
from heepstor.report import markdown, run_page
from verif.unit import reports

CONSOLE = """\
HEEPstor says hello
@heepstor version=1 project=p config=0x0123abcd backend=direct size=8 layers=2
@layer index=0 cycles=123456 hash=0x89abcdef ok=1
@layer index=1 cycles=10 hash=0x00000001 ok=0
@output index=0 bits=0x3f800000
@total cycles=123466
@memory stack_used=1234 stack_size=16384
@result status=fail top1=3 exit=1
"""


def layer(index: int, shape: tuple[int, ...]) -> Layer:
    tensor = Tensor(f"t{index}", shape, Buffer(f"b{index}", 0, 4))
    return Layer(
        index, f"layer{index}", OpKind.RELU, (index,), Backend.SOFTWARE, "", tensor, tensor, 1
    )


def test_records_are_read_between_lines_for_people() -> None:
    found = report.parse(CONSOLE)
    assert found.header is not None
    assert found.header["backend"] == "direct"
    assert [(r.index, r.cycles, r.hash, r.ok) for r in found.layers] == [
        (0, 123456, 0x89ABCDEF, True),
        (1, 10, 1, False),
    ]
    assert all(record.stream == {} for record in found.layers)
    assert found.total_cycles == 123466
    assert found.stack_used == 1234
    assert found.result is not None
    assert found.result["exit"] == "1"


COUNTERS = {
    "stream_cycles": 80,
    "compute": 60,
    "wait_weights": 5,
    "wait_activations": 4,
    "wait_write_back": 3,
    "fill_drain": 8,
    "words_read": 700,
    "words_written": 10,
}


def test_the_counters_of_a_streamed_layer_are_read() -> None:
    counters = " ".join(f"{name}={value}" for name, value in COUNTERS.items())
    found = report.parse(f"@layer index=0 cycles=100 hash=0x1 ok=1 {counters}\n")
    assert found.layers[0].stream == COUNTERS


def test_a_streamed_layer_lacking_a_counter_is_damaged() -> None:
    with pytest.raises(SimulationError, match="stream_cycles=80"):
        report.parse("@layer index=0 cycles=100 hash=0x1 ok=1 stream_cycles=80\n")


def test_an_unfinished_console_leaves_what_was_not_reached_empty() -> None:
    found = report.parse("@heepstor version=1\n@panic cause=trap pc=0x10 value=0x0 layer=2\n")
    assert found.total_cycles is None
    assert found.layers == ()
    assert found.panic == {"cause": "trap", "pc": "0x10", "value": "0x0", "layer": "2"}


def test_a_console_with_a_fault_has_registers_and_stack() -> None:
    found = report.parse(
        "@registers pc=0x10 sp=0x100\n"
        "@stack address=0x100 words=0x1,0x2\n"
        "@stack address=0x108 words=0x3\n"
    )
    assert found.registers == {"pc": "0x10", "sp": "0x100"}
    assert found.stack == {0x100: 1, 0x104: 2, 0x108: 3}
    with pytest.raises(SimulationError, match="'@stack address=0x100 words=0x1,'"):
        report.parse("@stack address=0x100 words=0x1,\n")


@pytest.mark.parametrize("line", ["@layer index=0 cycles=", "@layer index=0", "@total cycles=x1"])
def test_a_damaged_record_is_named(line: str) -> None:
    with pytest.raises(SimulationError, match=line):
        report.parse(line + "\n")


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (2, 7)])
def test_memory_order_and_torch_order_are_inverse(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    tensor = Tensor("t", shape, None)
    assert np.array_equal(report.torch_order(report.memory_order(values), tensor), values)


def test_a_feature_map_lies_channels_last_in_memory() -> None:
    values = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    assert report.memory_order(values).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]


def test_equal_layers_compare_without_a_mismatch() -> None:
    values = [np.ones((1, 4), np.float32), np.full((1, 2), np.nan, np.float32)]
    verdict = report.compare([layer(0, (1, 4)), layer(1, (1, 2))], values, copy.deepcopy(values))
    assert (verdict.compared, verdict.mismatches, verdict.layers) == (6, 0, 2)
    assert verdict.first_mismatch is None


def test_the_first_mismatch_names_layer_index_values_and_ulps() -> None:
    expected = [np.ones((1, 2), np.float32), np.ones((1, 2, 2, 2), np.float32)]
    got = copy.deepcopy(expected)
    got[1][0, 1, 0, 1] = np.nextafter(np.float32(1), np.float32(2))
    got[1][0, 1, 1, 1] = -1
    verdict = report.compare([layer(0, (1, 2)), layer(1, (1, 2, 2, 2))], got, expected)
    assert verdict.mismatches == 2
    first = verdict.first_mismatch
    assert first is not None
    assert (first.layer, first.index, first.ulps) == ("layer1", [0, 1, 0, 1], 1)
    assert (first.got_bits, first.expected_bits) == ("0x3f800001", "0x3f800000")
    assert "layer1[0, 1, 0, 1]: got 1.0000001 (0x3f800001), expected 1.0" in str(first)


def test_zeros_of_other_sign_are_a_mismatch() -> None:
    verdict = report.compare(
        [layer(0, (1,))], [np.array([-0.0], np.float32)], [np.array([0.0], np.float32)]
    )
    assert verdict.mismatches == 1


@pytest.fixture
def example() -> dict[str, Any]:
    return reports.example()


def test_the_example_meets_the_schema(example: dict[str, Any]) -> None:
    report.validate(json.loads(json.dumps(example)))


@pytest.mark.parametrize("key", ["schema", "golden", "layers", "total_cycles", "exit_code", "sim"])
def test_a_report_without_a_promised_key_is_refused(example: dict[str, Any], key: str) -> None:
    del example[key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        report.validate(example)


def test_a_report_with_a_key_nobody_documented_is_refused(example: dict[str, Any]) -> None:
    example["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        report.validate(example)


def test_every_property_of_the_schema_is_described() -> None:
    def undescribed(node: dict[str, Any], path: str) -> list[str]:
        missing = []
        for name, child in node.get("properties", {}).items():
            here = f"{path}.{name}"
            if "items" not in child and not child.get("description"):
                missing.append(here)
            missing += undescribed(child, here) + undescribed(child.get("items", {}), here)
        return missing

    assert undescribed(report.load_schema(), "") == []


def test_the_table_shows_layers_total_and_verdict(example: dict[str, Any]) -> None:
    text = report.render(example)
    assert "fc1" in text
    assert "14.400" in text
    assert "22.50%" in text
    assert "prediction: cat (class 3), expected class 3" in text
    assert "10 values in 1 layers, all equal bit for bit" in text
    assert text.endswith("PASS: firmware PASS")


def test_the_table_shows_how_long_a_streamed_layer_kept_the_array_busy(
    example: dict[str, Any],
) -> None:
    example["layers"][0] |= {"backend": "stream", "stream": COUNTERS}
    report.validate(example)
    (row,) = (line for line in report.render(example).splitlines() if line.startswith("fc1"))
    assert row.endswith("60.0%")


def test_every_form_of_a_report_has_the_command_for_the_waveform_of_a_layer(
    example: dict[str, Any],
) -> None:
    command = "heepstor sim p --waves layer:fc1"
    forms = (report.render(example), markdown.render(example), run_page.render(example))
    assert all(command in form for form in forms)
    del example["layers"][0]["waves"]  # a model from elsewhere
    report.validate(example)
    forms = (report.render(example), markdown.render(example), run_page.render(example))
    assert not any("--waves" in form or "Waveforms" in form for form in forms)


def test_the_table_of_an_unfinished_run_says_what_was_not_reached(example: dict[str, Any]) -> None:
    example |= {"exit_code": None, "exit_name": "NONE", "passed": False, "total_cycles": None}
    example["layers"][0] |= {
        "cycles": None, "macs_per_cycle": None, "utilization": None, "share": None,
    }  # fmt: skip
    example["memory"]["stack_used"] = None
    example["sim"] |= {
        "reason": "cycle_limit",
        "stopped_at": {"pc": "0x00000200", "function": "gemm", "layer": "fc1"},
    }
    report.validate(example)
    text = report.render(example)
    assert text.endswith(
        "FAIL: firmware did not end: cycle_limit at cycle 1,000, pc 0x00000200 in gemm, layer fc1"
    )
    assert "stack - of 16,384" in text


def test_the_table_of_a_panic_says_cause_and_place(example: dict[str, Any]) -> None:
    example |= {"exit_code": 5, "exit_name": "BUS_ERROR", "passed": False}
    example["panic"] = {"cause": "bus_error", "pc": "0x1234"}
    assert report.render(example).endswith("FAIL: firmware BUS_ERROR at cause=bus_error pc=0x1234")


def test_the_table_of_a_run_without_a_layer_claims_no_equality(example: dict[str, Any]) -> None:
    example["golden"] |= {"compared": 0, "layers": 0}
    assert "golden: nothing compared" in report.render(example)


def test_a_report_is_read_and_shown_without_pytorch() -> None:
    program = "import sys, heepstor.report.files; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
