"""What a setting is, and how it is read and written: aspects, cells, actions, drivers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.model.firmware import Parser, release_of
from fleetctl.model.fleet import Device
from fleetctl.model.passwords import USUAL_LOCK, USUAL_POLICY, LoginLock, PasswordPolicy
from fleetctl.model.values import UNSET, Disruption, FrozenMap, Kind, Outcome, Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the dataclass of an aspect tells about one of its fields (kept in `field.metadata`)."""

    doc: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""  # whole-string regular expression for str, or for each item of a tuple
    observed: bool = False  # measured, not set: judged by requirements, never compared
    instruction: bool = False  # says how to go about it; no device tells it, so it is never compared
    short: str = ""  # of a keyed field: a text in the place of an item stands for the item's field of this name
    source: str = ""  # specification section or capture


def setting(
    doc: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    pattern: str = "",
    observed: bool = False,
    instruction: bool = False,
    short: str = "",
    source: str = "",
) -> Any:
    """Return a dataclass field that defaults to UNSET and carries a `Setting`."""
    told = Setting(
        doc=doc,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        pattern=pattern,
        observed=observed,
        instruction=instruction,
        short=short,
        source=source,
    )
    return dataclasses.field(default=UNSET, metadata={"setting": told})


def setting_of(field: dataclasses.Field[Any]) -> Setting:
    """Return the `Setting` of a field made by `setting()`; raises KeyError for any other."""
    told: Setting = field.metadata["setting"]
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """A group of settings that are read and written together.

    `type` is a frozen, slotted, keyword-only dataclass whose fields are made by `setting()`. Field types:
    bool, int, float, str, a StrEnum, tuple[str, ...], or FrozenMap[Item] (a keyed field; Item is such a
    dataclass again, without keyed fields; a secret of an item is a SecretRef field), each `| Unset`.
    """

    name: str
    type: type[Any]
    kinds: frozenset[Kind]
    disruption: Disruption
    doc: str
    host_kinds: frozenset[Kind] = frozenset()  # of computers (platform linux, windows), whose settings are roles'
    after: tuple[str, ...] = ()  # aspects written before this one
    waivable: bool = True  # an agreed exception from it may be written down; never for accounts and services
    applied_by: str = "apply"  # "firmware roll" for what apply never writes, "" for read only
    # complete(device, value, fleet) -> (value, wrongs): fills in what follows from other devices of the inventory
    # (the address of a channel's camera); a wrong is ("field.key", reason, mend).
    complete: Callable[[Any, Any, Any], tuple[Any, tuple[tuple[str, str, str], ...]]] | None = None

    def of(self, device: Device) -> bool:
        """Return whether the device has this aspect, by its kind and whether it is a host."""
        return device.kind in (self.host_kinds if device.is_host else self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A field that cannot be compared or met: unsupported or unknown, and why.

    `instead` is what the device is given in its place, where part of what is expected is better than nothing and
    means the same (the first of several servers); it stays a gap, and is never counted as in step.
    `elsewhere`: the trouble is another device's (the camera of one channel): it is told and counts for the run, but is
    not how this device ended.
    """

    field: str
    key: str = ""
    outcome: Outcome = Outcome.UNSUPPORTED
    reason: str
    nearest: str = ""  # the nearest value the device could take
    instead: Any = UNSET
    elsewhere: bool = False
    before: Any = UNSET  # of a waived difference: the actual value
    after: Any = UNSET  # and the expected one


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """Stands in for the actual value of one field that could not be read; `outcome` is unsupported or unknown.

    `elsewhere`: as a `Gap`'s; the outcome is then that of the other device.
    """

    outcome: Outcome
    reason: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How one protocol reads and writes one aspect. Functions are module-level, so that it pickles.

    read(session) -> T: every field the device tells; UNSET what this protocol cannot tell; `Untold` for a
        single field that failed. Raises Unsupported, BadAnswer, Rejected, Refused, Unreachable.
    write(session, wanted: T, secrets) -> None: `wanted` holds only what differs (all else UNSET; in keyed
        fields only the keys that differ, ABSENT to remove). None: read only.
    limits(session, wanted: T) -> tuple[Gap, ...]: asks the device's own options (reading only) which of the
        differing values are impossible, and what is nearest. None: nothing to ask.
    moves(actual: T, wanted: T) -> (old address, new address) when the write changes where the device answers,
        else None. The engine then makes sure that the new address is free, confirms the device there, and
        undoes the write where it still answers only on the old one.
    risks(session, wanted: T) -> str: what the write may cut that nothing undoes by itself, "" for
        nothing; reading only. Such a change is written only where `--yes` says so.
    refusals_stand: what the device said against a write makes it failed, even where it reads back: a console that
        refused one line was not told to save the others.
    judge(actual: T, expected: T) -> tuple[Gap, ...]: what is not as it should be and no write mends (a faulty disk,
        a channel that does not record); asked always, never rules a change out. None: nothing of the kind.
    """

    aspect: str
    protocol: str
    read: Callable[[Any], Any]
    # Of a driver's `better` cell: the fields that the ordinary cell cannot reach, for whose sake it is taken instead.
    beyond: tuple[str, ...] = ()
    write: Callable[[Any, Any, Secrets], None] | None = None
    limits: Callable[[Any, Any], tuple[Gap, ...]] | None = None
    moves: Callable[[Any, Any], tuple[str, str] | None] | None = None
    risks: Callable[[Any, Any], str] | None = None
    refusals_stand: bool = False
    judge: Callable[[Any, Any], tuple[Gap, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something done to a device that is not a setting: reboot, reset, set a password, take a picture."""

    name: str
    protocol: str
    disruption: Disruption
    run: Callable[[Any, Any], Any]  # (session, argument) -> result
    doc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NewPassword:
    """What the action `set_password` is told: an account that exists, its old and new password, and the login's own.

    `acting` is the password of the account that the session is logged in with: some firmware asks for it once more.
    `accepted` presents the new one in a session of its own and tells whether it was taken: where the device can still
    take the change back, it keeps it only then.
    """

    account: str
    old: str
    new: str
    acting: str
    accepted: Callable[[], bool] = lambda: True


# What the operations ask for by name: what it interrupts, and what it is.
_ASKED: Final = {
    "flash": (Disruption.REBOOT, "give it firmware"),
    "flash_state": (Disruption.NONE, "how far an upgrade is, in percent"),
    "keep_firmware": (Disruption.NONE, "keep firmware that it would else take back"),
    "stream_path": (Disruption.NONE, "where the picture is looked at"),
    "reopen": (Disruption.NONE, "switch ONVIF on again"),
    "room": (Disruption.NONE, "bytes free for firmware"),
    "uptime": (Disruption.NONE, "how long it has been up, in seconds"),
    "activate": (Disruption.NONE, "give a factory-new device its first password"),
    "make_account": (Disruption.NONE, "make an administrator account"),
    "set_password": (Disruption.NONE, "give an account another password"),
    "keep": (Disruption.NONE, "let what is in force stand: no revert that is pending, no start undoes it"),
    "open_onvif": (Disruption.NONE, "make an administrator account, for ONVIF too"),
    "reboot": (Disruption.REBOOT, "restart the device"),
    "reset": (Disruption.REACH, "put it back to its factory state"),
    "snapshot": (Disruption.NONE, "take a picture now"),
    "format_disk": (Disruption.SERVICE, "format a disk that is unformatted"),
    "newest_footage": (Disruption.NONE, "when the newest file in a camera's folder was written to, by its own clock"),
    "find_footage": (Disruption.NONE, "find what was recorded"),
    "live_path": (Disruption.NONE, "where a channel is looked at"),
    "channels_bound": (Disruption.NONE, "list the channels that have a camera"),
    "pause_channel": (Disruption.STREAM, "log in to a channel's camera no more, until the channel is written again"),
    "backup": (Disruption.NONE, "take its own backup"),
    "put_backup": (Disruption.REACH, "put a configuration back"),
    "power_cycle": (Disruption.NONE, "take the power of one port and give it back"),
    "links": (Disruption.NONE, "say which ports have a link"),
    "hold": (Disruption.REACH, "shut ports for a while, or give them back; nothing is saved"),
    "seen": (Disruption.NONE, "say which MAC addresses are on which ports"),
    "installed": (Disruption.NONE, "what is installed"),
    "writers": (Disruption.NONE, "who changed settings, by its own log"),
    "camera": (Disruption.NONE, "say which camera is on a channel"),
}


def actions(protocol: str, **runs: Callable[[Any, Any], Any]) -> tuple[Action, ...]:
    """Return a driver's actions over a protocol, by the names the operations ask for."""
    return tuple(
        Action(name=name, protocol=protocol, disruption=_ASKED[name][0], run=run, doc=_ASKED[name][1])
        for name, run in runs.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What the action `backup` takes of a device; `shown` is what of it may be read: text without secrets."""

    name: str
    content: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One vendor or platform: how to recognise it and what it does better than the generic way."""

    name: str
    kinds: frozenset[Kind]
    protocols: tuple[str, ...]  # in order of preference
    recognises: Callable[[str, str], bool]  # (manufacturer, model) as the device tells them
    cells: tuple[Cell, ...] = ()  # replace the aspect's own cell of the same protocol
    # Over the maker's own interface beside `protocols`: taken where a field of theirs is expected (Cell.beyond) and the
    # device's login is known to be good there too, which `adopt` finds out.
    better: tuple[Cell, ...] = ()
    # Of a recorder: how a camera on one of its channels is read and set through it. The session's device is the
    # recorder with `channel` set; the action `camera` says who the camera is.
    behind: tuple[Cell, ...] = ()
    actions: tuple[Action, ...] = ()
    default_logins: tuple[tuple[str, str], ...] = ()  # factory accounts, public knowledge
    passwords: PasswordPolicy = USUAL_POLICY
    lock: LoginLock = USUAL_LOCK
    protocols_by_kind: Mapping[str, tuple[str, ...]] = FrozenMap()  # where a kind is spoken to in another order
    first_account: str = ""  # the account that a factory-new device gets its first password for, by `activate`
    release: Parser = release_of  # reads the maker's version texts

    def speaks(self, kind: Kind) -> tuple[str, ...]:
        """Return the protocols of a kind of device, in order of preference."""
        return self.protocols_by_kind.get(kind, self.protocols)
