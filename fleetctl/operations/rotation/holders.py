"""Recorders that log in to a camera: how a channel stands, giving it another login, proof that it records with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.aspects.channels import BoundCamera, Channels, Credential
from fleetctl.aspects.state import ChannelState, State
from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import UNSET, Device, FrozenMap, SecretRef
from fleetctl.operations.rotation.turns import Login, Patience
from fleetctl.protocols import identities

_LATE: Final = timedelta(minutes=30)  # so old may footage be that is looked at for what began since
_LOCKING: Final = (
    "locking",
    "locked",
    "lock",
)  # Source: field facts, 8.1: ipcIsLocking; 1.5 and 2.4: states of a channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A channel: what is bound there, what it does, and its pieces of footage of late: where each begins and ends."""

    bound: BoundCamera
    state: ChannelState
    pieces: Mapping[datetime, datetime] = field(default_factory=dict)

    @property
    def records(self) -> bool:
        """Whether it is recorded now, as far as the recorder tells."""
        return self.state.recording is True

    @property
    def rests(self) -> bool:
        """Whether it is offline, and not about to connect."""
        return self.state.online is False and "connecting" not in str(self.state.told or "").lower()

    @property
    def port(self) -> int:
        """The port of the camera at which the recorder asks, 0 where it does not tell."""
        return self.bound.port if isinstance(self.bound.port, int) else 0

    @property
    def newest(self) -> datetime | None:
        """The end of its newest footage, in the recorder's own time."""
        told = self.state.last_segment
        return datetime.fromisoformat(told).replace(tzinfo=UTC) if isinstance(told, str) else None


@dataclass(frozen=True, slots=True)
class _One:
    """The one secret that is written."""

    password: str

    def reveal(self, _ref: SecretRef) -> str:
        return self.password

    def __repr__(self) -> str:
        return "_One()"


