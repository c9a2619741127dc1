"""The result of a run: `report.json` first (schema.json beside this file), text made from it."""

from heepstor.report.compare import Comparison, Mismatch, compare, memory_order, torch_order
from heepstor.report.document import SCHEMA, load_schema, validate
from heepstor.report.records import Records, parse
from heepstor.report.text import render

__all__ = [
    "SCHEMA",
    "Comparison",
    "Mismatch",
    "Records",
    "compare",
    "load_schema",
    "memory_order",
    "parse",
    "render",
    "torch_order",
    "validate",
]
