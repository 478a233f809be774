"""`fleetctl inventory`: check, list, explain, graph; with `sheets` and `moving`. Asks no device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli import moving, sheets
from fleetctl.cli.context import context
from fleetctl.cli.selectors import Limit, Name
from fleetctl.errors import InventoryError, UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from fleetctl.inventory import Node
    from fleetctl.model import Place

app = typer.Typer(help="Check, list, explain the inventory; spreadsheets in and out; moves.", no_args_is_help=True)
sheets.register(app)
moving.register(app)


@app.command(epilog="Examples: fleetctl inventory check    fleetctl -i inventory/pilot inventory check")
def check(ctx: typer.Context) -> int:
    """Tell all that is wrong, with file, line and how to mend it."""
    from fleetctl.operations import inventory as operation

    told = context(ctx)
    found = operation.check(told.open())
    for warning in found.warnings:
        told.screen.talk(f"{told.say('Note')}: {warning}")
    if found.faults:
        raise InventoryError(found.faults)
    if told.json:
        told.screen.out(
            jsonlines.summary("inventory check", EXIT_OK, devices=found.devices, sites=found.sites, faults=0)
        )
        return EXIT_OK
    sites = told.say.many("{n} site", "{n} sites", found.sites)
    devices = told.say.many("{n} device", "{n} devices", found.devices)
    told.screen.out(told.say("The inventory is in order: {devices} at {sites}.", devices=devices, sites=sites))
    return EXIT_OK


@app.command("list", epilog="Examples: fleetctl inventory list    fleetctl --json inventory list --limit camera")
def list_(ctx: typer.Context, limit: Limit = "") -> int:
    """List devices: kind, site, address, vendor."""
    told = context(ctx)
    workspace = told.open()
    devices = workspace.inventory.select(limit or "all")
    if told.json:
        for device in devices:
            told.screen.out(jsonlines.line("device", jsonlines.device(device)))
        told.screen.out(jsonlines.summary("inventory list", EXIT_OK, devices=len(devices)))
        return EXIT_OK
    from fleetctl.cli.screen import table

    say = told.say
    made = table(say("Device"), say("Kind"), say("Area"), say("Site"), say("Address"), say("Vendor"), say("Desk"))
    for device in devices:
        end = device.endpoint
        address = end.address if end.port == 80 else f"{end.address}:{end.port}"
        via = f" {say('via')} {end.via}" if end.via else ""
        made.add_row(
            device.name, device.kind.value, device.area, device.site, address + via, device.vendor, device.desk
        )
    told.screen.table(made)
    return EXIT_OK


@app.command(
    epilog="Examples: fleetctl inventory explain viet-hung-cam-01    "
    "fleetctl inventory explain viet-hung-cam-01 time_ntp_servers"
)
def explain(
    ctx: typer.Context,
    device: Name,
    variable: Annotated[
        list[str] | None, typer.Argument(metavar="[VARIABLE]...", help="Only these variables; else all.")
    ] = None,
) -> int:
    """Say which file and line set each value of a device."""
    from fleetctl.operations.waivers import waiver_of
    from fleetctl.reports import explained
    from fleetctl.reports.values import clean

    told = context(ctx)
    workspace = told.open()
    found = {e.name: e for e in workspace.inventory.explain(device)}
    for name in variable or ():
        if name not in found:
            raise UsageError(f"{name} is not set for {device}. See all: fleetctl inventory explain {device}")
    chosen = [found[name] for name in variable or found]
    if told.json:
        for each in chosen:
            waiver = waiver_of(workspace, device, each.name)
            more = {"waiver": jsonlines.waiver(waiver) if waiver else None}
            told.screen.out(jsonlines.line("variable", {"device": device, **explained.explanation(each), **more}))
        told.screen.out(jsonlines.summary("inventory explain", EXIT_OK, variables=len(chosen)))
        return EXIT_OK
    from rich.text import Text

    from fleetctl.cli.screen import table

    say = told.say
    made = table(say("Variable"), say("Value"), say("Set by"), say("Place"))
    for each in chosen:
        value = Text(each.problem, style="red") if each.problem else explained.value(each.name, each.value)
        made.add_row(each.name, value, each.winner.source, _where(each.winner.place))
        if (waiver := waiver_of(workspace, device, each.name)) is not None:
            words = say("until {day} by {owner}: {reason}", day=waiver.until, owner=waiver.owner, reason=waiver.reason)
            title = say("waived") if waiver.holds(workspace.today) else say("expired: drift again")
            cells = (Text(clean(cell), style="blue") for cell in (title, words, waiver.setting, _where(waiver.place)))
            made.add_row(*cells)
        for layer in reversed(each.outranked):
            raw = explained.value(each.name, layer.raw)
            cells = (Text(cell, style="bright_black") for cell in (say("outranked"), raw, layer.source))
            made.add_row(*cells, Text(_where(layer.place), style="bright_black"))
    told.screen.table(made)
    return EXIT_OK


def _where(place: Place | None) -> str:
    """Return a place as one can open it from here."""
    return str(place).removeprefix(f"{Path.cwd()}/") if place else "-"


@app.command(epilog="Example: fleetctl inventory graph long_bien")
def graph(
    ctx: typer.Context,
    group: Annotated[str, typer.Argument(metavar="[GROUP]", help="The group to start from.")] = "all",
) -> int:
    """Draw the groups and what is in them."""
    told = context(ctx)
    node = told.open().inventory.graph(group)
    if told.json:
        seen: set[str] = set()
        for each in _nodes(node):
            if each.name not in seen:
                seen.add(each.name)
                fields = {"name": each.name, "children": [c.name for c in each.children], "hosts": list(each.hosts)}
                told.screen.out(jsonlines.line("group", fields))
        told.screen.out(jsonlines.summary("inventory graph", EXIT_OK, groups=len(seen)))
    else:
        for line in _drawn(node, 0):
            told.screen.out(line)
    return EXIT_OK


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _drawn(node: Node, depth: int) -> Iterator[str]:
    """Yield the lines as `ansible-inventory --graph` draws them."""
    yield ("  |" * depth + "--" if depth else "") + f"@{node.name}:"
    for child in node.children:
        yield from _drawn(child, depth + 1)
    for host in node.hosts:
        yield "  |" * (depth + 1) + f"--{host}"
