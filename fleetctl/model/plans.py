"""What differs and what is to be done."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from fleetctl.model.settings import Gap
from fleetctl.model.values import Disruption, Kind, Outcome, Place
from fleetctl.model.waivers import Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that is not as expected."""

    device: str
    aspect: str
    field: str
    key: str = ""
    before: Hashable = None  # actual; ABSENT for an item that does not exist
    after: Hashable = None  # expected; ABSENT for an item to remove
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectPlan:
    """What is to be done to one aspect of one device, and what was seen when it was planned."""

    aspect: str
    outcome: Outcome  # PENDING, UNCHANGED, UNSUPPORTED, UNKNOWN, FAILED ...
    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reason: str = ""
    actual: Any = None  # the reading's value, the aspect's type
    expected: Any = None  # the expectation's value
    exclusive: frozenset[str] = frozenset()
    waivers: tuple[Waiver, ...] = ()  # that were in force when it was planned
    disruption: Disruption = Disruption.NONE
    risk: str = ""  # what the change may cut that nothing undoes by itself; written only with --yes


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePlan:
    """The plan of one device; `outcome` is set when the device as a whole could not be planned."""

    device: str
    kind: Kind
    site: str
    aspects: tuple[AspectPlan, ...] = ()
    outcome: Outcome | None = None
    reason: str = ""
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    firmware: str = ""
    needs: tuple[str, ...] = ()
