"""XML from devices, read by local name; XML for devices, written with fixed prefixes.

Devices declare the wrong namespaces, mix two families in one reply and leave prefixes undeclared
(field facts, quirks 11 to 13), so nothing here looks at a namespace when reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from fleetctl.errors import BadAnswer

Element = etree._Element  # lxml has no public name for the type of an element

MAX_DEPTH: Final = 64

# One prefix for each namespace, declared once on the envelope: some devices read prefixes literally.
PREFIXES: Final[dict[str, str]] = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "trc": "http://www.onvif.org/ver10/recording/wsdl",
    "trv": "http://www.onvif.org/ver10/receiver/wsdl",
    "tt": "http://www.onvif.org/ver10/schema",
}
_BY_NAMESPACE: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()}


def local(element: Element) -> str:
    """Return the tag without its namespace or undeclared prefix; "" for comments and the like."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag.rpartition("}")[2].rpartition(":")[2]


def children(element: Element | None, name: str = "") -> Iterator[Element]:
    """Yield the direct children of that local name (all, if no name is given)."""
    if element is None:
        return
    for child_ in element:
        found = local(child_)
        if found and (not name or found == name):
            yield child_


def child(element: Element | None, path: str) -> Element | None:
    """Return the first element at a path of local names ("A/B/C"), or None."""
    current = element
    for name in path.split("/"):
        current = next(children(current, name), None)
        if current is None:
            return None
    return current


def text(element: Element | None, path: str = "", default: str = "") -> str:
    """Return the stripped text at a path, or the default where the element is missing."""
    found = child(element, path) if path else element
    return default if found is None else (found.text or "").strip()


def number(element: Element | None, path: str = "") -> float | None:
    """Return the number at a path, None where it is missing or empty; raises BadAnswer for words."""
    told = text(element, path)
    if not told:
        return None
    try:
        return float(told)
    except ValueError:
        raise BadAnswer(f"{path or 'element'} should be a number, the device says {told[:40]!r}") from None


def whole(element: Element | None, path: str = "") -> int | None:
    """Return the whole number at a path; 25.0 counts, 25.5 and infinity raise BadAnswer."""
    told = number(element, path)
    if told is None:
        return None
    if told not in (float("inf"), float("-inf")) and told == int(told):
        return int(told)
    raise BadAnswer(f"{path or 'element'} should be a whole number, the device says {told}")


def boolean(element: Element | None, path: str = "") -> bool | None:
    """Return the xs:boolean at a path, None where it is missing; raises BadAnswer for anything else."""
    told = text(element, path).lower()
    if not told:
        return None
    if told in ("true", "1"):
        return True
    if told in ("false", "0"):
        return False
    raise BadAnswer(f"{path or 'element'} should be true or false, the device says {told[:40]!r}")


def tag(name: str, *content: str, **attributes: str) -> str:
    """Return `<name attributes>content</name>`; content is XML already (see `words`), attributes are escaped."""
    told = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{told}>{''.join(content)}</{name}>" if content else f"<{name}{told}/>"


def words(value: object) -> str:
    """Return a value as escaped XML text: true/false for booleans, no exponent or `.0` for numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return escape(str(value))


def rendered(element: Element, name: str = "") -> str:
    """Return a device's own element as XML with our fixed prefixes, its tag replaced by `name` if given.

    Everything the device told is kept; elements of namespaces we have no prefix for declare their own.
    """
    return _rendered(element, name, 0)


def _rendered(element: Element, name: str, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise BadAnswer("the answer is nested too deeply")
    declared = ""
    if not name:
        qualified = etree.QName(element)
        prefix = _BY_NAMESPACE.get(qualified.namespace or "")
        if prefix:
            name = f"{prefix}:{qualified.localname}"
        else:
            name = f"x:{qualified.localname}" if qualified.namespace else qualified.localname
            declared = f" xmlns:x={quoteattr(qualified.namespace)}" if qualified.namespace else ""
    told = declared + "".join(
        f" {key}={quoteattr(str(value))}" for key, value in element.attrib.items() if "}" not in str(key)
    )
    inner = "".join(_rendered(c, "", depth + 1) for c in element if isinstance(c.tag, str))
    own = escape(element.text or "") if not inner else ""
    return f"<{name}{told}>{own}{inner}</{name}>"
