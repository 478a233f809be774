"""`fleetctl init`: make a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetctl.cli.context import context
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: fleetctl init hanoi    fleetctl init hanoi --from ~/ansible/inventory")(init)


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; new or empty.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="An inventory to copy; else the pilot's, as an example."),
    ] = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            "--recipient",
            metavar="KEY",
            help="Encrypt the recovery sheet to this public key (age1..., ssh-ed25519 ...) or file of some. Repeat it.",
        ),
    ] = None,
) -> int:
    """Make a workspace: inventory, vault password, recovery sheet."""
    from fleetctl.operations import initialising as operation

    told = context(ctx)
    made = operation.init(folder, source, recipient or ())
    if told.json:
        fields = {
            "folder": str(made.root),
            "password_file": str(made.password_file),
            "recovery_sheet": str(made.envelope),
        }
        told.screen.out(jsonlines.line("workspace", fields))
        told.screen.out(jsonlines.summary("init", EXIT_OK))
        return EXIT_OK
    say, screen = told.say, told.screen
    screen.out(say("Workspace: {path}", path=made.root))
    screen.out(say("Vault password: {path} (only you can read it)", path=made.password_file))
    screen.out(say("Recovery sheet: {path}", path=made.envelope))
    if made.sealed:
        screen.talk(say("Put the recovery sheet where the owners of the keys find it: age --decrypt opens it."))
    else:
        screen.talk(say("Print the recovery sheet, seal it, put it into a safe, then delete the file."))
    if not made.copied:
        screen.talk(say("The inventory is an example: put your own sites and devices in its place."))
    screen.talk(say("Next: cd {path} && fleetctl inventory check", path=made.root))
    return EXIT_OK
