"""What recipients are to be told: how things stand on record, against what each was told last. Asks no device."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from fleetctl import outbox, standard
from fleetctl.model import Cause, Device, Outcome, covering
from fleetctl.operations.history import value
from fleetctl.operations.workspace import Workspace
from fleetctl.outbox import Told
from fleetctl.records import Drift
from fleetctl.reports import message
from fleetctl.reports.language import Language
from fleetctl.reports.values import plain
from fleetctl.standard.recipients import Recipient

GRACE: Final = "standard_grace_days"
GRACE_DAYS: Final = 7
FLAPS: Final = 3
FLAPPING_DAYS: Final = 7
"""What begins FLAPS times within so many days is told as flapping, once, until it has been calm for as long."""
_NOT_TOLD: Final = ""
_LATE: Final = "audit/late"
_NO_ANSWER: Final = frozenset({Outcome.UNREACHABLE, Outcome.BLOCKED})


class Standing(enum.StrEnum):
    """As what something is told."""

    DRIFT = "drift"  # it was right, and is not
    OVERDUE = "overdue"  # the standard changed, or the device is new, and its days of grace are over
    EXPIRED = "expired"  # a waiver covered it until its last day
    TROUBLE = "trouble"  # it failed, was refused, or cannot be told
    UNREACHABLE = "unreachable"
    DARK = "dark"  # a whole site or uplink is unreachable
    FLAPPING = "flapping"
    LATE = "late"  # an audit had to end before it got there


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing as it stands, and the devices that it is about."""

    told: Told
    devices: tuple[str, ...]
    young: bool = False  # it has not lasted long enough to be told, unless it was told already


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A recipient and the devices that name it."""

    recipient: Recipient
    devices: frozenset[str]
    first: str  # the device whose variables name the server and the secrets


def listeners(workspace: Workspace) -> dict[str, Listener]:
    """Return the recipients by name. Raises InventoryError."""
    found: dict[str, tuple[Recipient, list[str]]] = {}
    for name in workspace.inventory.devices:
        for recipient in standard.recipients_of(name, workspace.inventory):
            found.setdefault(recipient.name, (recipient, []))[1].append(name)
    return {
        name: Listener(recipient=recipient, devices=frozenset(devices), first=devices[0])
        for name, (recipient, devices) in sorted(found.items())
    }


def tell(
    workspace: Workspace, now: datetime, *, late: Sequence[str] | None = None, patience: timedelta = timedelta(0)
) -> int:
    """Put a message into the outbox for each recipient for whom something changed; return how many.

    `late` are devices that an audit did not reach before it had to end; None: this was no audit. What does not answer
    is told when it has lasted for `patience`. Raises InventoryError.
    """
    found = listeners(workspace)
    outbox.forget(workspace.store, tuple(found))
    if not found:
        return 0
    items = dict(_items(workspace, now, late or (), patience))
    names = {key: site.name for key, site in workspace.inventory.sites().items()}
    kept = frozenset({_LATE}) if late is None else frozenset()
    return sum(_tell(workspace, each, items, now, names, kept=kept) for each in found.values())


def _tell(
    workspace: Workspace,
    listener: Listener,
    items: Mapping[str, _Item],
    now: datetime,
    names: Mapping[str, str],
    *,
    kept: frozenset[str],
) -> bool:
    store, name = workspace.store, listener.recipient.name
    before = outbox.told(store, name)
    mine = {
        subject: _with_patience(item, before.get(subject))
        for subject, item in items.items()
        if not listener.devices.isdisjoint(item.devices)
    }
    mine |= {s: before[s] for s in kept if s in before}
    changed = {s: each for s, each in mine.items() if s not in before or before[s].state != each.state}
    gone = [subject for subject in before if subject not in mine]
    new = [each.item for each in changed.values() if each.state]
    known = workspace.inventory.devices
    ended = [b.item for s in gone if (b := before[s]).state and (b.item["device"] in known or not b.item["device"])]
    beat = not new and not ended and _heart_beats(workspace, listener.recipient, now)
    content = None
    if new or ended or beat:
        open_ = [each.item for each in mine.values() if each.state]
        say = Language(listener.recipient.language)
        content = message.content(say, new=new, ended=ended, open_=open_, time=now, site_names=names)
    number = outbox.tell(store, name, now=now.timestamp(), changed=changed, gone=gone, content=content)
    return bool(number)


def _with_patience(item: _Item, before: Told | None) -> Told:
    """Return an item as it is to be told, with the state "" where that has time and was not done yet."""
    if item.young and (before is None or before.state != item.told.state):
        return replace(item.told, state=_NOT_TOLD)
    return item.told


def _heart_beats(workspace: Workspace, recipient: Recipient, now: datetime) -> bool:
    if not recipient.heartbeat_days:
        return False
    last = datetime.fromtimestamp(outbox.last_made(workspace.store, recipient.name, now.timestamp()), now.tzinfo)
    return (now.date() - last.date()).days >= recipient.heartbeat_days


def _items(
    workspace: Workspace, now: datetime, late: Sequence[str], patience: timedelta
) -> Iterator[tuple[str, _Item]]:
    """Yield all that is not as it should be, by subject; what is not to be told now has the state ""."""
    dark = dict(_dark(workspace))
    since = {s.device: s.since for s in workspace.store.latest() if not s.aspect and s.outcome is Outcome.UNREACHABLE}
    for subject, (what, members) in dark.items():
        item = {**_blank(workspace, members[0]), "state": Standing.DARK.value, "device": "", "devices": len(members)}
        item |= {"site": what.get("site", ""), "uplink": what.get("uplink", "")}
        young = _within(now - max(since[name] for name in members if name in since), patience)
        yield subject, _Item(Told(state=Standing.DARK.value, item=item), members, young)
    in_the_dark = {name for _, members in dark.values() for name in members}
    often = workspace.store.often((now - timedelta(days=FLAPPING_DAYS)).timestamp(), FLAPS)
    for row in workspace.store.drift():
        place = (row.device, row.aspect, row.field, row.key)
        device = workspace.inventory.devices.get(row.device)
        if device is None or (row.ended is not None and place not in often) or _is_elsewheres(row):
            continue
        standing = _NOT_TOLD if row.device in in_the_dark and not row.aspect else _standing(workspace, device, row, now)
        if place in often and row.outcome is not Outcome.WAIVED and row.device not in in_the_dark:
            standing = Standing.FLAPPING
        if row.ended is None or standing is Standing.FLAPPING:
            setting = ".".join(part for part in place[1:] if part)
            young = standing is Standing.UNREACHABLE and _within(now - row.first_seen, patience)
            item = _told(workspace, row, standing)
            yield f"{row.device}/{setting}", _Item(Told(state=standing, item=item), (row.device,), young)
    if late:
        item = {**_blank(workspace, late[0]), "state": Standing.LATE.value, "device": "", "devices": len(late)}
        yield _LATE, _Item(Told(state=Standing.LATE.value, item=item | {"site": ""}), tuple(late))


def _is_elsewheres(row: Drift) -> bool:
    """Return whether it is another device's trouble, which is told there: the channel of a camera without power."""
    return row.outcome is Outcome.BLOCKED or (row.outcome is Outcome.UNREACHABLE and bool(row.aspect))


