"""Peers at the wire: a scripted TCP server, and a small camera that judges logins as real ones do."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from fleetctl.model import Device, Endpoint, Kind

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:ter="http://www.onvif.org/ver10/error" xmlns:tt="http://www.onvif.org/ver10/schema">'
    "<SOAP-ENV:Body>{}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


def fault(*codes: str, reason: str = "") -> str:
    """Return a SOAP 1.2 fault; the first code is the outermost."""
    inner = ""
    for code in reversed(codes[1:]):
        inner = f"<SOAP-ENV:Subcode><SOAP-ENV:Value>{code}</SOAP-ENV:Value>{inner}</SOAP-ENV:Subcode>"
    return (
        f"<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>{codes[0]}</SOAP-ENV:Value>{inner}</SOAP-ENV:Code>"
        f'<SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">{reason}</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>'
    )


def http(status: int, body: bytes | str = b"", *headers: str) -> bytes:
    """Return an HTTP response with a Content-Length."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


@dataclass
class Request:
    """What came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    connection: int

    @property
    def operation(self) -> str:
        found = re.search(r"<s:Body><(\w+:\w+)", self.body)
        return found[1] if found else f"{self.method} {self.path}"

    @property
    def presented(self) -> str:
        """Return "wsse", "digest" or "": which credential the request carries."""
        if "<wsse:UsernameToken>" in self.body:
            return "wsse"
        return "digest" if "authorization" in self.headers else ""


@dataclass
class Peer:
    """A TCP server on loopback. `answer(request)` gives bytes; None closes the connection instead."""

    answer: Callable[[Request], bytes | None]
    seen: list[Request] = field(default_factory=list)
    connections: int = 0
    raw: Callable[[socket.socket], None] | None = None  # takes the whole connection over
    wrap: Callable[[socket.socket], socket.socket] | None = None
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self.wrap is not None:
                sock = self.wrap(sock)
                self._open.append(sock)
            if self.raw is not None:
                self.raw(sock)
                sock.close()
                return
            left = b""
            while True:
                request, left = self._request(sock, left, number)
                if request is None:
                    break
                self.seen.append(request)
                told = self.answer(request)
                if told is None:
                    break
                sock.sendall(told)
                if request.headers.get("connection") == "close":
                    break
            sock.close()
        except OSError:
            sock.close()

    @staticmethod
    def _request(sock: socket.socket, left: bytes, number: int) -> tuple[Request | None, bytes]:
        while b"\r\n\r\n" not in left:
            if not (more := sock.recv(65536)):
                return None, b""
            left += more
        head, _, left = left.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(left) < length:
            left += sock.recv(65536)
        method, path, _ = first.split(" ")
        return Request(method, path, headers, left[:length].decode(), number), left[length:]

    def drop_connections(self) -> None:
        """Close every open connection from this side."""
        for sock in self._open:
            shut(sock)
        self._open.clear()

    def close(self) -> None:
        shut(self._listener)
        self.drop_connections()


def shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@dataclass
class Camera:
    """A camera's front: clock, login, and one answer per operation. Counts what a lock-out would count."""

    user: str = "admin"
    password: str = "right"
    schemes: tuple[str, ...] = ("wsse",)
    algorithm: str = "MD5"
    offset_s: float = 0.0
    window_s: float = 60.0
    clock_open: bool = True
    tells_time: bool = True
    open_operations: frozenset[str] = frozenset(
        {"tds:GetServices", "tds:GetCapabilities", "tds:GetHostname", "tds:GetServiceCapabilities"}
    )
    answers: dict[str, str | bytes | Callable[[Request], bytes | None]] = field(default_factory=dict)
    everybody: bool = False  # takes everybody without a login
    exhausted: int = 0  # how many of the next requests get a bare 401, whoever asks
    locked: str = ""
    stale_after: int = 0  # a nonce serves that often, then it is stale
    silent_stale: bool = False  # and the device does not say so
    not_allowed: frozenset[str] = frozenset()
    rejected: int = 0  # credentials presented and found wrong
    nonces: dict[str, int] = field(default_factory=dict)
    seen_wsse: set[str] = field(default_factory=set)

    def __call__(self, request: Request) -> bytes | None:
        if self.exhausted:
            self.exhausted -= 1
            return http(401, "")
        name = request.operation
        if name == "tds:GetSystemDateAndTime" and self.clock_open:
            return http(200, ENVELOPE.format(self.time()), *self.date())
        verdict = self.judge(request)
        if verdict == "open":
            if not (name in self.open_operations or self.everybody):
                return self.refusal()
        elif verdict != "good":
            return self.refusal(stale=verdict == "stale")
        if name in self.not_allowed:
            return http(400, ENVELOPE.format(fault("SOAP-ENV:Sender", "ter:NotAuthorized", reason="no right")))
        return self.answered(request)

    def answered(self, request: Request) -> bytes | None:
        name = request.operation
        if name == "tds:GetSystemDateAndTime":
            return http(200, ENVELOPE.format(self.time()), *self.date())
        told = self.answers.get(name)
        if told is None and name == "tds:GetServiceCapabilities":
            flags = ("wsse", "UsernameToken"), ("digest", "HttpDigest")
            said = " ".join(f'{flag}="{str(scheme in self.schemes).lower()}"' for scheme, flag in flags)
            inner = f"<tds:Capabilities><tds:Security {said}/></tds:Capabilities>"
            told = f"<tds:GetServiceCapabilitiesResponse>{inner}</tds:GetServiceCapabilitiesResponse>"
        if callable(told):
            return told(request)
        if isinstance(told, bytes):
            return told
        if told is None:
            told = f"<{name}Response/>"
        return http(500 if "Fault" in told else 200, ENVELOPE.format(told), *self.date())

    def time(self) -> str:
        if not self.tells_time:
            return "<tds:GetSystemDateAndTimeResponse/>"
        now = datetime.fromtimestamp(time.time() + self.offset_s, UTC)
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time>"
            f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second>"
            f"</tt:Time><tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month>"
            f"<tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>"
            "</tds:GetSystemDateAndTimeResponse>"
        )

    def date(self) -> tuple[str, ...]:
        now = datetime.fromtimestamp(time.time() + self.offset_s, UTC)
        return (now.strftime("Date: %a, %d %b %Y %H:%M:%S GMT"),)

    def judge(self, request: Request) -> str:
        """Return good, bad, stale, or open for a request without a credential this camera looks at."""
        if self.locked:
            return "bad"
        if request.presented == "wsse" and "wsse" in self.schemes:
            good = self.wsse(request.body)
        elif request.presented == "digest" and "digest" in self.schemes:
            good = self.digest(request)
            if good == "stale":
                return good
        else:
            return "open"
        if not good:
            self.rejected += 1
        return "good" if good else "bad"

    def wsse(self, body: str) -> bool:
        user, told, nonce, created = (
            re.search(rf"<{name}[^>]*>([^<]*)</{name}>", body)[1]  # type: ignore[index]
            for name in ("wsse:Username", "wsse:Password", "wsse:Nonce", "wsu:Created")
        )
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created), created
        assert len(base64.b64decode(nonce)) == 16
        if nonce in self.seen_wsse:
            return False
        self.seen_wsse.add(nonce)
        wanted = hashlib.sha1(base64.b64decode(nonce) + created.encode() + self.password.encode()).digest()  # noqa: S324  # as WS-Security has it
        at = datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        timely = abs(at - (time.time() + self.offset_s)) <= self.window_s
        return user == self.user and base64.b64encode(wanted).decode() == told and timely

    def digest(self, request: Request) -> bool | str:
        told = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers["authorization"].removeprefix("Digest ")))
        assert told["uri"] == request.path

        def hashed(text: str) -> str:
            return hashlib.new("sha256" if "256" in self.algorithm else "md5", text.encode()).hexdigest()

        if told["nonce"] not in self.nonces:
            return "stale" if not self.silent_stale else False
        login = hashed(f"{self.user}:{told['realm']}:{self.password}")
        if self.algorithm.lower().endswith("-sess"):
            login = hashed(f"{login}:{told['nonce']}:{told['cnonce']}")
        if told["username"] != self.user:
            return False
        wanted = hashed(
            f"{login}:{told['nonce']}:{told['nc']}:{told['cnonce']}:auth:{hashed(f'{request.method}:{request.path}')}"
        )
        if wanted != told["response"]:
            return False
        assert int(told["nc"], 16) > self.nonces[told["nonce"]], "nc must rise"
        self.nonces[told["nonce"]] = int(told["nc"], 16)
        if self.stale_after and self.nonces[told["nonce"]] >= self.stale_after:
            del self.nonces[told["nonce"]]
        return True

    def refusal(self, *, stale: bool = False) -> bytes:
        reason = self.locked or "Sender not authorized"
        body = ENVELOPE.format(fault("SOAP-ENV:Sender", "ter:NotAuthorized", reason=reason))
        if "digest" not in self.schemes:
            return http(400, body, *self.date())
        nonce = f"{time.perf_counter_ns():032x}"
        self.nonces[nonce] = 0
        mark = ', stale="TRUE"' if stale and not self.silent_stale else ', stale="FALSE"'
        challenge = f'Digest qop="auth", realm="IP Camera(1)", nonce="{nonce}", algorithm={self.algorithm}{mark}'
        return http(401, "" if not self.locked else body, f"WWW-Authenticate: {challenge}", *self.date())


@pytest.fixture
def peers() -> Iterator[Callable[..., Peer]]:
    """Make peers that are closed at the end."""
    made: list[Peer] = []

    def make(answer: Callable[[Request], bytes | None] = lambda _: http(200, "ok"), **more: object) -> Peer:
        made.append(Peer(answer, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for peer in made:
        peer.close()


def device(port: int, **more: object) -> Device:
    """Return a device of the inventory at a port of loopback."""
    place = {"address": "127.0.0.1", "port": port, "timeout_s": 20.0, **more}
    return Device(name="cam-01", kind=Kind.CAMERA, site="s", user="admin", endpoint=Endpoint(**place))  # type: ignore[arg-type]
