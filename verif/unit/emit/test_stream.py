"""The descriptors in an image are those of the plan, and lead to golden bits.

The image is built for the target; its jobs are executed by the model of docs/accelerator.md, on the
memory that the image lays out. Only the hardware itself is left to the tests on the SoC.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

import golden.network
from heepstor import build, config
from heepstor.config import Config
from heepstor.emit import model as emitter
from heepstor.frontend import import_sequential
from heepstor.ir import Backend, Layer, Plan
from heepstor.plan import plan
from heepstor.registers import DESCRIPTOR
from heepstor.report import memory_order
from verif.harness.job_model import Hardware, Words, decode, execute
from verif.unit.emit import host_network
from verif.unit.networks import NETWORKS, sample, seeded


class Image:
    """Memory as the image lays it out, and the addresses of its variables."""

    def __init__(self, elf: Path, cfg: Config) -> None:
        self.memory: Words = np.zeros(cfg.memory_bytes // 4, np.uint32)
        with elf.open("rb") as file:
            parsed = ELFFile(file)
            for segment in parsed.iter_segments("PT_LOAD"):
                start, data = segment["p_paddr"], segment.data()
                self.memory.view(np.uint8)[start : start + len(data)] = np.frombuffer(data, "u1")
            self._symbols = {
                symbol.name: int(symbol["st_value"])
                for symbol in parsed.get_section_by_name(".symtab").iter_symbols()
            }

    def address(self, variable: str) -> int:
        """Where the generated source's `variable` lies."""
        mangled = f"{len(variable)}{variable}E"
        (address,) = (value for name, value in self._symbols.items() if mangled in name)
        return address

    def descriptor(self, address: int) -> list[int]:
        """The words at an address."""
        first = address // 4
        return [int(word) for word in self.memory[first : first + len(DESCRIPTOR)]]


def image_of(name: str, cfg: Config, folder: Path) -> tuple[Plan, Image]:
    model, shape = NETWORKS[name]
    graph = import_sequential(seeded(model, name), shape)
    planned = plan(graph, cfg, backend=Backend.STREAM)
    files = emitter.render(
        planned,
        cfg,
        project="test",
        sample=sample(shape, name).numpy(),
        expected_hashes=[0] * len(planned.layers),
    )
    source = host_network.write(files, folder)
    return planned, Image(build.build_firmware([source], cfg, include=[folder]).elf, cfg)


def run_jobs(image: Image, layer: Layer, cfg: Config) -> None:
    """Execute the chain of a layer's jobs on the image's memory."""
    hardware = Hardware(
        cfg.systolic_array_size,
        cfg.systolic_array_activation_words,
        cfg.systolic_array_weight_rows,
    )
    following = image.address(f"kJobs{layer.index}")
    for placed in layer.jobs:
        job, addresses, following = decode(image.descriptor(following))
        assert job == placed.job
        for address, value in execute(job, addresses, image.memory, hardware).written.items():
            image.memory[address // 4] = value
    assert following == 0


@pytest.mark.parametrize(
    "overrides",
    [(), ("systolic_array.size=4", "systolic_array.activation_words=64")],
    ids=["default", "small"],
)
@pytest.mark.parametrize(
    "name",
    [
        "convolution, batch norm, pool, flatten, linear",
        "stride, padding, dilation, rectangular kernels",
        "groups, depthwise, pointwise",
    ],
)
def test_the_jobs_of_an_image_lead_to_golden_bits(
    name: str, overrides: tuple[str, ...], tmp_path: Path
) -> None:
    cfg = config.load(overrides=overrides)
    planned, image = image_of(name, cfg, tmp_path)
    model, shape = NETWORKS[name]
    expected = golden.network.run(model, sample(shape, name))
    arena = image.address("g_arena") // 4
    for layer in planned.layers:
        assert layer.output.buffer is not None
        first = arena + layer.output.buffer.offset // 4
        output = image.memory[first : first + layer.output.elements]
        golden_output = expected[layer.modules[-1]].reshape(layer.output.shape).numpy()
        words = memory_order(golden_output).view(np.uint32).ravel()
        if layer.jobs:
            run_jobs(image, layer, cfg)
            np.testing.assert_array_equal(output, words, err_msg=layer.name)
        else:
            # The CPU's part.
            output[:] = words
    assert any(layer.jobs for layer in planned.layers)
