"""One question over RTSP: does this login get a picture? DESCRIBE with a digest login, and nothing more.

Source: RFC 2326, 10.2; RFC 7616.
"""

from __future__ import annotations

import re
import socket
from time import monotonic
from typing import Final

from fleetctl.errors import BadAnswer, Refused, Unreachable, Unsupported
from fleetctl.model import Device
from fleetctl.protocols.digest import DigestAuth
from fleetctl.protocols.sockets import MAX_HEAD, Dial, dialled

_STATUS: Final = re.compile(rb"RTSP/1\.\d (\d{3})")


def describe(device: Device, path: str, password: str, known_hosts: str = "") -> None:
    """Return where the device describes the stream to its `user`; the login is presented once.

    Raises Refused (`credential` where the login was rejected, else because it lacks the right), Unsupported (no such
    stream), Unreachable, BadAnswer.
    """
    point = device.endpoint
    deadline = monotonic() + point.timeout_s
    dial: Dial = dialled
    if point.via:
        from fleetctl.protocols import tunnel

        dial = tunnel.dial_for(point.via, known_hosts)
    host = f"[{point.address}]" if ":" in point.address else point.address
    url = f"rtsp://{host}:{point.rtsp_port}{path}"
    auth = DigestAuth(device.user, password)
    try:
        sock = dial(point.address, point.rtsp_port, point.timeout_s)
        with sock:
            for number in (1, 2):
                sock.settimeout(max(deadline - monotonic(), 0.001))
                sock.sendall(_request(number, url, auth))
                status, challenges = _answer(sock, deadline)
                if status != 401 or auth.presented or not auth.challenged(challenges):
                    break
    except TimeoutError as error:
        raise Unreachable(f"no answer over RTSP from {host} within {point.timeout_s:g} s") from error
    except OSError as error:
        raise Unreachable(f"{host} cannot be reached over RTSP: {error.strerror or error}") from error
    if status == 200:
        return
    if status == 401:
        raise Refused(f"the stream is refused to {device.user!r}", credential=bool(auth.presented))
    if status == 403:
        raise Refused(f"{device.user!r} may not look at this stream")
    raise Unsupported(f"there is no such stream (RTSP {status})")


def _request(number: int, url: str, auth: DigestAuth) -> bytes:
    lines = [f"DESCRIBE {url} RTSP/1.0", f"CSeq: {number}", "User-Agent: fleetctl", "Accept: application/sdp"]
    if authorization := auth.authorization("DESCRIBE", url):
        lines.append(f"Authorization: {authorization}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answer(sock: socket.socket, deadline: float) -> tuple[int, list[str]]:
    """Return status and challenges of the next answer; its body is read and thrown away."""
    head = b""
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
    lines = first.decode("latin-1").split("\r\n")[1:]
    told = [line.partition(":") for line in lines]
    length = next((int(v) for k, _, v in told if k.lower() == "content-length" and v.strip().isdecimal()), 0)
    left = min(length, MAX_HEAD) - len(rest)
    while left > 0 and (piece := sock.recv(min(left, 4096))):
        left -= len(piece)
    return int(match[1]), [value.strip() for key, _, value in told if key.lower() == "www-authenticate"]
