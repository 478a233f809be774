"""One recorder by hand: what it recorded over a span, and formatting a disk that it reports unformatted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fleetctl import converge
from fleetctl.aspects.storage import Health, Storage
from fleetctl.errors import FleetctlError, Unreachable, Unsupported, UsageError
from fleetctl.model import Access, Change, Device, Finished, Intent, Kind, Outcome
from fleetctl.operations.device import Recorder, one, writable
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace

TOLERANCE: Final = timedelta(seconds=5)  # between one file and the next
FORMAT_S: Final = 120.0  # how long a recorder may take to format a disk
_FORMS: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What a channel recorded within a span, in the recorder's wall clock: pieces joined, and the gaps between."""

    channel: str
    pieces: tuple[Span, ...]
    gaps: tuple[Span, ...]

    @property
    def recorded_s(self) -> float:
        """How much of the span is there."""
        return sum((end - begin).total_seconds() for begin, end in self.pieces)


def moment(told: str) -> datetime:
    """Return a moment of the recorder's wall clock; raises UsageError."""
    for form in _FORMS:
        try:
            return datetime.strptime(told.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise UsageError(f'{told!r} is no moment. Write 2026-11-25, or "2026-11-25 08:00", in the recorder\'s own time')


def footage(workspace: Workspace, name: str, begin: datetime, end: datetime) -> tuple[Footage, ...]:
    """Return what each channel of a recorder recorded within a span.

    Raises UsageError for a span that is none and for what is no recorder, Unsupported, Unreachable, Refused.
    """
    if begin >= end:
        raise UsageError("--footage: the first moment is not before the second")
    device = one(workspace, name)
    if device.kind is not Kind.NVR:
        raise UsageError(f"{name} is a {device.kind.value}; recordings are on recorders")
    with workspace.journal.run("show", {"device": name, "footage": f"{begin:%F %T} {end:%F %T}"}) as record:
        task = job(workspace, device)
        with converge.linked(task, Access.READ, Recorder(record)) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=False)
            find, bound = (workspace.registry.action(driver, n) for n in ("find_footage", "channels_bound"))
            if find is None or bound is None:
                raise Unsupported(f"{name}: fleetctl cannot search the recordings of {driver.name} devices")
            channels = bound.run(link.session(bound.protocol), None)
            segments = find.run(link.session(find.protocol), (begin, end))
    return tuple(_footage(channel, segments, begin, end) for channel in sorted(channels, key=int))


def _footage(channel: str, segments: Sequence[Any], begin: datetime, end: datetime) -> Footage:
    own = sorted((max(s.begin, begin), min(s.end, end)) for s in segments if s.channel == channel)
    pieces: list[Span] = []
    for first, last in own:
        if pieces and first - pieces[-1][1] <= TOLERANCE:
            pieces[-1] = (pieces[-1][0], max(last, pieces[-1][1]))
        elif last > first:
            pieces.append((first, last))
    return Footage(channel=channel, pieces=tuple(pieces), gaps=tuple(_gaps(pieces, begin, end)))


def _gaps(pieces: Sequence[Span], begin: datetime, end: datetime) -> Iterator[Span]:
    at = begin
    for first, last in pieces:
        if first - at > TOLERANCE:
            yield at, first
        at = last
    if end - at > TOLERANCE:
        yield at, end


# --- disks -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """How formatting a disk went, by what the recorder says of it afterwards."""

    device: Device
    disk: str
    outcome: Outcome
    reason: str = ""


def disks(workspace: Workspace, name: str) -> Mapping[str, Any]:
    """Return the disks of a recorder; raises UsageError for what is no recorder."""
    device = _recorder(workspace, name)
    with workspace.journal.run("show", {"device": name}) as record:
        task = job(workspace, device)
        with converge.linked(task, Access.READ, Recorder(record)) as link:
            return _disks(workspace, task, link)


def _recorder(workspace: Workspace, name: str) -> Device:
    device = one(workspace, name)
    if device.kind is not Kind.NVR:
        raise UsageError(f"{name} is a {device.kind.value}; only disks of recorders are formatted")
    return device


def _disks(workspace: Workspace, task: converge.Job, link: converge.Link) -> Mapping[str, Any]:
    driver, _ = converge.recognise(task, link, workspace.registry, required=False)
    reading = converge.read(workspace.registry.cell(driver, "storage"), "storage", link)
    if not isinstance(reading.value, Storage) or not isinstance(reading.value.disks, Mapping):
        raise Unsupported(f"{task.device.name}: {reading.reason or 'the recorder lists no disks'}")
    return reading.value.disks


def format_disk(workspace: Workspace, name: str, disk: str, serial_number: str) -> Formatted:
    """Format a disk that the recorder reports unformatted, and prove it by what it reports afterwards.

    `serial_number` is what a person typed: the disk's, or the recorder's where it does not tell that of its disks.
    Raises UsageError (audit_only, no recorder), Refused (the disk is in use, another serial number).
    """
    device = writable(workspace, _recorder(workspace, name))
    change = Change(device=name, aspect="", field="format_disk", key=disk, before="unformatted", after="requested")
    with workspace.journal.run("format-disk", {"device": name, "disk": disk}) as record:
        channel = Recorder(record)
        task = job(workspace, device)
        with converge.linked(task, Access.WRITE, channel) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=True)
            action = workspace.registry.action(driver, "format_disk")
            if action is None:
                raise Unsupported(f"{name}: fleetctl cannot format disks of {driver.name} devices")
            channel.confirm(Intent(device=name, aspect="", changes=(change,)))
            action.run(link.session(action.protocol), (disk, serial_number))
            outcome, reason = _proven(workspace, task, link, disk)
        record(Finished(device=name, site=device.site, outcome=outcome, reason=reason))
    return Formatted(device=device, disk=disk, outcome=outcome, reason=reason)


def _proven(workspace: Workspace, task: converge.Job, link: converge.Link, disk: str) -> tuple[Outcome, str]:
    """Watch the disk until the recorder no longer reports it unformatted."""
    deadline, told = time.monotonic() + FORMAT_S, ""
    while time.monotonic() < deadline:
        try:
            for session in link.open_sessions:
                session.forget()
            now = _disks(workspace, task, link).get(disk)
        except Unreachable:
            now = None
        except FleetctlError as error:
            return Outcome.UNKNOWN, converge.told(error)
        if now is not None and now.health is Health.OK:
            return Outcome.CHANGED, ""
        told = str(getattr(now, "told", "") or told)
        time.sleep(0.5)
    return Outcome.NOT_APPLIED, f"the recorder took the order, and {FORMAT_S:.0f} s later the disk is {told!r}"
