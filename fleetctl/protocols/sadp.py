"""SADP: what Hikvision's devices tell everybody on their own network, whatever their address. Sends inquiries only.

The same words could also activate a device or change its address; those are never sent.

Source: field facts, NVR and vendor protocols, 1.2 (UDP 37020, 239.255.255.250; some units are activated by it only);
names of elements as several public tools read them. A device answers the group, so that every listener hears it.
"""

from __future__ import annotations

import uuid
from typing import Final

from fleetctl.errors import BadAnswer
from fleetctl.protocols import identities
from fleetctl.protocols.announcing import Announced, announced, short
from fleetctl.protocols.xml import boolean, local, parse, tag, text

GROUP: Final = "239.255.255.250"
PORT: Final = 37020
VENDOR: Final = "hikvision"


def probe(*, interface: str = "", port: int = PORT, wait_s: float = 2.0) -> tuple[Announced, ...]:
    """Ask everybody on the network of `interface`; returns each device once, known by its MAC address.

    Raises Unreachable when nothing can be sent.
    """
    told = tag("Probe", tag("Uuid", str(uuid.uuid4()).upper()) + tag("Types", "inquiry"))
    question = f'<?xml version="1.0" encoding="utf-8"?>{told}'.encode()
    return announced("SADP", question, read, group=GROUP, interface=interface, port=port, wait_s=wait_s, aloud=True)


def read(told: bytes, address: str) -> Announced | None:
    """Return what an answer says, None for what is none."""
    try:
        root = parse(told)
        activated = boolean(root, "Activated")
    except BadAnswer:
        return None
    if local(root) != "ProbeMatch":
        return None
    software = text(root, "SoftwareVersion").partition("build")
    channels = text(root, "DigitalChannelNum")
    port = text(root, "HttpPort")
    return Announced(
        address=address,
        vendor=VENDOR,
        own_address=short(text(root, "IPv4Address") or text(root, "Ipv4Address")),
        port=int(port) if port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536 else 80,
        model=short(text(root, "DeviceDescription")),
        serial_number=short(identities.serial(text(root, "DeviceSN"))),
        mac_address=identities.mac(text(root, "MAC")),
        firmware=short(" ".join(part for part in (word.strip() for word in software) if part)),
        factory_new=None if activated is None else not activated,
        recorder=int(channels) > 1 if channels.isascii() and channels.isdecimal() and len(channels) < 6 else None,
    )
