"""`fleetctl inventory import` and `export`: the department's spreadsheet. Asks no device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import WHOLE, YES_WORDS, need_answer, table
from fleetctl.cli.selectors import Limit, Yes
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetctl.inventory.sheets import Listed
    from fleetctl.operations.matching import Import


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        "import",
        epilog="Examples: fleetctl inventory import --form blank.xlsx    fleetctl inventory import devices.xlsx",
    )(import_)
    app.command(epilog="Example: fleetctl inventory export --xlsx devices.xlsx --limit long_bien")(export)


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The spreadsheet (.xlsx or .csv), one row per device.")],
    form: Annotated[bool, typer.Option("--form", help="Write the blank spreadsheet to FILE instead.")] = False,
    yes: Yes = False,
) -> int:
    """Take devices in from a spreadsheet: differences first, then all or nothing.

    A device is known again by its serial number, else its MAC address, its name, its address. Empty cells
    change nothing. Passwords go into the vault only.
    """
    from fleetctl.operations import importing

    told = context(ctx)
    if form:
        from fleetctl.inventory import sheets

        return _saved(told, file, sheets.written([]), "inventory import")
    need_answer(yes=yes, what="fleetctl inventory import")
    if not file.is_file():
        raise UsageError(f"there is no file {file}. A blank one: fleetctl inventory import --form {file}")
    workspace = told.open()
    made = importing.planned(workspace, file)
    show(told, made)
    if made.writes:
        question = told.say("Write this into the inventory? [y/N]")
        if not yes and not told.screen.ask(question, YES_WORDS):
            told.screen.talk(told.say("Nothing was written."))
            return EXIT_OK
        importing.carry_out(workspace, made)
    if told.json:
        new, changed, passwords = len(made.new), len(made.changed), len(made.secrets)
        told.screen.out(
            jsonlines.summary(
                "inventory import", EXIT_OK, new=new, changed=changed, unchanged=made.unchanged, passwords=passwords
            )
        )
    elif made.writes:
        told.screen.talk(told.say("Written. Next: fleetctl adopt"))
    return EXIT_OK


def show(told: Context, made: Import) -> None:
    """Show what would change."""
    if told.json:
        for row in made.new:
            told.screen.out(jsonlines.line("new", _new(row)))
        for each in made.changed:
            values = {"variable": each.variable, "before": each.before, "after": each.after}
            told.screen.out(jsonlines.line("changed", {"name": each.device, "site": each.site, **values}))
        return
    say = told.say
    if made.new:
        new = table((say("New device"), WHOLE), say("Kind"), say("Site"), say("Address"), say("Vendor"), say("Desk"))
        for row in made.new:
            site = f"{row.site_name} ({row.site})"
            told_values = (str(row.values.get(name, "")) for name in ("ansible_host", "vendor", "desk"))
            new.add_row(row.name, row.kind.value, site, *told_values)
        told.screen.table(new)
        told.screen.gap()
    if made.changed:
        changed = table((say("Device"), WHOLE), say("Variable"), say("Before"), say("After"))
        for each in made.changed:
            changed.add_row(each.device, each.variable, _text(each.before), _text(each.after))
        told.screen.table(changed)
        told.screen.gap()
    devices = say.many("{n} new device", "{n} new devices", len(made.new))
    sites = say.many("{n} new site", "{n} new sites", len(made.new_sites))
    changes = say.many("{n} value changes", "{n} values change", len(made.changed))
    passwords = say.many("{n} password for the vault", "{n} passwords for the vault", len(made.secrets))
    same = say.many("{n} device as it is", "{n} devices as they are", made.unchanged)
    told.screen.out(f"{devices}, {sites}, {changes}, {passwords}, {same}.")


def _new(row: Listed) -> Mapping[str, Any]:
    return {"name": row.name, "kind": row.kind.value, "site": row.site, "values": dict(row.values)}


def _text(value: object) -> str:
    if value is None:
        return "-"
    return ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def export(
    ctx: typer.Context,
    xlsx: Annotated[Path, typer.Option("--xlsx", metavar="FILE", help="The spreadsheet to write.")],
    limit: Limit = "",
) -> int:
    """Write the inventory's devices as the spreadsheet, without passwords."""
    from fleetctl.operations import exporting

    told = context(ctx)
    return _saved(told, xlsx, exporting.exported(told.open(), limit), "inventory export")


def _saved(told: Context, path: Path, content: bytes, command: str) -> int:
    from fleetctl import files

    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}. Make it first: mkdir -p {path.parent}")
    files.replace(path, content)
    if told.json:
        told.screen.out(jsonlines.summary(command, EXIT_OK, path=str(path)))
    else:
        told.screen.talk(told.say("Written: {path}", path=path))
    return EXIT_OK
