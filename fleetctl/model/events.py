"""The stream of events that a run yields; journal, progress and reports consume the one stream."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from fleetctl.model.diagnosis import Layer
from fleetctl.model.fleet import Reading
from fleetctl.model.plans import Change, DevicePlan
from fleetctl.model.settings import Backup, Gap
from fleetctl.model.values import FrozenMap, Kind, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of what a run yields; journal, progress bar and reports consume the one stream.

    `durable` kinds are on disk (fsync) before the work that confirms them goes on.
    """

    durable: ClassVar[bool] = False

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """Work on the device began."""

    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """The device was read and compared (plan and audit)."""

    plan: DevicePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Event):
    """Confirmed on disk before a login that has never been proven is presented."""

    durable: ClassVar[bool] = True

    account: str
    fingerprint: str
    address: str = ""  # the endpoint's `spot`


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginJudged(Event):
    """The device accepted or rejected a credential; `tries_left` before it locks, where it says so.

    `wanted`: it was presented to see it refused.
    """

    account: str
    fingerprint: str
    accepted: bool
    address: str = ""
    tries_left: int | None = None
    wanted: bool = False


class Step(enum.StrEnum):
    """How far the rotation of one account's password is; before the first and after the last all is settled."""

    PAUSE = "pause"  # a holder is about to be told to log in no more, until it is given a login
    SET = "set"  # the new password is about to be sent to the device
    LIVE = "live"  # the device has accepted a login with the new password
    HAND = "hand"  # the login is about to be given to a holder (a recorder's channel)
    TAKEN = "taken"  # every holder has it
    UNDO = "undo"  # the old password is about to be sent to the device again
    UNKNOWN = "unknown"  # the device accepts neither, or does not say: a person looks
    NEW = "new"  # settled: the new password is the account's
    OLD = "old"  # settled: the old password is the account's

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be found out."""
        return self in (Step.NEW, Step.OLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation(Event):
    """Confirmed on disk before a step of a password's rotation is taken, or once its outcome is proven.

    `fingerprint` is the new password's, `former` the old one's. `instead` is the account that the holders have until
    now, where two take turns; `holder` is who is about to be paused, or given the login of the account `given` with
    the password of the fingerprint `mark`, and `port` where it reached the device until then (0: it does not tell).
    """

    durable: ClassVar[bool] = True

    account: str
    step: Step
    fingerprint: str
    former: str
    instead: str = ""
    holder: str = ""
    given: str = ""
    mark: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLocked(Event):
    """The device lets nobody in for so many seconds more (0: it does not say how long); nothing was judged."""

    account: str
    address: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Event):
    """Confirmed on disk before anything of `changes` is sent."""

    durable: ClassVar[bool] = True

    aspect: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed(Event):
    """A password of an account ("": of every account) is about to be shown, or sealed for `to`."""

    durable: ClassVar[bool] = True

    account: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Event):
    """Confirmed on disk once a device has the whole of `what` (a firmware image): it is never sent to it again."""

    durable: ClassVar[bool] = True

    aspect: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """One channel of a recorder (`well`: online and recorded), or one port of a switch (it has a link).

    `newest` is the end of a channel's newest footage in the recorder's own time, "" where it does not tell.
    """

    well: bool
    newest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    """How a device stood: confirmed on disk before it is given firmware, and once more at the end (`after`)."""

    durable: ClassVar[bool] = True

    aspect: str
    version: str
    after: bool = False
    alive: Mapping[str, Alive] = FrozenMap()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp(Event):
    """Confirmed before a device is given firmware: whoever carries the run out keeps `backup`; the journal does not."""

    durable: ClassVar[bool] = True

    backup: Backup = field(repr=False)
    serial_number: str = ""
    mac_address: str = ""


class Stage(enum.StrEnum):
    """What long work on a device is at."""

    UPLOAD = "upload"
    FLASH = "flash"
    RESTART = "restart"
    CHECKS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Event):
    """How far long work on a device is; for those who look on, and kept nowhere. `percent` -1: nobody can tell."""

    stage: Stage
    percent: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Event):
    """How one aspect of one device ended; aspect "" is the device as a whole."""

    kind: Kind
    site: str
    aspect: str
    outcome: Outcome
    reason: str = ""
    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed(Event):
    """The first thing that is wrong with a device: `cause` is its name in the table of causes, `values` its words."""

    site: str
    layer: Layer
    cause: str
    outcome: Outcome
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """An account that is to look and nothing else, and whether it does: `sees` None where that cannot be told."""

    account: str
    sees: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed(Event):
    """What a diagnosis read of a recorder or a switch; for those who put a site together, and kept nowhere."""

    readings: Mapping[str, Reading]
    viewings: tuple[Viewing, ...] = ()
    links: Mapping[str, bool] = FrozenMap()  # of a switch: whether each port has a link


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired(Event):
    """Confirmed on disk before another device takes a place: who had it; its history stays under the place's name."""

    durable: ClassVar[bool] = True

    serial_number: str
    mac_address: str
    manufacturer: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured(Event):
    """A camera's picture as an acceptance keeps it: JPEG in base64; `digest` is the SHA-256 of its bytes."""

    durable: ClassVar[bool] = True

    digest: str
    jpeg: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Event):
    """The record of an acceptance, as its canonical JSON; `device` is the site, `digest` the SHA-256 of the record."""

    durable: ClassVar[bool] = True

    digest: str
    record: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned(Event):
    """What a session found out and the next may use: identity told, quirks, service addresses."""

    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Event):
    """Work on the device ended; `outcome` is the worst of its results."""

    site: str
    outcome: Outcome
    reason: str = ""
    duration_s: float = 0.0


class Channel(Protocol):
    """What work uses to speak to the run that carries it."""

    def emit(self, event: Event) -> None:
        """Hand the event to the run's consumers; does not wait."""

    def confirm(self, event: Event) -> None:
        """Hand a durable event over and wait until the consumers have it on disk.

        Raises Interrupted when the run stops (the event was then not taken, and nothing may be sent),
        ValueError when the event is not of a durable kind.
        """

    def stopped(self) -> bool:
        """Tell whether the run is being ended; long reading work looks now and then and ends early."""

    def see_through(self) -> None:
        """What was begun is seen through from now on: confirms are taken though the run ends, `stopped` tells no."""
