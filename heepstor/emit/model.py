"""Renders a `Plan` as C++: `model.cpp` (what runs), `weights.h` and `input.h` (the numbers).

The interface it is written against is `sw/runtime/model.h` and `sw/ops/`. Floats are hexadecimal
literals, so that no digit is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from heepstor.config import Config
from heepstor.ir import (
    Backend,
    Buffer,
    Float32Array,
    Gemm,
    Layer,
    OpKind,
    Plan,
    Shape,
    StreamJob,
    Tensor,
    Uint32Array,
    Window2d,
)
from heepstor.job import encode
from heepstor.plan.packing import pack, stream_constants
from heepstor.registers import DESCRIPTOR

T = TypeVar("T")

WEIGHT_SYMBOL = re.compile(r"\dk(Constants|Packed|Scale|Bias)\d+$")
"""Fits the compiler's names of weights, scales and biases in an image."""

_FLOAT_BYTES = 4
_FLOATS_PER_LINE = 6
_WORDS_PER_LINE = 8
_BACKEND_TYPES = {Backend.SOFTWARE: "Software", Backend.DIRECT: "Direct"}


def render(
    plan: Plan,
    config: Config,
    *,
    project: str,
    sample: Float32Array,
    expected_hashes: Sequence[int],
    expected_class: int | None = None,
) -> dict[str, str]:
    """File name to text of a network's sources.

    Args:
        plan: what to run.
        config: the hardware; its array's size is the width of a packed tile.
        project: name of the network, for the records it prints.
        sample: the input, in PyTorch's layout and the shape of `plan.input`.
        expected_hashes: FNV-1a of each layer's output, from the golden model.
        expected_class: class of the sample's first row, None where nobody knows.

    Raises:
        ValueError: the sample's shape or the number of hashes is not the plan's.
    """
    if sample.shape != plan.input.shape:
        raise ValueError(f"sample is {sample.shape}; the plan's input is {plan.input.shape}")
    if len(expected_hashes) != len(plan.layers):
        raise ValueError(f"{len(expected_hashes)} hashes for {len(plan.layers)} layers")
    header = f"// Generated from the project {project}; do not edit."
    return {
        "model.cpp": _model(plan, project, header, expected_hashes, expected_class),
        "weights.h": _weights(plan, config.systolic_array_size, header),
        "input.h": _input(plan.input, sample, header),
    }


def _model(
    plan: Plan, project: str, header: str, hashes: Sequence[int], expected_class: int | None
) -> str:
    lines = [
        header,
        '#include "runtime/model.h"',
        "",
        '#include "input.h"',
        '#include "weights.h"',
        "",
        "namespace {",
        "",
        "using namespace heepstor;",
        "using runtime::Direct;",
        "using runtime::Software;",
        "using runtime::Stream;",
        "",
        f"HEEPSTOR_ARENA float g_arena[{plan.arena_bytes // _FLOAT_BYTES}];",
    ]
    for layer in plan.layers:
        lines += ["", *_comment(layer), *(_jobs(layer) if layer.jobs else _descriptor(layer))]
    lines += [
        "",
        "// Where each layer leaves its output, and the hash that the golden model gives it.",
        "constexpr runtime::Layer kLayers[] = {",
        *(_layer_entry(layer, value) for layer, value in zip(plan.layers, hashes, strict=True)),
        "};",
        f"runtime::LayerResult g_results[{len(plan.layers)}];",
        "",
        "}  // namespace",
        "",
        "namespace heepstor::runtime {",
        "",
        f"const Model kModel{{/*project=*/{_string(project)}, "
        f"/*backend=*/{_string(_backends(plan.layers))},",
        "                   kLayers, g_results,",
        f"                   /*output_rows=*/{plan.output.shape[0]}, "
        f"/*expected_class=*/{-1 if expected_class is None else expected_class}}};",
        "",
        "void infer() {",
        *(line for layer in plan.layers for line in _call(layer)),
        "}",
        "",
        "}  // namespace heepstor::runtime",
    ]
    return "\n".join(lines) + "\n"


def _comment(layer: Layer) -> Iterator[str]:
    yield (
        f"// Layer {layer.index}, {layer.name}: {layer.kind.value} "
        f"{_shape_text(layer.input)} -> {_shape_text(layer.output)}"
    )
    if layer.gemm:
        yield f"// {layer.backend_reason}"


def _jobs(layer: Layer) -> Iterator[str]:
    """The descriptors of a streamed layer's jobs, chained."""
    count = len(layer.jobs)
    yield f"constexpr hal::Descriptor kJobs{layer.index}[{count}] = {{"
    for number, placed in enumerate(layer.jobs):
        following = f"kJobs{layer.index} + {number + 1}" if number + 1 < count else "nullptr"
        yield from _job(layer, placed, following)
    yield "};"


