"""WS-Discovery: who is there, asked of everybody (multicast) or of single addresses. Sends nothing but probes.

What answers is believed as little as possible: the address is the sender's, never the one it writes about itself.
Source: WS-Discovery 2005/04 as ONVIF Core 26.06 section 7 uses it.
"""

from __future__ import annotations

import select
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final
from urllib.parse import unquote, urlsplit

from fleetctl.errors import BadAnswer, Unreachable
from fleetctl.protocols.http import safe_path
from fleetctl.protocols.xml import Element, children, local, parse, text

GROUP: Final = "239.255.255.250"
PORT: Final = 3702
MAX_FOUND: Final = 4096  # a flood of answers ends there
_REPEATS: Final = 2  # UDP loses; the same probe twice, as the standard has it
_SCOPE: Final = "onvif://www.onvif.org/"

# Prefixes as in ONVIF's own example: some devices read them literally. Some know only one of the two types.
_TYPES: Final = (
    ("dn:NetworkVideoTransmitter", "http://www.onvif.org/ver10/network/wsdl"),
    ("tds:Device", "http://www.onvif.org/ver10/device/wsdl"),
)
_PROBE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:{prefix}="{namespace}"><e:Header>'
    '<w:MessageID>uuid:{message}</w:MessageID><w:To e:mustUnderstand="true">'
    'urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To><w:Action e:mustUnderstand="true">'
    "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>"
    "<e:Body><d:Probe><d:Types>{types}</d:Types></d:Probe></e:Body></e:Envelope>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device that answered. Port, scheme and path are as it tells them; name and the like come from its scopes."""

    address: str
    port: int = 80
    scheme: str = "http"
    path: str = "/onvif/device_service"
    endpoint: str = ""  # a name that stays with the device, often with its MAC address in it
    name: str = ""
    hardware: str = ""
    location: str = ""
    scopes: tuple[str, ...] = ()


def probe(
    addresses: Sequence[str] = (), *, interface: str = "", port: int = PORT, wait_s: float = 2.0
) -> tuple[Found, ...]:
    """Ask who is there and return what answered within the time, one for each address, in the order of addresses.

    `addresses` are IPv4 addresses; without any, everybody on the network of `interface` (its own address; "" is the
    system's choice) is asked. Answers that cannot be read are left out.
    Raises Unreachable when nothing can be sent at all.
    """
    messages = {str(uuid.uuid4()): types for types in _TYPES}
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            if interface:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
            if not addresses:
                sock.bind((interface, 0))
            for _ in range(_REPEATS):
                for message, (types, namespace) in messages.items():
                    prefix = types.partition(":")[0]
                    told = _PROBE.format(prefix=prefix, namespace=namespace, message=message, types=types).encode()
                    for address in addresses or (GROUP,):
                        sock.sendto(told, (address, port))
            found = _collected(sock, frozenset(messages), frozenset(addresses), monotonic() + wait_s)
    except OSError as error:
        raise Unreachable(f"nobody can be asked from here: {error.strerror or error}") from error
    return tuple(found[address] for address in sorted(found, key=_in_order))


def _in_order(address: str) -> tuple[int, ...]:
    return tuple(socket.inet_aton(address))


def _collected(
    sock: socket.socket, messages: frozenset[str], asked: frozenset[str], deadline: float
) -> dict[str, Found]:
    found: dict[str, Found] = {}
    while len(found) < MAX_FOUND and (left := deadline - monotonic()) > 0:
        if (asked and asked <= found.keys()) or not select.select([sock], [], [], left)[0]:
            break
        try:
            told, sender = sock.recvfrom(65536)
        except ConnectionError:  # one of those asked has nobody at that port
            continue
        address = str(sender[0])
        if address not in found and (not asked or address in asked) and (one := read(told, address, messages)):
            found[address] = one
    return found


def read(told: bytes, address: str, messages: frozenset[str] = frozenset()) -> Found | None:
    """Return what an answer says, None for what is no answer to one of our messages."""
    try:
        root = parse(told)
    except BadAnswer:
        return None
    named = {local(element): element for element in root.iter() if local(element) in ("RelatesTo", "ProbeMatch")}
    match, relates = named.get("ProbeMatch"), text(named.get("RelatesTo"))
    if match is None or (messages and relates.lower()[-36:] not in messages):
        return None
    return _found(match, address)


def _found(match: Element, address: str) -> Found:
    scopes = tuple(text(match, "Scopes").split()[:64])
    scheme, port, path = _place(text(match, "XAddrs").split(), address)
    endpoint = next((text(e, "Address") for e in children(match, "EndpointReference")), "")
    return Found(
        address=address,
        port=port,
        scheme=scheme,
        path=path,
        endpoint=endpoint[:200],
        name=_scope(scopes, "name"),
        hardware=_scope(scopes, "hardware"),
        location=_scope(scopes, "location"),
        scopes=scopes,
    )


def _place(told: Sequence[str], address: str) -> tuple[str, int, str]:
    """Return scheme, port and path of the address that is the sender's own, else of the first that can be read."""
    places: list[tuple[bool, str, int, str]] = []
    for each in told[:16]:
        try:
            parts = urlsplit(each)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.hostname:
            places.append((parts.hostname != address, parts.scheme, port, safe_path(parts.path)))
    if not places:
        return "http", 80, "/onvif/device_service"
    _, scheme, port, path = min(places, key=lambda place: place[0])
    return scheme, port, path


def _scope(scopes: Sequence[str], category: str) -> str:
    start = f"{_SCOPE}{category}/"
    return next((unquote(s[len(start) :], errors="replace") for s in scopes if s.lower().startswith(start)), "")[:200]
