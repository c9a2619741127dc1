"""The whole planner: layers, back-ends, memory."""

from __future__ import annotations

import re

import pytest
from torch import nn

from heepstor import config
from heepstor.errors import PlanError
from heepstor.frontend import import_sequential
from heepstor.ir import Backend, OpKind, Plan
from heepstor.plan import plan
from heepstor.plan.packing import pack, stream_constants
from verif.unit.networks import NETWORKS, seeded


def make(
    model: nn.Sequential,
    shape: tuple[int, ...],
    overrides: tuple[str, ...] = (),
    backend: Backend | None = None,
) -> Plan:
    graph = import_sequential(seeded(model, repr(model)), shape)
    return plan(graph, config.load(overrides=overrides), backend=backend)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_are_a_chain_with_increasing_modules(name: str) -> None:
    planned = make(*NETWORKS[name])
    assert planned.layers[0].input == planned.input
    assert planned.input.buffer is None
    for index, layer in enumerate(planned.layers):
        assert layer.index == index
        assert layer.output.buffer is not None
        assert layer.output.buffer.size == 4 * layer.output.elements
        if index:
            assert layer.input == planned.layers[index - 1].output
    modules = [m for layer in planned.layers for m in layer.modules]
    assert modules == sorted(set(modules))
    assert planned.output.buffer == planned.layers[-1].output.buffer


def test_a_network_is_planned_as_its_operators() -> None:
    planned = make(
        *NETWORKS["convolution, batch norm, pool, flatten, linear"], backend=Backend.DIRECT
    )
    assert [(layer.name, layer.kind, layer.relu) for layer in planned.layers] == [
        ("0+1+2", OpKind.CONV2D, True),
        ("3", OpKind.MAX_POOL2D, False),
        ("6", OpKind.LINEAR, False),
        ("7", OpKind.SOFTMAX, False),
    ]
    conv, pool, linear, softmax = planned.layers
    assert (conv.macs, linear.macs) == (8 * 7 * 27 * 9, 108 * 5)
    assert conv.window is not None
    assert conv.window.kernel == (3, 3)
    assert pool.window is not None
    assert linear.input.shape == (1, 9, 4, 3)
    assert softmax.output.buffer == linear.output.buffer


@pytest.mark.parametrize("backend", list(Backend))
def test_the_weights_counted_are_those_emitted(backend: Backend) -> None:
    planned = make(*NETWORKS["batch norm and ReLU in every place"], backend=backend)
    expected = 0
    for layer in planned.layers:
        if layer.gemm and layer.jobs:
            expected += stream_constants(layer.gemm, layer.jobs, 8).nbytes
        elif layer.gemm:
            expected += (
                pack(layer.gemm, 8).nbytes + layer.gemm.scale.nbytes + layer.gemm.bias.nbytes
            )
        elif layer.scale is not None:
            assert layer.bias is not None
            expected += layer.scale.nbytes + layer.bias.nbytes
    assert planned.weight_bytes == expected


@pytest.mark.parametrize("backend", list(Backend))
def test_a_forced_backend_computes_every_product(backend: Backend) -> None:
    planned = make(*NETWORKS["convolution, batch norm, pool, flatten, linear"], backend=backend)
    products = [layer for layer in planned.layers if layer.gemm]
    assert {layer.backend for layer in products} == {backend}
    assert {layer.backend_reason for layer in products} == {f"{backend.value}: asked for"}
    assert all(layer.predicted_cycles > 0 for layer in planned.layers)


def predictions(model: nn.Sequential, shape: tuple[int, ...]) -> dict[Backend, int]:
    """Predicted cycles of a network of one layer on every back-end."""
    return {
        backend: make(model, shape, backend=backend).layers[0].predicted_cycles
        for backend in Backend
    }


def test_the_reason_gives_the_predictions_of_all_backends() -> None:
    model, shape = nn.Sequential(nn.Conv2d(3, 16, 5)), (3, 16, 16)
    (layer,) = make(model, shape).layers
    cycles = predictions(model, shape)
    assert layer.backend is Backend.STREAM
    assert layer.backend_reason == (
        f"stream: {cycles[Backend.STREAM]:,} predicted cycles against "
        f"{cycles[Backend.DIRECT]:,} in direct mode and {cycles[Backend.SOFTWARE]:,} in software"
    )


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (8, 1), (300, 40)])
def test_the_planner_takes_the_backend_with_the_fewest_predicted_cycles(
    inputs: int, outputs: int
) -> None:
    model = nn.Sequential(nn.Linear(inputs, outputs))
    (layer,) = make(model, (inputs,)).layers
    cycles = predictions(model, (inputs,))
    assert layer.predicted_cycles == cycles[layer.backend] == min(cycles.values())


# Stream mode


def pooled(pool: nn.MaxPool2d, backend: Backend | None = None, *overrides: str) -> Plan:
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), pool, nn.ReLU(), nn.MaxPool2d(1))
    return make(model, (2, 11, 12), overrides, backend)


