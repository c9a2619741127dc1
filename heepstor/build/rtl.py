"""Which SystemVerilog files make the SoC, in the order in which a compiler needs them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import get_args

from heepstor import config as configuration
from heepstor.build import cache
from heepstor.config import Config, Core
from heepstor.emit import hardware
from heepstor.errors import ToolError

ROOT = Path(__file__).resolve().parents[2]
WAIVERS = tuple(
    ROOT / "rtl" / "lint" / f"{whose}_waivers.vlt" for whose in ("vendor", "generated", "assertion")
)
"""Lint waivers; each file says why."""

VENDOR_PACKAGES = (
    "pythondata-cpu-cv32e40p",
    "pythondata-cpu-ibex",
    "pythondata-misc-opentitan",
)
"""Python distributions that carry the RTL which is not ours."""

_SHARED_FOLDERS = ("common", "systolic_array", "soc")
_CPU_FOLDERS: Mapping[Core, str] = {core: f"cpu/{core}" for core in get_args(Core)}
"""Each has the module `soc_cpu`: that CPU behind the ports that all of them have."""

# What rtl/soc takes from OpenTitan, under its `hw/`; packages first.
_OPENTITAN_FILES = (
    "top_earlgrey/rtl/top_pkg.sv",
    "ip/prim/rtl/prim_util_pkg.sv",
    "ip/prim/rtl/prim_secded_pkg.sv",
    "ip/tlul/rtl/tlul_pkg.sv",
    "ip/uart/rtl/uart_reg_pkg.sv",
    "ip/rv_timer/rtl/rv_timer_reg_pkg.sv",
    "ip/prim_generic/rtl/prim_generic_flop.sv",
    "ip/prim_generic/rtl/prim_generic_flop_2sync.sv",
    "ip/prim/rtl/prim_fifo_sync.sv",
    "ip/prim/rtl/prim_intr_hw.sv",
    "ip/prim/rtl/prim_secded_64_57_dec.sv",
    "ip/prim/rtl/prim_secded_64_57_enc.sv",
    "ip/prim/rtl/prim_subreg.sv",
    "ip/prim/rtl/prim_subreg_arb.sv",
    "ip/prim/rtl/prim_subreg_ext.sv",
    "ip/tlul/rtl/tlul_adapter_host.sv",
    "ip/tlul/rtl/tlul_adapter_reg.sv",
    "ip/tlul/rtl/tlul_cmd_intg_chk.sv",
    "ip/tlul/rtl/tlul_cmd_intg_gen.sv",
    "ip/tlul/rtl/tlul_err.sv",
    "ip/tlul/rtl/tlul_rsp_intg_chk.sv",
    "ip/tlul/rtl/tlul_rsp_intg_gen.sv",
    "ip/uart/rtl/uart_rx.sv",
    "ip/uart/rtl/uart_tx.sv",
    "ip/uart/rtl/uart_core.sv",
    "ip/uart/rtl/uart_reg_top.sv",
    "ip/rv_timer/rtl/timer_core.sv",
    "ip/rv_timer/rtl/rv_timer_reg_top.sv",
)

# Of CV32E40P's manifest: for its own test bench only.
_CV32E40P_TESTBENCH_FILES = {"cv32e40p_tracer_pkg.sv", "cv32e40p_tb_wrapper.sv"}

# What rtl/cpu/ibex takes from Ibex; packages first. Nothing is made of dummy instructions (with
# their cipher) and of memory protection, but coverage in the core names what is inside of them.
_IBEX_FILES = (
    "vendor/lowrisc_ip/ip/prim/rtl/prim_cipher_pkg.sv",
    "rtl/ibex_pkg.sv",
    "rtl/ibex_alu.sv",
    "rtl/ibex_compressed_decoder.sv",
    "rtl/ibex_controller.sv",
    "rtl/ibex_counter.sv",
    "rtl/ibex_cs_registers.sv",
    "rtl/ibex_csr.sv",
    "rtl/ibex_decoder.sv",
    "rtl/ibex_ex_block.sv",
    "rtl/ibex_fetch_fifo.sv",
    "rtl/ibex_id_stage.sv",
    "rtl/ibex_if_stage.sv",
    "rtl/ibex_load_store_unit.sv",
    "rtl/ibex_multdiv_fast.sv",
    "rtl/ibex_prefetch_buffer.sv",
    "rtl/ibex_register_file_ff.sv",
    "rtl/ibex_wb_stage.sv",
    "rtl/ibex_dummy_instr.sv",
    "rtl/ibex_pmp.sv",
    "rtl/ibex_core.sv",
)

# The debug module and JTAG of CV32E40P's package, under its `rtl/`. (The package's own list of them
# names files that it does not have.)
_DEBUG_FILES = (
    "riscv-dbg/src/dm_pkg.sv",
    "vendor/pulp_platform_common_cells/src/deprecated/fifo_v2.sv",
    "vendor/pulp_platform_common_cells/src/fifo_v3.sv",
    "vendor/pulp_platform_common_cells/src/cdc_2phase.sv",
    "riscv-dbg/debug_rom/debug_rom.sv",
    "riscv-dbg/src/dm_csrs.sv",
    "riscv-dbg/src/dm_mem.sv",
    "riscv-dbg/src/dm_sba.sv",
    "riscv-dbg/src/dm_top.sv",
    "riscv-dbg/src/dmi_cdc.sv",
    "riscv-dbg/src/dmi_jtag_tap.sv",
    "riscv-dbg/src/dmi_jtag.sv",
)


@dataclass(frozen=True)
class Sources:
    """Files for a compiler, packages before their users."""

    files: tuple[Path, ...]
    include_folders: tuple[Path, ...]


def own_files(folder: str) -> tuple[Path, ...]:
    """The files of `rtl/<folder>`, packages first."""
    files = sorted((ROOT / "rtl" / folder).glob("*.sv"))
    return tuple(sorted(files, key=lambda path: not path.stem.endswith("_pkg")))


def generated_files(config: Config) -> tuple[Path, ...]:
    """The packages that `config` and the register tables give, written now if need be."""
    folder = hardware.write_all(config)
    names = ("heepstor_cfg_pkg.sv", "sa_reg_pkg.sv", "soc_ctrl_reg_pkg.sv")
    return tuple(folder / name for name in names)


def version() -> int:
    """32-bit digest of the RTL that all configurations share: our files, and whose packages.

    A change of a comment changes it, too: what is the same has the same digest, no more.

    Raises:
        ToolError: a package with RTL is not installed.
    """
    folders = (*_SHARED_FOLDERS, *_CPU_FOLDERS.values())
    files = [file for folder in folders for file in own_files(folder)]
    key = {"files": cache.file_digests(files), "vendors": vendor_versions()}
    return int(cache.digest_of(key)[:8], 16)


def version_file() -> Path:
    """The package that carries `version()` into the SoC, written now if need be."""
    path = ROOT / "build" / "hw" / "rtl_version_pkg.sv"
    path.parent.mkdir(parents=True, exist_ok=True)
    hardware.write_if_changed(path, hardware.sv_version_package(version()))
    return path


def array() -> tuple[Path, ...]:
    """The systolic array with what it needs, for any parameters: no file depends on a `Config`
    but the offsets of the registers, which are the same in all of them."""
    offsets = (path for path in generated_files(configuration.load()) if path.stem == "sa_reg_pkg")
    return (*offsets, *own_files("common"), *own_files("systolic_array"))


def opentitan() -> Sources:
    """Registers and cores of OpenTitan's UART and timer, with what they need.

    Raises:
        ToolError: if the package is not installed.
    """
    hw = package_folder("pythondata_misc_opentitan") / "resources" / "hw"
    return Sources(tuple(hw / name for name in _OPENTITAN_FILES), (hw / "ip" / "prim" / "rtl",))


def cpu(core: Core) -> Sources:
    """A CPU as its authors deliver it.

    Raises:
        ToolError: if its package is not installed.
    """
    return _CPUS[core]()


def _cv32e40p() -> Sources:
    """With its FPU."""
    root = package_folder("pythondata_cpu_cv32e40p") / "system_verilog"
    rtl = root / "rtl"
    manifest = (root / "cv32e40p_fpu_manifest.flist").read_text(encoding="utf-8")
    files = [
        Path(line.replace("${DESIGN_RTL_DIR}", str(rtl))).resolve()
        for line in manifest.splitlines()
        if line.startswith("${DESIGN_RTL_DIR}")
    ]
    includes = (rtl / "include", rtl / "vendor/pulp_platform_common_cells/include")
    return Sources(tuple(f for f in files if f.name not in _CV32E40P_TESTBENCH_FILES), includes)


def _ibex() -> Sources:
    root = package_folder("pythondata_cpu_ibex") / "system_verilog"
    vendor = root / "vendor" / "lowrisc_ip"
    includes = (vendor / "ip" / "prim" / "rtl", vendor / "dv" / "sv" / "dv_utils")
    return Sources(tuple(root / name for name in _IBEX_FILES), includes)


_CPUS: Mapping[Core, Callable[[], Sources]] = {"cv32e40p": _cv32e40p, "ibex": _ibex}


def debug() -> Sources:
    """The RISC-V debug module and its JTAG, of CV32E40P's package and for any CPU.

    Raises:
        ToolError: if the package is not installed.
    """
    folder = package_folder("pythondata_cpu_cv32e40p") / "system_verilog" / "rtl"
    return Sources(tuple(folder / name for name in _DEBUG_FILES), ())


def soc(config: Config) -> Sources:
    """Everything that `heepstor_soc` needs.

    Raises:
        ToolError: if a package is not installed.
    """
    vendors = (cpu(config.cpu_core), debug(), opentitan())
    folders = (*_SHARED_FOLDERS, _CPU_FOLDERS[config.cpu_core])
    files = (
        *generated_files(config),
        version_file(),
        *(file for vendor in vendors for file in vendor.files),
        *(file for folder in folders for file in own_files(folder)),
    )
    return Sources(files, tuple(f for vendor in vendors for f in vendor.include_folders))


def vendor_versions() -> dict[str, str]:
    """Version of every package whose RTL is used.

    Raises:
        ToolError: if one is not installed.
    """
    try:
        return {name: metadata.version(name) for name in VENDOR_PACKAGES}
    except metadata.PackageNotFoundError as error:
        raise _not_installed(str(error.name)) from error


def package_folder(module: str) -> Path:
    """Folder of an installed Python package, found without importing it.

    Raises:
        ToolError: if it is not installed.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise _not_installed(module)
    return Path(spec.origin).parent


def _not_installed(package: str) -> ToolError:
    return ToolError(
        f"the Python package {package} is not installed; install HEEPstor with its dependencies"
    )
