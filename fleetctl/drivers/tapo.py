"""TP-Link Tapo cameras over ONVIF: accept much and do little.

Source: field facts, onvif 2 (46 of 82 operations unsupported; quirks 21, 23).
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind, PasswordPolicy


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("tp-link", "tplink", "tapo"))


DRIVER = Driver(
    name="tapo",
    kinds=frozenset({Kind.CAMERA}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(("admin", "admin"),),
    passwords=PasswordPolicy(most=32),
)
