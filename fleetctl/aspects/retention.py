"""Retention: for how long recordings are kept, and whether the disks can hold them so long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from fleetctl.model import UNSET, Absent, Aspect, Device, Disruption, FrozenMap, Gap, Kind, Unset, setting
from fleetctl.standard import Fleet
from fleetctl.standard.keys import keyed

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
    bitrate_kbps: int | Unset = setting("sum of the bitrates recorded", unit="kbit/s", observed=True)


def holds_days(capacity_bytes: float, bitrate_kbps: float) -> float | Unset:
    """Return how many days a capacity lasts at a sum of bitrates, with 5 % for indexes; UNSET where none is known."""
    if bitrate_kbps <= 0 or capacity_bytes <= 0:
        return UNSET
    return round(capacity_bytes * 0.95 / (bitrate_kbps * 1000 / 8 * 86400), 1)


def complete(device: Device, value: Retention, fleet: Fleet) -> tuple[Retention, tuple[tuple[str, str, str], ...]]:
    """Give every channel that the inventory binds a camera to what is said for all of them."""
    own = {} if isinstance(value.channels, Unset) else dict(value.channels)
    made: dict[str, Any] = dict(own)
    for key in {*keyed(device, fleet, "channels_cameras", "camera"), *own}:
        kept = own.get(key, Kept())
        if isinstance(kept, Kept):
            days = value.days if kept.days is UNSET else kept.days
            overwrite = value.overwrite if kept.overwrite is UNSET else kept.overwrite
            made[key] = Kept(days=days, overwrite=overwrite)
    managed = {key: kept for key, kept in made.items() if kept != Kept()}
    return replace(value, channels=FrozenMap(managed) if managed else UNSET), ()


def judge(actual: Retention, expected: Retention) -> tuple[Gap, ...]:
    """Tell disks that cannot hold the days asked for, and a limit that deletes them before."""
    wanted = expected.at_least_days
    if isinstance(wanted, Unset) or actual.bitrate_kbps == 0:  # nothing is recorded yet
        return ()
    if not isinstance(actual.holds_days, float):
        return (Gap(field="holds_days", reason="the recorder does not tell its disks or its bitrates"),)
    if actual.holds_days >= wanted:
        return ()
    return (
        Gap(
            field="holds_days",
            reason=f"the disks hold {actual.holds_days:g} days at {actual.bitrate_kbps} kbit/s, asked are {wanted}; "
            "larger disks, or lower video bitrates",
            nearest=f"{actual.holds_days:g}",
        ),
    )


ASPECT = Aspect(
    name="retention",
    type=Retention,
    kinds=frozenset({Kind.NVR}),
    disruption=Disruption.NONE,
    doc="For how long a recorder keeps its recordings; whether the disks can is measured",
    after=("time", "channels", "recording"),
    complete=complete,
)
