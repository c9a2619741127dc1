"""Verification: harness, unit, RTL module, UVM, firmware and system tests."""
