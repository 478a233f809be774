"""A run as one self-contained page: no script, nothing fetched, Vietnamese or English, prints on A4."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
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
from fleetctl.resources import folder

TITLES = {"plan": N_("Plan"), "apply": N_("Apply"), "audit": N_("Audit"), "adopt": N_("Adopt")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One line of the ranking of sites."""

    key: str
    name: str
    records: Sequence[DeviceRecord]
    counts: Counter[Outcome]


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
        Site(key=key, name=run.site_names.get(key, ""), records=members, counts=Counter(r.outcome for r in members))
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
        )
    )


def _not_in_step(site: Site) -> int:
    return sum(n for outcome, n in site.counts.items() if outcome is not Outcome.UNCHANGED)
