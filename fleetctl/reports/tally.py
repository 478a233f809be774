"""The sum of a run: one record per device, made from the one stream of events, and the run's exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fleetctl.model import (
    Change,
    Device,
    DevicePlan,
    Event,
    Finished,
    Gap,
    Kind,
    Outcome,
    Planned,
    Result,
    Started,
    worst,
)

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_PENDING: Final = 3
EXIT_UNREACHABLE: Final = 4
EXIT_INTERRUPTED: Final = 130

FAILED: Final = frozenset({Outcome.FAILED, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.NOT_APPLIED, Outcome.STALE})
WANTED: Final = frozenset({Outcome.UNCHANGED, Outcome.CHANGED, Outcome.WAIVED, Outcome.UNSUPPORTED})


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return a run's exit code; of several that apply, 130 comes before 1, 3, 4 and 0.

    Blocked counts as what blocked it: as unreachable when nothing failed and something was out of reach, else
    as failed.
    """
    told = set(outcomes)
    if Outcome.INTERRUPTED in told:
        return EXIT_INTERRUPTED
    if told & FAILED:
        return EXIT_FAILED
    if Outcome.BLOCKED in told and Outcome.UNREACHABLE not in told:
        return EXIT_FAILED
    if Outcome.PENDING in told:
        return EXIT_PENDING
    if Outcome.UNREACHABLE in told:
        return EXIT_UNREACHABLE
    return EXIT_OK


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectRecord:
    """How one aspect of one device ended (aspect "": the device as a whole)."""

    aspect: str
    outcome: Outcome
    reason: str = ""
    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(slots=True, kw_only=True)
class DeviceRecord:
    """What is known of one device in this run."""

    name: str
    kind: Kind
    site: str
    area: str = ""
    plan: DevicePlan | None = None
    results: dict[str, AspectRecord] = field(default_factory=dict)
    finished: Outcome | None = None
    reason: str = ""
    duration_s: float = 0.0

    def aspects(self) -> Iterator[AspectRecord]:
        """Yield the aspects: what was done where something was, else what was planned.

        Where the device as a whole ended badly, what was pending ended as it did.
        """
        ended = self.results.get("")
        for planned in self.plan.aspects if self.plan else ():
            if planned.aspect not in self.results:
                yield AspectRecord(
                    aspect=planned.aspect,
                    outcome=ended.outcome if ended and planned.outcome is Outcome.PENDING else planned.outcome,
                    reason=planned.reason,
                    changes=planned.changes,
                    gaps=planned.gaps,
                )
        for aspect, record in self.results.items():
            if aspect:
                yield record

    @property
    def whole(self) -> AspectRecord | None:
        """What is said of the device as a whole: that it was unreachable, refused, blocked."""
        if "" in self.results:
            return self.results[""]
        if self.plan is not None and self.plan.outcome is not None:
            return AspectRecord(aspect="", outcome=self.plan.outcome, reason=self.plan.reason)
        return None

    @property
    def outcome(self) -> Outcome:
        """The worst of all that is known of it; what it does not offer counts only where there is nothing else.

        What is another device's trouble is told beside it (`held_up`).
        """
        told = set(self._own())
        return worst(told - {Outcome.UNSUPPORTED} or told)

    @property
    def unsupported(self) -> bool:
        """Whether the device does not offer something that is expected of it."""
        return Outcome.UNSUPPORTED in self.outcomes()

    @property
    def held_up(self) -> tuple[Gap, ...]:
        """What of the device is not as wanted for another device's trouble: the channel of a camera without power."""
        return tuple(gap for record in self.aspects() for gap in record.gaps if gap.elsewhere)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield every outcome that counts for the exit code."""
        yield from self._own()
        yield from (gap.outcome for gap in self.held_up)

    def number(self, aspect: str, field: str, *, expected: bool = False) -> float | None:
        """Return a number that was read of the device (or is expected of it), None where there is none."""
        for planned in self.plan.aspects if self.plan else ():
            if planned.aspect == aspect:
                told = getattr(planned.expected if expected else planned.actual, field, None)
                return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
        return None

    def _own(self) -> Iterator[Outcome]:
        if self.finished is not None:
            yield self.finished
        if (whole := self.whole) is not None:
            yield whole.outcome
        for record in self.aspects():
            yield record.outcome
            yield from (gap.outcome for gap in record.gaps if not gap.elsewhere)


class Tally:
    """Consumes events; `devices` tells of each one in the order in which they were first heard of."""

    def __init__(self, devices: Mapping[str, Device] | None = None) -> None:
        self._known = devices or {}
        self.devices: dict[str, DeviceRecord] = {}

    def add(self, event: Event) -> None:
        """Take one event in; kinds that say nothing about the result are passed over."""
        if isinstance(event, Started):
            self._record(event.device, site=event.site)
        elif isinstance(event, Planned):
            record = self._record(event.device, kind=event.plan.kind, site=event.plan.site)
            record.plan = event.plan
        elif isinstance(event, Result):
            record = self._record(event.device, kind=event.kind, site=event.site)
            record.results[event.aspect] = AspectRecord(
                aspect=event.aspect,
                outcome=event.outcome,
                reason=event.reason,
                changes=event.changes,
                gaps=event.gaps,
            )
        elif isinstance(event, Finished):
            record = self._record(event.device, site=event.site)
            record.finished, record.reason, record.duration_s = event.outcome, event.reason, event.duration_s

    def _record(self, name: str, *, kind: Kind | None = None, site: str = "") -> DeviceRecord:
        record = self.devices.get(name)
        if record is None:
            known = self._known.get(name)
            record = self.devices[name] = DeviceRecord(
                name=name,
                kind=kind or (known.kind if known else Kind.OTHER),
                site=site or (known.site if known else ""),
                area=known.area if known else "",
            )
        if kind is not None:
            record.kind = kind
        return record

    def counts(self) -> Counter[Outcome]:
        """Return how many devices ended how, each by its worst outcome."""
        return Counter(record.outcome for record in self.devices.values())

    def sites(self) -> dict[str, list[DeviceRecord]]:
        """Return the devices by site, in order of site and name."""
        told: dict[str, list[DeviceRecord]] = {}
        for record in sorted(self.devices.values(), key=lambda r: (r.site, r.name)):
            told.setdefault(record.site, []).append(record)
        return told

    def unsupported(self) -> int:
        """Return how many devices do not offer something that is expected of them."""
        return sum(record.unsupported for record in self.devices.values())

    def held_up(self) -> int:
        """Return how many parts of devices (channels) are not as wanted for another device's trouble."""
        return len({(r.name, gap.key.partition(".")[0]) for r in self.devices.values() for gap in r.held_up})

    def changes(self) -> int:
        """Return how many single settings differ, or were set."""
        return sum(len(a.changes) for record in self.devices.values() for a in record.aspects())

    def exit_code(self) -> int:
        """Return the run's exit code."""
        return exit_code(outcome for record in self.devices.values() for outcome in record.outcomes())
