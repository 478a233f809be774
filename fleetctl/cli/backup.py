"""`fleetctl device backup`: what devices hold, kept by date."""

from __future__ import annotations

from typing import Annotated

import typer

from fleetctl.cli.context import context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Limit, Name, Yes
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK, exit_code

app = typer.Typer(help="Keep what devices hold, see what is kept, put it back.", no_args_is_help=True)


@app.command(epilog="Examples: fleetctl device backup save    fleetctl device backup save --limit viet_hung")
def save(ctx: typer.Context, limit: Limit = "") -> int:
    """Keep the configuration of every switch; with --limit of what it names, cameras too where they offer it."""
    from fleetctl.operations import backups
    from fleetctl.reports import wording

    told = context(ctx)
    outcomes = []
    for saved in backups.save(told.open(), limit):
        outcomes.append(saved.outcome)
        path = "" if saved.path is None else str(saved.path)
        if told.json:
            fields = jsonlines.device(saved.device) | {
                "outcome": saved.outcome.value,
                "reason": saved.reason,
                "path": path,
            }
            told.screen.out(jsonlines.line("device", fields))
        else:
            word = wording.outcome_word(told.say, saved.outcome)
            told.screen.out(f"{saved.device.name}: {word}: {told.say.reason(saved.reason) or path}")
    code = exit_code(outcomes)
    if told.json:
        told.screen.out(jsonlines.summary("device backup save", code))
    return code


@app.command("list", epilog="Example: fleetctl device backup list viet-hung-sw")
def list_(ctx: typer.Context, device: Name) -> int:
    """List the backups of a device, the oldest first."""
    from fleetctl.cli.screen import table
    from fleetctl.operations import backups

    told = context(ctx)
    found = backups.kept(told.open(), device)
    if told.json:
        for each in found:
            fields = {"device": device, "date": each.date, "serial_number": each.serial_number, "path": str(each.path)}
            told.screen.out(jsonlines.line("backup", fields))
        told.screen.out(jsonlines.summary("device backup list", EXIT_OK))
    elif not found:
        told.screen.out(told.say("No backup of {device} yet: fleetctl device backup save", device=device))
    else:
        made = table(told.say("Date"), told.say("Serial number"), told.say("File"))
        for each in found:
            made.add_row(each.date, each.serial_number, str(each.path))
        told.screen.table(made)
    return EXIT_OK


@app.command(
    epilog="Examples: fleetctl device backup put viet-hung-sw    "
    "fleetctl device backup put viet-hung-sw 2026-11-25T190000Z --yes"
)
def put(
    ctx: typer.Context,
    device: Name,
    date: Annotated[str, typer.Argument(metavar="[DATE]", help="Which one, as the list names it; else the last.")] = "",
    yes: Yes = False,
) -> int:
    """Put a kept configuration back onto the switch it was taken of."""
    from fleetctl.operations import backups

    told = context(ctx)
    need_answer(yes=yes, what="fleetctl device backup put")
    workspace = told.open()
    question = told.say("Put the backup back onto {device}? [y/N]", device=device)
    if not yes and not told.screen.ask(question, YES_WORDS):
        told.screen.talk(told.say("Nothing was sent."))
        return EXIT_OK
    outcome, besides = backups.put(workspace, device, date)
    code = exit_code([outcome])
    if told.json:
        told.screen.out(jsonlines.line("put", {"device": device, "outcome": outcome.value, "besides": besides}))
        told.screen.out(jsonlines.summary("device backup put", code))
        return code
    told.screen.out(told.say("{device}: everything of the backup is in force and saved.", device=device))
    if besides:
        told.screen.out(told.say("It has besides, untouched: {what}", what=besides))
    return code
