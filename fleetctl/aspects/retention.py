"""Retention: for how long recordings are kept, and whether the disks can hold them so long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from fleetctl.errors import InventoryError, Unsupported
from fleetctl.model import (
    UNSET,
    Absent,
    Aspect,
    Cell,
    Device,
    Disruption,
    FrozenMap,
    Gap,
    Kind,
    Secrets,
    Unset,
    setting,
)
from fleetctl.protocols.onvif_parts import Onvif, own_copy, put, tried
from fleetctl.protocols.onvif_recordings import FIXED, days_of, recordings, writable
from fleetctl.protocols.xml import Element, child, rendered, tag, text, words
from fleetctl.standard import Fleet
from fleetctl.standard.keys import keyed

_ORDER: Final = ("Source", "Content", "MaximumRetentionTime")
_SOURCE: Final = "field facts, nvr 1.5 (durationEnabled, Duration) and 2.3 (FileHoldTime)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long the recordings of one channel are kept."""

    days: int | Unset = setting(
        "deleted when they are so old; 0 for no limit", unit="days", minimum=0, maximum=750, source=_SOURCE
    )
    overwrite: bool | Unset = setting(
        "when the disks are full the oldest make room",
        source="field facts, nvr 1.5 (LoopEnable) and 2.3 (OverWrite)",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long recordings are kept; the fields are for all channels that have a camera."""

    days: int | Unset = setting(
        "recordings are deleted when they are so old; an upper limit, 0 for none: what the disks hold is holds_days",
        unit="days",
        minimum=0,
        maximum=750,
        instruction=True,
        source=_SOURCE,
    )
    overwrite: bool | Unset = setting("when the disks are full the oldest recordings make room", instruction=True)
    at_least_days: int | Unset = setting(
        "the disks must hold so many days at the bitrates set; judged, not written",
        unit="days",
        minimum=1,
        maximum=750,
        instruction=True,
    )
    channels: FrozenMap[Kept | Absent] | Unset = setting(
        'what is otherwise on single channels, by channel from "1"; some recorders have one value for all',
        pattern=r"[1-9][0-9]{0,3}",
    )
    oldest_days: float | Unset = setting("age of the oldest footage found by search", unit="days", observed=True)
    holds_days: float | Unset = setting(
        "how many days the disks hold at the bitrates set, all channels recording always", unit="days", observed=True
    )
    bitrate_kbps: int | Unset = setting(
        "sum of the bitrates recorded, as the recorder tells it", unit="kbit/s", observed=True
    )
    capacity_gb: float | Unset = setting("of the disks that are well", unit="GB", observed=True)
    used: int | Unset = setting("channels that have a camera", observed=True)
    camera_kbps: int | Unset = setting(
        "sum of the bitrates the cameras on the channels are set to; filled in from video_main_bitrate_kbps, and used "
        "where the recorder does not tell its own",
        unit="kbit/s",
        minimum=0,
        instruction=True,
    )


def measured(told: Retention, used: int, capacity: Any, kbps: Any) -> Retention:
    """Return a reading with what the disks hold; `capacity` in bytes, None of the two if it is no number."""
    size = capacity if isinstance(capacity, float) else None
    rate = kbps if isinstance(kbps, int) else None
    return replace(
        told,
        used=used,
        capacity_gb=UNSET if size is None else round(size / 1e9, 1),
        bitrate_kbps=UNSET if rate is None else rate,
        holds_days=UNSET if size is None or rate is None else held_days(size / 1e9, rate),
    )


def held_days(capacity_gb: float, kbps: float) -> float | Unset:
    """Return how many days a capacity lasts at a sum of bitrates, with 5 % for indexes; UNSET where one is nothing."""
    if kbps <= 0 or capacity_gb <= 0:
        return UNSET
    return round(capacity_gb * 1e9 * 0.95 / (kbps * 1000 / 8 * 86400), 1)


def complete(device: Device, value: Retention, fleet: Fleet) -> tuple[Retention, tuple[tuple[str, str, str], ...]]:
    """Give every channel that the inventory binds a camera to what is said for all of them."""
    own = {} if isinstance(value.channels, Unset) else dict(value.channels)
    made: dict[str, Any] = dict(own)
    bound = keyed(device, fleet, "channels_cameras", "camera")
    for key in {*bound, *own}:
        kept = own.get(key, Kept())
        if isinstance(kept, Kept):
            days = value.days if kept.days is UNSET else kept.days
            overwrite = value.overwrite if kept.overwrite is UNSET else kept.overwrite
            made[key] = Kept(days=days, overwrite=overwrite)
    managed = {key: kept for key, kept in made.items() if kept != Kept()}
    kbps = value.camera_kbps if value.camera_kbps is not UNSET else _camera_kbps(fleet, dict(bound))
    return replace(value, channels=FrozenMap(managed) if managed else UNSET, camera_kbps=kbps), ()


def _camera_kbps(fleet: Fleet, items: dict[str, Any]) -> int | Unset:
    """Return the sum of what the inventory sets the bound cameras' main streams to, UNSET where one is not set."""
    total = 0
    for item in items.values():
        camera = str(item.get("camera", ""))
        values = fleet.values(camera) if camera in fleet.devices else {}
        try:
            told = values.get("video_main_bitrate_kbps")
        except InventoryError:
            return UNSET
        if told is None or not isinstance(told.value, int):
            return UNSET
        total += told.value
    return total


def judge(actual: Retention, expected: Retention) -> tuple[Gap, ...]:
    """Tell disks that cannot hold the days asked for, and a limit that deletes before."""
    wanted = expected.at_least_days
    if isinstance(wanted, Unset) or not actual.used:  # nothing is recorded yet
        return ()
    kbps = actual.bitrate_kbps or expected.camera_kbps
    if isinstance(kbps, Unset) or isinstance(actual.capacity_gb, Unset):
        return (Gap(field="holds_days", reason="neither the recorder nor the inventory tells disks and bitrates"),)
    holds = held_days(actual.capacity_gb, kbps)
    if not isinstance(holds, Unset) and holds >= wanted:
        return ()
    told = 0 if isinstance(holds, Unset) else holds
    reason = (
        f"the disks hold {told:g} days at {kbps} kbit/s, asked are {wanted}: larger disks, or lower bitrates of video"
    )
    return (Gap(field="holds_days", reason=reason, nearest=f"{told:g}"),)


ASPECT = Aspect(
    name="retention",
    type=Retention,
    kinds=frozenset({Kind.NVR}),
    disruption=Disruption.NONE,
    doc="For how long a recorder keeps its recordings; whether the disks can is measured",
    after=("time", "channels", "recording"),
    complete=complete,
)

# --- ONVIF (Profile G) ----------------------------------------------------------------------------


def read(session: Onvif) -> Retention:
    """Read the limit of each recording; recordings count as channels. Disks and bitrates are not told."""
    there = recordings(session)
    return Retention(
        channels=FrozenMap({key: Kept(days=tried(_days, item)) for key, item in there.items()}), used=len(there)
    )


def _days(recording: Element) -> int:
    return days_of(text(recording, "Configuration/MaximumRetentionTime"))


def limits(session: Onvif, wanted: Retention) -> tuple[Gap, ...]:
    """Tell recordings that are fixed, and those that are not there yet."""
    if isinstance(wanted.channels, Unset):
        return ()
    there, free = recordings(session), writable(session)
    later = "the recording is made with its camera, and its limit is set after that: apply again"
    return tuple(
        Gap(field="channels", key=key, reason=later if free else FIXED)
        for key in wanted.channels
        if not free or key not in there
    )


def write(session: Onvif, wanted: Retention, _secrets: Secrets) -> None:
    """Write the limit into each recording's own configuration."""
    if not writable(session):
        raise Unsupported(FIXED)
    there = recordings(session)
    for key, kept in {} if isinstance(wanted.channels, Unset) else wanted.channels.items():
        configuration = child(there.get(key), "Configuration")
        if configuration is None or not isinstance(kept, Kept) or not isinstance(kept.days, int):
            continue
        changed = own_copy(configuration)
        put(changed, "MaximumRetentionTime", f"P{kept.days}D" if kept.days else "PT0S", _ORDER)
        session.write(
            "trc",
            "SetRecordingConfiguration",
            tag("trc:RecordingToken", words(text(there[key], "RecordingToken")))
            + rendered(changed, "trc:RecordingConfiguration"),
        )


CELLS = (Cell(aspect="retention", protocol="onvif", read=read, write=write, limits=limits, judge=judge),)
