"""Bring a device to its plan: re-read, refuse what went stale, write, judge by what reads back."""

from __future__ import annotations

import dataclasses
import enum
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from fleetctl import catalog
from fleetctl.converge.link import Job, Link, read, same_device, told
from fleetctl.converge.observe import compared, failing, recognise
from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import (
    Access,
    AspectPlan,
    Cell,
    Change,
    Channel,
    Expectation,
    FrozenMap,
    Gap,
    Intent,
    Learned,
    Outcome,
    Reading,
    Result,
    SecretRef,
    secrets_in,
)
from fleetctl.plan import Comparison, compare, gap_reason, moved, outcome_with, waive, wanted
from fleetctl.protocols import opener

SETTLE_S: Final = (0.0, 0.3, 1.0, 2.0)  # a device may take a moment until what it accepted reads back
BEGIN_S: Final = (4.0, 8.0)  # and more until what was set begins: a recorder records
MOVE_S: Final = 60.0  # how long a device may take to answer on its new address


def converge(job: Job, link: Link, channel: Channel) -> list[Outcome]:
    registry = catalog.load()
    plan = job.plan
    if plan is None:
        return []
    pending = {p.aspect: p for p in plan.aspects if p.changes}
    outcomes: list[Outcome] = [_emit(job, channel, p, p.outcome, p.reason) for p in plan.aspects if not p.changes]
    driver, _identity = recognise(job, link, registry, required=bool(pending))
    stopped = ""
    for aspect in registry.aspects_of(job.device.kind):
        planned = pending.get(aspect.name)
        if planned is None:
            continue
        if stopped:
            outcomes.append(_emit(job, channel, planned, Outcome.BLOCKED, f"not begun: {stopped}"))
            continue
        cell = registry.cell(driver, aspect.name, planned.expected)
        outcome = _settle(job, link, channel, planned, cell)
        outcomes.append(outcome)
        if outcome is Outcome.STALE:
            stopped = f"{aspect.name} was no longer as planned; plan again"
    return outcomes


def _emit(
    job: Job,
    channel: Channel,
    planned: AspectPlan,
    outcome: Outcome,
    reason: str = "",
    *,
    changes: tuple[Any, ...] = (),
    gaps: tuple[Gap, ...] | None = None,
    begun: float | None = None,
) -> Outcome:
    channel.emit(
        Result(
            device=job.device.name,
            kind=job.device.kind,
            site=job.device.site,
            aspect=planned.aspect,
            outcome=outcome,
            reason=reason,
            changes=changes,
            gaps=planned.gaps if gaps is None else gaps,
            duration_s=0.0 if begun is None else time.monotonic() - begun,
        )
    )
    return outcome


def _settle(job: Job, link: Link, channel: Channel, planned: AspectPlan, cell: Cell | None) -> Outcome:
    """Re-read, compare with the plan, write, read back; the aspect's result is emitted."""
    begun = time.monotonic()
    name = job.device.name
    expectation = Expectation(
        aspect=planned.aspect, value=planned.expected, exclusive=planned.exclusive, waivers=planned.waivers
    )
    if cell is None or cell.write is None:
        return _emit(job, channel, planned, Outcome.UNSUPPORTED, "read only on this device", begun=begun)
    reading = read(cell, planned.aspect, link)
    if reading.outcome is not None:
        return _emit(job, channel, planned, reading.outcome, reading.reason, begun=begun)
    now = waive(compare(name, expectation, reading.value), planned.aspect, planned.waivers).without(planned.gaps)
    now = now.without((*_waiting(job, now), *_open(job, planned, now)))
    if why := moved(planned, now):
        return _emit(job, channel, planned, Outcome.STALE, f"{why}; run plan again", begun=begun)
    if not now.changes:
        outcome = outcome_with(now.gaps)
        return _emit(job, channel, planned, outcome, gap_reason(now.gaps), gaps=now.gaps, begun=begun)
    channel.confirm(Intent(device=name, aspect=planned.aspect, changes=now.changes))
    outcome, reason, gaps = _apply(job, link, channel, cell, expectation, reading.value, now)
    return _emit(job, channel, planned, outcome, reason, changes=now.changes, gaps=gaps, begun=begun)


def _waiting(job: Job, now: Comparison) -> tuple[Gap, ...]:
    """Return what must not be written yet: an item that holds the secret of a device which did not end well."""
    return tuple(
        Gap(
            field=c.field, key=c.key, outcome=Outcome.BLOCKED, reason=f"needs {ref.device}, {job.not_ready[ref.device]}"
        )
        for c in now.changes
        for ref in secrets_in(c.after)
        if ref.device in job.not_ready
    )


def _open(job: Job, planned: AspectPlan, now: Comparison) -> tuple[Gap, ...]:
    """Return what must not be written since it would send a secret of which nobody knows whether it is live."""
    if not job.unsettled:
        return ()

    def secrets_sent(c: Change) -> Iterable[SecretRef]:
        whole = getattr(planned.expected, c.field)  # of a keyed field the whole item is sent, not only what differs
        return secrets_in(whole.get(c.key, c.after) if isinstance(whole, FrozenMap) else c.after)

    return tuple(
        Gap(field=c.field, key=c.key, outcome=Outcome.BLOCKED, reason=job.unsettled[ref])
        for c in now.changes
        for ref in secrets_sent(c)
        if ref in job.unsettled
    )


