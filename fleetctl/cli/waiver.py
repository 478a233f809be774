"""`fleetctl waiver`: agreed exceptions, with an owner, a reason and a last day. Asks no device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleetctl.cli.context import context
from fleetctl.cli.selectors import Limit
from fleetctl.reports import jsonlines
from fleetctl.reports.language import N_
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from fleetctl.cli.context import Context
    from fleetctl.operations.waivers import Listed

app = typer.Typer(help="Agreed exceptions from the standard.", no_args_is_help=True)

STANDINGS: Final = {
    "used": N_("in use"),
    "unused": N_("unused: can be ended"),
    "unseen": N_("not seen yet"),
    "expired": N_("expired: drift again"),
}
Where = Annotated[str, typer.Argument(metavar="SITE|DEVICE", help="The site or device it is for.")]
Setting = Annotated[
    str,
    typer.Argument(
        metavar="SETTING", help="What need not be as expected: osd, time.zone, privacy.masks.desk, or pack/check."
    ),
]


@app.command("list", epilog="Examples: fleetctl waiver list    fleetctl waiver list --limit viet_hung")
def list_(ctx: typer.Context, limit: Limit = "") -> int:
    """List waivers: who agreed, why, until when, and whether they are in use."""
    from fleetctl.operations import waivers as operation

    told = context(ctx)
    rows = operation.listed(told.open(reading=True), limit)
    if told.json:
        for row in rows:
            told.screen.out(jsonlines.line("waiver", jsonlines.waiver(row.waiver) | _fields(row)))
        told.screen.out(jsonlines.summary("waiver list", EXIT_OK, waivers=len(rows)))
        return EXIT_OK
    if not rows:
        told.screen.out(told.say("There are no waivers."))
        return EXIT_OK
    _print(told, rows)
    return EXIT_OK


def _fields(row: Listed) -> dict[str, object]:
    return {"devices": list(row.devices), "covers": list(row.covers), "standing": row.standing.value}


def _print(told: Context, rows: tuple[Listed, ...]) -> None:
    from fleetctl.cli.screen import WHOLE, table
    from fleetctl.reports.values import clean

    say = told.say
    made = table(
        (say("Setting"), WHOLE), say("Devices"), say("Owner"), say("Reason"), (say("Until"), WHOLE), say("Standing")
    )
    for row in rows:
        many = say.many("{n} device", "{n} devices", len(row.devices))
        devices = row.devices[0] if len(row.devices) == 1 else many
        waiver = row.waiver
        texts = (clean(waiver.owner), clean(waiver.reason), waiver.until, say(STANDINGS[row.standing.value]))
        made.add_row(waiver.setting, devices, *texts)
    told.screen.table(made)


@app.command(
    epilog="Example: fleetctl waiver add viet_hung video.main_frame_rate_fps --owner 'Nguyễn Văn An' "
    "--reason 'slow uplink' --until 2026-12-31"
)
def add(
    ctx: typer.Context,
    where: Where,
    setting: Setting,
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Who answers for it.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it was agreed.")],
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="Its last day, as 2026-12-31.")],
) -> int:
    """Write a waiver into the inventory; nothing else in the file changes."""
    from fleetctl.model import Waiver
    from fleetctl.operations import waivers as operation

    told = context(ctx)
    waiver = Waiver(setting=setting, owner=owner, reason=reason, until=until)
    path = operation.add(told.open(), where, waiver)
    text = told.say("{setting} is waived until {day}: {path}", setting=setting, day=until, path=path)
    return _done(told, "waiver add", text, setting, str(path))


@app.command(epilog="Example: fleetctl waiver end viet_hung video.main_frame_rate_fps")
def end(ctx: typer.Context, where: Where, setting: Setting) -> int:
    """Take a waiver out of the inventory: what it covered is drift again."""
    from fleetctl.operations import waivers as operation

    told = context(ctx)
    path = operation.end(told.open(), where, setting)
    text = told.say("{setting} is no longer waived: {path}", setting=setting, path=path)
    return _done(told, "waiver end", text, setting, str(path))


def _done(told: Context, command: str, text: str, setting: str, path: str) -> int:
    if told.json:
        text = jsonlines.summary(command, EXIT_OK, setting=setting, file=path)
    told.screen.out(text)
    return EXIT_OK
