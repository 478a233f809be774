"""What a worker is told of passwords to rotate: accounts, their old and new login, who else holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleetctl import converge
from fleetctl.model import Device, FrozenMap, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An account with one of its passwords; `barred` is why that may not be tried now, "" when it may."""

    user: str
    password: str = field(repr=False)
    fingerprint: str
    barred: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Holder:
    """A channel of a recorder, which logs in to the device with the account; `port`: there, before it was paused.

    Of a Linux recorder `folder` is where it keeps what it records, and the channel is the camera's name. Of somebody
    past fleetctl `command` is what gives it a login, and how long that may take.
    """

    recorder: str
    channel: str
    port: int = field(default=0, compare=False)
    folder: str = field(default="", compare=False)
    command: tuple[str, ...] = field(default=(), compare=False)
    timeout_s: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return self.recorder if self.folder or self.command else f"{self.recorder} channel {self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """What is known of a holder that has no channels: whether the camera is recorded there now."""

    records: bool
    port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One account whose password is to be another.

    `instead`: the account that the holders have until now, where two take turns; None where it is this one.
    `step` is where an earlier run was cut off, and `since` when that was noted (Unix time); None to begin. `tries`: how
    many logins that may be wrong the device may be asked now, None for any number.
    """

    old: Login
    new: Login
    instead: Login | None = None
    holders: tuple[Holder, ...] = ()
    step: Step | None = None
    since: float = 0.0
    tries: int | None = None

    @property
    def recorders(self) -> tuple[Holder, ...]:
        """The holders that record with it."""
        return tuple(holder for holder in self.holders if not holder.command)

    @property
    def account(self) -> str:
        """The account's name."""
        return self.new.user


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take, in seconds."""

    up_s: float = 180.0  # until a device that went away answers again
    online_s: float = 120.0  # until a channel is online and records with another login (field facts, 8.1)
    files_s: float = 120.0  # until a Linux recorder's files grow with another login
    lands_s: float = 3.0  # how long an order whose sender was killed may still be at work in the device
    quiet_s: float = 2.0  # how long a channel that was paused may still have a login on its way
    steady_s: float = 5.0  # how long a channel that records nothing must stay online
    goes_on_s: float = 20.0  # footage that reaches so far past the write is of the session after it
    poll_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that work on one device's passwords needs; made at dispatch, pickled to a worker, never written down.

    `acting` logs in as the administrator by whom passwords are set; `check_old`: see the old passwords refused, too.
    """

    device: Device
    acting: converge.Job
    turns: tuple[Turn, ...]
    recorders: Mapping[str, converge.Job] = FrozenMap()
    patience: Patience = field(default_factory=Patience)
    check_old: bool = True
