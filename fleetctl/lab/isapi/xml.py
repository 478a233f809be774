"""ISAPI documents: written from nested values, read by local name. Source: field facts on vendor protocols 1.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from fleetctl.lab.generations import Isapi
from fleetctl.lab.isapi.status import CODES, WORDS, Refused
from fleetctl.lab.soap import Element

TYPE: Final = "application/xml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\r\n'
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)

Value = Any  # str, int, float, bool, a mapping ("@name": attribute, "#": text), a list of them, None: left out


def space_of(rule: Isapi, page: str) -> str:
    """Return the namespace of a page: that of the device, or of the page where the device mixes them."""
    return next((space for start, space in rule.spaces.items() if page.startswith(start)), rule.namespace)


def document(rule: Isapi, page: str, root: str, content: Mapping[str, Value]) -> bytes:
    """Return a whole document as the device writes it."""
    around = f' version="{rule.version}" xmlns="{space_of(rule, page)}"'
    inner = around if rule.inner_space else ""
    body = "".join(_element(name, value, inner) for name, value in content.items() if name[0] not in "@#")
    attributes = "".join(f" {k[1:]}={quoteattr(str(v))}" for k, v in content.items() if k[0] == "@" and k != "@version")
    inside = _plain(content["#"]) if "#" in content else f"\r\n{body}"
    return f"{_HEAD}<{root}{around}{attributes}>{inside}</{root}>\r\n".encode()


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def _element(name: str, value: Value, inner: str) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        attributes = "".join(f" {k[1:]}={quoteattr(_plain(v))}" for k, v in value.items() if k[0] == "@")
        children = "".join(_element(k, v, inner) for k, v in value.items() if k[0] not in "@#")
        if children or "#" not in value:
            return f"<{name}{attributes}>\r\n{children}</{name}>\r\n"
        return f"<{name}{attributes}>{_plain(value['#'])}</{name}>\r\n"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(
            _element(name, {**_pairs(inner), **item} if isinstance(item, Mapping) else item, inner) for item in value
        )
    return f"<{name}>{_plain(value)}</{name}>\r\n"


def _pairs(inner: str) -> dict[str, str]:
    words = inner.split()
    return {f"@{word.partition('=')[0]}": word.partition("=")[2].strip('"') for word in words}


def status(rule: Isapi, url: str, code: str, *, words: str = "", created: int | None = None) -> bytes:
    """Return a ResponseStatus; newer firmware adds the number and a message."""
    number, hexadecimal = CODES[code]
    told: dict[str, Value] = {
        "requestURL": url,
        "statusCode": number,
        "statusString": WORDS[number],
        "id": created,
        "subStatusCode": code,
    }
    if number != 1 and (rule.salt or rule.namespace.startswith("http://www.isapi.org")):
        told |= {"errorCode": hexadecimal, "errorMsg": words or code}
    return document(rule, url.removeprefix("/ISAPI/"), "ResponseStatus", told)


def parsed(body: bytes, *roots: str) -> Element:
    """Read a document whose root has one of these names; raises Refused."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Refused("badXmlFormat")
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused("badXmlFormat") from None
    if local(root) not in roots:
        raise Refused("badXmlContent", words=f"{roots[0]} is expected")
    return root


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def find(element: Element | None, *path: str) -> Element | None:
    """Return the first element at a path of local names."""
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if local(child) == name), None)
    return element


def each(element: Element | None, name: str) -> list[Element]:
    """Return the children of a local name."""
    return [] if element is None else [child for child in element if local(child) == name]


def text(element: Element | None, *path: str, default: str = "") -> str:
    """Return the stripped text at a path of local names."""
    found = find(element, *path)
    return default if found is None else (found.text or "").strip()


def number(element: Element | None, *path: str, least: int = 0, most: int = 10**9, default: int | None = None) -> int:
    """Return a whole number within limits; raises Refused(badParameters)."""
    told = text(element, *path)
    if not told and default is not None:
        return default
    if not told.lstrip("-").isdigit() or not least <= int(told) <= most:
        raise Refused("badParameters", words=f"{path[-1] if path else 'value'} is not possible")
    return int(told)


def true(element: Element | None, *path: str, default: bool = False) -> bool:
    """Return a boolean; raises Refused(badParameters) for any other word."""
    told = text(element, *path).lower()
    if not told:
        return default
    if told not in ("true", "false", "1", "0"):
        raise Refused("badParameters", words=f"{path[-1] if path else 'value'} is not possible")
    return told in ("true", "1")
