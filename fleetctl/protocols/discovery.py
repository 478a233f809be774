"""WS-Discovery: who is there, asked of everybody (multicast) or of single addresses. Sends nothing but probes.

Source: WS-Discovery 2005/04 as ONVIF Core 26.06 section 7 uses it.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from fleetctl.errors import BadAnswer, Unreachable
from fleetctl.protocols.announcing import MAX_FOUND, Question, answers, asking
from fleetctl.protocols.http import safe_path
from fleetctl.protocols.xml import Element, children, local, parse, text

GROUP: Final = "239.255.255.250"
PORT: Final = 3702
_REPEATS: Final = 2  # UDP loses; to all the same probe goes twice, as the standard has it
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
    """Ask who is there and return what answered, in the order of addresses; two devices may have one address.

    `addresses` are IPv4 addresses, asked at `announcing.PACE` and left alone once they answered; without any, everybody
    on the network of `interface` (its own address; "" is the system's choice) is asked. What answers within `wait_s`
    after the last question is told. Answers that cannot be read are left out.
    Raises Unreachable when nothing can be sent at all.
    """
    messages = {str(uuid.uuid4()): types for types in _TYPES}
    asked, found = frozenset(addresses), dict[tuple[str, str], Found]()

    def enough() -> bool:
        return len(found) >= MAX_FOUND or (bool(asked) and asked <= {address for address, _ in found})

    def questions() -> Iterator[Question | None]:
        for _ in range(1 if asked else _REPEATS):
            for message, (types, namespace) in messages.items():
                prefix = types.partition(":")[0]
                told = _PROBE.format(prefix=prefix, namespace=namespace, message=message, types=types).encode()
                answered = {address for address, _ in found} if asked else set()
                yield from ((told, address) for address in addresses or (GROUP,) if address not in answered)
                if not asked:
                    yield None

    try:
        with asking("" if addresses else interface) as sock:
            for address, told in answers(sock, questions(), port, wait_s, enough):
                known = not asked or address in asked
                if known and (one := read(told, address, frozenset(messages))):
                    found.setdefault((address, one.endpoint), one)
    except OSError as error:
        raise Unreachable(f"nobody can be asked from here: {error.strerror or error}") from error
    return tuple(found[key] for key in sorted(found, key=lambda key: (socket.inet_aton(key[0]), key[1])))


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
