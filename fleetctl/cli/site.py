"""`fleetctl site`: one site at a glance."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import exit_code

if TYPE_CHECKING:
    from fleetctl.operations.site import Chain, RecorderCheck, SiteCheck

app = typer.Typer(help="Look at one site as a whole.", no_args_is_help=True)


@app.callback()
def _site() -> None:
    """Look at one site as a whole."""


@app.command(epilog="Example: fleetctl site check viet_hung")
def check(
    ctx: typer.Context, site: Annotated[str, typer.Argument(metavar="SITE", help="The site's key in the inventory.")]
) -> int:
    """Show what becomes of each camera's picture: channel, recording, days kept. Reads only."""
    from fleetctl.operations import site as operation

    told = context(ctx)
    found = operation.check(told.open(), site)
    code = exit_code(found.outcomes)
    if told.json:
        for chain in found.chains:
            told.screen.out(jsonlines.line("chain", dataclasses.asdict(chain) | {"outcome": chain.outcome.value}))
        for recorder in found.recorders:
            told.screen.out(jsonlines.line("recorder", _fields(recorder)))
        told.screen.out(jsonlines.summary("site check", code))
    else:
        _print(told, found)
    return code


def _fields(recorder: RecorderCheck) -> dict[str, Any]:
    from fleetctl.reports.values import plain

    fields: dict[str, Any] = plain(recorder)
    return fields


def _print(told: Context, found: SiteCheck) -> None:
    from fleetctl.cli.screen import table

    say = told.say
    made = table(
        say("Camera"), say("Answers"), say("Channel"), say("Online"), say("Recording"), say("Newest"), say("Trouble")
    )
    for chain in found.chains:
        made.add_row(*_row(told, chain))
    told.screen.table(made)
    for recorder in found.recorders:
        told.screen.gap()
        _print_recorder(told, recorder)


def _row(told: Context, chain: Chain) -> tuple[Any, ...]:
    from fleetctl.reports.values import clean

    channel = f"{chain.recorder} {chain.channel}" if chain.channel else "-"
    marks = (_mark(told, flag) for flag in (chain.answers, chain.online, chain.recording))
    answers, online, recording = marks
    trouble = clean(chain.trouble) or ("" if chain.channel else told.say("no recorder has it"))
    return chain.camera, answers, channel, online, recording, chain.newest or "-", trouble


def _mark(told: Context, flag: bool | None) -> Any:
    from rich.text import Text

    if flag is None:
        return Text("?", style="bright_black")
    return Text(told.say("yes"), style="green") if flag else Text(told.say("no"), style="bold red")


def _print_recorder(told: Context, recorder: RecorderCheck) -> None:
    from fleetctl.reports import wording
    from fleetctl.reports.values import clean

    say, out = told.say, told.screen.out
    if recorder.reason:
        out(f"{recorder.recorder}: {wording.outcome_word(say, recorder.outcome)}: {clean(recorder.reason)}")
        return
    disks = recorder.disks or {}
    sizes = ", ".join(f"{key}: {disk.health}" for key, disk in disks.items()) or "-"
    out(f"{recorder.recorder}: " + say("disks {disks}", disks=clean(sizes)))
    out(
        say(
            "oldest footage {oldest} days, the disks hold {holds} days, asked {asked}",
            oldest=_days(recorder.oldest_days),
            holds=_days(recorder.holds_days),
            asked=_days(recorder.asked_days),
        )
    )
    for viewer in recorder.viewers:
        word = {True: say("sees the picture"), False: say("does not see the picture"), None: say("not proven")}
        out(f"{viewer.account}: {word[viewer.sees]}" + (f" ({clean(viewer.reason)})" if viewer.reason else ""))


def _days(told: float | None) -> str:
    return "?" if told is None else f"{told:g}"
