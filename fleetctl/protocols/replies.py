"""The head of an HTTP reply, read line by line; the body stays http.client's work.

http.client gives the head to the parser for e-mails, which took a fifth of all that reading a device costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.message import Message
from http.client import BadStatusLine, HTTPException, HTTPMessage, HTTPResponse, LineTooLong, RemoteDisconnected
from typing import Final, cast

_LINE: Final = 64 * 1024
_MOST: Final = 100  # header lines; as http.client has it
_BODILESS: Final = frozenset({204, 304})
_NOTHING: Final = frozenset({b"\r\n", b"\n", b""})


class Headers:
    """The headers of a reply, asked for by name in any case."""

    __slots__ = ("_told",)

    def __init__(self, lines: Sequence[str]) -> None:
        """A folded line belongs to the one before it; a line without a colon is no header."""
        self._told: dict[str, list[str]] = {}
        last: list[str] = []
        for line in lines:
            if line[:1] in (" ", "\t"):
                if last:
                    last[-1] = f"{last[-1]} {line.strip()}"
                continue
            name, colon, value = line.partition(":")
            if colon:
                last = self._told.setdefault(name.strip().lower(), [])
                last.append(value.strip())

    def get(self, name: str, default: str = "") -> str:
        """Return the first header of that name."""
        told = self._told.get(name.lower())
        return told[0] if told else default

    def get_all(self, name: str) -> list[str]:
        """Return every header of that name."""
        return list(self._told.get(name.lower(), ()))

    def content_type(self) -> Message:
        """Return the content type with its parameters, for `get_param`."""
        told = Message()
        told["Content-Type"] = self.get("Content-Type")
        return told


def _status(line: str) -> tuple[str, int]:
    version, status = (*line.split(None, 2), "", "")[:2]
    if not version.startswith("HTTP/1.") and version != "HTTP/0.9":
        raise BadStatusLine(line)
    if not (status.isdecimal() and len(status) == 3 and status >= "100"):
        raise BadStatusLine(line)
    return version, int(status)


class Reply(HTTPResponse):
    """http.client's reply with a head of its own; `told` are its headers."""

    told: Headers

    def begin(self) -> None:
        """Read status line and headers, and see from them how long the body is; raises what http.client raises."""
        status = 100
        while status == 100:
            first, *lines = self._head()
            version, status = _status(first)
        self.told = headers = Headers(lines)
        self.status, self.version = status, 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.headers = self.msg = cast(HTTPMessage, headers)  # so that http.client takes the head for read
        self.chunked, self.chunk_left = headers.get("Transfer-Encoding").lower() == "chunked", None
        length = headers.get("Content-Length")[:20]  # what is longer is beyond all bounds as well
        self.length = int(length) if length.isdecimal() and not self.chunked else None
        if status in _BODILESS or status < 200:
            self.length = 0
        self.will_close = self._closes(headers) or (self.length is None and not self.chunked)

    def _head(self) -> list[str]:
        """Return the lines up to an empty one."""
        lines: list[bytes] = []
        while (line := self.fp.readline(_LINE + 1)) not in _NOTHING or not lines:
            if len(line) > _LINE:
                raise LineTooLong("line of the head")
            if len(lines) > _MOST:
                raise HTTPException(f"more than {_MOST} headers")
            if not line:
                raise RemoteDisconnected("no answer")
            lines.append(line)
        return [line.decode("iso-8859-1") for line in lines]

    def _closes(self, headers: Headers) -> bool:
        connection = headers.get("Connection").lower()
        if self.version == 11:
            return "close" in connection
        return "keep-alive" not in connection and not headers.get("Keep-Alive")
