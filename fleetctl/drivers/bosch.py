"""Bosch cameras over ONVIF.

Source: captures: Bosch AUTODOME IP 5000i 7.80.
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind, PasswordPolicy


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("bosch",))


DRIVER = Driver(
    name="bosch",
    kinds=frozenset({Kind.CAMERA}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(("service", "service"),),
    passwords=PasswordPolicy(most=19),
)
