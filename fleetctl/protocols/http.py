"""HTTP towards one device: verified, bounded in time and bytes, never led elsewhere.

With `replies` the only importer of the HTTP library. Requests are put together here in one piece (one packet, no
surprises); replies are read from a reader that ends with the exchange's deadline and its budget of bytes.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException, IncompleteRead
from time import monotonic
from typing import BinaryIO, Final, cast
from urllib.parse import quote

from fleetctl.errors import BadAnswer, Refused, Unreachable
from fleetctl.protocols import tls
from fleetctl.protocols.digest import DigestAuth
from fleetctl.protocols.replies import Headers, Reply
from fleetctl.protocols.sockets import MAX_HEAD, Dial, Reader, TooLong, dialled
from fleetctl.protocols.upload import Upload

MAX_BODY: Final = 2 * 1024 * 1024
_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """What a device answered; `headers.get(name)` and `.get_all(name)` take any case."""

    status: int
    headers: Headers
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every header of that name."""
        return self.headers.get_all(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """One request; `content` and `auth` are asked anew each time it is sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: Callable[[], bytes | Upload]
    auth: DigestAuth | None
    timeout_s: float
    deadline: float
    repeatable: bool
    max_body: int
    into: BinaryIO | None


class _ClosedSilently(Exception):
    """A kept connection was closed before one byte of the reply came."""


@lru_cache(maxsize=1024)
def safe_path(path: str) -> str:
    """Return a path (and query) that can stand in a request line: absolute, no blanks, no line ends, ASCII."""
    return "/" + quote(path.lstrip("/"), safe="/?&=%:;,@!$'()*+~#[]|-._").split("#", 1)[0]


class HttpClient:
    """One device. Keeps its connection; one thread at a time.

    `timeout_s` bounds each whole exchange from connect to the last byte. Redirects, cookies, proxies and compression
    are not taken part in. `dial(address, port, timeout_s)` carries it through a tunnel.
    """

    def __init__(
        self,
        address: str,
        port: int,
        *,
        scheme: str = "http",
        timeout_s: float = 10.0,
        ca_file: str = "",
        fingerprint: str = "",
        dial: Dial | None = None,
        keep_alive: bool = True,
    ) -> None:
        self.address, self.port, self.scheme, self.timeout_s = address, port, scheme, timeout_s
        self.keep_alive = keep_alive  # turns False by itself towards a device that closes silently
        self._ca_file, self._fingerprint = ca_file, fingerprint
        self._dial = dial or dialled
        self._sock: socket.socket | None = None
        host = f"[{address}]" if ":" in address else address
        default = {"http": 80, "https": 443}.get(scheme)
        self._host = host if port == default else f"{host}:{port}"

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Upload | Callable[[], bytes] = b"",
        headers: Mapping[str, str] | None = None,
        *,
        auth: DigestAuth | None = None,
        repeatable: bool = False,
        timeout_s: float | None = None,
        max_body: int = MAX_BODY,
        into: BinaryIO | None = None,
    ) -> Response:
        """Send one request and return the reply, whatever its status.

        With `auth` a digest challenge is answered, and a 401 comes back when the device refused the login (then
        `auth.rejected`). `repeatable` allows one repetition when a kept connection turns out to be closed; a callable
        body is asked again for it (a new nonce). With `into` a 2xx body goes to that file instead of memory; an
        Upload is sent from its file, and an answer that comes before its end is the answer.
        Raises Unreachable (no route, time, connection broke), BadAnswer (too long, not HTTP), Refused (certificate),
        UsageError (an Upload whose file was altered).
        """
        request = _Request(
            method=method,
            path=safe_path(path),
            headers=headers or {},
            content=body if callable(body) else lambda: body,
            auth=auth,
            timeout_s=timeout_s or self.timeout_s,
            deadline=monotonic() + (timeout_s or self.timeout_s),
            repeatable=repeatable,
            max_body=max_body,
            into=into,
        )
        return self._sent(request) if auth is None else self._logged_in(request, auth)

    def _logged_in(self, request: _Request, auth: DigestAuth) -> Response:
        """Send a request with the login, as far as it may be presented, and keep count of what came of it."""
        before = auth.presented
        response = self._sent(request)
        if response.status == 401 and auth.presented == before:
            if auth.rejected or not auth.challenged(response.all("WWW-Authenticate")):
                return response
            response = self._sent(request)
        if response.status == 401 and auth.may_present_again(response.all("WWW-Authenticate")):
            response = self._sent(request)
        if auth.presented != before:
            auth.accepted = auth.accepted or response.status != 401
            auth.rejected = not auth.accepted
        return response

    def _sent(self, request: _Request) -> Response:
        try:
            try:
                return self._exchange(request)
            except _ClosedSilently:
                self.close()
                self.keep_alive = False
                if not request.repeatable:
                    raise Unreachable(f"{self._host} closed the connection without an answer") from None
                return self._exchange(request)
        except BaseException as error:
            self.close()
            mended = self._named(error, request.timeout_s)
            if mended is None:
                raise
            raise mended from error

    def _exchange(self, request: _Request) -> Response:
        kept = self._still_open()
        sock = self._sock if kept and self._sock is not None else self._connected(request.deadline)
        content = request.content()
        reader = Reader(sock, request.deadline)
        response = Reply(cast(socket.socket, reader), method=request.method)
        try:
            sock.settimeout(max(request.deadline - monotonic(), 0.001))
            self._send(sock, request, content)
            response.begin()
        except (ConnectionError, ssl.SSLEOFError) as error:
            if kept and reader.received == 0:
                raise _ClosedSilently from error
            raise
        reader.in_head = False
        reader.budget = reader.received + request.max_body + request.max_body // 8 + MAX_HEAD
        answer = _body(response, request)
        if response.will_close or not self.keep_alive or not response.isclosed():
            self.close()
        response.close()
        return Response(response.status, response.told, answer)

    def _send(self, sock: socket.socket, request: _Request, content: bytes | Upload) -> None:
        head = self._head(request, len(content))
        if isinstance(content, bytes):
            sock.sendall(head + content)
            return
        sock.sendall(head)
        pieces = content.pieces()
        for piece in pieces:
            sock.settimeout(max(request.deadline - monotonic(), 0.001))
            try:
                sock.sendall(piece)
            except (ConnectionError, ssl.SSLEOFError):
                pieces.close()
                return  # it may have answered already: a refusal of the login, or of the file

    def _head(self, request: _Request, length: int) -> bytes:
        lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {self._host}", "User-Agent: fleetctl"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if request.auth is not None and (authorization := request.auth.authorization(request.method, request.path)):
            lines.append(f"Authorization: {authorization}")
        if length or request.method not in ("GET", "HEAD", "DELETE"):
            lines.append(f"Content-Length: {length}")
        lines.append("Accept-Encoding: identity")
        lines.append("Connection: keep-alive" if self.keep_alive else "Connection: close")
        told = "\r\n".join(lines)
        if told.count("\n") != len(lines) - 1 or told.count("\r") != len(lines) - 1:
            raise ValueError("a header may not hold a line end")
        return f"{told}\r\n\r\n".encode()

    def _still_open(self) -> bool:
        """Tell whether the kept connection can be used: open, and nothing unasked for lies in it."""
        if self._sock is None:
            return False
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        if poll.poll(0):
            self.close()
            return False
        return True

    def _connected(self, deadline: float) -> socket.socket:
        sock = self._dial(self.address, self.port, max(deadline - monotonic(), 0.001))
        try:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.scheme == "https":
                sock.settimeout(max(deadline - monotonic(), 0.001))
                sock = tls.wrapped(sock, self.address, ca_file=self._ca_file, fingerprint=self._fingerprint)
        except BaseException:
            sock.close()
            raise
        self._sock = sock
        return sock

    def _named(self, error: BaseException, timeout_s: float) -> Exception | None:
        """Return the error a caller can act on, None for what is not about the exchange."""
        where = self._host
        if isinstance(error, (Unreachable, BadAnswer, Refused)):
            return None
        if isinstance(error, TooLong):
            return BadAnswer(f"{where} sends more than an answer may have")
        if isinstance(error, TimeoutError):
            return Unreachable(f"no whole answer from {where} within {timeout_s:g} s")
        if isinstance(error, (IncompleteRead, ConnectionError, ssl.SSLEOFError)):
            return Unreachable(f"the connection to {where} broke: {_reason(error)}")
        if isinstance(error, ssl.SSLError):
            return BadAnswer(f"{where} does not speak TLS as we do: {error.reason or error}")
        if isinstance(error, OSError):
            return Unreachable(f"{where} cannot be reached: {_reason(error)}")
        if isinstance(error, (HTTPException, UnicodeError)):
            return BadAnswer(f"{where} does not answer in HTTP: {type(error).__name__}")
        return None


def _reason(error: BaseException) -> str:
    if isinstance(error, IncompleteRead):
        return "the answer is cut off"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _body(response: Reply, request: _Request) -> bytes:
    """Read the body, into the request's file if it has one and the device did as asked."""
    if response.length is not None and response.length > request.max_body:
        raise TooLong
    answer = b""
    if request.into is not None and 200 <= response.status < 300:
        left = request.max_body
        while piece := response.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise TooLong
            request.into.write(piece)
    else:
        answer = response.read(request.max_body + 1)
        if len(answer) > request.max_body:
            raise TooLong
    if response.length:
        raise IncompleteRead(answer, response.length)
    return answer
