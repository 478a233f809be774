"""Disks and the state of channels over Dahua's CGI. Reading only; a disk is formatted by the action of that name.

Source: field facts, NVR and vendor protocols, 2.6; capture: storageDevice of DH-NVR608H (UsedBytes is TotalBytes on a
fresh and on a full disk alike).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fleetctl.aspects.state import ChannelState, State
from fleetctl.aspects.storage import Disk, Health, Storage, judge
from fleetctl.drivers.dahua import footage
from fleetctl.drivers.dahua.channels import Slot, bound, states, titles
from fleetctl.model import UNSET, Cell, FrozenMap, Unset, Untold
from fleetctl.model.footage import RECENT_S
from fleetctl.protocols.dahua import Session, keyvalue
from fleetctl.protocols.onvif_parts import tried

_HEALTH: Final = {
    "success": Health.OK,
    "running": Health.OK,
    "initializing": Health.UNKNOWN,
    "unformatted": Health.UNFORMATTED,
    "uninitialized": Health.UNFORMATTED,
    "error": Health.FAILED,
    "failed": Health.FAILED,
    "offline": Health.FAILED,
}


def disks(session: Session) -> dict[str, dict[str, str]]:
    """Return what is told of each disk, by its number counted from "1"."""
    told = session.read("storageDevice", "getDeviceAllInfo")
    return {str(n + 1): keyvalue.under(told, f"list.info[{n}]") for n in keyvalue.indexes(told, "list.info")}


def _details(disk: Mapping[str, str]) -> list[dict[str, str]]:
    return [keyvalue.under(disk, f"Detail[{n}]") for n in keyvalue.indexes(disk, "Detail")]


def health_of(disk: Mapping[str, str]) -> Health:
    """Return how a disk is: by its state, and by its parts' errors."""
    if any(keyvalue.boolean(part.get("IsError")) for part in _details(disk)):
        return Health.FAILED
    return _HEALTH.get(disk.get("State", "").lower(), Health.UNKNOWN)


def _total_bytes(disk: Mapping[str, str]) -> float:
    """Return the size of the part that recordings are on: the whole disk is told as a part as well."""
    told = [keyvalue.number(part.get("TotalBytes")) or 0.0 for part in _details(disk)]
    return min((size for size in told if size), default=0.0)


def capacity_bytes(session: Session) -> float:
    """Return the size of all disks that are well."""
    return float(sum(_total_bytes(d) for d in disks(session).values() if health_of(d) is Health.OK))


def read_storage(session: Session) -> Storage:
    """Read the disks."""
    return Storage(disks=FrozenMap({key: _disk(disk) for key, disk in disks(session).items()}))


def _disk(disk: Mapping[str, str]) -> Disk:
    sizes = [keyvalue.number(part.get("TotalBytes")) or 0.0 for part in _details(disk)]
    return Disk(
        health=health_of(disk),
        told=disk.get("State", ""),
        capacity_gb=round(max(sizes) / 1e9, 1) if sizes else UNSET,
        model=disk.get("Name") or UNSET,
        serial_number=disk.get("SerialNo") or disk.get("Serial") or UNSET,
    )


# --- state -----------------------------------------------------------------------------------------


def recording_now(session: Session, keys: Sequence[str]) -> dict[str, bool]:
    """Return by channel whether it is being recorded: footage of the last minutes proves it."""
    newest, now = footage.newest(session, keys), footage.now(session)
    return {key: _fresh(newest, key, now) for key in keys}


def _fresh(newest: Mapping[str, Any], key: str, now: Any) -> bool:
    return key in newest and (now - newest[key]).total_seconds() < RECENT_S


def read_state(session: Session) -> State:
    """Read each channel with a camera: online, recording now, newest footage."""
    there, named, told = bound(session), tried(titles, session), tried(states, session)
    newest = tried(footage.newest, session, list(there), 60)
    now = tried(footage.now, session)
    return State(channels=FrozenMap({key: _state(key, slot, named, told, newest, now) for key, slot in there.items()}))


def _state(key: str, slot: Slot, named: Any, told: Any, newest: Any, now: Any) -> ChannelState:
    known = not isinstance(newest, Untold) and not isinstance(now, Untold)
    online: Any = told if isinstance(told, Untold) else told.get(key) == "Connected"
    recording: bool | Unset = _fresh(newest, key, now) if known else UNSET
    last = newest.get(key) if known else None
    return ChannelState(
        online=online,
        told=UNSET if isinstance(told, Untold) else told.get(key) or UNSET,
        recording=recording,
        last_segment=f"{last:%Y-%m-%d %H:%M:%S}" if last is not None else UNSET,
        address=slot.address,
        name=UNSET if isinstance(named, Untold) else named.get(key, UNSET),
        serial_number=slot.values.get("SerialNo") or UNSET,
        model=slot.values.get("DeviceType") or UNSET,
    )


CELLS = (
    Cell(aspect="storage", protocol="dahua", read=read_storage, judge=judge),
    Cell(aspect="state", protocol="dahua", read=read_state),
)
