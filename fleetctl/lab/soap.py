"""SOAP 1.2 envelopes: requests read with lxml, replies written as text.

Source: ONVIF Core 26.06 section 5 (web services framework), SOAP 1.2 part 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

Element = etree._Element  # lxml has no public name for the type of an element

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP_1_1: Final = "http://schemas.xmlsoap.org/soap/envelope/"
TT: Final = "http://www.onvif.org/ver10/schema"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSNT: Final = "http://docs.oasis-open.org/wsn/b-2"

SERVICES: Final[dict[str, str]] = {
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "trc": "http://www.onvif.org/ver10/recording/wsdl",
    "trv": "http://www.onvif.org/ver10/receiver/wsdl",
}
SERVICE_OF: Final = {namespace: prefix for prefix, namespace in SERVICES.items()} | {WSNT: "tev"}

NAMESPACES: Final[dict[str, str]] = {
    **SERVICES,
    "tt": TT,
    "ter": "http://www.onvif.org/ver10/error",
    "tns1": "http://www.onvif.org/ver10/topics",
    "wsa": WSA,
    "wsnt": WSNT,
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
_DECLARED: Final = "".join(f' xmlns:{prefix}="{namespace}"' for prefix, namespace in NAMESPACES.items())


class SoapFault(Exception):
    """The device says no. Codes are written as the device would; `status` is the HTTP status."""

    def __init__(
        self, *subcodes: str, reason: str = "", code: str = "Sender", status: int = 0, detail: str = ""
    ) -> None:
        super().__init__("/".join(subcodes) or code)
        self.code = code
        self.subcodes = subcodes
        self.reason = reason or (subcodes[-1].partition(":")[2] if subcodes else code)
        self.detail = detail
        self.status = status or (400 if code == "Sender" else 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request's parts: the service's prefix, the operation, its element, the security header if there is one."""

    service: str
    operation: str
    element: Element
    security: Element | None
    message_id: str
    to: str = ""


def parse(body: bytes) -> Request:
    """Read an envelope; raises SoapFault for what is not a SOAP 1.2 request (a document type is never allowed)."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise SoapFault("ter:WellFormed", reason="A document type declaration is not allowed")
    try:
        root = etree.fromstring(body, _PARSER)
    except etree.XMLSyntaxError as error:
        raise SoapFault("ter:WellFormed", reason=f"Well-formed violation occurred: {error.msg}") from None
    if root.tag != f"{{{SOAP}}}Envelope":
        if root.tag == f"{{{SOAP_1_1}}}Envelope":
            raise SoapFault(code="VersionMismatch", reason="SOAP 1.2 is required", status=500)
        raise SoapFault("ter:WellFormed", reason="The root is not a SOAP envelope")
    header = root.find(f"{{{SOAP}}}Header")
    content = root.find(f"{{{SOAP}}}Body")
    if content is None or len(content) != 1:
        raise SoapFault("ter:WellFormed", reason="The body must hold exactly one element")
    element = content[0]
    namespace, _, operation = element.tag[1:].partition("}")
    security = header.find(f"{{{WSSE}}}Security") if header is not None else None
    return Request(
        service=SERVICE_OF.get(namespace, ""),
        operation=operation,
        element=element,
        security=security,
        message_id=(header.findtext(f"{{{WSA}}}MessageID") or "") if header is not None else "",
        to=(header.findtext(f"{{{WSA}}}To") or "") if header is not None else "",
    )


def head(prefix: str) -> str:
    """Return the start of every reply in a personality's own prefix for SOAP."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{prefix}:Envelope xmlns:{prefix}="{SOAP}"{_DECLARED}>'


def fault(prefix: str, error: SoapFault, *, misspelt: bool = False) -> bytes:
    """Return a fault's envelope. `misspelt`: Reveiver, as Hikvision V5.2.0 writes it."""
    code = "Reveiver" if misspelt and error.code == "Receiver" else error.code
    inner = ""
    for subcode in reversed(error.subcodes):
        inner = f"<{prefix}:Subcode><{prefix}:Value>{subcode}</{prefix}:Value>{inner}</{prefix}:Subcode>"
    detail = ""
    if error.detail:
        detail = f"<{prefix}:Detail><{prefix}:Text>{escape(error.detail)}</{prefix}:Text></{prefix}:Detail>"
    return (
        f"{head(prefix)}<{prefix}:Body><{prefix}:Fault><{prefix}:Code><{prefix}:Value>{prefix}:{code}</{prefix}:Value>"
        f'{inner}</{prefix}:Code><{prefix}:Reason><{prefix}:Text xml:lang="en">{escape(error.reason)}</{prefix}:Text>'
        f"</{prefix}:Reason>{detail}</{prefix}:Fault></{prefix}:Body></{prefix}:Envelope>"
    ).encode()


def find(element: Element, *path: str) -> Element | None:
    """Return the first element at a path of local names, all in the ONVIF schema's namespace."""
    current: Element | None = element
    for name in path:
        if current is None:
            return None
        current = current.find(f"{{{TT}}}{name}")
    return current


def text(element: Element, *path: str, default: str = "") -> str:
    """Return the stripped text at a path of ONVIF schema elements."""
    found = find(element, *path)
    return default if found is None else (found.text or "").strip()


def true(told: str) -> bool:
    """Read an xs:boolean that the grammar has checked already."""
    return told in ("true", "1")


def words(value: object) -> str:
    """Return a value as XML text: true/false, numbers without a needless fraction, escaped words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return escape(str(value))


def each(name: str, values: object) -> str:
    """Return one element per value, "" for none; `values` is a sequence of plain values."""
    if not isinstance(values, (list, tuple)):
        raise TypeError(name)
    return "".join(f"<{name}>{words(value)}</{name}>" for value in values)


def span(name: str, low: object, high: object) -> str:
    """Return a tt range: Min and Max."""
    return f"<{name}><tt:Min>{words(low)}</tt:Min><tt:Max>{words(high)}</tt:Max></{name}>"
