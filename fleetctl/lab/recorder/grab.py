"""A recorder's pull of a camera's stream: RTSP over TCP until one whole picture that needs no other has come.

Source: RFC 2326; RFC 6184 (H.264), RFC 7798 (H.265), RFC 2435 (JPEG) for the packets.
"""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import dataclass
from typing import Final

from fleetctl.lab.recorder import wire
from fleetctl.lab.recorder.wire import Heard, Line, Unanswered

PACKETS_MAX: Final = 4000
PICTURE_S: Final = 8.0
_START: Final = b"\0\0\0\1"
_SETS: Final = re.compile(r"sprop-(?:parameter-sets|vps|sps|pps)=([^;\s]+)")


class Refused(Exception):
    """The camera does not give the stream; `status` is its RTSP status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One key picture as a decoder takes it, its codec, and the stream's bit rate by the camera's own word."""

    codec: str
    data: bytes
    kbps: int


class _Talk:
    def __init__(self, line: Line, url: str, login: tuple[str, str]) -> None:
        self._line, self._url, self._login = line, url, login
        self._sequence = 0
        self._told: dict[str, str] = {}

    async def ask(self, method: str, url: str, **headers: str) -> Heard:
        heard = await self._once(method, url, headers)
        if heard.status == 401 and not self._told and (told := dict(heard.challenge())):
            self._told = told
            heard = await self._once(method, url, headers)
        if heard.status != 200:
            raise Refused(heard.status)
        return heard

    async def _once(self, method: str, url: str, headers: dict[str, str]) -> Heard:
        reader, writer = await self._line.open()
        self._sequence += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._sequence}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self._told:
            lines.append(f"Authorization: {wire.digest(self._told, method, url, self._login)}")
        writer.write("\r\n".join((*lines, "", "")).encode())
        while (first := await reader.readexactly(1)) == b"$":
            await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:], "big"))
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(min(int(length[1]), wire.BODY_MAX)) if length else b""
        words = head.split(" ", 2)
        if len(words) < 3 or not words[1].isdigit():
            raise Unanswered("no RTSP")
        return Heard(status=int(words[1]), head=head, body=body)


async def grab(source: str, address: str, port: int, path: str, login: tuple[str, str]) -> Picture:
    """Pull one key picture; raises Refused, Unanswered."""
    url = f"rtsp://{address}:{port}{path}"
    try:
        async with asyncio.timeout(PICTURE_S), Line(source, address, port) as line:
            talk = _Talk(line, url, login)
            told = (await talk.ask("DESCRIBE", url, Accept="application/sdp")).body.decode("utf-8", "replace")
            video = told.partition("m=video")[2].partition("\r\nm=")[0]
            if not video:
                raise Refused(404)
            codec = next((name for name in ("H264", "H265", "JPEG") if f"{name}/90000" in video), "")
            control = re.search(r"a=control:(\S+)", video)
            rate = re.search(r"b=AS:(\d+)", video)
            track = f"{url}/{control[1] if control else 'trackID=0'}"
            setup = await talk.ask("SETUP", track, Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
            session = re.search(r"\r\nsession:\s*([^;\s]+)", setup.head, re.IGNORECASE)
            number = session[1] if session else ""
            await talk.ask("PLAY", url, Session=number, Range="npt=0.000-")
            sets = [base64.b64decode(one) for all_ in _SETS.findall(video) for one in all_.split(",")]
            data = await _picture(line, codec, sets)
            reader, writer = await line.open()
            del reader
            writer.write(f"TEARDOWN {url} RTSP/1.0\r\nCSeq: 99\r\nSession: {number}\r\n\r\n".encode())
            return Picture(codec=codec, data=data, kbps=int(rate[1]) if rate else 0)
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise Unanswered(type(error).__name__) from None


async def _picture(line: Line, codec: str, sets: list[bytes]) -> bytes:
    """Read packets until a key picture is whole (the marker ends it)."""
    reader, _ = await line.open()
    units: list[bytes] = []
    key = False
    for _ in range(PACKETS_MAX):
        while (await reader.readexactly(1)) != b"$":
            pass
        head = await reader.readexactly(3)
        packet = await reader.readexactly(int.from_bytes(head[1:], "big"))
        if head[0] != 0 or len(packet) < 13:
            continue
        key = _take(codec, packet[12:], units) or key
        if packet[1] & 0x80:  # the marker: the picture is whole
            if codec == "JPEG":
                return b"".join(units)
            if key:
                return b"".join(_START + unit for unit in (*sets, *units))
            units, key = [], False
    raise Unanswered("no key picture")


def _take(codec: str, payload: bytes, units: list[bytes]) -> bool:
    """Add a packet's piece to the picture; True for a piece of a picture that needs no other."""
    if codec == "JPEG":
        units.append(payload)
        return True
    if codec == "H264":
        kind, fragment = payload[0] & 0x1F, payload[0] & 0x1F == 28
        if fragment:
            kind = payload[1] & 0x1F
            _join(units, bytes(((payload[0] & 0xE0) | kind,)), payload[1], payload[2:])
        else:
            units.append(payload)
        return kind == 5
    kind, fragment = (payload[0] >> 1) & 0x3F, (payload[0] >> 1) & 0x3F == 49
    if fragment:
        kind = payload[2] & 0x3F
        _join(units, bytes(((payload[0] & 0x81) | (kind << 1), payload[1])), payload[2], payload[3:])
    else:
        units.append(payload)
    return 16 <= kind <= 21


def _join(units: list[bytes], header: bytes, flags: int, piece: bytes) -> None:
    if flags & 0x80:
        units.append(header + piece)
    elif units:
        units[-1] += piece
