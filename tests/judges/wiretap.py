"""Listens at the wire of fleetctl's own client: every request it sends, and what came back."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from fleetctl.protocols.http import HttpClient
from fleetctl.protocols.upload import Upload
from tests.judges.wsdl import SERVICES, Judge

_NAMESPACES = {
    "http://www.onvif.org/ver10/device/wsdl": "tds",
    "http://www.onvif.org/ver10/media/wsdl": "trt",
    "http://www.onvif.org/ver20/media/wsdl": "tr2",
    "http://www.onvif.org/ver20/imaging/wsdl": "timg",
    "http://www.onvif.org/ver10/deviceIO/wsdl": "tmd",
    "http://www.onvif.org/ver10/events/wsdl": "tev",
    "http://docs.oasis-open.org/wsn/b-2": "tev",
    "http://www.onvif.org/ver10/recording/wsdl": "trc",
    "http://www.onvif.org/ver10/receiver/wsdl": "trv",
}
assert set(_NAMESPACES.values()) == set(SERVICES)


@dataclass(frozen=True)
class Exchange:
    """One request with its answer; `service` is the prefix that the request's element belongs to."""

    service: str
    request: bytes
    status: int
    reply: bytes

    @property
    def operation(self) -> str:
        """What was asked for."""
        return str(etree.QName(_content(self.request)).localname)

    def judged(self, judge: Judge) -> str:
        """Judge request and reply; returns the operation, raises Verdict."""
        operation = judge.request(self.service, self.request)
        if self.status == 200 or b"Envelope" in self.reply:
            judge.reply(self.service, self.reply, operation)
        return operation


def _content(envelope: bytes) -> etree._Element:
    return etree.fromstring(envelope)[-1][0]


def _message(content: Upload) -> bytes:
    """Return the SOAP message that a file is sent with, b"" where it is sent by itself."""
    _, found, rest = next(content.pieces()).partition(b"Content-ID: <root>\r\n\r\n")
    return rest.partition(b"\r\n--")[0] if found else b""


_NOT_OFFERED = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:ter="http://www.onvif.org/ver10/error">'
    b"<s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:ActionNotSupported</s:Value>"
    b'</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">Optional Action Not Implemented</s:Text></s:Reason>'
    b"</s:Fault></s:Body></s:Envelope>"
)


@contextlib.contextmanager
def tapped(*refusing: str) -> Iterator[list[Exchange]]:
    """Record every SOAP exchange of every session while it lasts; operations named in `refusing` get a fault."""
    heard: list[Exchange] = []
    original = HttpClient.request

    def request(
        self: HttpClient,
        method: str,
        path: str,
        body: bytes | Upload | Callable[[], bytes] = b"",
        *rest: Any,
        **more: Any,
    ) -> Any:
        sent: list[bytes] = []

        def spied() -> bytes | Upload:
            content = body() if callable(body) else body
            sent.append(_message(content) if isinstance(content, Upload) else content)
            return content

        response = original(self, method, path, spied, *rest, **more)
        if method == "POST" and sent[-1]:
            service = _NAMESPACES[etree.QName(_content(sent[-1])).namespace]
            heard.extend(Exchange(service, one, 0, b"") for one in sent[:-1])
            if etree.QName(_content(sent[-1])).localname in refusing:
                response = dataclasses.replace(response, status=400, body=_NOT_OFFERED)
            heard.append(Exchange(service, sent[-1], response.status, response.body))
        return response

    HttpClient.request = request  # type: ignore[method-assign]
    try:
        yield heard
    finally:
        HttpClient.request = original  # type: ignore[method-assign]
