"""One question over RTSP: does this login get a picture? Described only, or played until the first packet.

Source: RFC 2326, 10.2 (DESCRIBE), 10.4 (SETUP), 10.5 (PLAY), 10.12 (packets inside the connection); RFC 7616.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final

from fleetctl.errors import BadAnswer, Refused, Unreachable, Unsupported
from fleetctl.model import Device
from fleetctl.protocols.digest import DigestAuth
from fleetctl.protocols.sockets import MAX_HEAD, Dial, dialled

_STATUS: Final = re.compile(rb"RTSP/1\.\d (\d{3})")
_CONTROL: Final = re.compile(r"^a=control:(.+)$", re.MULTILINE)
_RTP_HEAD: Final = 16  # four bytes of framing, twelve of RTP


def answers(device: Device, known_hosts: str = "") -> bool:
    """Return True where the device answers OPTIONS over RTSP, asked without a login.

    Raises Unreachable, BadAnswer (it answers in something else). Source: RFC 2326, 10.1.
    """
    with _talking(device, known_hosts, DigestAuth("", "")) as (talk, url):
        talk.ask("OPTIONS", url, {})
    return True


def describe(device: Device, path: str, password: str, known_hosts: str = "") -> None:
    """Return where the device describes the stream to its `user`; the login is presented once.

    Raises Refused (`credential` where the login was rejected, else because it lacks the right), Unsupported (no such
    stream), Unreachable, BadAnswer.
    """
    _asked(device, path, password, known_hosts, play=False)


def plays(device: Device, path: str, password: str, known_hosts: str = "") -> None:
    """Return where the device sends a packet of the stream's video within its time; raises as `describe`."""
    _asked(device, path, password, known_hosts, play=True)


def _asked(device: Device, path: str, password: str, known_hosts: str, *, play: bool) -> None:
    with _talking(device, known_hosts, DigestAuth(device.user, password)) as (talk, url):
        told = talk.ask("DESCRIBE", url + path, {"Accept": "application/sdp"})
        _judged(told, device.user)
        if play:
            _play(talk, url + path, told)


