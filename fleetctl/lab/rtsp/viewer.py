"""One viewer of one stream: where its packets go, and their numbers."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fleetctl.lab.rtsp import rtp
from fleetctl.lab.rtsp.rtp import PAYLOAD_TYPES, Unit
from fleetctl.lab.rtsp.stream import VIDEO_CLOCK_HZ, StreamView

BACKLOG_MAX: Final = 4 * 1024 * 1024  # bytes not taken by a slow TCP viewer; then pictures are left out
REPORT_EVERY_S: Final = 5.0
_PORTS: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What a client asked for in SETUP: `first` and `second` are channels (TCP) or its ports (UDP)."""

    tcp: bool
    first: int
    second: int


def chosen(header: str) -> Transport | None:
    """Return the first transport in the client's list that we serve; None: 461."""
    for offer in header.split(","):
        protocol, *parameters = (part.strip() for part in offer.split(";"))
        told = dict(part.partition("=")[::2] for part in parameters)
        tcp = protocol.upper() == "RTP/AVP/TCP"
        found = _PORTS.fullmatch(told.get("interleaved" if tcp else "client_port", ""))
        if (not tcp and protocol.upper() not in ("RTP/AVP", "RTP/AVP/UDP")) or "multicast" in told or found is None:
            continue
        first = int(found[1])
        second = int(found[2]) if found[2] else first + 1
        if max(first, second) <= (255 if tcp else 65535):
            return Transport(tcp=tcp, first=first, second=second)
    return None


class _Heard(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 -- asyncio's signature
        self._heard()


class Track:
    """One track of one viewer."""

    def __init__(self, transport: Transport, stream: StreamView, number: int, heard: Callable[[], None]) -> None:
        self.transport = transport
        self.sequence = secrets.randbelow(0x8000)
        self.source = secrets.randbits(32)
        audio = stream.audio
        self._payload_type = PAYLOAD_TYPES[audio.encoding if number and audio is not None else stream.encoding]
        self._rate = audio.rate_hz if number and audio is not None else VIDEO_CLOCK_HZ
        self._heard = heard
        self._packets = self._octets = 0
        self._reported = 0.0
        self._ends: list[asyncio.DatagramTransport] = []
        self._peer = ""
        self.write: asyncio.StreamWriter | None = None

    async def open_udp(self, local: str, peer: str) -> tuple[int, int]:
        """Bind a pair of ports on the device's own address (RTP even, RTCP odd); raises OSError after ten tries."""
        loop = asyncio.get_running_loop()
        self._peer = peer
        for _ in range(10):
            port = 20000 + 2 * secrets.randbelow(20000)
            with contextlib.suppress(OSError):
                for number in (port, port + 1):
                    end, _ = await loop.create_datagram_endpoint(
                        lambda: _Heard(self._heard), local_addr=(local, number)
                    )
                    self._ends.append(end)
                return port, port + 1
            self.close()
        raise OSError("no free pair of UDP ports")

    def describe(self, ports: tuple[int, int] | None) -> str:
        """Return the Transport header of the reply to SETUP."""
        first, second = self.transport.first, self.transport.second
        if ports is None:
            return f"RTP/AVP/TCP;unicast;interleaved={first}-{second};ssrc={self.source:08X}"
        return f"RTP/AVP;unicast;client_port={first}-{second};server_port={ports[0]}-{ports[1]};ssrc={self.source:08X}"

    def _put(self, data: bytes, *, control: bool) -> None:
        at = self.transport.second if control else self.transport.first
        if self.write is not None:
            self.write.write(b"$" + bytes((at,)) + len(data).to_bytes(2, "big") + data)
        elif self._ends:
            self._ends[1 if control else 0].sendto(data, (self._peer, at))

    def send(self, unit: Unit) -> None:
        """Send one unit, and a sender report now and then."""
        now = time.time()
        if now - self._reported > REPORT_EVERY_S:
            self._reported = now
            report = rtp.sender_report(self.source, now, unit.timestamp, self._packets, self._octets)
            self._put(report, control=True)
        end = len(unit.payloads) - 1
        for number, payload in enumerate(unit.payloads):
            self.sequence += 1
            sent = rtp.packet(
                self._payload_type, payload, self.sequence, unit.timestamp, self.source, last=number == end
            )
            self._put(sent, control=False)
            self._packets += 1
            self._octets += len(payload)

    def close(self) -> None:
        """Give the ports back."""
        for end in self._ends:
            end.close()
        self._ends = []


class Viewer:
    """Somebody who plays a stream: begins at a picture that needs no other, and catches up when too slow."""

    def __init__(self, tracks: dict[int, Track], writer: asyncio.StreamWriter) -> None:
        self._tracks = tracks
        self._writer = writer
        self.waits = True
        self.playing = False  # set when the answer to PLAY is on its way: packets must not come before it

    def take(self, unit: Unit) -> bool:
        """Send a unit; return True when a picture to begin at is needed."""
        if not self.playing:
            return False
        backlog = self._writer.transport.get_write_buffer_size()
        if unit.track == 0:
            if backlog > BACKLOG_MAX:
                self.waits = True
                return False
            if self.waits and not unit.key:
                return True
            self.waits = False
        track = self._tracks.get(unit.track)
        if track is not None and backlog <= BACKLOG_MAX:
            track.send(unit)
        return False
