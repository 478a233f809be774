"""WS-Discovery: answers probes on the loopback device, for every device that lets itself be found.

Source: WS-Discovery 2005/04 as ONVIF Core 26.06 section 7 uses it; field facts, scan: answers come from each device's
own address, spread over half a second when all are asked at once.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import uuid
from collections.abc import Mapping
from typing import Final

from lxml import etree

from fleetctl.lab.device import SimDevice
from fleetctl.lab.services.device_system import endpoint_of
from fleetctl.lab.soap import SOAP, Element, words
from fleetctl.lab.world import World

GROUP: Final = "239.255.255.250"
SPREAD_S: Final = 0.5
_WSD: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_WSA: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_TYPES: Final = frozenset(("NetworkVideoTransmitter", "Device"))
_IP_PKTINFO: Final = 8  # <linux/in.h>; the socket module does not name it before 3.12
_PKTINFO: Final = struct.Struct("I4s4s")


class Responder:
    """A UDP socket on the discovery port, of the loopback device only. Raises OSError."""

    def __init__(self, world: World, ports: Mapping[str, int], port: int, bind: str) -> None:
        self._world = world
        self._ports = ports
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bind.encode() + b"\0")
        self._sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._sock.bind(("0.0.0.0", port))  # noqa: S104 -- bound to the device: loopback only
        member = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1") + struct.pack("i", socket.if_nametoindex(bind))
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._sock.setblocking(False)
        self.port: int = self._sock.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self._readable)

    def close(self) -> None:
        """Stop answering."""
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._sock.close()

    def _readable(self) -> None:
        try:
            data, ancillary, _, sender = self._sock.recvmsg(65536, socket.CMSG_SPACE(_PKTINFO.size))
        except OSError:
            return
        told = next((value for level, kind, value in ancillary if kind == _IP_PKTINFO and level == 0), b"")
        if len(told) < _PKTINFO.size or (probe := _probe(data)) is None:
            return
        to = socket.inet_ntoa(_PKTINFO.unpack(told[: _PKTINFO.size])[2])
        loop = asyncio.get_running_loop()
        if to != GROUP:
            if (device := self._world.by_address.get(to)) is not None:
                self._answer(device, to, probe, sender)
            return
        for address, device in self._world.by_address.items():
            loop.call_later(random.random() * SPREAD_S, self._answer, device, address, probe, sender)

    def _answer(self, device: SimDevice, address: str, probe: Element, sender: tuple[str, int]) -> None:
        scopes = device.read("scopes")
        items = [*scopes.get("fixed", ()), *scopes.get("configurable", ())]
        hidden = device.read("network").get("discovery") == "NonDiscoverable"
        off = device.dead() or bool(device.faults and "onvif-off" in device.faults)
        if hidden or off or not _matches(probe, items):
            return
        base = device.personality.foreign_xaddr or f"http://{address}:{self._ports.get('http', 80)}"
        reply = _match(device, probe, items, f"{base}{device.personality.paths['tds']}").encode()
        source = [(socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, socket.inet_aton(address), bytes(4)))]
        try:
            self._sock.sendmsg([reply], source, 0, sender)
        except OSError:
            return  # the one who asked is gone


def _probe(data: bytes) -> Element | None:
    """Return a probe's envelope, None for anything else."""
    if b"<!DOCTYPE" in data:
        return None
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    return root if root.find(f"{{{SOAP}}}Body/{{{_WSD}}}Probe") is not None else None


def _matches(probe: Element, items: list[str]) -> bool:
    """Match types by local name, scopes by prefix of their path (RFC 3986 rule)."""
    body = probe.find(f"{{{SOAP}}}Body/{{{_WSD}}}Probe")
    if body is None:
        return False
    types = (body.findtext(f"{{{_WSD}}}Types") or "").split()
    if any(name.rpartition(":")[2] not in _TYPES for name in types):
        return False
    wanted = (body.findtext(f"{{{_WSD}}}Scopes") or "").split()
    return all(any(item == scope or item.startswith(scope.rstrip("/") + "/") for item in items) for scope in wanted)


def _match(device: SimDevice, probe: Element, items: list[str], address: str) -> str:
    relates = probe.findtext(f"{{{SOAP}}}Header/{{{_WSA}}}MessageID") or ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{_WSA}" xmlns:d="{_WSD}"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">'
        f"<s:Header><a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{words(relates)}</a:RelatesTo>"
        f"<a:To>{_WSA}/role/anonymous</a:To><a:Action>{_WSD}/ProbeMatches</a:Action></s:Header><s:Body>"
        "<d:ProbeMatches><d:ProbeMatch><a:EndpointReference>"
        f"<a:Address>{endpoint_of(device.mac_address)}</a:Address></a:EndpointReference>"
        f"<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>{words(' '.join(items))}</d:Scopes>"
        f"<d:XAddrs>{words(address)}</d:XAddrs><d:MetadataVersion>10</d:MetadataVersion>"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    )
