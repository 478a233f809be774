"""`fleetctl device replace`: another device in the same place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Name, Yes
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK, exit_code

if TYPE_CHECKING:
    from fleetctl.operations.replacing import Step


def register(app: typer.Typer) -> None:
    """Add the command to `fleetctl device`."""
    app.command(
        epilog="Examples: fleetctl device replace viet-hung-cam-01    "
        "fleetctl device replace viet-hung-cam-01 --vendor axis --yes    "
        "fleetctl device replace viet-hung-cam-01 --address 10.20.1.40    fleetctl device replace viet-hung-sw"
    )(replace)


def replace(
    ctx: typer.Context,
    device: Name,
    vendor: Annotated[
        str, typer.Option("--vendor", metavar="MAKER", help="Maker of the new device, where it is another one.")
    ] = "",
    address: Annotated[
        str, typer.Option("--address", metavar="ADDRESS", help="Where the new one answers; else where the old one did.")
    ] = "",
    enable_secret: Annotated[
        Path | None,
        typer.Option("--enable-secret", metavar="FILE", help="Of a switch: file with its enable secret, if it asks."),
    ] = None,
    yes: Yes = False,
) -> int:
    """Let the new device that stands in a place take it; run again, it goes on where it was cut off.

    The old serial number is retired and its history stays; the new device is adopted, gets the firmware that is wanted
    if the image is there, is set as the inventory says, and its recorder's channel (of a recorder: every channel) must
    show new footage. Switches and hosts: adopted and set. Maintenance windows are not waited for.
    """
    from fleetctl.cli.adopt import enable_of, hosts_agreed
    from fleetctl.executor import Stop
    from fleetctl.operations import device as operation
    from fleetctl.operations import replacing

    told, stop = context(ctx), Stop()
    need_answer(yes=yes, what="fleetctl device replace")
    workspace = told.open()
    asked = operation.one(workspace, device)
    question = told.say(
        "Does another device stand in the place of {device} ({serial}) on purpose? [y/N]",
        device=asked.name,
        serial=asked.serial_number or asked.mac_address or "?",
    )
    if not yes and not told.screen.ask(question, YES_WORDS):
        told.screen.talk(told.say("Nothing was sent."))
        return EXIT_OK
    there = operation.at(asked, address)
    if not hosts_agreed(told, workspace, [there], yes=yes, replace=True):
        told.screen.talk(told.say("Nothing was sent."))
        return EXIT_OK
    outcomes, enable = [], enable_of(told, workspace, [asked], enable_secret, yes=yes)
    new = replacing.New(vendor=vendor, address=address, enable=enable)
    for step in replacing.replace(workspace, asked.name, new, stop=stop):
        outcomes.append(step.outcome)
        _print(told, step)
    code = exit_code(outcomes)
    if told.json:
        told.screen.out(jsonlines.summary("device replace", code))
    elif code:
        told.screen.talk(told.say("Go on with: {command}", command=f"fleetctl device replace {asked.name}"))
    return code


def _print(told: Context, step: Step) -> None:
    """Tell how a step went."""
    from fleetctl.reports import wording

    if told.json:
        fields = {"step": step.name, "device": step.device, "outcome": step.outcome.value, "reason": step.reason}
        told.screen.out(jsonlines.line("step", fields))
        return
    word, reason = wording.outcome_word(told.say, step.outcome), told.say.reason(step.reason)
    told.screen.out(f"{step.device}: {told.say(wording.STEPS[step.name])}: {word}: {reason}".rstrip(": "))
