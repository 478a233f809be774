"""`fleetctl audit`: where devices are not as the inventory says. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.context import context
from fleetctl.cli.selectors import Aspects, Limit, aspect_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from fleetctl.cli.follow import Followed
    from fleetctl.operations.writers import Looked

Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="KIND:PATH",
        help="Also write a report: html, xlsx, csv, csv-plain, json, junit, prometheus; repeatable.",
    ),
]


Tell = Annotated[bool, typer.Option("--tell", help="Send the recipients in the inventory a message on what changed.")]
Alive = Annotated[
    str,
    typer.Option(
        "--alive",
        metavar="FILE|URL",
        help="Write this file, or post to this address, once the run got to its end: what is missing is an alarm.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: fleetctl audit --limit viet_hung    "
        "fleetctl audit --aspect time,users --report html:audit.html    fleetctl audit --tell --until 05:30"
    )(audit)


def audit(
    ctx: typer.Context,
    limit: Limit = "",
    aspect: Aspects = None,
    report: Reports = None,
    send: Tell = False,
    until: Annotated[
        str, typer.Option("--until", metavar="HH:MM", help="End by then, and tell which devices were not reached.")
    ] = "",
    alive: Alive = "",
    who: Annotated[
        bool, typer.Option("--who", help="Ask the log of each device that drifted anew who changed its settings.")
    ] = False,
) -> int:
    """Tell where devices are not as expected. Reads only."""
    from fleetctl.cli.follow import Followed
    from fleetctl.executor import Policy
    from fleetctl.operations import audit as operation
    from fleetctl.operations import writers
    from fleetctl.operations.runs import select

    told = context(ctx)
    aspects = aspect_names(aspect)
    deadline = operation.deadline(until) if until else None
    workspace = told.open()
    run = Followed(told, workspace, "audit", report or ())
    devices = select(workspace, limit)
    policy = Policy(per_site=operation.PER_SITE, deadline=deadline)
    before = writers.looked(workspace) if who else {}
    events = operation.audit(workspace, limit, aspects, stop=run.stop, policy=policy)
    run.take(events, len(devices), told.say("Audit"))
    if who and not run.stopped():
        _writers(run, before)
    _causes(run)
    _waivers(run, limit)
    late = _not_reached(run)
    if send:
        tell(run, late=late)
    return ended(run, alive)


def _writers(run: Followed, before: Looked) -> None:
    """Tell who changed what has drifted since the last look, by the devices' own logs."""
    from fleetctl.operations import writers
    from fleetctl.reports.values import clean, impersonal
    from fleetctl.reports.who import changed_by

    say, found = run.context.say, {}
    for told in writers.found(run.workspace, run.begun, before):
        name, entries = told.device.name, [each.plain for each in told.written]
        found[name] = entries
        reason = clean(say.reason(impersonal(told.reason, name)))
        text = changed_by(say, entries)
        if not text:
            run.untold[name] = text = reason or say("its log has nothing of it")
        if not run.context.json:
            run.context.screen.talk(f"{name}: {text}")
    run.more["changed_by"] = found


def _not_reached(run: Followed) -> list[str]:
    """Tell which devices an audit that had to end did not reach."""
    from fleetctl.model import Outcome

    late = sorted(n for n, record in run.tally.devices.items() if record.finished is Outcome.INTERRUPTED)
    if late:
        run.more["not_reached"] = late
        if not run.context.json:
            names = ", ".join(late[:10]) + (" …" if len(late) > 10 else "")
            say = run.context.say
            told = say.many(
                "{n} device was not reached: {names}", "{n} devices were not reached: {names}", len(late), names=names
            )
            run.context.screen.talk(told)
    return late


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


def tell(run: Followed, *, late: Sequence[str] | None = None, patience: timedelta | None = None) -> None:
    """Tell the recipients what changed; what cannot be sent now waits, and the run's exit code is its own."""
    from datetime import datetime, timedelta

    from fleetctl.cli.message import fields, talk
    from fleetctl.operations import messages, telling

    now = datetime.now().astimezone()
    telling.tell(run.workspace, now, late=late, patience=patience or timedelta(0))
    done = messages.deliver(run.workspace, now)
    run.more |= fields(done)
    if not run.context.json:
        talk(run.context, done)


def ended(run: Followed, alive: str) -> int:
    """Print the result, then give the sign of life if the run got to its end; returns the exit code."""
    code = run.finish()
    if alive and not run.stopped():
        from fleetctl.errors import FleetctlError
        from fleetctl.operations.alive import sign

        try:
            sign(alive, run.command, code)
        except FleetctlError as error:
            run.context.screen.talk(run.context.say("No sign of life was given: {error}", error=error))
    return code
