"""Dahua and its OEMs (KBVision, Intelbras, Amcrest): cameras over ONVIF, recorders over CGI and JSON pages.

Source: field facts, NVR and vendor protocols, 2: the firmware decides how a unit behaves, not its brand;
2.1 (& cannot be sent), 2.2 (the account is locked, for everybody), 2.5 (what a password may be).
"""

from __future__ import annotations

from fleetctl.drivers.dahua import actions, behind, channels, network, storage, system, tracks, users
from fleetctl.model import Driver, FrozenMap, Kind, LoginLock, PasswordPolicy

_BRANDS = ("dahua", "kbvision", "general", "intelbras", "amcrest", "lorex")


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(_BRANDS)


DRIVER = Driver(
    name="dahua",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    protocols_by_kind=FrozenMap({Kind.NVR: ("dahua",)}),
    recognises=_recognises,
    cells=(
        *system.CELLS,
        *channels.CELLS,
        *tracks.CELLS,
        *storage.CELLS,
        *network.CELLS,
        *users.CELLS,
    ),
    behind=behind.CELLS,
    actions=actions.ACTIONS,
    default_logins=(("admin", "admin"),),
    first_account=actions.FIRST_ACCOUNT,
    passwords=PasswordPolicy(most=32, forbidden="&", run=3, user_in_it=False, user_backwards=False),
    lock=LoginLock(refusals=5, lock_s=1800.0, account=True),
)
