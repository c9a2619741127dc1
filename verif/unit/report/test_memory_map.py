"""What lies where: regions of an image, and the buffers of the arena over time."""

from __future__ import annotations

from heepstor.ir import Backend, Buffer, Layer, OpKind, Plan, Tensor
from heepstor.report import memory_map
from heepstor.sim import Span

SECTIONS = [
    Span(".vectors", 0, 0x100),
    Span(".text", 0x180, 0x80),
    Span(".rodata", 0x200, 0x100),
    Span(".bss", 0x300, 0x10),
    Span(".arena", 0x310, 0x40),
    Span(".stack", 0x350, 0x20),
]


def test_weights_are_cut_out_of_the_constants() -> None:
    weights = [Span("b", 0x260, 0x40), Span("a", 0x220, 0x40)]
    assert memory_map.regions(SECTIONS, weights) == [
        {"kind": "code", "address": 0, "size": 0x200},
        {"kind": "constants", "address": 0x200, "size": 0x20},
        {"kind": "weights", "address": 0x220, "size": 0x80},
        {"kind": "constants", "address": 0x2A0, "size": 0x60},
        {"kind": "data", "address": 0x300, "size": 0x10},
        {"kind": "arena", "address": 0x310, "size": 0x40},
        {"kind": "stack", "address": 0x350, "size": 0x20},
    ]


def test_constants_that_are_all_weights_are_one_region() -> None:
    (region,) = memory_map.regions([SECTIONS[2]], [Span("a", 0x200, 0x100)])
    assert region == {"kind": "weights", "address": 0x200, "size": 0x100}


def test_a_buffer_lives_from_the_layer_that_fills_it_to_the_last_that_reads_it() -> None:
    first, second = Buffer("first", 0, 64), Buffer("second", 128, 32)
    scratch = Buffer("second scratch", 64, 48)
    values = [
        Tensor("input", (1, 4), None),
        Tensor("first", (1, 16), first),
        Tensor("second", (1, 8), second),
        Tensor("relu", (1, 8), second),  # in place
    ]
    layers = tuple(
        Layer(
            index=index,
            name=values[index + 1].name,
            kind=OpKind.LINEAR,
            modules=(index,),
            backend=Backend.SOFTWARE,
            backend_reason="",
            input=values[index],
            output=values[index + 1],
            predicted_cycles=1,
            scratch=scratch if index == 1 else None,
        )
        for index in range(3)
    )
    plan = Plan(layers, values[0], values[3], arena_bytes=160, weight_bytes=0)
    found = [tuple(buffer.values()) for buffer in memory_map.buffers(plan)]
    assert found == [
        ("first", "output", 0, 64, 0, 1),
        ("second", "output", 128, 32, 1, 2),
        ("second", "scratch", 64, 48, 1, 1),
    ]
