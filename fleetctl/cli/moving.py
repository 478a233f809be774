"""`fleetctl inventory move`: communes merge, devices go to another site. Asks no device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import WHOLE, YES_WORDS, need_answer, table
from fleetctl.cli.selectors import Yes
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetctl.operations.moving import Effect, Move


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: fleetctl inventory move gia_thuy --to viet_hung --keep network_ipv4_gateway    "
        "fleetctl inventory move gia-thuy-cam-01 --to viet_hung    fleetctl inventory move gia_thuy --to tu_liem    "
        "fleetctl inventory move gia_thuy viet_hung --to phuong_moi --name 'Phường Mới'"
    )(move)


def move(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="DEVICE…|SITE…", help="What goes there.")],
    to: Annotated[str, typer.Option("--to", metavar="SITE|AREA", help="Where it goes; an area takes whole sites.")],
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="VARIABLE", help="Write this down at each device as it is now; or: all."),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Make --to a new site of this name.")] = "",
    area: Annotated[str, typer.Option("--area", metavar="AREA", help="The new site's area.")] = "",
    yes: Yes = False,
) -> int:
    """Move devices or whole sites in the inventory: what changes for them first, then all or nothing.

    What stands at a device itself, its history, its waivers and its passwords go with it.
    """
    from fleetctl.operations import moved, moving

    told = context(ctx)
    told.only_home("inventory move")
    need_answer(yes=yes, what="fleetctl inventory move")
    if moved.finish(told.open()):
        told.screen.talk(told.say("A move that was cut off is finished now."))
    workspace = told.open()
    plan = moving.planned(workspace, names, to, keep=keep or (), title=name, area=area)
    _shown(told, plan)
    question = told.say("Write this into the inventory? [y/N]")
    if not yes and not told.screen.ask(question, YES_WORDS):
        told.screen.talk(told.say("Nothing was written."))
        return EXIT_OK
    moved.carry_out(workspace, plan)
    if told.json:
        devices, effects, kept = len(plan.places), len(plan.effects), len(plan.kept)
        counted = jsonlines.summary("inventory move", EXIT_OK, devices=devices, effects=effects, kept=kept)
        told.screen.out(counted)
    else:
        told.screen.talk(told.say("Written. Next: fleetctl plan --limit {to}", to=to))
    return EXIT_OK


def _lines(plan: Move) -> Iterator[str]:
    """Yield what would change as JSON lines."""
    for device, (before, after) in plan.places.items():
        yield jsonlines.line("moved", {"device": device, "before": before, "after": after})
    for kind, effects in (("effect", plan.effects), ("kept", plan.kept)):
        for each in effects:
            values = {"variable": each.variable, "before": each.before, "after": each.after}
            yield jsonlines.line(kind, {"device": each.device, **values})
    yield from (jsonlines.line("waiver_kept", {"device": d, "setting": setting}) for d, setting in plan.waivers)
    yield from (jsonlines.line("wired", {"device": d, "switch": switch}) for d, switch in plan.wired)
    yield from (jsonlines.line("ended", {"site": key}) for key in plan.ending)


def _shown(told: Context, plan: Move) -> None:
    """Show what would change."""
    say, screen = told.say, told.screen
    if told.json:
        for line in _lines(plan):
            screen.out(line)
        return
    made = table((say("Device"), WHOLE), say("From"), say("To"))
    for device, (before, after) in plan.places.items():
        made.add_row(device, before, plan.area or after)
    screen.table(made)
    screen.gap()
    for title, effects in ((say("Changes with it"), plan.effects), (say("Stays as it is"), plan.kept)):
        if effects:
            screen.table(_effects(told, title, effects))
            screen.gap()
    if plan.waivers:
        count = say.many("{n} waiver of a site", "{n} waivers of a site", len(plan.waivers))
        screen.out(say("{count} is written down at the devices.", count=count))
    if plan.wired:
        count = say.many("{n} device", "{n} devices", len(plan.wired))
        screen.out(say("The site has several switches now: at {count} it is written down which.", count=count))
    for key in plan.ending:
        screen.out(say("The site {key} is no more.", key=key))
    for path in plan.left:
        screen.out(say("It leaves a file of variables that nobody reads any more: {path}", path=path))


def _effects(told: Context, title: str, effects: Iterable[Effect]) -> Any:
    """Return the table of values that change, the same change of many devices in one row."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in effects:
        grouped.setdefault((each.variable, _text(each.before), _text(each.after)), []).append(each.device)
    say = told.say
    made = table((title, WHOLE), say("Before"), say("After"), say("Devices"))
    for (variable, before, after), devices in grouped.items():
        many = devices[0] if len(devices) == 1 else say.many("{n} device", "{n} devices", len(devices))
        made.add_row(variable, before, after, many)
    return made


def _text(value: object) -> str:
    from fleetctl.reports.values import clean

    return "-" if value is None else clean(str(value))
