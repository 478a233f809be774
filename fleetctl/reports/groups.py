"""What a plan or a result says, with what is the same on many devices said once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fleetctl.model import Change, Kind, Outcome, Place
from fleetctl.reports.tally import WANTED, AspectRecord, DeviceRecord
from fleetctl.reports.values import setting_name, shown

QUIET: Final = frozenset({Outcome.UNCHANGED, Outcome.CHANGED, Outcome.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    """The same difference on one or more devices of one kind."""

    kind: Kind
    setting: str
    actual: str
    expected: str
    devices: tuple[str, ...]
    sites: tuple[str, ...]
    place: Place | None = None  # where it is written, if it is the same place for all
    values: int = 1  # more than 1: so many different expected values; `expected` is one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The same thing to tell about one or more devices: what is not as wanted, or cannot be."""

    outcome: Outcome
    aspect: str
    reason: str
    devices: tuple[str, ...]
    kinds: tuple[Kind, ...]
    sites: tuple[str, ...]


def change_groups(records: Iterable[DeviceRecord], *, most: int = 0) -> list[ChangeGroup]:
    """Return the changes, those of several sites first, then site by site; settings in the order of writing.

    `most` > 0: a setting with more than `most` different values (names, texts) becomes one group.
    """
    found: dict[tuple[Kind, str, str, str], list[tuple[DeviceRecord, Change]]] = {}
    for record in sorted(records, key=lambda r: (r.site, r.name)):
        for aspect in record.aspects():
            for change in aspect.changes:
                key = (record.kind, setting_name(change), shown(change.before), shown(change.after))
                found.setdefault(key, []).append((record, change))
    groups = [_group(key, members) for key, members in found.items()]
    if most:
        groups = list(_merged(groups, most))
    groups.sort(key=lambda group: (len(group.sites) == 1, group.sites[:1] if len(group.sites) == 1 else ()))
    return groups


def _group(key: tuple[Kind, str, str, str], members: list[tuple[DeviceRecord, Change]]) -> ChangeGroup:
    places = {change.place for _, change in members}
    return ChangeGroup(
        kind=key[0],
        setting=key[1],
        actual=key[2],
        expected=key[3],
        devices=tuple(sorted(record.name for record, _ in members)),
        sites=tuple(sorted({record.site for record, _ in members})),
        place=next(iter(places)) if len(places) == 1 else None,
    )


def _merged(groups: list[ChangeGroup], most: int) -> Iterator[ChangeGroup]:
    alike: dict[tuple[Kind, str], list[ChangeGroup]] = {}
    for group in groups:
        alike.setdefault((group.kind, group.setting), []).append(group)
    for members in alike.values():
        if len(members) <= most:
            yield from members
            continue
        actual = {group.actual for group in members}
        yield replace(
            members[0],
            actual=members[0].actual if len(actual) == 1 else "…",
            devices=tuple(sorted(name for group in members for name in group.devices)),
            sites=tuple(sorted({site for group in members for site in group.sites})),
            place=None,
            values=len({group.expected for group in members}),
        )


def notes(records: Iterable[DeviceRecord]) -> list[Note]:
    """Return what there is to tell besides the changes, the worst first."""
    found: dict[tuple[Outcome, str, str], list[DeviceRecord]] = {}
    for record in records:
        for outcome, aspect, reason in _told(record):
            found.setdefault((outcome, aspect, reason), []).append(record)
    told = [
        Note(
            outcome=outcome,
            aspect=aspect,
            reason=reason,
            devices=tuple(sorted(r.name for r in members)),
            kinds=tuple(sorted({r.kind for r in members})),
            sites=tuple(sorted({r.site for r in members})),
        )
        for (outcome, aspect, reason), members in found.items()
    ]
    told.sort(key=lambda note: (-note.outcome.rank, note.aspect, note.devices))
    return told


def _told(record: DeviceRecord) -> Iterator[tuple[Outcome, str, str]]:
    whole = record.whole
    if whole is not None and whole.outcome not in QUIET:
        yield whole.outcome, "", _impersonal(whole.reason or record.reason, record)
    for aspect in record.aspects():
        if whole is None or aspect.outcome is not whole.outcome:
            yield from _of_aspect(aspect, record)
    if whole is None and record.finished is not None and record.reason and record.finished not in WANTED:
        yield record.finished, "", _impersonal(record.reason, record)


def _of_aspect(aspect: AspectRecord, record: DeviceRecord) -> Iterator[tuple[Outcome, str, str]]:
    for gap in aspect.gaps:
        name = ".".join(part for part in (aspect.aspect, gap.field, gap.key) if part)
        nearest = f" (nearest possible: {gap.nearest})" if gap.nearest else ""
        yield gap.outcome, name, _impersonal(gap.reason, record) + nearest
    if aspect.outcome not in QUIET and not any(gap.outcome is aspect.outcome for gap in aspect.gaps):
        yield aspect.outcome, aspect.aspect, _impersonal(aspect.reason, record)


def _impersonal(reason: str, record: DeviceRecord) -> str:
    """Return a reason without the device's own name in front, so that the same on many is seen to be the same."""
    head, colon, rest = reason.partition(": ")
    return rest if colon and head.partition(" (")[0] == record.name else reason
