"""Envelopes for ONVIF devices and what comes back: the answer's element, or the error a caller can act on."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.protocols.digest import Challenge, challenge_in
from fleetctl.protocols.http import Response
from fleetctl.protocols.xml import PREFIXES, Element, child, children, local, parse, redacted, text, words

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_COMMON: Final = ("tds", "trt", "tr2", "timg", "tt")  # declared in every envelope, the others where they are used
_DECLARED: Final = {prefix: f' xmlns:{prefix}="{namespace}"' for prefix, namespace in PREFIXES.items()}
_OPEN11, _OPEN = (
    f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{version}"' + "".join(_DECLARED[p] for p in _COMMON)
    for version in (SOAP11, PREFIXES["s"])
)
_OTHERS: Final = tuple((f"{p}:", told) for p, told in _DECLARED.items() if p not in ("s", *_COMMON))

# Content types as they are tried: `action=` breaks Illustra, its absence breaks Pelco, some know SOAP 1.1 only.
CONTENT_TYPES: Final = ("action", "plain", "soap11")


def action(service: str, operation: str) -> str:
    """Return the SOAP action of an operation as its WSDL has it."""
    if service == "tev":
        pulled = operation in ("PullMessages", "Seek", "SetSynchronizationPoint")
        port = "PullPointSubscription" if pulled else "EventPortType"
        return f"{PREFIXES[service]}/{port}/{operation}Request"
    # The WSDL of DeviceIO spells its actions in small letters, and its namespace not.
    return f"{PREFIXES[service].replace('deviceIO', 'deviceio')}/{operation}"


def http_headers(content_type: str, service: str, operation: str) -> dict[str, str]:
    """Return the headers of one of CONTENT_TYPES."""
    if content_type == "soap11":
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action(service, operation)}"'}
    if content_type == "plain":
        return {"Content-Type": "application/soap+xml; charset=utf-8"}
    return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action(service, operation)}"'}


def envelope(service: str, operation: str, body: str, *, security: str = "", content_type: str = "action") -> bytes:
    """Return a request; `body` is XML already, `security` comes from `username_token`."""
    start = _OPEN11 if content_type == "soap11" else _OPEN
    header = f"<s:Header>{security}</s:Header>" if security else ""
    name = f"{service}:{operation}"
    told = f"<{name}>{body}</{name}>" if body else f"<{name}/>"
    others = "".join([declared for prefix, declared in _OTHERS if prefix in told])
    return f"{start}{others}>{header}<s:Body>{told}</s:Body></s:Envelope>".encode()


def username_token(user: str, password: str, now: datetime) -> str:
    """Return a WS-Security header with a nonce of its own; `now` is UTC by the device's clock.

    Created is `YYYY-MM-DDTHH:MM:SSZ` and the nonce 16 bytes: Hikvision takes no offset, others no longer nonce.
    Source: WS-Security UsernameToken Profile 1.0, ONVIF Core 26.06 section 5.9.
    """
    nonce, created = secrets.token_bytes(16), now.strftime("%Y-%m-%dT%H:%M:%SZ")
    hashed = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    return (
        f'<wsse:Security xmlns:wsse="{_WSSE}wssecurity-secext-1.0.xsd" xmlns:wsu="{_WSSE}wssecurity-utility-1.0.xsd">'
        f"<wsse:UsernameToken><wsse:Username>{words(user)}</wsse:Username>"
        f'<wsse:Password Type="{_WSSE}username-token-profile-1.0#PasswordDigest">'
        f"{base64.b64encode(hashed).decode()}</wsse:Password>"
        f'<wsse:Nonce EncodingType="{_WSSE}soap-message-security-1.0#Base64Binary">'
        f"{base64.b64encode(nonce).decode()}</wsse:Nonce>"
        f"<wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A SOAP fault: every code it carries without its prefix, and its text."""

    codes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: the first child of Body, or a fault, or neither (then `problem` says what came instead)."""

    http: Response
    element: Element | None = None
    fault: Fault | None = None
    problem: BadAnswer | None = None

    @property
    def unauthorised(self) -> bool:
        """Tell whether the device asks for a (better) login, by status or by fault."""
        if self.http.status == 401:
            return True
        return self.fault is not None and any(c.lower() in _NOT_AUTHORISED for c in self.fault.codes)

    @property
    def refusal(self) -> str:
        """Return how the device refuses: "fault", "challenge" (any scheme), "bare" (a 401 alone), "" if it does not."""
        if not self.unauthorised:
            return ""
        if self.fault is not None:
            return "fault"
        return "challenge" if self.http.headers.get("WWW-Authenticate") else "bare"


_NOT_AUTHORISED: Final = frozenset({
    "notauthorized", "notauthorised", "failedauthentication", "failedcheck", "invalidsecurity",
    "invalidsecuritytoken", "unauthorized",
})  # fmt: skip
_GENERAL: Final = frozenset({
    "Sender", "Receiver", "Reveiver", "Client", "Server", "Action", "InvalidArgVal", "InvalidArgs", "NULL", "",
})  # fmt: skip
_NOT_OFFERED: Final = frozenset({
    "actionnotsupported", "notimplemented", "optionalactionnotimplemented", "methodnotfound", "notsupported",
})  # fmt: skip
_NOT_OFFERED_TEXT: Final = re.compile(
    r"not implemented|optional action|unknown (method|action|operation)", re.IGNORECASE
)
MAX_PARTS: Final = 64  # of a multipart answer
_CONTENT_ID: Final = re.compile(rb"(?im)^content-id:\s*<?([^>\r\n]{0,200}?)>?\s*$")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_LOCKED: Final = re.compile(r"\blocked\b|lock(ed)?[- ]?out|lockStatus>\s*lock|too many|try again later", re.IGNORECASE)


def reply(response: Response) -> Reply:
    """Read a response; never raises for what a device can send."""
    body = response.body
    try:
        if "multipart/" in response.headers.get("Content-Type").lower():
            root = _root_part(response)
        elif not body.strip(b" \t\r\n\0"):
            raise BadAnswer(f"an empty answer (HTTP {response.status})")
        else:
            root = parse(body)
        if local(root) != "Envelope" or (content := child(root, "Body")) is None:
            raise BadAnswer(f"no SOAP but {_what(root)} (HTTP {response.status})", raw=redacted(body))
        element = next(children(content), None)
        if element is None:
            raise BadAnswer("a SOAP envelope with nothing in it", raw=redacted(body))
    except BadAnswer as problem:
        return Reply(http=response, problem=problem)
    if local(element) == "Fault":
        return Reply(http=response, fault=_fault(element))
    return Reply(http=response, element=element)


def _what(root: Element) -> str:
    return "an HTML page" if local(root).lower() == "html" else f"<{local(root)[:40]}>"


def _fault(element: Element) -> Fault:
    """Read SOAP 1.2 and 1.1 faults; subcodes come swapped and misspelt, so all of them are kept."""
    codes = [text(value) for value in element.iter() if local(value) in ("Value", "faultcode")]
    told = [text(value) for value in element.iter() if local(value) in ("Text", "faultstring") and text(value)]
    return Fault(
        codes=tuple(code.rpartition(":")[2] for code in codes[:16]),
        reason="; ".join(dict.fromkeys(t for t in told[:4] if t != "NULL"))[:300],
    )


def challenge(answer: Reply) -> Challenge | None:
    """Return the digest challenge of an answer, None where there is none that can be met."""
    return challenge_in(answer.http.all("WWW-Authenticate"))


def element_of(answer: Reply, what: str, operation: str) -> Element:
    """Return the response element; raises what stands in its place, BadAnswer for the answer to something else."""
    if answer.element is None:
        raise raised(answer, what)
    name = local(answer.element)
    if name.lower() != f"{operation}Response".lower():
        raise BadAnswer(f"{what}: the device answers {name[:60]} instead", raw=redacted(answer.http.body))
    return answer.element


def raised(answer: Reply, what: str) -> FleetctlError:
    """Return the error for an answer that is none; `what` names the operation. Logins are judged elsewhere."""
    fault, status = answer.fault, answer.http.status
    if fault is None:
        return _without_soap(answer, what)
    lower = {code.lower() for code in fault.codes}
    told = fault.reason or ", ".join(code for code in fault.codes if code) or "no reason given"
    specific = [code for code in fault.codes if code not in _GENERAL]
    if lower & _NOT_OFFERED or (not specific and _NOT_OFFERED_TEXT.search(fault.reason)):
        return Unsupported(f"{what}: the device does not offer it ({told})")
    if "operationprohibited" in lower or answer.unauthorised:
        return Refused(f"{what}: this login may not do it ({told})")
    code = specific[-1] if specific else next((c for c in reversed(fault.codes) if c), "")
    shown = f"{code}: " if code and code not in told else ""
    return Rejected(f"{what}: the device says no: {shown}{told} (HTTP {status})", code=code)


def _without_soap(answer: Reply, what: str) -> FleetctlError:
    status = answer.http.status
    if status in (404, 405, 410, 501):
        return Unsupported(f"{what}: no such service on the device (HTTP {status})")
    if status == 403:
        return Refused(f"{what}: forbidden (HTTP 403)")
    if status in (429, 503):
        return Unreachable(f"{what}: the device is busy (HTTP {status})")
    if 300 <= status < 400:
        to = answer.http.headers.get("Location")[:120]
        return BadAnswer(f"{what}: the device redirects to {to!r}, which is not followed: set scheme, port and path")
    problem = answer.problem or BadAnswer(f"an answer that cannot be used (HTTP {status})")
    return BadAnswer(f"{what}: {problem}", raw=problem.raw)


def locked(answer: Reply) -> bool:
    """Tell whether the device says that the account, or we, are locked out (as far as devices say so at all)."""
    if answer.http.status == 423:
        return True
    told = answer.fault.reason if answer.fault else ""
    if not told and answer.http.status in (401, 403):
        told = answer.http.body[:2000].decode("utf-8", "replace")
    return bool(_LOCKED.search(told))


def _root_part(response: Response) -> Element:
    """Return the root of a multipart (MTOM) answer, each xop:Include replaced by its part in base64.

    Source: Pelco D6230L 2.9.0.4, GetSystemBackup and GetSystemLog captures.
    """
    kind = response.headers.content_type()
    boundary, start = kind.get_param("boundary"), kind.get_param("start")
    if not isinstance(boundary, str) or not boundary:
        raise BadAnswer("a multipart answer without a boundary")
    pieces = response.body.split(b"--" + boundary.encode("utf-8", "replace"), MAX_PARTS + 1)[1:]
    parts: dict[str, bytes] = {}
    for piece in pieces[:MAX_PARTS]:
        split = _HEAD_END.search(piece)
        if split is not None and not piece.startswith(b"--"):
            name = _CONTENT_ID.search(piece[: split.start()])
            key = name[1].decode("utf-8", "replace") if name else f"part {len(parts)}"
            parts[key] = piece[split.end() :].removesuffix(b"\n").removesuffix(b"\r")
    if not parts:
        raise BadAnswer("a multipart answer without parts")
    told = str(start or "").strip("<> ")
    root = parse(parts.get(told, next(iter(parts.values()))))
    for include in [e for e in root.iter() if local(e) == "Include"][:MAX_PARTS]:
        part = parts.get(str(include.get("href", "")).removeprefix("cid:"))
        parent = include.getparent()
        if part is not None and parent is not None:
            parent.remove(include)
            parent.text = base64.b64encode(part).decode()
    return root
