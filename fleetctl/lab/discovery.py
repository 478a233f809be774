"""WS-Discovery: answers probes on the loopback device, for every device that lets itself be found.

Source: WS-Discovery 2005/04 as ONVIF Core 26.06 section 7 uses it; field facts, scan: answers come from each device's
own address, spread over half a second when all are asked at once.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Mapping
from typing import Final

from lxml import etree

from fleetctl.lab.device import SimDevice
from fleetctl.lab.groups import SPREAD_S, Listener
from fleetctl.lab.services.device_system import endpoint_of
from fleetctl.lab.soap import SOAP, Element, words
from fleetctl.lab.world import World

GROUP: Final = "239.255.255.250"
_WSD: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_WSA: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_TYPES: Final = frozenset(("NetworkVideoTransmitter", "Device"))


class Responder(Listener):
    """Answers probes for every device that lets itself be found."""

    GROUP = GROUP

    def __init__(self, world: World, ports: Mapping[str, int], port: int, bind: str) -> None:
        super().__init__(world, port, bind)
        self._ports = ports

    def heard(self, data: bytes, to: str, sender: tuple[str, int]) -> None:
        """Answer a probe: one device at once, all of them spread over half a second."""
        if (probe := _probe(data)) is None:
            return
        loop = asyncio.get_running_loop()
        for address, device in self.alive(to):
            wait_s = random.random() * SPREAD_S if to == self.GROUP else 0.0
            loop.call_later(wait_s, self._reply, device, address, probe, sender)

    def _reply(self, device: SimDevice, address: str, probe: Element, sender: tuple[str, int]) -> None:
        scopes = device.read("scopes")
        items = [*scopes.get("fixed", ()), *scopes.get("configurable", ())]
        hidden = device.read("network").get("discovery") == "NonDiscoverable"
        off = device.dead() or bool(device.faults and "onvif-off" in device.faults)
        off = off or not device.read("vendor").get("onvif", True)
        if hidden or off or not _matches(probe, items):
            return
        base = device.personality.foreign_xaddr or f"http://{address}:{self._ports.get('http', 80)}"
        reply = _match(device, probe, items, f"{base}{device.personality.paths['tds']}")
        self.answer(address, reply.encode(), sender)


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
