"""A device's own document with a few parts changed: all else stays, whatever namespace and order it came in."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Final

from lxml import etree

from fleetctl.protocols.xml import Element, child, children, local, text, words

# Parts of documents in the order in which the maker's own have them, as far as we add any (field facts, 1.5):
# a channel's source, an account, a channel, a time server, the clock.
_SOURCE_ORDER: Final = (
    "proxyProtocol", "adminProtocol", "addressingFormatType", "hostName", "ipAddress", "ipv6Address", "managePortNo",
    "srcInputPort", "userName", "password", "connMode", "streamType", "deviceID",
)  # fmt: skip
_USER_ORDER: Final = ("id", "enabled", "userName", "password", "loginPassword", "userLevel", "bondIpAddressList")
_CHANNEL_ORDER: Final = ("id", "name", "sourceInputPortDescriptor", "enableAnr", "enableTiming", "devIndex")
_SERVER_ORDER: Final = ("id", "addressingFormatType", "hostName", "ipAddress", "ipv6Address", "portNo")
_CLOCK_ORDER: Final = ("timeMode", "localTime", "timeZone")
_ORDERS: Final = (_SOURCE_ORDER, _USER_ORDER, _CHANNEL_ORDER, _SERVER_ORDER, _CLOCK_ORDER)


def changed(root: Element, values: Mapping[str, object], *, remove: Iterable[str] = ()) -> Element:
    """Return a copy with the texts at these paths set (made where they are missing) and those of `remove` taken out."""
    made = copy.deepcopy(root)
    for path, value in values.items():
        _at(made, path).text = words(value) if isinstance(value, bool) else str(value)
    for path in remove:
        found = child(made, path)
        if found is not None and (parent := found.getparent()) is not None:
            parent.remove(found)
    return made


def _at(root: Element, path: str) -> Element:
    here = root
    for name in path.split("/"):
        found = child(here, name)
        if found is None:
            found = etree.Element(f"{_space(here)}{name}")
            _insert(here, found, name)
        here = found
    return here


def _insert(parent: Element, made: Element, name: str) -> None:
    """Put a part where firmware that looks at the order expects it, else at the end."""
    there = {local(c) for c in children(parent)}
    order = max((o for o in _ORDERS if name in o), key=lambda o: len(there & set(o)), default=())
    later = order[order.index(name) + 1 :] if order else ()
    before = next((c for c in children(parent) if local(c) in later), None)
    parent.insert(len(parent) if before is None else parent.index(before), made)


def _space(element: Element) -> str:
    head, brace, _ = str(element.tag).rpartition("}")
    return head + brace


def like(root: Element, name: str, values: Mapping[str, object]) -> Element:
    """Return a new document in the namespace and version of another one of the device."""
    space = _space(root)
    made = etree.fromstring(f'<{name} xmlns="{space[1:-1]}"/>' if space else f"<{name}/>")
    if version := root.get("version"):
        made.set("version", version)
    return changed(made, values)


def items(root: Element, name: str) -> list[Element]:
    """Return the items of a list: counted, since the `size` it tells is not reliable (field facts, 1.1)."""
    return list(children(root, name))


def by_id(root: Element, name: str, key: str) -> Element | None:
    """Return the item of that id."""
    return next((item for item in children(root, name) if text(item, "id") == key), None)


def first_text(element: Element | None, *paths: str) -> str:
    """Return the first text that is told at one of several paths."""
    return next((told for path in paths if (told := text(element, path))), "")
