"""Expectations against readings: changes, gaps, what to write, what went stale. Pure; no I/O."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fleetctl.model import (
    ABSENT,
    UNSET,
    Aspect,
    AspectPlan,
    Change,
    Expectation,
    FrozenMap,
    Gap,
    Outcome,
    Reading,
    SecretRef,
    Unset,
    Untold,
    Waiver,
    covering,
    setting_of,
    worst,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs (`changes`) and what cannot be compared (`gaps`)."""

    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def without(self, gaps: Iterable[Gap]) -> Comparison:
        """Return the comparison with the changes that `gaps` rule out turned into those gaps, or into `instead`."""
        ruled = tuple(gaps)
        out = {(gap.field, gap.key): gap for gap in ruled}
        kept: list[Change] = []
        for change in self.changes:
            gap = out.get((change.field, change.key)) or out.get((change.field, ""))
            if gap is None:
                kept.append(change)
            elif gap.instead is not UNSET and gap.instead != change.before:
                kept.append(dataclasses.replace(change, after=gap.instead))
        return Comparison(changes=tuple(kept), gaps=self.gaps + tuple(gap for gap in ruled if gap not in self.gaps))


def waive(comparison: Comparison, aspect: str, waivers: Sequence[Waiver]) -> Comparison:
    """Return the comparison with what an agreed exception covers as gaps that are waived.

    What could not be told stays unknown: nobody can agree to what nobody knows.
    """
    if not waivers:
        return comparison
    changes: list[Change] = []
    gaps: list[Gap] = []
    for gap in comparison.gaps:
        known = gap.outcome in (Outcome.UNSUPPORTED, Outcome.FAILED) and not gap.elsewhere
        waiver = covering(waivers, aspect, gap.field, gap.key) if known else None
        if waiver is None:
            gaps.append(gap)
        else:
            reason = f"{gap.reason}; {waiver.sentence}"
            gaps.append(Gap(field=gap.field, key=gap.key, outcome=Outcome.WAIVED, reason=reason))
    for change in comparison.changes:
        waiver = covering(waivers, aspect, change.field, change.key)
        if waiver is None:
            changes.append(change)
        else:
            gaps.append(
                Gap(
                    field=change.field,
                    key=change.key,
                    outcome=Outcome.WAIVED,
                    reason=waiver.sentence,
                    before=change.before,
                    after=change.after,
                )
            )
    return Comparison(changes=tuple(changes), gaps=tuple(gaps))


def overdue(comparison: Comparison, ended: Sequence[Waiver]) -> Comparison:
    """Return the comparison with a gap for each setting that was to be raised to the standard by now."""
    gaps = []
    for waiver in ended:
        _, _, rest = waiver.setting.partition(".")
        field, _, key = rest.partition(".")
        reason = (
            f"kept as it was until {waiver.until} by {waiver.owner}; to be as the standard says: "
            f"fleetctl adopt --raise {waiver.setting.partition('.')[0]}"
        )
        gaps.append(Gap(field=field, key=key, outcome=Outcome.PENDING, reason=reason))
    return Comparison(changes=comparison.changes, gaps=comparison.gaps + tuple(gaps)) if gaps else comparison


def is_empty(value: Any) -> bool:
    """Return whether an expectation's value manages nothing."""
    return all(getattr(value, field.name) is UNSET for field in dataclasses.fields(value))


def compare(device: str, expectation: Expectation, actual: Any) -> Comparison:
    """Return how `actual` (the aspect's type) differs from the expectation.

    Fields nobody set and observed fields are not compared; secrets never are. A field that is expected but
    that the device does not tell is a gap, never in step.
    """
    changes: list[Change] = []
    gaps: list[Gap] = []
    for field in dataclasses.fields(expectation.value):
        expected = getattr(expectation.value, field.name)
        if expected is UNSET or setting_of(field).observed or setting_of(field).instruction:
            continue
        told = getattr(actual, field.name)
        if isinstance(told, Untold):
            gaps.append(Gap(field=field.name, outcome=told.outcome, reason=told.reason))
        elif told is UNSET:
            gaps.append(Gap(field=field.name, reason="the device does not tell this and cannot be set"))
        elif isinstance(expected, FrozenMap):
            exclusive = field.name in expectation.exclusive
            changes.extend(_keyed(device, expectation, field.name, expected, told, exclusive=exclusive))
            gaps.extend(_untold(field.name, expected, told))
        elif expected != told:
            place = expectation.places.get(field.name)
            changes.append(
                Change(
                    device=device,
                    aspect=expectation.aspect,
                    field=field.name,
                    before=told,
                    after=expected,
                    place=place,
                )
            )
    return Comparison(changes=tuple(changes), gaps=tuple(gaps))