def _apply(
    job: Job,
    link: Link,
    channel: Channel,
    cell: Cell,
    expectation: Expectation,
    actual: Any,
    now: Comparison,
) -> tuple[Outcome, str, tuple[Gap, ...]]:
    """Write what differs and judge by what reads back, never by the device's word; what is not as wanted comes too."""
    target = wanted(expectation.value, now.changes)
    move = cell.moves(actual, target) if cell.moves is not None else None
    if move is not None and move[0] != link.device.endpoint.address:
        move = None  # reached by another address (a relay, a translation): it stays where we find it
    if move is not None and _answers(job, link, cell, move[1]):
        return Outcome.FAILED, f"{move[1]} is in use by another device already; nothing was sent", now.gaps
    said = _write(cell, target, link, job, moving=move is not None)
    if move is not None and not said:
        outcome, reason = _confirm_move(job, link, channel, cell, actual, now, move)
        if outcome is not Outcome.CHANGED:
            return outcome, reason, now.gaps
    left, reading, gaps = _read_back(job, link, cell, expectation, now)
    if not left and reading.outcome is None and not (said and cell.refusals_stand):
        return outcome_with(gaps, Outcome.CHANGED), gap_reason(gaps), gaps
    if said:
        return Outcome.FAILED, said, gaps
    if reading.outcome is not None:
        return reading.outcome, f"written, but cannot be read back: {reading.reason}", gaps
    before = {(c.field, c.key): c.before for c in now.changes}
    names = ", ".join(f"{c.field}.{c.key}" if c.key else c.field for c in left)
    if all(before.get((c.field, c.key)) == c.before for c in left):
        return Outcome.NOT_APPLIED, f"the device accepted it, but reads back as before: {names}", gaps
    parts = ", ".join(told for change in left for told in _parts(change))
    return Outcome.FAILED, f"the device made something else of it: {parts}", gaps


def _parts(change: Change) -> Iterator[str]:
    """Yield what differs, part by part where the value is an item of a keyed field."""
    name = f"{change.field}.{change.key}" if change.key else change.field
    if not dataclasses.is_dataclass(change.after) or not isinstance(change.before, type(change.after)):
        yield f"{name} is {_word(change.before)}, expected {_word(change.after)}"
        return
    for part in dataclasses.fields(change.after):
        before, after = getattr(change.before, part.name), getattr(change.after, part.name)
        if before != after:
            yield f"{name}.{part.name} is {_word(before)}, expected {_word(after)}"


def _word(value: object) -> str:
    return str(value.value) if isinstance(value, enum.Enum) else repr(value)


def _write(cell: Cell, target: Any, link: Link, job: Job, *, moving: bool) -> str:
    """Write; return what the device said against it, "" if nothing."""
    if cell.write is None:
        return "read only on this device"
    try:
        cell.write(link.session(cell.protocol), target, job.secrets)
    except (Rejected, Unsupported, BadAnswer) as error:
        return told(error)
    except Refused as error:
        if error.of_login:
            raise
        return told(error)
    except Unreachable:
        if not moving:
            raise
    return ""


def _read_back(
    job: Job, link: Link, cell: Cell, expectation: Expectation, now: Comparison
) -> tuple[tuple[Any, ...], Reading, tuple[Gap, ...]]:
    """Return what still differs of what was written, and what is not as it should be; a device gets time to settle."""
    gaps, after = now.gaps, now
    fields = {(c.field, c.key) for c in now.changes}
    left: tuple[Any, ...] = ()
    reading = Reading(aspect=expectation.aspect)
    for pause in SETTLE_S + BEGIN_S:
        if pause in BEGIN_S and (left or reading.outcome is not None or not failing(after)):
            break
        time.sleep(pause)
        link.session(cell.protocol).forget()
        reading = read(cell, expectation.aspect, link)
        if reading.outcome is not None:
            continue
        after = compared(job.device.name, expectation, reading.value, cell).without(gaps)
        left = tuple(c for c in after.changes if (c.field, c.key) in fields)
        if not left and not set(after.gaps) - set(gaps):
            break
    return left, reading, tuple(dict.fromkeys(after.gaps))


def _answers(job: Job, link: Link, cell: Cell, address: str) -> bool:
    """Return whether anything answers at an address where nothing should; asks without a login."""
    endpoint = dataclasses.replace(link.device.endpoint, address=address, timeout_s=3.0)
    device = dataclasses.replace(link.device, endpoint=endpoint, user="")
    try:
        session = opener(cell.protocol)(
            device, password=None, access=Access.READ, facts={}, known_hosts=job.known_hosts
        )
        try:
            session.identity()
        finally:
            session.close()
    except Unreachable:
        return False
    except FleetctlError:
        return True
    return True


def _confirm_move(
    job: Job,
    link: Link,
    channel: Channel,
    cell: Cell,
    actual: Any,
    now: Comparison,
    move: tuple[str, str],
) -> tuple[Outcome, str]:
    """Find the device on its new address; where it still answers only on the old one, undo."""
    old, new = move
    deadline = time.monotonic() + MOVE_S
    while time.monotonic() < deadline:
        for address in (new, old):
            link.move(address)
            try:
                same_device(job.device, link.session(cell.protocol).identity(), required=True)
            except Unreachable:
                continue
            if address == new:
                channel.emit(Learned(device=job.device.name, facts=FrozenMap({"address": new})))
                return Outcome.CHANGED, ""
        time.sleep(1.0)
    link.move(old)
    try:
        link.session(cell.protocol).identity()
    except Unreachable:
        return Outcome.UNREACHABLE, f"after its address was changed it answers neither on {new} nor on {old}"
    said = _write(cell, wanted(actual, now.changes), link, job, moving=False)
    return Outcome.NOT_APPLIED, f"it still answers on {old} only; undone" + (f": {said}" if said else "")
