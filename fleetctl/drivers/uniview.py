"""Uniview cameras and recorders over ONVIF.

Source: field facts, onvif 2 (quirk 16).
"""

from __future__ import annotations

import re
from typing import Final

from fleetctl.aspects.firmware import Firmware, judge, read
from fleetctl.model import Cell, Driver, Gap, Kind, PasswordPolicy, Release, release_of


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("uniview", "unv"))


_VERSION: Final = re.compile(r"-B(\d+)P(\d+)D(\d+)C(\d+)")


def release(told: str) -> Release | None:
    """Read `IPC_Q1201-B5030P60D1907C99`: branch, patch, date and what it was made for."""
    found = _VERSION.search(told)
    if found is None:
        return release_of(told)
    branch, patch, date, customer = found.groups()
    return Release(numbers=(int(branch), int(patch), int(customer)), build=date)


def _judge(actual: Firmware, expected: Firmware) -> tuple[Gap, ...]:
    return judge(actual, expected, release)


DRIVER = Driver(
    name="uniview",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_recognises,
    cells=(Cell(aspect="firmware", protocol="onvif", read=read, judge=_judge),),
    release=release,
    default_logins=(("admin", "123456"),),
    passwords=PasswordPolicy(most=32),
)
