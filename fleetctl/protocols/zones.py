"""Time zones as devices write them (POSIX TZ, in the shapes vendors give it) and as people name them (IANA)."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# The name that stands for every zone of a fixed offset, in seconds east of Greenwich.
_STANDS_FOR: Final = {
    0: "UTC",
    19800: "Asia/Kolkata",
    25200: "Asia/Ho_Chi_Minh",
    28800: "Asia/Shanghai",
    32400: "Asia/Tokyo",
}
_KNOWN: Final = {name: offset for offset, name in _STANDS_FOR.items()}
_DAYS: Final = tuple(datetime.datetime(2030, month, 1, tzinfo=datetime.UTC) for month in (1, 4, 7, 10))
_POSIX: Final = re.compile(
    r"(?P<name>[A-Za-z]{1,}|<[A-Za-z0-9+-]+>)"
    r"(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}))?)?"
    r"(?P<summer>[A-Za-z<].*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What a device's zone text means: seconds east of Greenwich, and its summer rule ("" for none)."""

    offset_s: int
    summer: str = ""


def parse(told: str, *, shown_offset_s: int | None = None) -> Zone | None:
    """Return the meaning of a POSIX TZ text or an IANA name, None where it is neither.

    POSIX counts west of Greenwich: `CST-7:00:00` is 7 hours east. Some devices count the other way; where the
    device shows both local time and UTC, `shown_offset_s` is their difference and decides the sign.
    """
    if (match := _POSIX.fullmatch(told.strip())) is not None:
        parts = [int(match[name] or 0) for name in ("hours", "minutes", "seconds")]
        offset = (parts[0] * 3600 + parts[1] * 60 + parts[2]) * (1 if match["sign"] == "-" else -1)
        if offset and shown_offset_s == -offset and not match["summer"]:
            offset = -offset
        return Zone(offset_s=offset, summer=match["summer"] or "")
    fixed = fixed_offset_s(told.strip())
    return None if fixed is None else Zone(offset_s=fixed)


@lru_cache(maxsize=1024)
def fixed_offset_s(name: str) -> int | None:
    """Return the offset of an IANA zone in seconds east, None where it is unknown or has daylight saving."""
    if name in _KNOWN:
        return _KNOWN[name]
    try:
        zone = zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
    offsets = {day.astimezone(zone).utcoffset() for day in _DAYS}
    offset = offsets.pop()
    return None if offsets or offset is None else int(offset.total_seconds())


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """Return the name that stands for all zones of the same fixed offset; other names are returned as they are.

    Asia/Bangkok and Etc/GMT-7 are Asia/Ho_Chi_Minh. A device tells an offset, never a country.
    """
    offset = fixed_offset_s(name)
    return name if offset is None else named(offset)


def named(offset_s: int) -> str:
    """Return the name that stands for a fixed offset in seconds east of Greenwich."""
    if offset_s in _STANDS_FOR:
        return _STANDS_FOR[offset_s]
    hours, rest = divmod(abs(offset_s), 3600)
    sign = "-" if offset_s > 0 else "+"
    limit = 14 if offset_s > 0 else 12
    if not rest and hours <= limit:
        return f"Etc/GMT{sign}{hours}"
    return f"UTC{'+' if offset_s > 0 else '-'}{hours:02}:{rest // 60:02}"


def shaped(offset_s: int, like: str, *, shown_offset_s: int | None = None) -> str:
    """Return POSIX TZ text for a fixed offset, in the shape in which the device wrote `like`.

    Hikvision takes `CST-7:00:00` and refuses `ICT-7`; others know `<+07>-7` or IANA names only. Where the
    device writes nothing, or a zone with daylight saving, it is `UTC-7`.
    """
    match = _POSIX.fullmatch(like.strip())
    if match is None:
        return named(offset_s) if "/" in like and "/" in named(offset_s) else _written("UTC", offset_s, ("", ""))
    name = "UTC" if match["summer"] else match["name"]
    told = Zone(offset_s=0) if match["summer"] else parse(like)
    inverted = told is not None and told.offset_s != 0 and shown_offset_s == -told.offset_s
    if name.startswith("<"):
        hours, rest = divmod(abs(offset_s), 3600)
        name = f"<{'-' if offset_s < 0 else '+'}{hours:02}{f'{rest // 60:02}' if rest else ''}>"
    shape = ("", "") if match["summer"] else (match["minutes"] or "", match["seconds"] or "")
    return _written(name, -offset_s if inverted else offset_s, shape, wide=len(match["hours"]) == 2)


def _written(name: str, offset_s: int, shape: tuple[str, str], *, wide: bool = False) -> str:
    hours, rest = divmod(abs(offset_s), 3600)
    minutes, seconds = divmod(rest, 60)
    sign = "+" if offset_s < 0 else "-" if offset_s > 0 else ""
    told = f"{hours:02}" if wide else f"{hours}"
    if shape[0] or minutes or seconds:
        told += f":{minutes:02}" if len(shape[0]) != 1 else f":{minutes}"
    if shape[1] or seconds:
        told += f":{seconds:02}" if len(shape[1]) != 1 else f":{seconds}"
    return f"{name}{sign}{told}"