def test_a_pool_is_part_of_the_streamed_convolution_before_it() -> None:
    planned = pooled(nn.MaxPool2d(2))
    (fused, second) = planned.layers
    assert (fused.name, fused.modules, fused.relu) == ("0+1+2+3", (0, 1, 2, 3), True)
    assert fused.output.shape == (1, 4, 4, 5)
    # The last row of 9 x 10 positions is in no window.
    assert fused.gemm is not None
    assert fused.gemm.m == 8 * 10
    (placed,) = fused.jobs
    assert (placed.job.windows, placed.job.pool_rows, placed.job.pool_columns) == (20, 2, 2)
    assert second.backend_reason == "software: its input is pooled already"


@pytest.mark.parametrize("backend", [Backend.SOFTWARE, Backend.DIRECT])
def test_a_pool_behind_another_backend_stays_an_operator(backend: Backend) -> None:
    assert [layer.name for layer in pooled(nn.MaxPool2d(2), backend).layers] == ["0+1", "2+3", "4"]


def test_a_pool_is_compared_with_those_of_the_cpu_behind_the_other_backends() -> None:
    pool = nn.MaxPool2d(2)
    (fused, _) = pooled(pool).layers
    totals = {}
    for backend in (Backend.DIRECT, Backend.SOFTWARE):
        (product, apart, _) = pooled(pool, backend).layers
        totals[backend] = product.predicted_cycles + apart.predicted_cycles
    assert fused.backend_reason == (
        f"stream: with the pool, {fused.predicted_cycles:,} predicted cycles against "
        f"{totals[Backend.DIRECT]:,} in direct mode and {totals[Backend.SOFTWARE]:,} in software"
    )


@pytest.mark.parametrize(("words", "names"), [(1024, ["0", "1"]), (2048, ["0+1"])])
def test_a_pool_stays_an_operator_where_both_are_quicker_apart(
    words: int, names: list[str]
) -> None:
    # The map of four rows of positions does not fit 1,024 words: its window starts anew all along.
    array = {"size": 4, "ports": 1, "accumulator_rows": 32, "activation_words": words}
    model = nn.Sequential(nn.Conv2d(16, 24, 3), nn.MaxPool2d(2))
    planned = make(
        model, (16, 22, 22), [f"systolic_array.{key}={value}" for key, value in array.items()]
    )
    assert [layer.name for layer in planned.layers] == names
    assert planned.layers[0].backend is Backend.STREAM
    reasons = [layer.backend_reason for layer in planned.layers[1:]]
    assert reasons == ["software: with it, the array would take longer than both apart"] * (
        len(names) - 1
    )


@pytest.mark.parametrize(
    ("pool", "overrides", "why"),
    [
        (nn.MaxPool2d(3, stride=2), (), "its windows are not side by side"),
        (nn.MaxPool2d(2, padding=1), (), "its windows have padding or gaps"),
        (nn.MaxPool2d(2, dilation=2), (), "its windows have padding or gaps"),
        (nn.MaxPool2d(2, ceil_mode=True), (), "its last windows overhang"),
        (
            nn.MaxPool2d(4),
            ("systolic_array.accumulator_rows=16",),
            "16 positions a window; half of the accumulators has 8 rows",
        ),
    ],
)
def test_a_pool_that_the_array_cannot_do_is_left_to_the_cpu_with_the_reason(
    pool: nn.MaxPool2d, overrides: tuple[str, ...], why: str
) -> None:
    planned = pooled(pool, None, *overrides)
    assert planned.layers[0].backend is Backend.STREAM
    assert planned.layers[1].name == "2+3"
    assert planned.layers[1].backend_reason == f"software: {why}"


def test_a_pool_of_windows_too_large_to_be_counted_stays_an_operator() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.MaxPool2d((1, 16)))
    (_, pool) = make(model, (1, 1, 16)).layers
    assert pool.backend_reason == "software: its windows are larger than 15 x 15"


def test_what_stream_mode_cannot_do_is_done_by_another_backend_even_if_asked_for() -> None:
    # A map of 2^23 words has no place in memory, so that nothing but the plan can refuse it.
    memory = ("memory.banks=32", "memory.bank_kib=256", "memory.stack_kib=2")
    model = nn.Sequential(nn.Conv2d(1, 1, 1, padding=(0, 70000)))
    (layer,) = make(model, (1, 1, 1), memory, Backend.STREAM).layers
    assert layer.backend is not Backend.STREAM
    assert "stream mode cannot: window_columns is 140,001; it must be" in layer.backend_reason
    assert layer.jobs == ()


def test_without_an_fpu_software_takes_ten_times_as_long_and_a_job_as_long_as_before() -> None:
    model = nn.Sequential(nn.Linear(64, 8))

    def predicted(core: str, backend: Backend) -> int:
        (layer,) = make(model, (64,), (f"cpu.core={core}",), backend).layers
        return layer.predicted_cycles

    software, direct, stream = (
        (predicted("cv32e40p", backend), predicted("ibex", backend))
        for backend in (Backend.SOFTWARE, Backend.DIRECT, Backend.STREAM)
    )
    assert software[1] > 10 * software[0]
    assert direct[0] < direct[1] < software[1]
    assert stream[0] == stream[1]