def _job(layer: Layer, placed: StreamJob, following: str) -> Iterator[str]:
    output = _present(layer.output.buffer).offset // _FLOAT_BYTES + placed.channel
    addresses = {
        "NEXT": following,
        "INPUT": _address(layer.input),
        "WEIGHTS": f"kConstants{layer.index} + {placed.constants}",
        "OUTPUT": f"g_arena + {output}",
    }
    words = zip(DESCRIPTOR, encode(placed.job, 0, 0, 0, 0), strict=True)
    fields = [f"/*{w.name.lower()}=*/{addresses.get(w.name, f'0x{value:x}')}" for w, value in words]
    yield f"    {{{fields[0]},"
    yield from (f"     {field}," for field in fields[1:-1])
    yield f"     {fields[-1]}}},"


def _address(tensor: Tensor) -> str:
    """Where a value lies."""
    return f"g_arena + {tensor.buffer.offset // _FLOAT_BYTES}" if tensor.buffer else "kInput"


def _descriptor(layer: Layer) -> Iterator[str]:
    """The constexpr descriptor of a layer; a ReLU has none."""
    fields = _fields(layer)
    if not fields:
        return
    yield f"constexpr ops::{layer.kind.value} kLayer{layer.index}{{"
    named = [f"    /*{name}=*/{value}" for name, value in fields.items()]
    yield from (f"{field}," for field in named[:-1])
    yield f"{named[-1]}}};"
    yield f"static_assert(kLayer{layer.index}.valid());"


