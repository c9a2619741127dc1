"""cocotb tests of soc_uart; test_soc_uart.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge

from verif.rtl import bench
from verif.rtl.soc import Access, Manager, Pulses

INTR_STATE, INTR_ENABLE, CTRL, STATUS, RDATA, WDATA = 0x00, 0x04, 0x0C, 0x10, 0x14, 0x18
TX, RX = 1, 2
TX_FULL, TX_IDLE, RX_EMPTY = 1, 8, 32
TX_EMPTY_INTERRUPT, RX_WATERMARK_INTERRUPT = 4, 2
BIT_CYCLES = 32
NCO = (1 << 20) // BIT_CYCLES


async def started(dut: Any) -> Manager:
    bus = Manager(dut)
    dut.rx_i.value = 1
    await bench.start(dut)
    return bus


async def receive(dut: Any, count: int) -> bytes:
    """Bytes from the line, sampled in the middle of their bits."""
    data = bytearray()
    for _ in range(count):
        await FallingEdge(dut.tx_o)
        await ClockCycles(dut.clk_i, BIT_CYCLES // 2)
        assert dut.tx_o.value == 0, "start bit"
        byte = 0
        for bit in range(8):
            await ClockCycles(dut.clk_i, BIT_CYCLES)
            byte |= int(dut.tx_o.value) << bit
        await ClockCycles(dut.clk_i, BIT_CYCLES)
        assert dut.tx_o.value == 1, "stop bit"
        data.append(byte)
    return bytes(data)


async def send(dut: Any, data: bytes) -> None:
    """Bytes onto the line."""
    for byte in data:
        for bit in (0, *(byte >> i & 1 for i in range(8)), 1):
            dut.rx_i.value = bit
            await ClockCycles(dut.clk_i, BIT_CYCLES)


@cocotb.test()
async def bytes_go_out_while_nobody_asks_and_tell_when_they_are_out(dut: Any) -> None:
    """The clock must not stop before the last stop bit, with 32 bytes waiting."""
    bus = await started(dut)
    text = bytes(random.getrandbits(8) for _ in range(32))
    receiving = cocotb.start_soon(receive(dut, len(text)))
    await bus.burst([Access(INTR_ENABLE, TX_EMPTY_INTERRUPT), Access(CTRL, NCO << 16 | TX)])
    await bus.burst([Access(WDATA, byte) for byte in text])
    assert await receiving == text
    await bus.idle(2 * BIT_CYCLES)
    assert dut.irq_o.value == 1
    assert await bus.read(STATUS) & TX_IDLE
    await bus.idle(20)
    pulses = Pulses(dut.clk)
    await bus.idle(50)
    assert pulses.stop() == 0, "the clock of an idle UART stands still"
    await bus.write(INTR_STATE, TX_EMPTY_INTERRUPT)
    await bus.idle(5)
    assert dut.irq_o.value == 0


@cocotb.test()
async def bytes_come_in_while_nobody_asks(dut: Any) -> None:
    bus = await started(dut)
    text = bytes(random.getrandbits(8) for _ in range(8))
    await bus.burst([Access(INTR_ENABLE, RX_WATERMARK_INTERRUPT), Access(CTRL, NCO << 16 | RX)])
    await bus.idle(100)
    await send(dut, text)
    await bus.idle(BIT_CYCLES)
    assert dut.irq_o.value == 1
    got = []
    while not await bus.read(STATUS) & RX_EMPTY:
        got.append(await bus.read(RDATA))
    assert bytes(got) == text
