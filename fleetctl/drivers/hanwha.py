"""Hanwha (Wisenet, formerly Samsung Techwin) cameras and recorders over ONVIF; what only SUNAPI could do is left.

Source: field facts, NVR and vendor protocols, 4.2: no login before one is made on the device, 15 characters at most;
the maker's manuals (QND-6011, SNB-7004, SND-6011R) for the other rules, of which the strictest are taken, and the lock.
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind, LoginLock, PasswordPolicy


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("hanwha", "wisenet", "samsung techwin"))


DRIVER = Driver(
    name="hanwha",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(),
    passwords=PasswordPolicy(most=15, classes=3, forbidden=" \"&',:;<>\\", run=3, user_in_it=False),
    lock=LoginLock(refusals=5, lock_s=30.0, account=True),
)
