"""Storage: the disks of a recorder. Nothing here formats one: `fleetctl device format-disk`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from fleetctl.errors import Refused
from fleetctl.model import UNSET, Aspect, Disruption, FrozenMap, Gap, Kind, Outcome, Unset, setting
from fleetctl.protocols import identities

D = TypeVar("D")  # a disk, as a recorder tells it


class Health(enum.StrEnum):
    """How a disk is."""

    OK = "ok"
    UNFORMATTED = "unformatted"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One disk."""

    health: Health | Unset = setting("ok, unformatted, failed or unknown", observed=True)
    told: str | Unset = setting("in the maker's word", observed=True)
    capacity_gb: float | Unset = setting("capacity", unit="GB", observed=True)
    free_gb: float | Unset = setting("free; 0 is normal once the oldest is overwritten", unit="GB", observed=True)
    model: str | Unset = setting("model", observed=True)
    serial_number: str | Unset = setting("serial number", observed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The disks of a recorder."""

    least_disks: int | Unset = setting(
        "so many disks must be well; judged, not written", minimum=1, maximum=64, instruction=True
    )
    disks: FrozenMap[Disk] | Unset = setting(
        "disks by the recorder's own number",
        observed=True,
        source="field facts, nvr 1.5 (ContentMgmt/Storage) and 2.6 (storageDevice)",
    )


def judge(actual: Storage, expected: Storage) -> tuple[Gap, ...]:
    """Tell disks that are not well, and how many are missing."""
    disks = actual.disks
    if isinstance(expected.least_disks, Unset) or isinstance(disks, Unset):
        return ()
    gaps = [gap for key, disk in disks.items() if (gap := _ill(key, disk)) is not None]
    well = sum(disk.health is Health.OK for disk in disks.values())
    if well < expected.least_disks:
        reason = f"{well} disk(s) are well, {expected.least_disks} must be"
        gaps.append(Gap(field="least_disks", outcome=Outcome.FAILED, reason=reason))
    return tuple(gaps)


def _ill(key: str, disk: Disk) -> Gap | None:
    told = f"disk {key} ({disk.told})" if disk.told is not UNSET else f"disk {key}"
    if disk.health is Health.UNFORMATTED:
        reason = f"{told} is not formatted: fleetctl device format-disk DEVICE {key}"
        return Gap(field="disks", key=key, outcome=Outcome.FAILED, reason=reason)
    if disk.health is Health.FAILED:
        return Gap(field="disks", key=key, outcome=Outcome.FAILED, reason=f"{told} has failed; replace it")
    if disk.health is Health.UNKNOWN:
        return Gap(field="disks", key=key, outcome=Outcome.UNKNOWN, reason=f"{told} is in a state not known here")
    return None


ASPECT = Aspect(
    name="storage",
    type=Storage,
    kinds=frozenset({Kind.NVR}),
    disruption=Disruption.NONE,
    doc="The disks of a recorder and how they are; measured, never formatted",
)


def named(disks: Mapping[str, D], key: str) -> D:
    """Return the disk of a number; raises Refused, naming those there are."""
    if key not in disks:
        raise Refused(f"there is no disk {key}; there are: {', '.join(disks) or 'none'}")
    return disks[key]


def check_formattable(key: str, health: Health, told: str, own: str | None, recorder: str, serial: str) -> None:
    """Raise Refused unless a disk is unformatted and the serial number given is its own.

    `own` is the disk's serial number; None where the recorder does not tell it, whose own (`recorder`) stands for it.
    """
    if health is not Health.UNFORMATTED:
        raise Refused(f"disk {key} is {told}, not unformatted: its recordings would be lost. Nothing was sent")
    expected = own or recorder
    if not identities.same_serial(expected, serial):
        whose = f"disk {key}" if own else "the recorder, which does not tell those of its disks,"
        raise Refused(f"{whose} has the serial number {expected}, not {serial}. Nothing was sent")
