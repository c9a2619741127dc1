"""Tests of the test harness: whatever goes wrong in a run must be noticed."""
