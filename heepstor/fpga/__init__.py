"""Bitstreams: projects for Vivado, and what they take of the FPGA."""
