"""RTP: pictures and sound cut into packets, and the session description that tells how."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fleetctl.lab.rtsp.stream import VIDEO_CLOCK_HZ, StreamView

PAYLOAD_MAX: Final = 1400  # bytes; with all headers below the 1,500 of Ethernet
PAYLOAD_TYPES: Final = {"H264": 96, "H265": 96, "JPEG": 26, "G711": 0, "AAC": 97}
_START_CODE: Final = re.compile(rb"\x00\x00\x00?\x01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One picture or one piece of sound, ready to be sent to any viewer; the last packet bears the marker."""

    track: int  # 0 picture, 1 sound
    timestamp: int  # in the track's clock, from the stream's start
    payloads: tuple[bytes, ...]
    key: bool  # a viewer can begin here


def nal_units(stream: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B byte stream."""
    return [part for part in _START_CODE.split(stream) if part]


def _fragments(header: bytes, kind: int, body: bytes) -> Iterator[bytes]:
    """Cut one NAL unit into fragmentation units; `header` is what precedes the fragment's own octet."""
    room = PAYLOAD_MAX - len(header) - 1
    for at in range(0, len(body), room):
        first, last = at == 0, at + room >= len(body)
        yield header + bytes(((0x80 if first else 0) | (0x40 if last else 0) | kind,)) + body[at : at + room]


def h264_payloads(units: Sequence[bytes]) -> tuple[bytes, ...]:
    """Source: RFC 6184 sections 5.6 and 5.8 (single NAL unit packets, FU-A)."""
    found: list[bytes] = []
    for unit in units:
        if len(unit) <= PAYLOAD_MAX:
            found.append(unit)
        else:
            found.extend(_fragments(bytes(((unit[0] & 0xE0) | 28,)), unit[0] & 0x1F, unit[1:]))
    return tuple(found)


def h265_payloads(units: Sequence[bytes]) -> tuple[bytes, ...]:
    """Source: RFC 7798 sections 4.4.1 and 4.4.3 (single NAL unit packets, fragmentation units)."""
    found: list[bytes] = []
    for unit in units:
        if len(unit) <= PAYLOAD_MAX:
            found.append(unit)
        else:
            header = bytes(((unit[0] & 0x81) | (49 << 1), unit[1]))
            found.extend(_fragments(header, (unit[0] >> 1) & 0x3F, unit[2:]))
    return tuple(found)


def _jpeg_parts(jpeg: bytes) -> tuple[bytes, int, int, bytes]:
    """Return quantisation tables, width, height and scan of a baseline 4:2:0 JPEG."""
    tables, width, height, at = b"", 0, 0, 2
    while at < len(jpeg):
        marker, length = struct.unpack_from(">HH", jpeg, at)
        segment = jpeg[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xFFDB:
            tables += b"".join(segment[start + 1 : start + 65] for start in range(0, len(segment), 65))
        elif marker == 0xFFC0:
            height, width = struct.unpack_from(">HH", segment, 1)
        elif marker == 0xFFDA:
            break
    return tables, width, height, jpeg[at:-2]


def jpeg_payloads(jpeg: bytes) -> tuple[bytes, ...]:
    """Source: RFC 2435 section 3.1: type 1 (4:2:0), Q 255 with the tables in the first packet."""
    tables, width, height, scan = _jpeg_parts(jpeg)
    found: list[bytes] = []
    at = 0
    while at < len(scan):
        header = struct.pack(">IBBBB", at, 1, 255, width // 8, height // 8)
        if at == 0:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        room = PAYLOAD_MAX - len(header)
        found.append(header + scan[at : at + room])
        at += room
    return tuple(found)


def aac_payload(frame: bytes) -> bytes:
    """Source: RFC 3640 section 3.3.6 (AAC-hbr, one access unit)."""
    return struct.pack(">HH", 16, len(frame) << 3) + frame


def packet(payload_type: int, payload: bytes, sequence: int, timestamp: int, source: int, *, last: bool) -> bytes:
    """Return one RTP packet (RFC 3550 section 5.1); numbers wrap around by themselves."""
    kind = payload_type | (0x80 if last else 0)
    return struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source) + payload


def sender_report(source: int, utc_s: float, timestamp: int, packets: int, octets: int) -> bytes:
    """Return an RTCP sender report (RFC 3550 section 6.4.1), which ties the tracks' clocks together."""
    seconds = int(utc_s)
    fraction = int((utc_s - seconds) * 2**32)
    counts = (timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return struct.pack(">BBHIIIIII", 0x80, 200, 6, source, seconds + 2_208_988_800, fraction, *counts)


def description(stream: StreamView, video_header: bytes, audio_header: bytes, address: str) -> str:
    """Return the SDP (RFC 4566) of a stream, lines ended by CRLF."""
    width, height = stream.size
    lines = [
        "v=0", f"o=- 1 1 IN IP4 {address}", "s=Media Presentation", f"c=IN IP4 {address}", "t=0 0", "a=control:*",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPES[stream.encoding]}", f"b=AS:{stream.bitrate_kbps}",
        *_video_lines(stream, video_header), f"a=framerate:{stream.fps:g}",
        f"a=x-dimensions:{width},{height}", "a=control:trackID=0",
    ]  # fmt: skip
    if stream.audio is not None:
        kind, rate = PAYLOAD_TYPES[stream.audio.encoding], stream.audio.rate_hz
        lines.append(f"m=audio 0 RTP/AVP {kind}")
        if stream.audio.encoding == "AAC":
            lines.append(f"a=rtpmap:{kind} MPEG4-GENERIC/{rate}/1")
            lines.append(
                f"a=fmtp:{kind} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
                f"indexdeltalength=3;config={audio_header.hex().upper()}"
            )
        else:
            lines.append(f"a=rtpmap:{kind} PCMU/8000")
        lines.append("a=control:trackID=1")
    return "".join(f"{line}\r\n" for line in lines)


def _video_lines(stream: StreamView, header: bytes) -> list[str]:
    kind = PAYLOAD_TYPES[stream.encoding]
    if stream.encoding == "JPEG":
        return [f"a=rtpmap:{kind} JPEG/{VIDEO_CLOCK_HZ}"]
    units = nal_units(header)
    told = [base64.b64encode(unit).decode() for unit in units]
    if stream.encoding == "H264":
        level = units[0][1:4].hex().upper()
        sets = f"packetization-mode=1;profile-level-id={level};sprop-parameter-sets={','.join(told)}"
    else:
        sets = ";".join(f"sprop-{name}={value}" for name, value in zip(("vps", "sps", "pps"), told, strict=True))
    return [f"a=rtpmap:{kind} {stream.encoding}/{VIDEO_CLOCK_HZ}", f"a=fmtp:{kind} {sets}"]