def test_an_fpu_latency_makes_software_dearer() -> None:
    model = nn.Sequential(nn.Linear(64, 8))
    fast, slow = (
        make(model, (64,), (f"cpu.fpu_latency={n}",), Backend.SOFTWARE).layers[0].predicted_cycles
        for n in (0, 2)
    )
    assert fast < slow


# Memory


def test_the_chunk_is_as_long_as_the_accumulators() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1))
    (layer,) = make(model, (3, 20, 20), backend=Backend.DIRECT).layers
    assert layer.chunk_rows == 64
    assert layer.scratch is not None
    assert layer.scratch.size == 64 * 27 * 4


def test_the_chunk_is_not_longer_than_the_matrix() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1))
    (layer,) = make(model, (3, 2, 3), backend=Backend.DIRECT).layers
    assert layer.chunk_rows == 2 * 3


@pytest.mark.parametrize(
    ("convolution", "in_place"),
    [
        (nn.Conv2d(2, 4, 3), True),
        (nn.Conv2d(2, 4, (2, 3), stride=2, dilation=2, groups=2), True),
        (nn.Conv2d(2, 4, 1), True),
        (nn.Conv2d(2, 4, 3, padding=(0, 1)), False),
        # Before the input lies nothing, but behind it lies one row and one column.
        (nn.Conv2d(2, 4, 2, padding="same"), False),
    ],
    ids=str,
)
def test_only_a_convolution_that_touches_padding_needs_scratch(
    convolution: nn.Conv2d, in_place: bool
) -> None:
    (layer,) = make(nn.Sequential(convolution), (2, 8, 8), backend=Backend.DIRECT).layers
    assert (layer.scratch is None) == in_place
    assert (layer.chunk_rows == 0) == in_place
    (streamed,) = make(nn.Sequential(convolution), (2, 8, 8), backend=Backend.STREAM).layers
    assert streamed.scratch is None


def test_the_chunk_shrinks_when_memory_is_short() -> None:
    # 49 rows of 64 * 9 floats are 112,896 bytes: more than a memory of 160 KiB can spare.
    model = nn.Sequential(nn.Conv2d(64, 4, 3, padding=1))
    memory = ("memory.banks=5", "memory.bank_kib=32")
    (layer,) = make(model, (64, 7, 7), memory, Backend.DIRECT).layers
    assert 1 <= layer.chunk_rows < 49
    assert layer.scratch is not None
    assert layer.scratch.size == layer.chunk_rows * 576 * 4
    (roomy,) = make(model, (64, 7, 7), backend=Backend.DIRECT).layers
    assert roomy.chunk_rows == 49


LARGE = {
    "weights": (nn.Sequential(nn.Linear(1000, 400)), (1000,), "the weights of 0 with 403,200"),
    "output": (nn.Sequential(nn.Conv2d(1, 32, 1)), (1, 64, 64), "the output of 0 with 524,288"),
    "input": (nn.Sequential(nn.MaxPool2d(8)), (8, 128, 128), "the input with 524,288"),
}


@pytest.mark.parametrize("part", LARGE)
def test_a_network_too_large_is_refused_with_the_excess_and_the_largest_part(part: str) -> None:
    model, shape, largest = LARGE[part]
    overrides = ("memory.bank_kib=16",) if part == "weights" else ()
    with pytest.raises(PlanError) as caught:
        make(model, shape, overrides)
    message = str(caught.value)
    assert "\n" not in message
    found = re.search(r"needs ([\d,]+) bytes, ([\d,]+) more than the memory of ([\d,]+) ", message)
    assert found, message
    needed, excess, memory = (int(n.replace(",", "")) for n in found.groups())
    assert needed == memory + excess
    parts = re.search(
        r"\): weights (.*), input (.*), arena (.*), stack (.*), code (.*) \(", message
    )
    assert parts, message
    assert sum(int(n.replace(",", "")) for n in parts.groups()) == needed
    assert f"the largest is {largest}" in message


def test_the_refusal_is_exact_to_the_byte() -> None:
    """With an accepted network, one more bank's worth of input is refused, and by as much."""
    memory = ("memory.banks=4", "memory.bank_kib=32")
    fixed = 16 * 1024 + 32 * 1024
    room = (128 * 1024 - fixed) // 4
    # A pool of the whole map: its input and 16 bytes of arena are all it needs.
    fits = room - 4
    make(nn.Sequential(nn.MaxPool2d((1, fits))), (1, 1, fits), memory)
    with pytest.raises(PlanError, match="4 more than"):
        make(nn.Sequential(nn.MaxPool2d((1, fits + 1))), (1, 1, fits + 1), memory)
