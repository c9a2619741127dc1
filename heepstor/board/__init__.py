"""Runs on a board: what they print is captured, read, and compared with a simulated run."""