@contextmanager
def _talking(device: Device, known_hosts: str, auth: DigestAuth) -> Iterator[tuple[_Talk, str]]:
    """Yield the conversation and the address of the device without a path; ends within its time."""
    point = device.endpoint
    dial: Dial = dialled
    if point.via:
        from fleetctl.protocols import tunnel

        dial = tunnel.dial_for(point.via, known_hosts)
    host = f"[{point.address}]" if ":" in point.address else point.address
    try:
        with dial(point.address, point.rtsp_port, point.timeout_s) as sock:
            yield _Talk(sock, monotonic() + point.timeout_s, auth), f"rtsp://{host}:{point.rtsp_port}"
    except TimeoutError as error:
        raise Unreachable(f"no answer over RTSP from {host} within {point.timeout_s:g} s") from error
    except OSError as error:
        raise Unreachable(f"{host} cannot be reached over RTSP: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class _Told:
    """One answer; `presented`: the login was shown with the question."""

    status: int
    headers: dict[str, str]
    body: bytes
    presented: bool


class _Talk:
    """One connection; each question is asked again once, with the login, where the device asks for one."""

    def __init__(self, sock: socket.socket, deadline: float, auth: DigestAuth) -> None:
        self.sock, self.deadline, self._auth = sock, deadline, auth
        self._number = 0
        self.rest = b""

    def ask(self, method: str, url: str, headers: dict[str, str]) -> _Told:
        for _ in (1, 2):
            self._number += 1
            before = self._auth.presented
            self.sock.settimeout(max(self.deadline - monotonic(), 0.001))
            self.sock.sendall(_request(method, self._number, url, headers, self._auth))
            status, lines, body, self.rest = _answer(self.sock, self.deadline, self.rest)
            presented = self._auth.presented != before
            challenges = [value for name, value in lines if name == "www-authenticate"]
            if status != 401 or presented or not self._auth.challenged(challenges):
                break
        return _Told(status, dict(lines), body, presented)

    def packet(self) -> bytes:
        """Return the next piece of what the device sends by itself."""
        piece, self.rest = self.rest, b""
        if piece:
            return piece
        self.sock.settimeout(max(self.deadline - monotonic(), 0.001))
        return self.sock.recv(4096)


def _judged(told: _Told, user: str) -> None:
    if told.status == 200:
        return
    if told.status == 401:
        raise Refused(f"the stream is refused to {user!r}", credential=told.presented)
    if told.status == 403:
        raise Refused(f"{user!r} may not look at this stream")
    raise Unsupported(f"there is no such stream (RTSP {told.status})")


def _play(talk: _Talk, url: str, told: _Told) -> None:
    """Set the video up inside this connection, play, and wait for its first packet (RFC 2326, 10.12)."""
    _, _, video = told.body.decode("utf-8", "replace").replace("\r\n", "\n").partition("\nm=video")
    control = _CONTROL.search(video)
    if control is None:
        raise BadAnswer("the stream is described without video", raw=told.body)
    base = told.headers.get("content-base", "") or url
    # Of what the device names, only the path is used: as everywhere, the inventory says where it is.
    here = url.split("/", 3)[2]
    track = control[1].strip()
    track = track if track.startswith("rtsp://") else f"{base.rstrip('/')}/{track}"
    setup = talk.ask(
        "SETUP", f"rtsp://{here}/{track.split('/', 3)[3]}", {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
    )
    if setup.status != 200:
        raise BadAnswer(f"the stream cannot be set up (RTSP {setup.status})")
    session = setup.headers.get("session", "").partition(";")[0].strip()
    started = talk.ask("PLAY", url, {"Session": session, "Range": "npt=0.000-"})
    if started.status != 200:
        raise BadAnswer(f"the stream does not play (RTSP {started.status})")
    came = b""
    while len(came) < _RTP_HEAD and (piece := talk.packet()):
        came += piece
    if len(came) < _RTP_HEAD or came[:1] != b"$":
        raise BadAnswer("the stream was promised and does not come", raw=came)


def _request(method: str, number: int, url: str, headers: dict[str, str], auth: DigestAuth) -> bytes:
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {number}", "User-Agent: fleetctl"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if authorization := auth.authorization(method, url):
        lines.append(f"Authorization: {authorization}")
    told = "\r\n".join(lines)
    if told.count("\n") != len(lines) - 1 or told.count("\r") != len(lines) - 1:
        raise BadAnswer("the device names a stream with a line end in it")
    return f"{told}\r\n\r\n".encode()


def _answer(sock: socket.socket, deadline: float, head: bytes = b"") -> tuple[int, list[tuple[str, str]], bytes, bytes]:
    """Return status, headers by lower-case name, body, and what came behind it."""
    while b"\r\n\r\n" not in head:
        if len(head) > MAX_HEAD or monotonic() > deadline:
            raise BadAnswer("the device does not answer in RTSP", raw=head)
        piece = sock.recv(4096)
        if not piece:
            raise Unreachable("the device closed the RTSP connection")
        head += piece
    first, _, rest = head.partition(b"\r\n\r\n")
    match = _STATUS.match(first)
    if match is None:
        raise BadAnswer("the device does not answer in RTSP", raw=head)
    split = [line.partition(":") for line in first.decode("latin-1").split("\r\n")[1:]]
    told = [(name.strip().lower(), value.strip()) for name, _, value in split]
    length = min(next((int(v) for n, v in told if n == "content-length" and v.isdecimal()), 0), MAX_HEAD)
    while len(rest) < length and (piece := sock.recv(min(length - len(rest), 4096))):
        rest += piece
    return int(match[1]), told, rest[:length], rest[length:]
