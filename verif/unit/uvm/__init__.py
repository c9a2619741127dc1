"""Tests of the parts of the UVM environment that need no simulator."""
