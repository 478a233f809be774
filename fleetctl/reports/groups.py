"""What a plan or a result says, with what is the same on many devices said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetctl.model import UNSET, Change, Gap, Kind, Outcome, Place
from fleetctl.reports.tally import WANTED, AspectRecord, DeviceRecord
from fleetctl.reports.values import impersonal, setting_name, shown

ANY: Final = "\N{REPLACEMENT CHARACTER}"  # stands in a reason for the name of the device it was told of
QUIET: Final = frozenset({Outcome.UNCHANGED, Outcome.CHANGED, Outcome.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    """The same setting that shall become the same on one or more devices of one kind."""

    kind: Kind
    setting: str
    actual: tuple[tuple[str, int], ...]  # each actual value and how many devices have it, the most common first
    expected: str
    devices: tuple[str, ...]
    sites: tuple[str, ...]
    place: Place | None = None  # where it is written, if it is the same place for all
    values: int = 1  # more than 1: so many different expected values; `expected` is one of them
    members: tuple[tuple[str, str], ...] = ()  # each device with its setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The same thing to tell about one or more devices: what is not as wanted, or cannot be."""

    outcome: Outcome
    aspects: tuple[str, ...]  # aspects, or settings; none: the device as a whole
    reason: str
    devices: tuple[str, ...]
    kinds: tuple[Kind, ...]
    sites: tuple[str, ...]
    reasons: int = 1  # more than 1: so many different reasons; `reason` is one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    record: DeviceRecord
    change: Change
    setting: str
    actual: str
    expected: str


def change_groups(records: Iterable[DeviceRecord], *, alike: bool = True, most: int = 0) -> list[ChangeGroup]:
    """Return the changes, those of several sites first, then site by site, aspect by aspect.

    `alike`: what becomes the same is one group, whatever it is now; else only what is also the same now.
    `most` > 0: a setting with more than `most` different expected values (names, texts) becomes one group.
    """
    told = [
        _Told(
            record=record,
            change=change,
            setting=setting_name(change),
            actual=shown(change.before),
            expected=shown(change.after),
        )
        for record in sorted(records, key=lambda r: (r.site, r.name))
        for aspect in record.aspects()
        for change in aspect.changes
    ]
    found: dict[tuple[Kind, str, str, str], list[_Told]] = {}
    for each in told:
        key = (each.record.kind, each.setting, each.expected, "" if alike else each.actual)
        found.setdefault(key, []).append(each)
    members = list(_merged(found, most)) if most else list(found.values())
    aspects = {name: n for n, name in enumerate(dict.fromkeys(each.change.aspect for each in told))}
    settings = {name: n for n, name in enumerate(dict.fromkeys(each.setting for each in told))}

    def order(group: ChangeGroup) -> tuple[object, ...]:
        site = group.sites[0] if len(group.sites) == 1 else ""
        aspect = group.setting.partition(".")[0]
        return bool(site), site, aspects[aspect], settings[group.setting], -len(group.devices)

    return sorted(map(_group, members), key=order)


def _group(members: Sequence[_Told]) -> ChangeGroup:
    places = {each.change.place for each in members}
    first = members[0]
    return ChangeGroup(
        kind=first.record.kind,
        setting=first.setting,
        actual=tuple(Counter(each.actual for each in members).most_common()),
        expected=first.expected,
        devices=tuple(sorted(each.record.name for each in members)),
        sites=tuple(sorted({each.record.site for each in members})),
        place=next(iter(places)) if len(places) == 1 else None,
        values=len({each.expected for each in members}),
        members=tuple((each.record.name, each.setting) for each in members),
    )


def _merged(found: Mapping[tuple[Kind, str, str, str], list[_Told]], most: int) -> Iterator[list[_Told]]:
    """Yield the groups, those of a setting with too many different values as one."""
    by_setting: dict[tuple[Kind, str], list[list[_Told]]] = {}
    for (kind, setting, _, _), members in found.items():
        by_setting.setdefault((kind, setting), []).append(members)
    for groups in by_setting.values():
        if len(groups) > most:
            yield [each for members in groups for each in members]
        else:
            yield from groups


def notes(records: Iterable[DeviceRecord], *, most: int = 0) -> list[Note]:
    """Return what there is to tell besides the changes, the worst first.

    `most` > 0: one thing for more than `most` different reasons is told once, with one of them.
    """
    found: dict[tuple[Outcome, str], dict[str, list[DeviceRecord]]] = {}
    for record in sorted(records, key=lambda r: (r.site, r.name)):
        for outcome, aspect, reason in _told(record):
            found.setdefault((outcome, aspect), {}).setdefault(reason, []).append(record)
    told: list[Note] = []
    for (outcome, aspect), reasons in found.items():
        if 0 < most < len(reasons):
            members = [record for each in reasons.values() for record in each]
            told.append(_note(outcome, aspect, next(iter(reasons)), members, len(reasons)))
        else:
            told += [_note(outcome, aspect, reason, members, 1) for reason, members in reasons.items()]
    return sorted(_joined(told), key=lambda note: (-note.outcome.rank, note.aspects, -len(note.devices), note.devices))


def _joined(told: Iterable[Note]) -> Iterator[Note]:
    """Yield the notes, those as one that say the same of the same devices."""
    same: dict[tuple[object, ...], list[Note]] = {}
    for note in told:
        same.setdefault((note.outcome, note.reason, note.reasons, note.devices), []).append(note)
    for notes_ in same.values():
        yield replace(notes_[0], aspects=tuple(sorted({a for note in notes_ for a in note.aspects})))


def _note(outcome: Outcome, aspect: str, reason: str, members: Sequence[DeviceRecord], reasons: int) -> Note:
    names = tuple(sorted({record.name for record in members}))
    return Note(
        outcome=outcome,
        aspects=(aspect,) if aspect else (),
        reason=reason.replace(ANY, names[0] if len(names) == 1 else "DEVICE"),
        devices=names,
        kinds=tuple(sorted({record.kind for record in members})),
        sites=tuple(sorted({record.site for record in members})),
        reasons=reasons,
    )


def _told(record: DeviceRecord) -> Iterator[tuple[Outcome, str, str]]:
    whole = record.whole
    if whole is not None and whole.outcome not in QUIET:
        yield whole.outcome, "", _nameless(whole.reason or record.reason, record)
    for aspect in record.aspects():
        if whole is None or aspect.outcome is not whole.outcome:
            yield from _of_aspect(aspect, record)
    if whole is None and record.finished is not None and record.reason and record.finished not in WANTED:
        yield record.finished, "", _nameless(record.reason, record)


def _of_aspect(aspect: AspectRecord, record: DeviceRecord) -> Iterator[tuple[Outcome, str, str]]:
    for gap in aspect.gaps:
        name = ".".join(part for part in (aspect.aspect, gap.field, gap.key) if part)
        nearest = f" (nearest possible: {gap.nearest})" if gap.nearest else ""
        yield gap.outcome, name, differing(gap) + _nameless(gap.reason, record) + nearest
    if aspect.outcome not in QUIET and not any(gap.outcome is aspect.outcome for gap in aspect.gaps):
        yield aspect.outcome, aspect.aspect, _nameless(aspect.reason, record)


def differing(gap: Gap) -> str:
    """Return what a waived difference is, for in front of its reason; "" for what is none."""
    return "" if gap.before is UNSET else f"{shown(gap.before)}, expected {shown(gap.after)}; "


def _nameless(reason: str, record: DeviceRecord) -> str:
    """Return a reason that names no device, so that the same on many is seen to be the same."""
    return impersonal(reason, record.name).replace(record.name, ANY)
