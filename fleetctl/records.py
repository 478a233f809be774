"""What the store tells: how aspects stand, what was not as it should be, what waits, what was cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleetctl.model import Cause, Outcome, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How one aspect of a device ("": the device as a whole) stood when it was last looked at."""

    device: str
    aspect: str
    outcome: Outcome
    reason: str
    since: datetime  # the outcome has been this one since
    checked: datetime
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One thing that is, or once was, not as it should be. `expected` and `actual` are as the codec writes them.

    `field` "" is the aspect as a whole (it failed, or could not be read), `aspect` "" the device.
    `flaps` counts how often it came back after it had ended.
    """

    device: str
    aspect: str
    field: str
    key: str
    expected: Any
    actual: Any
    outcome: Outcome
    reason: str
    first_seen: datetime
    last_seen: datetime
    ended: datetime | None  # None while it lasts
    flaps: int
    cause: Cause | None = None  # of a difference that a plan or an audit found
    asked: datetime | None = None  # since when it is expected so; None where that is not known
    changed_by: Sequence[Mapping[str, str]] = ()  # by the device's log, the newest first: time, account, address, what


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn that something took: it began, changed or ended; the rest is as of `Drift`."""

    time: datetime
    device: str
    aspect: str
    field: str
    key: str
    what: str  # began, changed, ended
    expected: Any
    actual: Any
    outcome: Outcome
    reason: str
    cause: Cause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A device that could not be reached, for one kind of command."""

    device: str
    kind: str
    since: datetime
    tries: int
    next_try: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """A password's rotation that was cut off, or that a person has to look at; see `model.Rotation`."""

    device: str
    account: str
    step: Step
    fingerprint: str
    former: str
    instead: str
    run: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A declared roll-out: `plan` is what was agreed, `state` how far it is; both belong to the operation."""

    name: str
    plan: Mapping[str, Any]
    state: Mapping[str, Any]
    created: datetime
    changed: datetime
