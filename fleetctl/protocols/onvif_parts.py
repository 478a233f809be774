"""What several ONVIF cells need: the session as they see it, one field that may fail, a device's element edited."""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from lxml import etree

from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import Device, Outcome, Untold
from fleetctl.protocols.xml import PREFIXES, Element, child, children, local, tag, words

T = TypeVar("T")


class Onvif(Protocol):
    """The part of an ONVIF session that a cell may use. Operations take their body as XML, return the response."""

    device: Device

    def has(self, service: str) -> bool:
        """Return whether the device offers the service, named by its prefix."""

    def read(self, service: str, operation: str, body: str = "") -> Element:
        """Ask; the same question is asked once. Raises Unsupported, Rejected, BadAnswer, Refused, Unreachable."""

    def write(self, service: str, operation: str, body: str = "") -> Element:
        """Order; forgets what was read. Raises PermissionError in a reading session, else as `read`."""

    def forget(self) -> None:
        """Forget what was read: the next reads ask the device again."""

    def identity(self) -> Any:
        """Return manufacturer, model, firmware, serial_number, hardware_id, mac_address."""

    def clock_error_s(self) -> float | None:
        """Return the device's clock minus the true time in seconds, None where it tells no possible time."""


def tried(read: Callable[..., Any], *arguments: Any) -> Any:
    """Return `read(*arguments)`, or Untold where this one part is unsupported or was answered with nonsense."""
    try:
        return read(*arguments)
    except Unsupported as error:
        return Untold(outcome=Outcome.UNSUPPORTED, reason=str(error))
    except (BadAnswer, Rejected) as error:
        return Untold(outcome=Outcome.UNKNOWN, reason=str(error))


def attribute(element: Element | None, name: str) -> str:
    """Return an attribute by local name, "" where it is missing (devices qualify them at will)."""
    if element is None:
        return ""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2].rpartition(":")[2] == name:
            return str(value).strip()
    return ""


def token_of(element: Element | None) -> str:
    """Return the token of an entity; tokens are opaque, blanks included."""
    told = None if element is None else element.get("token")
    return attribute(element, "token") if told is None else str(told)


def own_copy(element: Element) -> Element:
    """Return a device's element to edit; what was read stays as it was."""
    return copy.deepcopy(element)


def plain(value: object) -> str:
    """Return a value as XML text before escaping: true/false, numbers without exponent or `.0`."""
    return str(value) if isinstance(value, str) else words(value)


def put(parent: Element, name: str, value: object, order: tuple[str, ...], *, prefix: str = "tt") -> Element:
    """Set the text of a child (value None: leave it) and return it.

    A missing child is inserted where the schema has it, which `order`, the names of all children, tells, in
    the namespace of `prefix`.
    """
    found = child(parent, name)
    if found is None:
        found = etree.Element(f"{{{PREFIXES[prefix]}}}{name}")
        later = order[order.index(name) + 1 :]
        before = next((c for c in children(parent) if local(c) in later), None)
        parent.insert(len(parent) if before is None else parent.index(before), found)
    if value is not None:
        found.text = plain(value)
    return found


def drop(parent: Element, *names: str) -> None:
    """Remove the children of these local names."""
    for found in [c for c in children(parent) if local(c) in names]:
        parent.remove(found)


# Kind of host -> name of the child that holds it (tt:NetworkHost, tt:IPAddress).
_HOSTS: Final = {"IPv4": "IPv4Address", "IPv6": "IPv6Address", "DNS": "DNSname"}


def host(element: Element) -> str:
    """Return the address or name in a tt:NetworkHost or tt:IPAddress, whatever its Type claims; "" for none."""
    for name in ("DNSname", "IPv4Address", "IPv6Address"):
        told = child(element, name)
        if told is not None and (value := (told.text or "").strip()) and value not in ("0.0.0.0", "::"):  # noqa: S104
            return value
    return ""


def host_tag(name: str, value: str) -> str:
    """Return a tt:NetworkHost (tt:IPAddress for an address) of that element name."""
    try:
        kind = f"IPv{ipaddress.ip_address(value).version}"
    except ValueError:
        kind = "DNS"
    return tag(name, tag("tt:Type", kind), tag(f"tt:{_HOSTS[kind]}", words(value)))
