"""A run as one self-contained page: no script, nothing fetched, Vietnamese or English, prints on A4."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fleetctl import __version__
from fleetctl.model import Outcome
from fleetctl.reports import wording
from fleetctl.reports.acceptance import Document
from fleetctl.reports.files import Run
from fleetctl.reports.groups import change_groups, notes
from fleetctl.reports.language import N_
from fleetctl.reports.tally import DeviceRecord
from fleetctl.reports.values import clean, setting_name, shown
from fleetctl.reports.who import changed_by
from fleetctl.resources import folder

CLOCK_ERROR_S = 2.0
"""Clocks that are wrong by more are told apart; what is demanded of whom the requirement packs say."""

GOOD = frozenset({Outcome.UNCHANGED, Outcome.CHANGED, Outcome.WAIVED, Outcome.UNSUPPORTED})

TITLES = {"plan": N_("Plan"), "apply": N_("Apply"), "audit": N_("Audit"), "adopt": N_("Adopt")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One line of the ranking of sites."""

    key: str
    name: str
    records: Sequence[DeviceRecord]
    counts: Counter[Outcome]
    area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured of one device, and whether that is within what is asked."""

    device: str
    site: str
    value: float
    asked: float
    good: bool


def environment() -> Environment:
    """Return Jinja as the pages want it: everything escaped, nothing undefined."""
    made = Environment(
        loader=FileSystemLoader(folder("templates") / "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": shown, "clean": clean, "setting_name": setting_name, "base64": _base64}
    return made


def acceptance(told: Document) -> str:
    """Return an acceptance record as a page, its pictures within it."""
    return environment().get_template("acceptance.html.j2").render(told=told)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def page(run: Run) -> str:
    """Return the page."""
    records = list(run.tally.devices.values())
    sites = [
        Site(
            key=key,
            name=run.site_names.get(key, ""),
            records=members,
            counts=Counter(r.outcome for r in members),
            area=members[0].area,
        )
        for key, members in run.tally.sites().items()
    ]
    sites.sort(key=lambda site: (-max(o.rank for o in site.counts), -_not_in_step(site), site.key))
    seen = sorted(run.tally.counts(), key=lambda o: o.rank)
    return (
        environment()
        .get_template("run.html.j2")
        .render(
            run=run,
            say=run.say,
            title=run.say(TITLES.get(run.command, run.command)),
            version=__version__,
            outcomes=seen,
            counts=run.tally.counts(),
            word=lambda outcome: wording.outcome_word(run.say, outcome, run.command),
            devices=lambda kinds, n: wording.devices(run.say, kinds, n),
            several=lambda values: wording.several(run.say, values),
            groups=change_groups(records),
            notes=notes(records),
            sites=sites,
            areas=_areas(sites),
            clocks=_clocks(records),
            clocks_most=CLOCK_ERROR_S,
            kept=_kept(records),
            groups_of=groups_of,
            by=lambda members: changed_by(run.say, (e for m in members for e in run.changed_by.get(m, ()))),
            setting_name=setting_name,
            GOOD_WORD=Outcome.UNCHANGED,
            PENDING=Outcome.PENDING,
            KINDS=wording.KINDS,
        )
    )


def _not_in_step(site: Site) -> int:
    return sum(n for outcome, n in site.counts.items() if outcome is not Outcome.UNCHANGED)


def _areas(sites: Sequence[Site]) -> list[tuple[str, list[Site]]]:
    """Return the sites by area, the area with the worst site first; one nameless area where there are none."""
    found: dict[str, list[Site]] = {}
    for site in sites:
        found.setdefault(site.area, []).append(site)
    return list(found.items())


def _clocks(records: Sequence[DeviceRecord]) -> list[Measured]:
    """Return by how much clocks are wrong, the worst first."""
    found = [
        Measured(device=r.name, site=r.site, value=error, asked=CLOCK_ERROR_S, good=abs(error) <= CLOCK_ERROR_S)
        for r in records
        if (error := r.number("time", "clock_error_s")) is not None
    ]
    return sorted(found, key=lambda each: (-abs(each.value), each.device))


def _kept(records: Sequence[DeviceRecord]) -> list[Measured]:
    """Return how many days of recordings recorders hold, the least first, against what is asked of each."""
    found = []
    for r in records:
        days = r.number("retention", "holds_days")
        if days is not None:
            asked = r.number("retention", "at_least_days", expected=True) or 0.0
            found.append(Measured(device=r.name, site=r.site, value=days, asked=asked, good=days >= asked))
    return sorted(found, key=lambda each: (each.value, each.device))


def groups_of(counts: Mapping[Outcome, int]) -> tuple[tuple[str, int], ...]:
    """Return a night in three parts: in step, not as expected, not seen or failed; for a bar."""
    good = sum(n for outcome, n in counts.items() if outcome in GOOD)
    pending = counts.get(Outcome.PENDING, 0)
    return ("unchanged", good), ("pending", pending), ("failed", sum(counts.values()) - good - pending)
