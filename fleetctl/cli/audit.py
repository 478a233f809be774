"""`fleetctl audit`: where devices are not as the inventory says. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.context import context
from fleetctl.cli.selectors import Aspects, Limit, aspect_names

if TYPE_CHECKING:
    from fleetctl.cli.follow import Followed

Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="KIND:PATH",
        help="Also write a report: html, json, junit, prometheus, csv, csv-plain; repeatable.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: fleetctl audit --limit viet_hung    "
        "fleetctl audit --aspect time,users --report html:audit.html"
    )(audit)


def audit(
    ctx: typer.Context,
    limit: Limit = "",
    aspect: Aspects = None,
    report: Reports = None,
    tell: Annotated[
        bool, typer.Option("--tell", help="Send the recipients in the inventory a message on what changed.")
    ] = False,
) -> int:
    """Tell where devices are not as expected. Reads only."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import audit as operation
    from fleetctl.operations.runs import select

    told = context(ctx)
    aspects = aspect_names(aspect)
    workspace = told.open()
    run = Followed(told, workspace, "audit", report or ())
    devices = select(workspace, limit)
    run.take(operation.audit(workspace, limit, aspects, stop=run.stop), len(devices), told.say("Audit"))
    _causes(run)
    _waivers(run, limit)
    if tell:
        _tell(run)
    return run.finish()


def _causes(run: Followed) -> None:
    """Tell what has moved by itself, what waits for an apply since the standard changed, and what never had one."""
    from collections import Counter

    from fleetctl.reports.wording import CAUSES

    told = run.context
    audited = run.tally.devices
    rows = run.workspace.store.drift(lasting=True)
    counts = Counter(row.cause for row in rows if row.cause and row.device in audited)
    run.more["causes"] = {cause.value: counts[cause] for cause in CAUSES}
    if counts and not told.json:
        causes = ", ".join(f"{counts[cause]} {told.say(word)}" for cause, word in CAUSES.items() if counts[cause])
        told.screen.talk(told.say("Settings not as expected, by cause: {causes}. See: fleetctl history", causes=causes))


def _waivers(run: Followed, limit: str) -> None:
    """Tell of waivers that have expired, or that nothing needs any more."""
    from fleetctl.operations.waivers import Standing, listed

    told = run.context
    rows = listed(run.workspace, limit)
    expired = sum(row.standing is Standing.EXPIRED for row in rows)
    unused = sum(row.standing is Standing.UNUSED for row in rows)
    run.more |= {"waivers_expired": expired, "waivers_unused": unused}
    if (expired or unused) and not told.json:
        told.screen.talk(
            told.say(
                "Waivers: {expired} expired, {unused} unused. See: fleetctl waiver list", expired=expired, unused=unused
            )
        )


def _tell(run: Followed) -> None:
    """Tell the recipients what changed; what cannot be sent now waits, and the audit's exit code is its own."""
    from datetime import datetime

    from fleetctl.cli.message import fields, talk
    from fleetctl.operations import messages, telling

    now = datetime.now().astimezone()
    telling.tell(run.workspace, now)
    done = messages.deliver(run.workspace, now)
    run.more |= fields(done)
    if not run.context.json:
        talk(run.context, done)
