"""Reolink cameras over ONVIF.

Source: captures: Reolink E1 Zoom v3.1.0.
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind, PasswordPolicy


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("reolink",))


DRIVER = Driver(
    name="reolink",
    kinds=frozenset({Kind.CAMERA}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(("admin", ""),),
    passwords=PasswordPolicy(most=31),
)
