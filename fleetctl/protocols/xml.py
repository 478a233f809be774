"""XML from devices, read by local name; XML for devices, written with fixed prefixes.

Devices declare the wrong namespaces, mix two families in one reply and leave prefixes undeclared
(field facts, quirks 11 to 13), so nothing here looks at a namespace when reading.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from fleetctl.errors import BadAnswer

Element = etree._Element  # lxml has no public name for the type of an element

MAX_DEPTH: Final = 64
MAX_MENDED: Final = 512 * 1024  # bytes; longer answers are read only when they are XML as they come

# One prefix for each namespace, declared on the envelope: some devices read prefixes literally.
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
    "tse": "http://www.onvif.org/ver10/search/wsdl",
    "trp": "http://www.onvif.org/ver10/replay/wsdl",
    "tan": "http://www.onvif.org/ver20/analytics/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tas": "http://www.onvif.org/ver10/advancedsecurity/wsdl",
    "tt": "http://www.onvif.org/ver10/schema",
}
_BY_NAMESPACE: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()}


_TOO_DEEP: Final = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_DTD: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_AND: Final = re.compile(r"&(?:(?:amp|lt|gt|quot|apos);|#([0-9]{1,7});|#x([0-9A-Fa-f]{1,6});|)")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_SECURITY: Final = re.compile(rb"<((?:[\w.-]+:)?Security)\b.*?(?:</\1\s*>|\Z)", re.DOTALL)
_CLOSED: Final = re.compile(rb"</(?:[\w.-]+:)?(\w[\w.-]*)\s*>[^<]*\Z")
# libxml2's numbers of what may be mended: bytes after the root, a doubled attribute, odd or undeclared prefixes.
_TOLERATED: Final = frozenset({5, 42, 99, 100, 101, 200, 201, 202, 203, 204, 205})
_own = threading.local()


def parse(body: bytes) -> Element:
    """Return the root of a reply. No entities, no DTD, no network, bounded depth.

    Mends what devices really send (undeclared prefixes, bare `&`, broken UTF-8) but never fills in what is missing:
    a reply that is cut off or whose tags do not match raises BadAnswer.
    """
    if _DTD.search(body):
        raise BadAnswer("the answer carries a document type, which is refused", raw=redacted(body))
    try:
        root = etree.fromstring(body, _parser("strict"))
    except (etree.XMLSyntaxError, ValueError):
        root = _mended(body)
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadAnswer("the answer carries a document type, which is refused", raw=redacted(body))
    if _TOO_DEEP(root):
        raise BadAnswer("the answer is nested too deeply", raw=redacted(body))
    return root


def _parser(name: str) -> etree.XMLParser:
    # One parser per thread: a shared one would make threads wait for each other.
    parser = getattr(_own, name, None)
    if parser is None:
        parser = etree.XMLParser(
            recover=name == "mending",
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        setattr(_own, name, parser)
    return parser


def _mended(body: bytes) -> Element:
    if len(body) > MAX_MENDED:
        raise BadAnswer("the answer is no XML", raw=redacted(body[:MAX_MENDED]))
    told = body.strip(b" \t\r\n\0\xef\xbb\xbf")
    closed = _CLOSED.search(told[-512:])
    if not told.startswith(b"<") or closed is None:
        raise BadAnswer("the answer is cut off, or no XML", raw=redacted(body))
    words_ = _DECLARATION.sub("", told.decode("utf-8", "replace"), count=1)
    words_ = _AND.sub(_reference, _NOT_XML.sub("\ufffd", words_))
    parser = _parser("mending")
    root = _recovered(words_.encode(), parser)
    if root is None or local(root).encode() != closed[1]:
        raise BadAnswer("the answer is cut off", raw=redacted(body))
    if any(entry.type not in _TOLERATED for entry in parser.error_log):
        raise BadAnswer("the answer's tags do not match", raw=redacted(body))
    return root


def _reference(found: re.Match[str]) -> str:
    """Return an entity or character reference that XML knows; for anything else what the device may have meant."""
    decimal, hexadecimal = found[1], found[2]
    if decimal or hexadecimal:
        code = int(decimal) if decimal else int(hexadecimal, 16)
        return "\ufffd" if code > 0x10FFFF or _NOT_XML.match(chr(code)) else found[0]
    return found[0] if len(found[0]) > 1 else "&amp;"


def _recovered(body: bytes, parser: etree.XMLParser) -> Element | None:
    # Recovery may give nothing at all, whatever the stubs say.
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def redacted(body: bytes) -> bytes:
    """Return the bytes without WS-Security headers, which devices echo (field facts, quirk 31)."""
    return _SECURITY.sub(b"<Security/>", body)


_LOCALS: Final[dict[object, str]] = {}  # tag -> local name; devices have few tags, so that each is cut once
_LOCALS_MAX: Final = 4096


def local(element: Element) -> str:
    """Return the tag without its namespace or undeclared prefix; "" for comments and the like."""
    tag: object = element.tag
    found = _LOCALS.get(tag)
    return _cut(tag) if found is None else found


def _cut(tag: object) -> str:
    if not isinstance(tag, str):
        return ""
    if len(_LOCALS) >= _LOCALS_MAX:  # a device that makes up tags without end
        _LOCALS.clear()
    name = _LOCALS[tag] = tag.rpartition("}")[2].rpartition(":")[2]
    return name


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
        if current is None:
            return None
        for child_ in current:  # `local`, not called: this is the innermost loop of all reading
            tag_ = child_.tag
            found = _LOCALS.get(tag_)
            if (_cut(tag_) if found is None else found) == name:
                current = child_
                break
        else:
            return None
    return current


def text(element: Element | None, path: str = "", default: str = "") -> str:
    """Return the stripped text at a path, or the default where the element is missing."""
    found = child(element, path) if path else element
    return default if found is None else (found.text or "").strip()


def number(element: Element | None, path: str = "") -> float | None:
    """Return the number at a path, None where it is missing or empty; raises BadAnswer for words, NaN, infinity."""
    told = text(element, path)
    if not told:
        return None
    try:
        value = float(told)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadAnswer(f"{path or 'element'} should be a number, the device says {told[:40]!r}")
    return value


def whole(element: Element | None, path: str = "") -> int | None:
    """Return the whole number at a path; 25.0 counts, 25.5 raises BadAnswer."""
    told = number(element, path)
    if told is None:
        return None
    if told.is_integer():
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
    declared: dict[str, str] = {}
    if not name:
        name = _prefixed(str(element.tag), "x", declared)
    told = "".join(_attribute(element, str(key), str(value), declared) for key, value in element.attrib.items())
    told += "".join(f" xmlns:{prefix}={quoteattr(namespace)}" for prefix, namespace in declared.items())
    inner = "".join(_rendered(c, "", depth + 1) for c in element if isinstance(c.tag, str))
    own = escape(element.text or "") if not inner else ""
    return f"<{name}{told}>{own}{inner}</{name}>" if own or inner else f"<{name}{told}/>"


def _prefixed(qualified: str, fresh: str, declared: dict[str, str]) -> str:
    """Return a name with our prefix for its namespace; a namespace we have none for is added to `declared`."""
    namespace, _, plain = qualified.rpartition("}")
    plain = plain.rpartition(":")[2]  # a prefix the device never declared
    namespace = namespace[1:]
    if not namespace:
        return plain
    prefix = _BY_NAMESPACE.get(namespace, fresh)
    if prefix == fresh:
        declared[fresh] = namespace
    return f"{prefix}:{plain}"


def _attribute(element: Element, key: str, value: str, declared: dict[str, str]) -> str:
    if "}" not in key and ":" not in key:
        return f" {key}={quoteattr(value)}"
    name = _prefixed(key, f"a{len(declared)}", declared)
    if key == "{http://www.w3.org/2001/XMLSchema-instance}type":  # its value is a prefixed name as well
        prefix, _, plain = value.rpartition(":")
        namespace = element.nsmap.get(prefix or None)
        value = _prefixed(f"{{{namespace}}}{plain}", f"t{len(declared)}", declared) if namespace else plain
    return f" {name}={quoteattr(value)}"