def _keyed(
    device: str, expectation: Expectation, field: str, expected: FrozenMap[Any], told: Any, *, exclusive: bool
) -> Iterator[Change]:
    def change(key: str, before: Any, after: Any) -> Change:
        place = expectation.places.get(f"{field}.{key}") or expectation.places.get(field)
        return Change(
            device=device,
            aspect=expectation.aspect,
            field=field,
            key=key,
            before=before,
            after=after,
            place=place,
        )

    for key, item in expected.items():
        if item is ABSENT:
            if key in told:
                yield change(key, told[key], ABSENT)
        elif key not in told:
            yield change(key, ABSENT, item)
        else:
            before, after = _differing(item, told[key])
            if after is not None:
                yield change(key, before, after)
    if exclusive:
        for key in told:
            if key not in expected:
                yield change(key, told[key], ABSENT)


def _untold(field: str, expected: FrozenMap[Any], told: Any) -> Iterator[Gap]:
    """Yield a gap for each expected part of an item that could not be read; it rules no change of the item out."""
    for key, item in expected.items():
        if item is ABSENT or key not in told:
            continue
        for part in dataclasses.fields(item):
            actual = getattr(told[key], part.name)
            if not _compared(item, part):
                continue
            if isinstance(actual, Untold):
                yield Gap(
                    field=field,
                    key=f"{key}.{part.name}",
                    outcome=actual.outcome,
                    reason=actual.reason,
                    elsewhere=actual.elsewhere,
                )
            elif actual is UNSET:
                reason = "the device does not tell this and cannot be set"
                yield Gap(field=field, key=f"{key}.{part.name}", reason=reason)


def _compared(item: Any, part: dataclasses.Field[Any]) -> bool:
    value = getattr(item, part.name)
    return value is not UNSET and not isinstance(value, SecretRef) and not setting_of(part).instruction


def _differing(expected: Any, told: Any) -> tuple[Any, Any]:
    """Return both items reduced to the fields that differ, (None, None) if none does."""
    names = [
        field.name
        for field in dataclasses.fields(expected)
        if _compared(expected, field)
        and not isinstance(getattr(told, field.name), Untold | Unset)
        and getattr(expected, field.name) != getattr(told, field.name)
    ]
    if not names:
        return None, None
    blank = type(expected)
    return blank(**{n: getattr(told, n) for n in names}), blank(**{n: getattr(expected, n) for n in names})


def wanted(expected: Any, changes: Iterable[Change]) -> Any:
    """Return the aspect's value with only what the changes are about; keyed fields hold whole expected items."""
    told: dict[str, Any] = {}
    for change in changes:
        whole = getattr(expected, change.field)
        if isinstance(whole, FrozenMap):  # the whole item, not only what differs of it
            told.setdefault(change.field, {})[change.key] = whole.get(change.key, ABSENT)
        else:
            told[change.field] = change.after
    return type(expected)(**{n: FrozenMap(v) if isinstance(v, dict) else v for n, v in told.items()})


def plan_aspect(
    aspect: Aspect, expectation: Expectation, reading: Reading, comparison: Comparison | None
) -> AspectPlan:
    """Return what is to be done; `comparison` is None when the aspect could not be read."""
    if reading.outcome is not None or comparison is None:
        return AspectPlan(
            aspect=aspect.name,
            outcome=reading.outcome or Outcome.UNKNOWN,
            reason=reading.reason,
            expected=expectation.value,
            exclusive=expectation.exclusive,
            waivers=expectation.waivers,
            disruption=aspect.disruption,
        )
    outcome = outcome_with(comparison.gaps, Outcome.PENDING if comparison.changes else Outcome.UNCHANGED)
    return AspectPlan(
        aspect=aspect.name,
        outcome=outcome,
        changes=comparison.changes,
        gaps=comparison.gaps,
        reason=gap_reason(comparison.gaps),
        actual=reading.value,
        expected=expectation.value,
        exclusive=expectation.exclusive,
        waivers=expectation.waivers,
        disruption=aspect.disruption,
    )


def outcome_with(gaps: Iterable[Gap], outcome: Outcome = Outcome.UNCHANGED) -> Outcome:
    """Return how an aspect ends that would end so but for these gaps; another device's trouble is not its own."""
    return worst([outcome, *(gap.outcome for gap in gaps if not gap.elsewhere)])


def gap_reason(gaps: Iterable[Gap]) -> str:
    """Return the gaps as one line for people."""
    told = []
    for gap in gaps:
        name = f"{gap.field}.{gap.key}" if gap.key else gap.field
        told.append(f"{name}: {gap.reason}" + (f" (nearest possible: {gap.nearest})" if gap.nearest else ""))
    return "; ".join(told)


def moved(planned: AspectPlan, now: Comparison) -> str:
    """Return why the plan is stale ("" if it is not): a field is neither as planned nor already right.

    A planned field that is right by now is no reason; a field that has drifted since the plan is.
    """
    seen = {(c.field, c.key): c.before for c in planned.changes}
    ruled_out = {(gap.field, gap.key) for gap in planned.gaps if gap.instead is UNSET}
    for change in now.changes:
        place = (change.field, change.key)
        name = f"{change.field}.{change.key}" if change.key else change.field
        if place in ruled_out:
            continue
        if place not in seen:
            return f"{name} is {change.before!r} now and was right when the plan was made"
        if change.before != seen[place]:
            return f"{name} is {change.before!r} now, the plan saw {seen[place]!r}"
    return ""
