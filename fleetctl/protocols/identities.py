"""Who a device says it is, and when two serial numbers or MAC addresses mean one device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a device tells of itself, whichever protocol asked; "" where it tells nothing that identifies."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial_number: str = ""
    hardware_id: str = ""
    mac_address: str = ""


# What cheap devices tell instead of a serial number (field facts, what users ask, 4).
_JUNK: Final = frozenset({"", "0", "none", "null", "n/a", "unknown", "serialnumber", "serial", "default", "123456"})


def serial(told: str) -> str:
    """Return a serial number as told, "" where it names no single device."""
    bare = _bare(told)
    return "" if bare.lower() in _JUNK or not bare.strip("0") else told.strip()


def mac(told: str) -> str:
    """Return a MAC address as aa:bb:cc:dd:ee:ff; "" for anything else, for all zeros and for broadcast."""
    digits = "".join(c for c in told.lower() if c not in ":-. ")
    if len(digits) != 12 or any(c not in "0123456789abcdef" for c in digits):
        return ""
    if digits in ("0" * 12, "f" * 12):
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def same_serial(one: str, other: str) -> bool:
    """Return whether two serial numbers are one: blanks, hyphens and case do not count. Junk is never the same."""
    return bool(serial(one)) and _bare(serial(one)) == _bare(serial(other))


def same_mac(one: str, other: str) -> bool:
    """Return whether two MAC addresses are one, in whatever notation."""
    return bool(mac(one)) and mac(one) == mac(other)


def _bare(told: str) -> str:
    return "".join(c for c in told if c not in " -\t").upper()
