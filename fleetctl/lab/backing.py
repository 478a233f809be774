"""A device's own backup: bytes that only it understands, the same as long as its settings are."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fleetctl.lab.device import SimDevice

_SECTIONS: Final = ("time", "network", "users", "encoders", "channels", "osds", "vendor")
SIZE: Final = 4096


def sealed(device: SimDevice) -> bytes:
    """Return the backup."""
    told = json.dumps({name: device.read(name) for name in _SECTIONS}, sort_keys=True, default=str)
    return b"\x89BAK\r\n" + hashlib.shake_256(f"{device.serial_number} {told}".encode()).digest(SIZE)
