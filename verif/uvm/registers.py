"""The UVM register model, made from the tables of `heepstor.registers`."""

from __future__ import annotations

from pyuvm import (
    uvm_access_e,
    uvm_endianness_e,
    uvm_reg,
    uvm_reg_adapter,
    uvm_reg_block,
    uvm_reg_bus_op,
    uvm_reg_field,
    uvm_sequence,
    uvm_status_e,
)

from heepstor.registers import SYSTOLIC_ARRAY, Register
from verif.uvm.config import ArrayConfig
from verif.uvm.items import BusRequest
from verif.uvm.model import constants

_POLICIES = {"RO": "RO", "WO": "WO", "RW": "RW", "RW1C": "W1C"}
_WORD_BITS = 32


class RegisterModel(uvm_reg_block):
    """One `uvm_reg` for each register of the array, by name in `by_name`."""

    def __init__(self, cfg: ArrayConfig, name: str = "registers") -> None:
        super().__init__(name)
        self.map = self.create_map("bus", 0, 4, uvm_endianness_e.UVM_LITTLE_ENDIAN)
        self.by_name = {r.name: self._add(r) for r in SYSTOLIC_ARRAY.registers}
        self.map.set_auto_predict(True)
        self.lock_model()
        values = constants(cfg.size, cfg.rows, cfg.config_hash, cfg.stream_geometry)
        for register, value in values.items():
            self.by_name[register].set_reset(value)
        for reg in self.by_name.values():
            reg.reset()

    def _add(self, register: Register) -> uvm_reg:
        reg = uvm_reg(register.name, _WORD_BITS)
        reg.configure(self)
        whole = ((register.name, 0, _WORD_BITS),)
        for name, lsb, width in [(f.name, f.lsb, f.width) for f in register.fields] or whole:
            # What follows the hardware cannot be written, unlike the rest of STATUS.
            is_live = register.name == "STATUS" and name in ("BUSY", "JOB")
            policy = "RO" if is_live else _POLICIES[register.access]
            field = uvm_reg_field(name)
            field.configure(
                reg,
                width,
                lsb,
                policy,
                volatile=False,
                reset=0,
                has_reset=True,
                is_rand=False,
                individually_accessible=False,
            )
        # The map stops nothing: an access that the array refuses has to reach it.
        self.map.add_reg(reg, register.offset, "RW")
        return reg


class _Answered(uvm_sequence):
    """A register access is over when it is answered, not when it is granted."""

    async def finish_item(self, item: BusRequest) -> None:
        await super().finish_item(item)
        await item.done.wait()


class RegisterAdapter(uvm_reg_adapter):
    """Turns register operations into bus requests."""

    def __init__(self, name: str = "adapter") -> None:
        super().__init__(name)
        self.supports_byte_enable = False
        self.provides_responses = False
        self.parent_sequence = _Answered("register_access")

    def reg2bus(self, rw: uvm_reg_bus_op) -> BusRequest:
        return BusRequest(rw.addr, rw.data if rw.kind == uvm_access_e.UVM_WRITE else None)

    def bus2reg(self, bus_item: BusRequest, rw: uvm_reg_bus_op) -> None:
        rw.data = bus_item.data
        rw.status = uvm_status_e.UVM_IS_OK
