"""Tests of pages, charts, tables and Markdown of a run's report."""
