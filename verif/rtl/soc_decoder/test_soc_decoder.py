"""Address decoding against the memory map."""

from __future__ import annotations

import pytest

from verif.harness.cocotb_runner import run_module
from verif.rtl import soc


@pytest.mark.parametrize("reach", [0b101, 0b010])
@pytest.mark.parametrize(
    ("banks", "interleaved", "bank_bytes"),
    [
        (1, 0, 8192),
        (6, 4, 16384),
        pytest.param(8, 8, 8192, marks=pytest.mark.full),
        pytest.param(16, 0, 32768, marks=pytest.mark.full),
        pytest.param(3, 2, 262144, marks=pytest.mark.full),
    ],
)
def test_soc_decoder(reach: int, banks: int, interleaved: int, bank_bytes: int) -> None:
    run_module(
        "soc_decoder",
        soc.sources("soc_decoder"),
        "verif.rtl.soc_decoder.cocotb_soc_decoder",
        {
            "Subordinates": banks + 6,
            "Nobody": banks + 3 + 2 * (reach % 2),
            "Banks": banks,
            "InterleavedBanks": interleaved,
            "BankBytes": bank_bytes,
            "Peripherals": 3,
            # As in heepstor_soc: the first base is at the bottom.
            "PeripheralBase": "96'hF0000000_20050000_20000000",
            "Reach": f"3'd{reach}",
        },
    )
