"""HTTP/1.1 for thousands of devices behind one socket: a plain parser on the event loop's readiness.

Source: RFC 9112. One object per connection; which device it speaks for is the local address of the connection.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from typing import IO, Final

MAX_HEAD: Final = 16 * 1024
MAX_BODY: Final = 1024 * 1024
MAX_FILE: Final = 1024 * MAX_BODY
NEVER: Final = 2.0  # more than the whole
FILE: Final = 8192  # a body of so many bytes is a file
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}

Handler = Callable[["Connection", str, str, dict[str, str], bytes], None]


class BadRequest(Exception):
    """What came in is not HTTP/1.1 that a device takes."""


class Connection:
    """One accepted connection. The owner answers by `send`, `reply`, `reset` or `finish`."""

    __slots__ = ("_buffer", "_busy", "_fd", "_handler", "_handshaken", "_left", "_long", "_loop", "_out", "address",
                 "breaks", "closed", "ending", "on_close", "owner", "peer", "port", "secure", "sock",
                 "spool")  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, handler: Handler, peer: str = "") -> None:
        self._loop = loop
        self.sock = sock
        self._fd = sock.fileno()
        self.address, self.port = sock.getsockname()[:2]
        self.peer = peer
        self.owner = ""  # the device it was made to
        self.secure = isinstance(sock, ssl.SSLSocket)
        self._handshaken = not self.secure
        self._handler = handler
        self._buffer = b""
        self._out = bytearray()
        self._busy = False
        self.ending = False
        self.closed = False
        self.on_close: Callable[[], None] | None = None
        self.breaks: Callable[[], float] = lambda: NEVER  # how much of a file comes before the link breaks
        self.spool: IO[bytes] | None = None  # the body of the request at hand, where it is long
        self._long: tuple[str, str, dict[str, str]] | None = None  # the head of that request
        self._left = 0
        loop.add_reader(self._fd, self._readable)

    # --- in ----------------------------------------------------------------------------------------

    def _readable(self) -> None:
        if not self._handshaken and not self._shake():
            return
        while not self.closed:
            try:
                data = self.sock.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError:
                self.finish()
                return
            if not data:
                self.finish()
                return
            came = len(data)
            if self._left:
                data = self._soaked(data)
            self._buffer = self._buffer + data if self._buffer else data
            if len(self._buffer) > MAX_HEAD + MAX_BODY:
                self.finish()
                return
            if not self.secure and (came < 65536 or self._left):
                break
        self._next()

    def _soaked(self, data: bytes) -> bytes:
        """Keep what belongs to a long body on disk; returns the rest."""
        if self.spool is not None:
            self.spool.write(data[: self._left])
            if self._long is not None and self.spool.tell() >= self.breaks() * int(self._long[2]["content-length"]):
                self.reset()
        rest = data[self._left :]
        self._left = max(0, self._left - len(data))
        return rest

    def _shake(self) -> bool:
        try:
            self.sock.do_handshake()  # type: ignore[attr-defined]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            self.finish()
            return False
        self._handshaken = True
        return True

    def _next(self) -> None:
        """Hand on the next whole request; one at a time."""
        while (self._buffer or self._long is not None) and not self._busy and not self.closed:
            try:
                request = self._take()
            except BadRequest:
                self.ending = True
                self.reply(400, b"", "text/plain")
                return
            if request is None:
                return
            self._busy = True
            self._handler(self, *request)

    def _take(self) -> tuple[str, str, dict[str, str], bytes] | None:
        if self._long is not None:
            return self._whole_long()
        self.spool = None
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest
            return None
        method, target, version, headers = _head(self._buffer[:end])
        self.ending = _ends(version, headers)
        start = end + 4
        if "chunked" in headers.get("transfer-encoding", "").lower():
            taken = _dechunk(self._buffer, start)
        else:
            size = headers.get("content-length", "0")
            if not size.isdigit() or int(size) > MAX_FILE:
                raise BadRequest
            if int(size) > MAX_BODY:
                return self._begin_long(method, target, headers, start)
            taken = self._body(headers, start, int(size))
        if taken is None:
            return None
        body, after = taken
        self._buffer = self._buffer[after:]
        return method, target, headers, body

    def _body(self, headers: dict[str, str], start: int, size: int) -> tuple[bytes, int] | None:
        """Return a body and where it ends, None while it is not whole."""
        if size >= FILE and len(self._buffer) - start >= self.breaks() * size:
            self.reset()
            return None
        if len(self._buffer) < start + size:
            if headers.get("expect", "").lower() == "100-continue" and len(self._buffer) == start:
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        return self._buffer[start : start + size], start + size

    def _begin_long(
        self, method: str, target: str, headers: dict[str, str], start: int
    ) -> tuple[str, str, dict[str, str], bytes] | None:
        """Let a long body go to disk as it comes."""
        self.spool = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the connection, or by the next request
        self._long, self._left = (method, target, headers), int(headers["content-length"])
        data, self._buffer = self._buffer[start:], b""
        self._buffer = self._soaked(data)
        return self._whole_long()

    def _whole_long(self) -> tuple[str, str, dict[str, str], bytes] | None:
        """Return a request whose body is in `spool`, None while it is not whole."""
        if self._long is None or self._left:
            return None
        told, self._long = self._long, None
        return *told, b""

    # --- out ---------------------------------------------------------------------------------------

    def reply(
        self, status: int, body: bytes, content_type: str, headers: tuple[tuple[str, str], ...] = (), server: str = ""
    ) -> None:
        """Send a whole reply and take the next request."""
        self.send(self.head(status, len(body), content_type, headers, server) + body)
        self.done()

    def head(
        self,
        status: int,
        size: int | None,
        content_type: str,
        headers: tuple[tuple[str, str], ...] = (),
        server: str = "",
    ) -> bytes:
        """Return a reply's head; size None is a chunked body."""
        length = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers)
        extra += f"Server: {server}\r\n" if server else ""
        return (
            f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\nContent-Type: {content_type}\r\n{length}\r\n"
            f"{extra}Connection: {'close' if self.ending else 'keep-alive'}\r\n\r\n"
        ).encode("latin-1")

    def send(self, data: bytes) -> None:
        """Send bytes, at once as far as the peer takes them."""
        if self.closed:
            return
        if not self._out:
            try:
                sent = self.sock.send(data)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                sent = 0
            except OSError:
                self.finish()
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._loop.add_writer(self._fd, self._writable)
        self._out += data

    @property
    def waiting(self) -> int:
        """How many bytes the peer has not taken yet."""
        return len(self._out)

    def _writable(self) -> None:
        try:
            sent = self.sock.send(bytes(self._out[:262144]))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self.finish()
            return
        del self._out[:sent]
        if not self._out:
            self._loop.remove_writer(self._fd)
            if self.ending and not self._busy:
                self.finish()

    def done(self) -> None:
        """The reply is complete."""
        self._busy = False
        if self.ending:
            if not self._out:
                self.finish()
        elif self._buffer:
            self._loop.call_soon(self._next)

    def reset(self) -> None:
        """Break the connection as a dead machine does: with RST."""
        if not self.closed:
            plain = self.sock
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            self.finish()

    def finish(self) -> None:
        """Close."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self.sock.close()
        if self.on_close is not None:
            self.on_close()


def _head(told: bytes) -> tuple[str, str, str, dict[str, str]]:
    """Return method, target, version and headers; raises BadRequest."""
    lines = told.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest
        headers[name.lower()] = value.strip()
    return words[0], words[1], words[2], headers


def _ends(version: str, headers: dict[str, str]) -> bool:
    """Tell whether the connection ends with this request."""
    asked = headers.get("connection", "").lower()
    return asked == "close" or (version == "HTTP/1.0" and asked != "keep-alive")


def _dechunk(buffer: bytes, at: int) -> tuple[bytes, int] | None:
    """Return a chunked body and where it ends, None while it is not whole."""
    body = b""
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        try:
            size = int(buffer[at:end].split(b";")[0], 16)
        except ValueError:
            raise BadRequest from None
        if len(body) + size > MAX_BODY:
            raise BadRequest
        start = end + 2
        if len(buffer) < start + size + 2:
            return None
        body += buffer[start : start + size]
        at = start + size + 2
        if size == 0:
            return body, at
