"""`fleetctl watch`: a light look every few minutes. Reads only."""

from __future__ import annotations

import typer

from fleetctl.cli.audit import Alive, Tell, ended, tell
from fleetctl.cli.context import context
from fleetctl.cli.selectors import Limit


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: fleetctl watch    fleetctl watch --limit viet_hung --tell")(watch)


def watch(ctx: typer.Context, limit: Limit = "", send: Tell = False, alive: Alive = "") -> int:
    """Look quickly who answers, whose clock is right, and which channels record. Reads only."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import watching
    from fleetctl.operations.runs import select

    told = context(ctx)
    workspace = told.open()
    run = Followed(told, workspace, "watch")
    devices = select(workspace, limit)
    run.take(watching.watch(workspace, limit, stop=run.stop), len(devices), told.say("Watch"))
    if send:
        tell(run, patience=watching.PATIENCE)
    return ended(run, alive)
