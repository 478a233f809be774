"""Hikvision: cameras over ONVIF, recorders over ISAPI. OEM recorders (HiLook, HiWatch) speak the same.

Firmware before 5.3 has a factory login; newer has no password until it is activated.

Source: field facts, NVR and vendor protocols, 0.4, 0.9 and 1.2 (passwords of 8 to 16 characters; locked after 5 or 7
refusals for 30 minutes, by address); the maker's manual of DS-90xxHUHI for the characters it takes.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.drivers.hikvision import actions, behind, channels, network, storage, streams, system, tracks, users
from fleetctl.model import Driver, FrozenMap, Kind, LoginLock, PasswordPolicy


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("hikvision", "hik", "hilook", "hiwatch"))


DRIVER = Driver(
    name="hikvision",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    protocols_by_kind=FrozenMap({Kind.NVR: ("isapi",)}),
    recognises=_recognises,
    cells=(
        *system.CELLS,
        *channels.CELLS,
        *tracks.CELLS,
        *storage.CELLS,
        *network.CELLS,
        *users.CELLS,
    ),
    better=(replace(streams.CELL, beyond=("main_smart_codec", "sub_smart_codec")),),
    behind=behind.CELLS,
    actions=actions.ACTIONS,
    default_logins=(("admin", "12345"),),
    passwords=PasswordPolicy(most=16, forbidden=" ;`~", user_in_it=False, user_backwards=False),
    lock=LoginLock(refusals=5, lock_s=1800.0),
    first_account=actions.FIRST_ACCOUNT,
)
