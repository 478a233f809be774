"""Who a device says it is, whichever protocol asked; pure values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# What devices put where they have no serial number.
_JUNK: Final = frozenset({"", "SERIALNUMBER", "SERIAL", "NONE", "NULL", "NA", "N/A", "UNKNOWN", "DEFAULT", "123456"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a device tells of itself; "" where it tells nothing that identifies.

    `serial_number` is as the device prints it (compare with `same_serial`), `mac_address` is `aa:bb:cc:dd:ee:ff`.
    """

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial_number: str = ""
    hardware_id: str = ""
    mac_address: str = ""


def plain_serial(told: str) -> str:
    """Return a serial number without blanks and hyphens, in capitals; "" for what identifies nothing ("0", "None").

    Source: Hikvision M-series prints one serial with a hyphen over ISAPI and without over the SDK.
    """
    plain = re.sub(r"[\s_-]", "", told).upper()
    return "" if plain in _JUNK or not plain.strip("0") else plain


def same_serial(one: str, other: str) -> bool:
    """Tell whether two serial numbers are the same device's; an empty or junk one is never the same as anything."""
    return bool(plain_serial(one)) and plain_serial(one) == plain_serial(other)


def plain_mac(told: str) -> str:
    """Return a MAC address as `aa:bb:cc:dd:ee:ff`; "" for what is none, all zeros or all ones."""
    digits = re.sub(r"[\s:.-]", "", told).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or digits in ("0" * 12, "f" * 12):
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def same_mac(one: str, other: str) -> bool:
    """Tell whether two MAC addresses are the same; an empty one is never the same as anything."""
    return bool(plain_mac(one)) and plain_mac(one) == plain_mac(other)
