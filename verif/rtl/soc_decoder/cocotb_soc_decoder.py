"""cocotb tests of soc_decoder; test_soc_decoder.py runs them."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

BASES = (0x2000_0000, 0x2005_0000, 0xF000_0000)
WINDOW = 0x1_0000


async def decode(dut: Any, address: int) -> tuple[int, int]:
    """(subordinate, address inside it)."""
    dut.addr_i.value = address
    await Timer(1, "ns")
    return int(dut.target_o.value), int(dut.addr_o.value)


@cocotb.test()
async def every_word_of_ram_has_a_place_of_its_own(dut: Any) -> None:
    """Written down from the memory map: linear banks first, then words that go round."""
    banks, interleaved = int(dut.Banks.value), int(dut.InterleavedBanks.value)
    bank_bytes = int(dut.BankBytes.value)
    expected: dict[int, tuple[int, int]] = {}
    address = 0
    for bank in range(banks - interleaved):
        for offset in range(0, bank_bytes, 4):
            expected[address] = (bank, offset)
            address += 4
    for offset in range(0, bank_bytes if interleaved else 0, 4):
        for bank in range(banks - interleaved, banks):
            expected[address] = (bank, offset)
            address += 4
    assert len(set(expected.values())) == banks * bank_bytes // 4
    edges = [a for a in expected if a % bank_bytes in (0, 4, bank_bytes - 4)]
    for at in edges + random.sample(list(expected), 500):
        byte = random.randrange(4)
        bank, offset = expected[at]
        got = await decode(dut, at + byte)
        assert got == (bank, offset + byte), f"{at + byte:#x}: {got}, expected {(bank, offset)}"


@cocotb.test()
async def peripherals_are_reached_by_those_who_may(dut: Any) -> None:
    banks, nobody = int(dut.Banks.value), int(dut.Nobody.value)
    for i, base in enumerate(BASES):
        expected = banks + i if int(dut.Reach.value) >> i & 1 else nobody
        for address in (base, base + 4, base + WINDOW - 1, base + random.randrange(WINDOW)):
            assert await decode(dut, address) == (expected, address), hex(address)


@cocotb.test()
async def all_other_addresses_are_nobodys(dut: Any) -> None:
    banks, nobody = int(dut.Banks.value), int(dut.Nobody.value)
    end = banks * int(dut.BankBytes.value)
    edges = [end, 0x1000_0000, 0x3000_0000, 0x8000_0000, 0xFFFF_FFFC]
    edges += [base - 4 for base in BASES] + [base + WINDOW for base in BASES[:1] + BASES[2:]]
    chosen = [random.getrandbits(32) for _ in range(500)]
    for address in edges + chosen:
        if address < end or any(base <= address < base + WINDOW for base in BASES):
            continue
        assert await decode(dut, address) == (nobody, address), hex(address)
