"""`fleetctl adopt`: take devices in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.audit import Reports
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Limit, Yes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.model import Device


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: fleetctl adopt --limit viet_hung    fleetctl adopt --limit viet-hung-cam-01 --replace"
    )(adopt)


def adopt(
    ctx: typer.Context,
    limit: Limit = "",
    yes: Yes = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Another device stands there on purpose: record the new identity.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also devices that are adopted already.")] = False,
    report: Reports = None,
) -> int:
    """Take devices in: first login, identity, own account."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import adopt as operation
    from fleetctl.operations.runs import select

    told = context(ctx)
    need_answer(yes=yes, what="fleetctl adopt")
    workspace = told.open()
    run = Followed(told, workspace, "adopt", report or ())
    devices = select(workspace, limit)
    todo = [d for d in devices if again or replace or not operation.adopted(workspace, d)]
    if not todo:
        told.screen.talk(told.say("All of these devices are adopted already; --again takes them in anew."))
        return run.finish()
    if not yes and not _agreed(told, todo):
        told.screen.talk(told.say("Nothing was sent."))
        return run.finish()
    events = operation.adopt(workspace, limit, replace_=replace, force=again, stop=run.stop)
    run.take(events, len(todo), told.say("Adopt"))
    return run.finish()


def _agreed(told: Context, todo: Sequence[Device]) -> bool:
    names = ", ".join(device.name for device in todo[:10]) + (" …" if len(todo) > 10 else "")
    told.screen.talk(names)
    question = told.say.many(
        "Adopt {n} device (makes an account on it)? [y/N]",
        "Adopt {n} devices (makes an account on each)? [y/N]",
        len(todo),
    )
    return told.screen.ask(question, YES_WORDS)