def _fields(layer: Layer) -> dict[str, str]:
    i = layer.index
    weights = f"{{kPacked{i}, kScale{i}, kBias{i}}}"
    match layer.kind:
        case OpKind.LINEAR:
            gemm = _present(layer.gemm)
            shapes = {"rows": str(gemm.m), "inputs": str(gemm.k), "outputs": str(gemm.n)}
            return shapes | {"weights": weights, "relu": _bool(layer.relu)}
        case OpKind.CONV2D:
            groups = {"groups": str(_present(layer.gemm).groups), "weights": weights}
            return _windowed(layer) | groups | {"relu": _bool(layer.relu)}
        case OpKind.MAX_POOL2D:
            return _windowed(layer) | {"relu": _bool(layer.relu)}
        case OpKind.SCALE_BIAS:
            channels = layer.input.shape[1]
            return {
                "positions": str(layer.input.elements // channels),
                "channels": str(channels),
                "scale": f"kScale{i}",
                "bias": f"kBias{i}",
                "relu": _bool(layer.relu),
            }
        case OpKind.TRANSPOSE:
            return {"shape": _shape(layer.input.shape)}
        case OpKind.SOFTMAX:
            rows, classes = layer.output.shape
            return {"rows": str(rows), "classes": str(classes)}
        case OpKind.RELU:
            return {}


def _windowed(layer: Layer) -> dict[str, str]:
    return {
        "input": _shape(layer.input.shape),
        "output": _shape(layer.output.shape),
        "window": _window(_present(layer.window)),
    }


def _shape(shape: Shape) -> str:
    _, channels, height, width = shape
    return f"{{/*height=*/{height}, /*width=*/{width}, /*channels=*/{channels}}}"


def _window(window: Window2d) -> str:
    named = {
        "kernel": window.kernel,
        "stride": window.stride,
        "padding": window.padding,
        "dilation": window.dilation,
    }
    pairs = (f"/*{name}=*/{{{rows}, {columns}}}" for name, (rows, columns) in named.items())
    return f"{{{', '.join(pairs)}}}"


def _layer_entry(layer: Layer, expected_hash: int) -> str:
    output = _span(_present(layer.output.buffer))
    streamed = _bool(bool(layer.jobs))
    return (
        f"    {{{_string(layer.name)}, {output}, 0x{expected_hash:08x}, /*streamed=*/{streamed}}},"
    )


def _call(layer: Layer) -> Iterator[str]:
    call = f"Stream::run(kJobs{layer.index})" if layer.jobs else _operator(layer)
    yield f"  run_layer({layer.index}, [] {{"
    yield f"    return {call};"
    yield "  });"


def _operator(layer: Layer) -> str:
    """The call of a function of `sw/ops`."""
    i = layer.index
    function = {
        OpKind.LINEAR: f"linear<{_BACKEND_TYPES[layer.backend]}>",
        OpKind.CONV2D: f"conv2d<{_BACKEND_TYPES[layer.backend]}>",
        OpKind.SCALE_BIAS: "scale_bias",
        OpKind.RELU: "relu",
        OpKind.MAX_POOL2D: "max_pool2d",
        OpKind.TRANSPOSE: "transpose",
        OpKind.SOFTMAX: "softmax",
    }[layer.kind]
    source = f"kLayers[{i - 1}].output" if layer.input.buffer else "kInput"
    arguments = [source, f"kLayers[{i}].output"]
    if layer.kind is not OpKind.RELU:
        arguments.insert(0, f"kLayer{i}")
    if layer.kind is OpKind.CONV2D:
        # A convolution that reads its input in place gets an empty span.
        arguments.append(_span(layer.scratch) if layer.scratch else "{}")
    return f"ops::{function}({', '.join(arguments)})"


def _span(buffer: Buffer) -> str:
    return f"{{g_arena + {buffer.offset // _FLOAT_BYTES}, {buffer.size // _FLOAT_BYTES}}}"


def _backends(layers: Sequence[Layer]) -> str:
    """Name of the back-end of all matrix products, `mixed` if they differ."""
    names = {layer.backend.value for layer in layers if layer.gemm}
    if len(names) > 1:
        return "mixed"
    return names.pop() if names else Backend.SOFTWARE.value


def _weights(plan: Plan, size: int, header: str) -> str:
    lines = [header, "#pragma once", "", "#include <stdint.h>"]
    for layer in plan.layers:
        title = ["", f"// Layer {layer.index}, {layer.name}"]
        if layer.gemm and layer.jobs:
            constants = stream_constants(layer.gemm, layer.jobs, size)
            lines += [*title, *_words(f"kConstants{layer.index}", constants)]
        elif layer.gemm:
            lines += [*title, *_packed(layer.gemm, layer.index, size)]
            lines += _floats(f"kScale{layer.index}", layer.gemm.scale)
            lines += _floats(f"kBias{layer.index}", layer.gemm.bias)
        elif layer.scale is not None:
            lines += [*title, *_floats(f"kScale{layer.index}", layer.scale)]
            lines += _floats(f"kBias{layer.index}", _present(layer.bias))
    return "\n".join(lines) + "\n"


def _packed(gemm: Gemm, index: int, size: int) -> Iterator[str]:
    packed = pack(gemm, size)
    groups, n_tiles, k, width = packed.shape
    yield f"// [{groups} groups][{n_tiles} tiles][K = {k}][{width} columns]"
    yield f"alignas(4) constexpr int8_t kPacked{index}[{packed.size}] = {{"
    yield from _rows(map(str, packed.flat), width)
    yield "};"


def _words(name: str, values: Uint32Array) -> Iterator[str]:
    """What the array reads: of each job the weights, then the bits of scales and biases."""
    yield f"constexpr uint32_t {name}[{values.size}] = {{"
    yield from _rows((f"0x{value:08x}" for value in values.tolist()), _WORDS_PER_LINE)
    yield "};"


def _input(tensor: Tensor, sample: Float32Array, header: str) -> str:
    in_memory = sample.transpose(0, 2, 3, 1) if tensor.is_feature_map else sample
    order = "(H, W, C)" if tensor.is_feature_map else "(M, F)"
    lines = [header, "#pragma once", "", f"// {_shape_text(tensor)}, in the order {order}"]
    lines += _floats("kInput", in_memory)
    return "\n".join(lines) + "\n"


def _floats(name: str, values: Float32Array) -> Iterator[str]:
    yield f"constexpr float {name}[{values.size}] = {{"
    yield from _rows((_float(float(value)) for value in values.flat), _FLOATS_PER_LINE)
    yield "};"


def _float(value: float) -> str:
    """An exact literal: 1.5 is 0x1.8p+0f."""
    if np.isnan(value):
        return '__builtin_nanf("")'
    if np.isinf(value):
        return "-__builtin_inff()" if value < 0 else "__builtin_inff()"
    mantissa, exponent = value.hex().split("p")
    return f"{mantissa.rstrip('0').removesuffix('.')}p{exponent}f"


def _rows(literals: Iterable[str], per_line: int) -> Iterator[str]:
    literals = list(literals)
    for start in range(0, len(literals), per_line):
        yield f"    {', '.join(literals[start : start + per_line])},"


def _shape_text(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape))


def _string(text: str) -> str:
    """A C++ string literal; JSON's escapes are C++'s."""
    return json.dumps(text)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _present(value: T | None) -> T:
    """What a layer of this kind always has."""
    if value is None:
        raise AssertionError("the planner left out what this kind of layer needs")
    return value
