"""Tests of the regression: its plan, its verdict, its report."""
