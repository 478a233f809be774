"""Reports of a run as files: `KIND:PATH`. A report is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from fleetctl.errors import UsageError
from fleetctl.files import replace
from fleetctl.model import Outcome
from fleetctl.reports import jsonlines
from fleetctl.reports.language import Language
from fleetctl.reports.tally import Tally
from fleetctl.reports.who import Writers


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """An earlier run of the same devices: when it ended, and how many devices ended how."""

    ended: datetime
    outcomes: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a report tells of: one finished run."""

    command: str
    tally: Tally
    exit_code: int
    say: Language
    begun: datetime  # with its zone
    ended: datetime
    site_names: Mapping[str, str]
    inventory: str = ""
    changed_by: Writers = field(default_factory=dict)
    untold: Mapping[str, str] = field(default_factory=dict)  # by device: why its log does not tell who changed it
    more: Mapping[str, object] = field(default_factory=dict)  # for the summary in JSON
    nights: tuple[Night, ...] = ()  # the oldest first, this run last; for the trend


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that was asked for."""

    kind: str
    path: Path


def _html(run: Run) -> str:
    from fleetctl.reports.html import page

    return page(run)


def _csv(run: Run) -> str:
    from fleetctl.reports.csv import sheet

    return "\ufeff" + sheet(run.tally, run.site_names, run.changed_by)


def _plain_csv(run: Run) -> str:
    from fleetctl.reports.csv import sheet

    return sheet(run.tally, run.site_names, run.changed_by)


def _json(run: Run) -> str:
    return "".join(
        f"{line}\n" for line in jsonlines.run(run.command, run.tally, run.exit_code, run.changed_by, **run.more)
    )


def _junit(run: Run) -> str:
    from fleetctl.reports.junit import document

    return document(run)


def _prometheus(run: Run) -> str:
    from fleetctl.reports.prometheus import textfile

    return textfile(run)


def _xlsx(run: Run) -> bytes:
    from fleetctl.reports.xlsx import of_run

    return of_run(run)


KINDS: Final[Mapping[str, tuple[str, Callable[[Run], str | bytes]]]] = {
    "html": ("one self-contained page, to read or print", _html),
    "json": ("JSON lines, as --json prints them", _json),
    "junit": ("JUnit XML for CI: a suite for each site, a case for each aspect of a device", _junit),
    "prometheus": ("a textfile for Prometheus' node exporter", _prometheus),
    "csv": ("a table for Excel: UTF-8 with byte order mark", _csv),
    "xlsx": ("a workbook: the sites, and every difference", _xlsx),
    "csv-plain": ("the same table without byte order mark", _plain_csv),
}


def parse(asked: str) -> Report:
    """Return the report of `KIND:PATH`. Raises UsageError before any work where it could not be written."""
    kind, colon, path = asked.partition(":")
    if not colon or not path or kind not in KINDS:
        raise UsageError(f"--report {asked}: write KIND:PATH, for example html:audit.html. Kinds: {', '.join(KINDS)}")
    target = Path(path)
    if not target.parent.is_dir():
        raise UsageError(
            f"--report {asked}: there is no folder {target.parent}. Make it first: mkdir -p {target.parent}"
        )
    if target.is_dir() or not os.access(target.parent, os.W_OK):
        raise UsageError(f"--report {asked}: {target} cannot be written. Name a file in a folder that you may write")
    return Report(kind=kind, path=target)


def write(report: Report, run: Run) -> None:
    """Write the report. Raises OSError."""
    made = KINDS[report.kind][1](run)
    replace(report.path, made.encode("utf-8") if isinstance(made, str) else made)