def _standing(workspace: Workspace, device: Device, row: Drift, now: datetime) -> str:
    match row.outcome:
        case Outcome.WAIVED:
            return _NOT_TOLD
        case Outcome.UNREACHABLE:
            return Standing.UNREACHABLE
        case Outcome.PENDING:
            waiver = covering(workspace.waivers(device), row.aspect, row.field, row.key)
            since = row.first_seen.astimezone().date().isoformat()
            if waiver is not None and since <= waiver.until and not waiver.holds(workspace.today):
                return Standing.EXPIRED
            if row.cause in (Cause.PENDING, Cause.NEW):
                return Standing.OVERDUE if _grace_is_over(workspace, row, now) else _NOT_TOLD
            return Standing.DRIFT
        case _:
            return Standing.TROUBLE


def _grace_is_over(workspace: Workspace, row: Drift, now: datetime) -> bool:
    values = workspace.inventory.values(row.device)
    days = int(values[GRACE].value) if GRACE in values else GRACE_DAYS
    return not _within(now - (row.asked or row.first_seen), timedelta(days=days))


def _within(age: timedelta, span: timedelta) -> bool:
    """Return whether something is younger than that; what is of the future was seen by a clock that was ahead."""
    return timedelta(0) <= age < span


def _dark(workspace: Workspace) -> Iterator[tuple[str, tuple[Mapping[str, str], tuple[str, ...]]]]:
    """Yield the uplinks, and the sites of none of those, of which no device answers, with these (two or more)."""
    seen = {s.device: s.outcome for s in workspace.store.latest() if not s.aspect}
    devices = [d for d in workspace.inventory.devices.values() if d.name in seen]
    done: set[str] = set()
    for kind in ("uplink", "site"):
        groups: dict[str, list[str]] = {}
        for device in devices:
            key = str(getattr(device, kind))
            if key and device.name not in done and (kind == "site" or key != device.site):
                groups.setdefault(key, []).append(device.name)
        for key, members in groups.items():
            silent = [name for name in members if seen[name] is Outcome.UNREACHABLE]
            if len(silent) > 1 and all(seen[name] in _NO_ANSWER for name in members):
                done.update(members)
                yield f"{kind}:{key}", ({kind: key}, tuple(members))


def _blank(workspace: Workspace, device: str) -> dict[str, Any]:
    told = workspace.inventory.devices[device]
    return {
        "state": "",
        "device": device,
        "kind": told.kind.value,
        "site": told.site,
        "uplink": "",
        "devices": 1,
        "setting": "",
        "expected": None,
        "actual": None,
        "reason": "",
        "since": None,
        "changed_by": [],
    }


def _told(workspace: Workspace, row: Drift, standing: str) -> dict[str, Any]:
    types = workspace.types
    return _blank(workspace, row.device) | {
        "state": str(standing),
        "setting": ".".join(part for part in (row.aspect, row.field, row.key) if part),
        "expected": plain(value(row.expected, types)),
        "actual": plain(value(row.actual, types)),
        "reason": row.reason,
        "since": row.first_seen.isoformat(timespec="seconds"),
        "changed_by": [dict(each) for each in row.changed_by],
    }
