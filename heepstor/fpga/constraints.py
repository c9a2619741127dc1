"""Constraints of a project for Vivado, as XDC files: pins, clocks, and what the bitstream says."""

from __future__ import annotations

from heepstor.build import rtl
from heepstor.config import Config
from heepstor.fpga.board import Board

JTAG_HZ = 10_000_000
"""The fastest clock of a debugger that is promised to work."""

_JTAG_DELAY_NS = 20
"""Of a debugger's signals against its clock: a fifth of a period, for cable and adapter."""


def render_all(config: Config, board: Board) -> dict[str, str]:
    """Name to text of the files."""
    return {
        "pins.xdc": pins(board),
        "timing.xdc": timing(board),
        "bitstream.xdc": bitstream(config),
    }


def pins(board: Board) -> str:
    """Place and electrical standard of each port."""
    return "".join(
        f"set_property -dict {{PACKAGE_PIN {pin.package_pin} IOSTANDARD {pin.io_standard}}}"
        f" [get_ports {{{port}}}]\n"
        for port, pin in board.pins.items()
    )


def timing(board: Board) -> str:
    """The two clocks, which know nothing of each other, and what follows neither."""
    return f"""\
create_clock -name board_clk -period {period_ns(board.clock_hz)} [get_ports clk_p_i]
create_clock -name jtag_tck -period {period_ns(JTAG_HZ)} [get_ports jtag_tck_i]
set_clock_groups -asynchronous \\
  -group [get_clocks -include_generated_clocks board_clk] -group [get_clocks jtag_tck]

# A debugger and the TAP change their outputs when the clock falls, and look when it rises.
set_input_delay -clock jtag_tck -clock_fall {_JTAG_DELAY_NS} [get_ports {{jtag_tms_i jtag_tdi_i}}]
set_output_delay -clock jtag_tck {_JTAG_DELAY_NS} [get_ports jtag_tdo_o]
# Its clock may come in on any pin.
set_property CLOCK_DEDICATED_ROUTE FALSE [get_nets -of_objects [get_pins u_tck/I]]

# Synchronized inside, or for people.
set_false_path -from [get_ports {{reset_button_i uart_rx_i}}]
set_false_path -to [get_ports {{uart_tx_o led_o[*]}}]
"""


def bitstream(config: Config) -> str:
    """Identity: JTAG reads the configuration's hash as USERCODE, and which RTL as USR_ACCESS."""
    return f"""\
set_property BITSTREAM.CONFIG.USERID 0x{config.hash_hex} [current_design]
set_property BITSTREAM.CONFIG.USR_ACCESS 0x{rtl.version():08x} [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
"""


def period_ns(hz: int) -> str:
    """Period of a clock, to a picosecond."""
    return f"{1e9 / hz:.3f}"
