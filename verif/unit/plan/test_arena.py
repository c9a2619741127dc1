"""The arena plan never overlaps live buffers, and is as small as can be."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from heepstor.ir import Buffer
from heepstor.plan.arena import ALIGNMENT, Arena, Need, allocate
from verif.harness.seeds import derive


def aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def random_needs(generator: random.Random) -> list[Need]:
    needs: list[Need] = []
    for index in range(generator.randint(1, 8)):
        in_place = index > 0 and generator.random() < 0.3
        output = needs[-1].output if in_place else 4 * generator.randint(1, 300)
        scratch = generator.choice([0, 0, 4 * generator.randint(1, 200)])
        needs.append(Need(f"l{index}", output, 0 if in_place else scratch, in_place))
    return needs


def live(arena: Arena, layer: int) -> list[Buffer]:
    """Distinct buffers that hold something while a layer runs."""
    before = arena.outputs[layer - 1] if layer else None
    buffers = [before, arena.outputs[layer], arena.scratches[layer]]
    return list(dict.fromkeys(b for b in buffers if b))


@pytest.mark.parametrize("trial", range(200))
def test_buffers_that_live_together_do_not_overlap(trial: int) -> None:
    needs = random_needs(random.Random(derive(f"arena {trial}")))
    arena = allocate(needs)
    for layer, need in enumerate(needs):
        assert arena.outputs[layer].size == need.output
        scratch = arena.scratches[layer]
        assert (scratch.size if scratch else 0) == need.scratch
        for buffer in live(arena, layer):
            assert buffer.offset % ALIGNMENT == 0
            assert buffer.offset >= 0
            assert buffer.offset + buffer.size <= arena.size
        for a, b in combinations(live(arena, layer), 2):
            apart = a.offset + a.size <= b.offset or b.offset + b.size <= a.offset
            assert apart, f"layer {layer} of {needs}: {a} overlaps {b}"


@pytest.mark.parametrize("trial", range(50))
def test_the_arena_is_the_largest_sum_of_a_layer_s_buffers(trial: int) -> None:
    needs = random_needs(random.Random(derive(f"arena size {trial}")))
    arena = allocate(needs)
    bound = max(sum(aligned(b.size) for b in live(arena, i)) for i in range(len(needs)))
    assert arena.size == bound


def test_in_place_shares_the_buffer_of_the_input() -> None:
    arena = allocate([Need("a", 40, 0, False), Need("b", 40, 0, True), Need("c", 8, 0, False)])
    assert arena.outputs[1] is arena.outputs[0]
    assert arena.size == 48 + 16


def test_the_first_layer_is_never_in_place_because_its_input_is_a_constant() -> None:
    arena = allocate([Need("a", 40, 0, True)])
    assert arena.outputs == (Buffer("a", 0, 40),)
    assert arena.size == 48


def test_memory_of_dead_buffers_is_reused() -> None:
    arena = allocate([Need(str(i), 64, 0, False) for i in range(10)])
    assert arena.size == 128
