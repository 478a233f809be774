"""`fleetctl discover`: what is on a network, beside the inventory; into the inventory where that is wished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import WHOLE, YES_WORDS, need_answer, table
from fleetctl.cli.selectors import Yes
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.language import N_
from fleetctl.reports.tally import EXIT_OK, EXIT_UNREACHABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.operations.discovering import Asked, Stranger

STANDINGS: Final = {
    "moved": N_("{name}, which is listed at another address"),
    "presumed": N_("{name}, by its address"),
    "expected": N_("{name}: to be adopted"),
    "another": N_("another device at the address of {name}"),
}
_MANY: Final = 300  # addresses from which on it is said how long it may take
_SECONDS: Final = 15  # addresses in a second, where nobody is at most of them


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: fleetctl discover    fleetctl discover --range 10.20.1.0/24    "
        "fleetctl discover --site viet_hung --switches viet_hung    "
        "fleetctl discover --range 10.20.9.0/24 --write tan_mai"
    )(discover)


def discover(
    ctx: typer.Context,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="RANGE",
            help="Ask these addresses one by one too: 10.20.1.0/24, 10.20.1.10-10.20.1.40, 10.20.1.64. Repeatable.",
        ),
    ] = None,
    site: Annotated[
        str, typer.Option("--site", metavar="SITE", help="Ask the networks of a site, through its relay if it has one.")
    ] = "",
    interface: Annotated[
        str, typer.Option("--interface", metavar="ADDRESS", help="Own address on the network that is asked as a whole.")
    ] = "",
    switches: Annotated[
        str, typer.Option("--switches", metavar="PATTERN", help="Also read where these switches see each device.")
    ] = "",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Web port of addresses that are silent.")] = 80,
    write: Annotated[
        str, typer.Option("--write", metavar="SITE", help="Write what was found into a site, old or new; asks first.")
    ] = "",
    yes: Yes = False,
) -> int:
    """Show what is on the network: who it is, factory-new or not, known or a stranger.

    Asks by WS-Discovery, SADP (Hikvision), DHIP (Dahua) and connections without a login. Logs in to no device it
    finds and writes to none.
    """
    from fleetctl.operations import discovering, importing

    told = context(ctx)
    if write:
        if site not in ("", write):
            raise UsageError("--write names the site; --site another one. Give one of them")
        need_answer(
            yes=yes, what="fleetctl discover --write", look="Nothing was written. Look without --write, then add --yes"
        )
    workspace = told.open()
    where = discovering.where(
        workspace, ranges or (), site=site or write, interface=interface, port=port, switches=switches
    )
    if len(where.addresses) > _MANY and not told.json:
        minutes = len(where.addresses) // _SECONDS // 60 + 1
        many = told.say("Asking {n} addresses; with nobody at most of them that takes up to {minutes} min.",
                        n=len(where.addresses), minutes=minutes)  # fmt: skip
        told.screen.talk(many)
    if where.switches:
        workspace.unlock()
    asked = discovering.asked(workspace, where)
    found = discovering.joined(importing.listed_so_far(workspace), asked.seen, site or write)
    _print(told, asked, found)
    if write:
        _write(told, discovering.planned(workspace, found, write), workspace, yes=yes)
    code = EXIT_UNREACHABLE if asked.failed and not found else EXIT_OK
    if told.json:
        strangers = sum(each.standing is discovering.Standing.STRANGER for each in found)
        told.screen.out(
            jsonlines.summary(
                "discover", code, devices=len(found), strangers=strangers, addresses=asked.asked, failed=asked.failed
            )
        )
    return code


def _fields(each: Stranger) -> dict[str, Any]:
    seen = each.sighting
    return {
        "name": each.device or None,
        "kind": each.kind.value,
        "site": each.site,
        "address": seen.address,
        "port": seen.port,
        "via": seen.via,
        "vendor": seen.vendor,
        "model": seen.model,
        "serial_number": seen.serial_number,
        "mac_address": seen.mac_address,
        "firmware": seen.firmware,
        "factory_new": seen.factory_new,
        "own_address": seen.own_address,
        "switch": seen.switch,
        "switch_port": seen.switch_port,
        "ways": list(seen.ways),
        "standing": each.standing.value,
        "proposed": each.name,
        "slots": list(each.slots),
    }


def _print(told: Context, asked: Asked, found: Sequence[Stranger]) -> None:
    say = told.say
    for reason in asked.failed:
        told.screen.talk(f"{say('Note')}: {reason}")
    if told.json:
        for each in found:
            told.screen.out(jsonlines.line("found", _fields(each)))
        return
    if not found:
        told.screen.out(say("Nobody answered."))
        return
    seats = [(say("Port"), WHOLE)] if any(each.sighting.switch_port for each in found) else []
    made = table(
        (say("Address"), WHOLE), say("Vendor"), say("Model"), say("Serial number"), (say("MAC address"), WHOLE),
        say("Firmware"), say("Factory-new"), *seats, say("In the inventory"),
    )  # fmt: skip
    new = {True: say("yes"), False: say("no"), None: "-"}
    for each in found:
        seen = each.sighting
        place = [f"{seen.switch} {seen.switch_port}".strip()] if seats else []
        made.add_row(
            seen.address, seen.vendor or "-", seen.model or "-", seen.serial_number or "-", seen.mac_address or "-",
            seen.firmware or "-", new[seen.factory_new], *place, _standing(told, each),
        )  # fmt: skip
    told.screen.table(made)
    there = [each.sighting.address for each in found]
    for address in dict.fromkeys(each for each in there if there.count(each) > 1):
        told.screen.talk(
            say("Several devices have the address {address}: take them in one at a time.", address=address)
        )


def _standing(told: Context, each: Stranger) -> str:
    """Say whose it is, or where it would go."""
    say = told.say
    if each.standing.value == "known":
        return each.device
    if each.standing.value in STANDINGS:
        return say(STANDINGS[each.standing.value], name=each.device)
    if each.slot:
        return say("stranger; may be {name}", name=each.slot)
    if each.slots:
        return say("stranger; may be one of {names}", names=", ".join(each.slots))
    return say("stranger; as new: {name}", name=each.name) if each.name else say("stranger")


def _write(told: Context, made: Any, workspace: Any, *, yes: bool) -> None:
    """Show what would be written, ask, and write it."""
    from fleetctl.cli import sheets
    from fleetctl.operations import importing

    sheets.show(told, made)
    if not made.writes:
        return
    if not yes and not told.screen.ask(told.say("Write this into the inventory? [y/N]"), YES_WORDS):
        told.screen.talk(told.say("Nothing was written."))
        return
    importing.carry_out(workspace, made)
    told.screen.talk(told.say("Written. Next: fleetctl adopt"))
