"""A report for tests: a run of one layer, small, and as the schema wants it."""

from __future__ import annotations

from typing import Any


def example() -> dict[str, Any]:
    """The report, anew at each call."""
    return {
        "schema": "heepstor-report/1",
        "project": "p",
        "backend": "planner",
        "assertions": True,
        "quantization": "per_channel",
        "weights": "seeded",
        "revision": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": True},
        "identity": {"config": "0x00000001", "rtl": "0x00000002", "image": "0x00000003"},
        "config": {"hash": "0x00000001", "systolic_array": {"size": 8}, "cpu": {"core": "ibex"}},
        "golden": {"compared": 10, "mismatches": 0, "layers": 1, "first_mismatch": None},
        "reference": {
            "unquantized": {"max_abs_error": 0.1, "mean_abs_error": 0.01, "top1_agrees": True},
            "exact": {"max_abs_error": None, "mean_abs_error": 1e-9, "top1_agrees": True},
        },
        "prediction": {"top1": 3, "class": "cat", "expected": 3},
        "predictions": [{"top1": 3, "class": "cat", "expected": 3}],
        "total_cycles": 100,
        "layers": [
            {
                "name": "fc1",
                "op": "Linear",
                "backend": "direct",
                "backend_reason": "",
                "input_shape": [1, 144],
                "output_shape": [1, 10],
                "macs": 1440,
                "cycles": 100,
                "predicted_cycles": 90,
                "macs_per_cycle": 14.4,
                "utilization": 0.225,
                "share": 1.0,
                "waves": "heepstor sim p --waves layer:fc1",
            }
        ],
        "memory": {
            "weights": 1440, "arena": 40, "code": 4000, "constants": 2000, "data": 8,
            "stack_size": 16384, "stack_used": 500, "used": 23000, "available": 524288,
        },
        "sim": {
            "cycles": 1000, "wall_s": 0.5, "cpu_s": 0.4, "cycles_per_s": 2500, "reason": "exit",
            "stopped_at": None,
        },
        "panic": None,
        "exit_code": 0,
        "exit_name": "PASS",
        "passed": True,
    }  # fmt: skip
