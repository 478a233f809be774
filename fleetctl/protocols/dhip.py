"""DHIP: what Dahua's devices and those of its other brands tell everybody on their own network. Only searches.

Source: field facts, NVR and vendor protocols, 2.2 (UDP 37810, header of 32 bytes with its magic at offset 4, `mac` at
the top level); capture dahua/aiodahua, REAL_ANNOUNCEMENT; `Init` as the maker's own library has it (the lowest two
bits: 1 was never initialised, 2 was).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.protocols import identities
from fleetctl.protocols.announcing import Announced, announced, short

GROUP: Final = "239.255.255.251"
PORT: Final = 37810
VENDOR: Final = "dahua"
_HEADER: Final = struct.Struct("<I4s8xIIII")  # its own length, magic, the body's length (twice of interest)
_MAGIC: Final = b"DHIP"
_SEARCH: Final = b'{"method":"DHDiscover.search","params":{"mac":"","uni":1}}\n'
_FACTORY_NEW, _INITIALISED = 1, 2


def probe(*, interface: str = "", port: int = PORT, wait_s: float = 2.0) -> tuple[Announced, ...]:
    """Ask everybody on the network of `interface`; returns each device once, known by its MAC address.

    Raises Unreachable when nothing can be sent.
    """
    size = len(_SEARCH)
    question = _HEADER.pack(_HEADER.size, _MAGIC, size, 0, size, 0) + _SEARCH
    return announced("DHIP", question, read, group=GROUP, interface=interface, port=port, wait_s=wait_s)


def read(told: bytes, address: str) -> Announced | None:
    """Return what an answer says, None for what is none."""
    if len(told) < _HEADER.size or told[4:8] != _MAGIC:
        return None
    try:
        said = json.loads(told[_HEADER.size :].rstrip(b"\0\r\n ").decode("utf-8", "replace"))
        info = said["params"]["deviceInfo"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(info, dict) or said.get("method") != "client.notifyDevInfo":
        return None
    port, init, four = info.get("HttpPort"), info.get("Init"), info.get("IPv4Address")
    standing = init & 3 if isinstance(init, int) else 0
    return Announced(
        address=address,
        vendor=VENDOR,
        own_address=_text(four if isinstance(four, dict) else {}, "IPAddress"),
        port=port if isinstance(port, int) and 0 < port < 65536 else 80,
        model=_text(info, "DeviceType"),
        serial_number=identities.serial(_text(info, "SerialNo")),
        mac_address=identities.mac(_text(said, "mac")),
        firmware=_text(info, "Version"),
        factory_new={_FACTORY_NEW: True, _INITIALISED: False}.get(standing),
        recorder=None if not (made := _text(info, "DeviceClass")) else made.upper() != "IPC",
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return short(value) if isinstance(value, str) else ""
