"""What makers' devices tell everybody who asks on their own network: SADP (Hikvision), DHIP (Dahua).

Source: field facts on vendor protocols 1.2 (SADP: UDP 37020, 239.255.255.250) and 2.2 (DHIP: UDP 37810, a header of 32
bytes, `mac` at the top level); capture dahua/aiodahua REAL_ANNOUNCEMENT (a factory-new camera: Init 3733). Elements of
SADP as public listeners print them; it answers the whole group. Synthetic: which units were never given a capture.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import random
import re
import struct
from typing import Any, Final

from lxml import etree

from fleetctl.lab.device import SimDevice
from fleetctl.lab.groups import SPREAD_S, Listener
from fleetctl.lab.soap import words
from fleetctl.lab.world import World

_HEADER: Final = struct.Struct("<I4s8xIIII")
_FACTORY_NEW: Final = 3733  # as the capture has it; the lowest two bits say so
_INITIALISED: Final = _FACTORY_NEW ^ 3
_OLD: Final = _FACTORY_NEW & ~3  # from before there was anything to initialise


class Maker(Listener):
    """Answers with what each device of a maker says; `http_port` is where the lab serves their pages."""

    def __init__(self, world: World, http_port: int, port: int, bind: str) -> None:
        super().__init__(world, port, bind)
        self._http_port = http_port

    def tell(self, data: bytes, to: str, sender: tuple[str, int]) -> None:
        """Let every device of the maker that is reached answer within half a second."""
        loop = asyncio.get_running_loop()
        for address, device in self.alive(to):
            if (reply := self.reply(device, data)) is not None:
                loop.call_later(random.random() * SPREAD_S, self.answer, address, reply, sender)

    def reply(self, device: SimDevice, data: bytes) -> bytes | None:
        """Return what a device answers, None where it is another maker's."""
        raise NotImplementedError


class Sadp(Maker):
    """Hikvision's: inquiries only; what would change a device is not played."""

    GROUP = "239.255.255.250"

    def heard(self, data: bytes, to: str, sender: tuple[str, int]) -> None:
        """Answer the group, from each device's own address."""
        del sender
        try:
            root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError:
            return
        if root.tag == "Probe" and root.findtext("Types") == "inquiry" and root.findtext("Uuid"):
            self.tell((root.findtext("Uuid") or "").encode(), to, (self.GROUP, self.port))

    def reply(self, device: SimDevice, data: bytes) -> bytes | None:
        """Return a ProbeMatch."""
        rule = device.personality
        if rule.isapi is None:
            return None
        network = device.read("network")
        mask = ipaddress.IPv4Network((0, int(network.get("prefix", 24)))).netmask
        told = {
            "Uuid": data.decode(errors="replace"),
            "Types": "inquiry",
            "DeviceDescription": rule.model,
            "DeviceSN": device.serial_number,
            "CommandPort": 8000,
            "HttpPort": self._http_port,
            "MAC": device.mac_address.replace(":", "-"),
            "IPv4Address": network.get("address", ""),
            "IPv4SubnetMask": mask,
            "IPv4Gateway": next(iter(network.get("gateways", ())), "0.0.0.0"),  # noqa: S104 -- none
            "DHCP": bool(network.get("dhcp")),
            "AnalogChannelNum": 0,
            "DigitalChannelNum": rule.recorder.channels if rule.recorder else 1,
            "SoftwareVersion": re.sub(r"\s+(?=build)", "", _firmware(device)),
            "Activated": bool(device.read("users")),
            "PasswordResetAbility": True,
        }
        body = "".join(f"<{name}>{words(value)}</{name}>" for name, value in told.items())
        return f'<?xml version="1.0" encoding="UTF-8" ?>\n<ProbeMatch>{body}</ProbeMatch>'.encode()


class Dhip(Maker):
    """Dahua's: a search, answered to the one who asked."""

    GROUP = "239.255.255.251"

    def heard(self, data: bytes, to: str, sender: tuple[str, int]) -> None:
        """Answer a search with its header; bare JSON is not answered."""
        if len(data) < _HEADER.size:
            return
        size, magic, length, _, again, _ = _HEADER.unpack(data[: _HEADER.size])
        try:
            said = json.loads(data[_HEADER.size :])
        except ValueError:
            return
        framed = size == _HEADER.size and magic == b"DHIP" and length == again == len(data) - _HEADER.size
        if framed and isinstance(said, dict) and said.get("method") == "DHDiscover.search":
            self.tell(data, to, sender)

    def reply(self, device: SimDevice, data: bytes) -> bytes | None:
        """Return a client.notifyDevInfo."""
        del data
        if device.personality.cgi is None:
            return None
        told = {
            "mac": device.mac_address,
            "method": "client.notifyDevInfo",
            "params": {"deviceInfo": self._info(device)},
        }
        body = json.dumps(told).encode() + b"\n\0"
        return _HEADER.pack(_HEADER.size, b"DHIP", len(body), 0, len(body), 0) + body

    def _info(self, device: SimDevice) -> dict[str, Any]:
        network, rule = device.read("network"), device.personality
        new = rule.fresh == "activation" and not device.read("users")
        return {
            "DeviceClass": "NVR" if rule.recorder else "IPC",
            "DeviceType": rule.model,
            "HttpPort": self._http_port,
            "IPv4Address": {
                "DefaultGateway": next(iter(network.get("gateways", ())), ""),
                "DhcpEnable": bool(network.get("dhcp")),
                "IPAddress": network.get("address", ""),
                "SubnetMask": str(ipaddress.IPv4Network((0, int(network.get("prefix", 24)))).netmask),
            },
            "Init": _OLD if rule.fresh != "activation" else _FACTORY_NEW if new else _INITIALISED,
            "MachineName": device.serial_number,
            "Port": 37777,
            "SerialNo": device.serial_number,
            "Version": _firmware(device).partition(",")[0],
            "VideoInputChannels": 0 if rule.recorder else 1,
        }


def _firmware(device: SimDevice) -> str:
    return str(device.read("info").get("firmware") or device.personality.firmware)
