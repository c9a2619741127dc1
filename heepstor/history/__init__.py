"""Every run that reached a verdict, kept in SQLite, and how cycles went from commit to commit."""

from heepstor.history.database import VARIABLE, LayerCycles, Run, default_path, read, record
from heepstor.history.trend import (
    Series,
    as_dict,
    change,
    narrowed,
    overview,
    render,
    series_of,
    trend,
)

__all__ = [
    "VARIABLE",
    "LayerCycles",
    "Run",
    "Series",
    "as_dict",
    "change",
    "default_path",
    "narrowed",
    "overview",
    "read",
    "record",
    "render",
    "series_of",
    "trend",
]
