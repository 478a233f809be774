"""Disks and the state of channels over ISAPI. Reading only; a disk is formatted by the action of that name.

Source: field facts, NVR and vendor protocols, 1.5 (storage; sizes in MB, decimal).
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from fleetctl.aspects.state import ChannelState, State
from fleetctl.aspects.storage import Disk, Health, Storage, judge
from fleetctl.drivers.hikvision import footage
from fleetctl.drivers.hikvision.channels import SOURCE, address_of, bound, status_of
from fleetctl.drivers.hikvision.documents import items
from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Cell, FrozenMap, Unset, Untold
from fleetctl.model.footage import RECENT_S
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import Element, boolean, child, number, text

STORAGE: Final = "/ISAPI/ContentMgmt/Storage"
_GHOST: Final = "notexist"
_HEALTH: Final = {
    "ok": Health.OK,
    "normal": Health.OK,
    "idle": Health.OK,  # asleep
    "unformatted": Health.UNFORMATTED,
    "unrecordhostformatted": Health.UNFORMATTED,
    "error": Health.FAILED,
    "abnormal": Health.FAILED,
    "smartfailed": Health.FAILED,
    "mismatch": Health.FAILED,
    "offline": Health.FAILED,
}


def disks(session: Session) -> dict[str, Element]:
    """Return the disks by their number; rows of disks that are not there any more are left out."""
    found = items(child_of(session), "hdd")
    return {text(d, "id"): d for d in found if text(d, "id") and text(d, "status").lower() != _GHOST}


def child_of(session: Session) -> Element:
    """Return the list of disks."""
    root = session.read(STORAGE)
    listed = child(root, "hddList")
    if listed is None:
        raise Unsupported("the recorder lists no disks")
    return listed


def health_of(disk: Element) -> Health:
    """Return how a disk is."""
    return _HEALTH.get(text(disk, "status").lower(), Health.UNKNOWN)


def capacity_bytes(session: Session) -> float:
    """Return the size of all disks that are well."""
    well = (disk for disk in disks(session).values() if health_of(disk) is Health.OK)
    return float(sum((number(disk, "capacity") or 0) * 1e6 for disk in well))


def read_storage(session: Session) -> Storage:
    """Read the disks."""
    return Storage(disks=FrozenMap({key: _disk(disk) for key, disk in disks(session).items()}))


def _disk(disk: Element) -> Disk:
    return Disk(
        health=health_of(disk),
        told=text(disk, "status"),
        capacity_gb=_gb(disk, "capacity"),
        free_gb=_gb(disk, "freeSpace"),
        model=text(disk, "hddModel") or UNSET,
        serial_number=text(disk, "hddSerialNumber") or UNSET,
    )


def _gb(disk: Element, name: str) -> float | Unset:
    told = number(disk, name)
    return UNSET if told is None else round(told / 1000, 1)


# --- state -----------------------------------------------------------------------------------------


def read_state(session: Session) -> State:
    """Read each channel with a camera: online, recording now, newest footage."""
    channels = {text(channel, "id"): channel for channel in bound(session)}
    newest = tried(footage.newest, session, list(channels), 60)
    now = tried(footage.now, session)
    return State(channels=FrozenMap({key: _state(session, key, c, newest, now) for key, c in channels.items()}))


def _state(session: Session, key: str, channel: Element, newest: Any, now: Any) -> ChannelState:
    told = tried(status_of, session, key)
    online: Any = told if isinstance(told, Untold) else boolean(told, "online") or False
    known = not isinstance(newest, Untold) and not isinstance(now, Untold)
    last = newest.get(key) if known else None
    age_s = (now - last).total_seconds() if last is not None else None
    return ChannelState(
        online=online,
        told=UNSET if isinstance(told, Untold) else text(told, "chanDetectResult") or UNSET,
        recording=(age_s is not None and age_s < RECENT_S) if known else UNSET,
        last_segment=f"{last:%Y-%m-%d %H:%M:%S}" if last is not None else UNSET,
        address=address_of(channel),
        name=unicodedata.normalize("NFC", text(channel, "name")),
        serial_number=text(channel, f"{SOURCE}/serialNumber") or UNSET,
        model=text(channel, f"{SOURCE}/model") or UNSET,
        firmware=text(channel, f"{SOURCE}/firmwareVersion") or UNSET,
    )


CELLS = (
    Cell(aspect="storage", protocol="isapi", read=read_storage, judge=judge),
    Cell(aspect="state", protocol="isapi", read=read_state),
)
