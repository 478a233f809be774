"""Bosch cameras over ONVIF.

Source: captures: Bosch AUTODOME IP 5000i 7.80.
"""

from __future__ import annotations

import re

from fleetctl.aspects.firmware import Firmware, judge, read
from fleetctl.model import Cell, Driver, Gap, Kind, PasswordPolicy, Release, release_of


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("bosch",))


def release(told: str) -> Release | None:
    """Read `7.83.0027`, and `783` for the same without its last part (field facts, 5.6)."""
    short = re.fullmatch(r"\s*(\d)(\d\d)\s*", told)
    return release_of(told) if short is None else Release(numbers=(int(short[1]), int(short[2])))


def _judge(actual: Firmware, expected: Firmware) -> tuple[Gap, ...]:
    return judge(actual, expected, release)


DRIVER = Driver(
    name="bosch",
    kinds=frozenset({Kind.CAMERA}),
    protocols=("onvif",),
    recognises=_recognises,
    cells=(Cell(aspect="firmware", protocol="onvif", read=read, judge=_judge),),
    release=release,
    default_logins=(("service", "service"),),
    passwords=PasswordPolicy(most=19),
)