class Recorder:
    """One recorder in an open link."""

    def __init__(self, link: converge.Link, registry: catalog.Registry) -> None:
        """Find out that it is the recorder of the inventory; raises as `converge.recognise`, Unsupported."""
        self.name = link.device.name
        self._link = link
        driver, _ = converge.recognise(link.job, link, registry, required=True)
        channels, state = (registry.cell(driver, name) for name in ("channels", "state"))
        if channels is None or channels.write is None or state is None:
            raise Unsupported(
                f"{self.name}: fleetctl cannot give another login to a channel of {driver.name} recorders"
            )
        self._channels, self._state, self._find = channels, state, registry.action(driver, "find_footage")
        self._pause = registry.action(driver, "pause_channel")

    @property
    def pauses(self) -> bool:
        """Whether it can be told to leave a camera alone for a while."""
        return self._pause is not None

    def pause(self, channel: str, patience: Patience) -> None:
        """Let a channel log in to its camera no more until it is given a login, and see it offline.

        Raises Rejected where it stays online, Unsupported, as `converge.recognise`.
        """
        if self._pause is None:
            raise Unsupported(f"{self.name}: it cannot be told to leave a camera alone")
        self._pause.run(self._link.session(self._pause.protocol), channel)
        deadline = time.monotonic() + patience.online_s
        while (now := self._look(channel)) is None or not now.rests:
            if time.monotonic() > deadline:
                raise Rejected(f"channel {channel} stays connected, though it was told to leave its camera alone")
            time.sleep(patience.poll_s)
        time.sleep(patience.quiet_s)

    def standing(self, channel: str) -> Standing:
        """Return how a channel stands now; raises BadAnswer where the recorder does not tell."""
        session = self._link.session(self._channels.protocol)
        session.forget()
        told = self._channels.read(session)
        now = self._state.read(self._link.session(self._state.protocol))
        bound = told.cameras.get(channel) if isinstance(told, Channels) and told.cameras else None
        state = now.channels.get(channel) if isinstance(now, State) and now.channels else None
        if not isinstance(bound, BoundCamera) or not isinstance(state, ChannelState):
            raise BadAnswer(f"{self.name}: channel {channel} has no camera")
        found = Standing(bound=bound, state=state)
        return replace(found, pieces=self._pieces(channel, found.newest))

    def _pieces(self, channel: str, newest: datetime | None) -> Mapping[datetime, datetime]:
        if self._find is None or newest is None:
            return {}
        found = self._find.run(self._link.session(self._find.protocol), (newest - _LATE, newest + _LATE))
        return {each.begin: each.end for each in found if each.channel == channel}

    def pushes(self) -> bool:
        """Tell whether the recorder brings its own new password to its cameras, past the vault."""
        return getattr(self._channels.read(self._link.session(self._channels.protocol)), "sync_password", None) is True

    def trouble(self, camera: Device, channel: str, account: str) -> str:
        """Return why the camera's password must not be touched because of this channel, "" when it may."""
        now = self.standing(channel)
        where = f"{self.name} channel {channel}"
        serial = now.state.serial_number
        if (
            isinstance(serial, str)
            and camera.serial_number
            and not identities.same_serial(serial, camera.serial_number)
        ):
            return f"{where} has another camera, serial number {serial}"
        if now.bound.user is not UNSET and now.bound.user != account:
            return f"{where} logs in as {now.bound.user}, not as {account}: fleetctl apply --limit {self.name} first"
        if now.state.online is not True:
            why = f" ({now.state.told})" if isinstance(now.state.told, str) else ""
            return f"{where} is offline{why}"
        if self.pushes():
            return f"{self.name} gives cameras its own password: set channels_sync_password to false and apply first"
        return ""

    def hand(self, channel: str, login: Login, camera: str, port: int, patience: Patience, recorded: bool) -> str:
        """Give the login and see the channel record with it, where it did or was `recorded`; returns what is wrong."""
        before = self.standing(channel)
        self.give(channel, login, camera, port)
        return self.proven(channel, before, patience, records=before.records or recorded)

    def give(self, channel: str, login: Login, camera: str, port: int = 0) -> None:
        """Write the login into the channel's own document and read back whose it is; raises what the device says.

        `port` is where it reached the camera before it was paused, 0: where it does now.
        """
        session = self._link.session(self._channels.protocol)
        if self._channels.write is None:
            raise Unsupported(f"{self.name}: its channels are only read")
        bound = self.standing(channel).bound
        if bound.address is UNSET:
            raise Unsupported(f"{self.name}: it manages channel {channel} itself (plug and play)")
        wanted = replace(
            bound,
            user=login.user,
            port=port or bound.port,
            password=SecretRef(device=camera, account=login.user),
            name=UNSET,
            credential=UNSET,
            sets_clock=UNSET,
        )
        self._channels.write(session, Channels(cameras=FrozenMap({channel: wanted})), _One(login.password))
        session.forget()
        has = self.standing(channel).bound.user
        if has is not UNSET and has != login.user:
            raise Rejected(f"{self.name}: channel {channel} still logs in as {has}")

    def proven(self, channel: str, before: Standing, patience: Patience, *, records: bool) -> str:
        """Wait until the channel is online with what it holds now and, where it `records`, has newer footage.

        Returns "" then, else what is wrong. `before` is how it stood before the write: a piece of footage that has
        begun since, or one that went on for long, is of a new session.
        """
        begun = time.monotonic()
        since, why = begun, ""
        while time.monotonic() - begun < patience.online_s:
            now = self._look(channel)
            online = now is not None and now.state.online is True and now.bound.credential is Credential.ACCEPTED
            if now is None or not online:
                since, why = time.monotonic(), _why(now)
            elif _newer(now, before, patience.goes_on_s) or (
                not records and time.monotonic() - since > patience.steady_s
            ):
                return ""
            else:
                why = "it is online, and records nothing new"
            time.sleep(patience.poll_s)
        return f"{self.name} channel {channel}: {why} within {patience.online_s:.0f} s"

    def _look(self, channel: str) -> Standing | None:
        try:
            return self.standing(channel)
        except (Unreachable, BadAnswer, Rejected, Unsupported):
            return None
        except Refused as error:
            if error.credential:
                raise
            return None


def _newer(now: Standing, before: Standing, goes_on_s: float) -> bool:
    """Tell whether a piece has begun since, or one has gone on for long; whichever ends last proves nothing.

    A recorder whose clock was set back keeps pieces that end in its future, and goes on before them.
    """
    if now.newest is None or before.newest is None:
        return now.newest is not None
    grown = [
        (end - before.pieces[begin]).total_seconds() for begin, end in now.pieces.items() if begin in before.pieces
    ]
    longer = max([*grown, (now.newest - before.newest).total_seconds()])
    return bool(now.pieces.keys() - before.pieces.keys()) or longer > goes_on_s


def _why(now: Standing | None) -> str:
    if now is None:
        return "the recorder did not answer"
    told = getattr(now.bound.credential, "reason", "") or now.state.told or now.bound.credential
    return f"it is not online ({told})"


def locked(said: str | FleetctlError) -> bool:
    """Tell whether what was said means that the camera has locked the recorder out: then nothing more is tried."""
    told: Any = getattr(said, "code", "") or str(said)
    return any(word in str(told).lower() for word in _LOCKING)
