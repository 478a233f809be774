"""`fleetctl status`: how far each site is."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Limit
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.operations.status import SiteStatus


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: fleetctl status    fleetctl status --limit long_bien    fleetctl --json status")(
        status
    )


def status(ctx: typer.Context, limit: Limit = "") -> int:
    """Show how far each site is: listed, adopted, pending, in step, accepted. Asks no device."""
    from fleetctl.operations import status as operation

    told = context(ctx)
    workspace = told.open(reading=True)
    rows = operation.status(workspace, limit)
    if told.json:
        for row in rows:
            told.screen.out(jsonlines.line("site", dataclasses.asdict(row)))
        told.screen.out(jsonlines.summary("status", EXIT_OK, sites=len(rows)))
    else:
        _print(told, rows)
    for reason in filter(None, (workspace.closed(row.site) for row in rows)):
        told.screen.talk(told.say.reason(reason))
    return EXIT_OK


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}" if moment else "-"


def _print(told: Context, rows: Sequence[SiteStatus]) -> None:
    from rich.text import Text

    from fleetctl.cli.screen import table

    say = told.say
    right = {"justify": "right"}
    numbers = (
        ("listed", say("Listed"), ""),
        ("adopted", say("Adopted"), ""),
        ("in_step", say("In step"), "green"),
        ("pending", say("Pending"), "yellow"),
        ("unreachable", say("Unreachable"), "magenta"),
        ("failed", say("Failed"), "bold red"),
        ("unsupported", say("By hand"), ""),
        ("unseen", say("Unseen"), "bright_black"),
    )
    watched = any(row.availability is not None for row in rows)
    more = [(say("Answers (30 days)"), right)] if watched else []
    made = table(
        say("Area"), say("Site"), *((title, right) for _, title, _ in numbers), *more, say("Last seen"), say("Accepted")
    )
    area = None
    for row in rows:
        cells = [
            Text(str(n), style=style) if (n := getattr(row, name)) else Text("-", style="bright_black")
            for name, _, style in numbers
        ]
        site = f"{row.name} ({row.site})" if row.name != row.site else row.site
        share = "-" if row.availability is None else f"{row.availability:.1%}"
        answers = [Text(share)] if watched else []
        made.add_row(
            row.area if row.area != area else "",
            site,
            *cells,
            *answers,
            _local(row.last_seen),
            _local(row.accepted)[:10],
        )
        area = row.area
    told.screen.table(made)
