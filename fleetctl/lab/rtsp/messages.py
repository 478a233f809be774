"""RTSP messages on the wire: requests read, replies written, digest logins checked. Source: RFC 2326, RFC 2617."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

HEAD_MAX: Final = 16 * 1024  # bytes
BODY_MAX: Final = 64 * 1024
REASONS: Final = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    453: "Not Enough Bandwidth", 454: "Session Not Found", 455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed", 461: "Unsupported Transport", 500: "Internal Server Error",
    501: "Not Implemented", 505: "RTSP Version Not Supported", 551: "Option Not Supported",
}  # fmt: skip
_PARAMETER: Final = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]*))')


class Malformed(Exception):
    """What came is not RTSP; the connection is closed after a 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    url: str
    version: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """Path and query of the URL, without a closing slash; "/" for the device itself."""
        parts = urlsplit(self.url)
        return (parts.path + (f"?{parts.query}" if parts.query else "")).rstrip("/") or "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply; CSeq, Session and lengths are added when it is written."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def encoded(self, sequence: str) -> bytes:
        """Return the bytes of the reply to the request of that CSeq."""
        lines = [f"RTSP/1.0 {self.status} {REASONS[self.status]}", f"CSeq: {sequence}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        body = self.body.encode()
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join((*lines, "", "")).encode() + body


async def read(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request, passing over interleaved data; None at the end of the connection.

    Raises Malformed for what is no request.
    """
    try:
        while (first := await reader.readexactly(1)) in b"$\r\n":
            if first == b"$":
                head = await reader.readexactly(3)
                await reader.readexactly(int.from_bytes(head[1:], "big"))
                return Request(method="", url="", version="", headers={})
        head = first + await reader.readuntil(b"\r\n\r\n")
        request = _parsed(head)
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_MAX:
            raise Malformed("a body without an acceptable length")
        await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError:
        raise Malformed("the head is too long") from None
    return request


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("utf-8", "replace").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise Malformed("not an RTSP request")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed("a header without a colon")
        headers[name.strip().lower()] = value.strip()
    return Request(method=words[0], url=words[1], version=words[2], headers=headers)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Digest:
    """The digest challenge (MD5, RFC 2617) of one connection."""

    def __init__(self, realm: str) -> None:
        self.realm = realm
        self.nonce = secrets.token_hex(16)

    def challenge(self) -> str:
        """Return the value of WWW-Authenticate."""
        return f'Digest realm="{self.realm}", nonce="{self.nonce}", algorithm=MD5'

    def told(self, request: Request) -> Mapping[str, str] | None:
        """Return what the client presents for our nonce; None where it presents nothing that could be checked."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        told = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        needed = {"username", "response", "uri", "nonce", "realm"}
        if scheme.lower() != "digest" or not needed <= told.keys() or told["nonce"] != self.nonce:
            return None
        return told

    def proves(self, told: Mapping[str, str], method: str, password: str) -> bool:
        """Tell whether the response was made with this password."""
        known, asked = _md5(f"{told['username']}:{self.realm}:{password}"), _md5(f"{method}:{told['uri']}")
        middle = f"{self.nonce}:{told.get('nc', '')}:{told.get('cnonce', '')}:auth" if "qop" in told else self.nonce
        return hmac.compare_digest(_md5(f"{known}:{middle}:{asked}"), told["response"].lower())
