"""`fleetctl device show --footage` and `fleetctl device format-disk`: what only recorders have."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.context import Context, context
from fleetctl.errors import UsageError
from fleetctl.model import Outcome
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_FAILED, EXIT_OK, exit_code

if TYPE_CHECKING:
    from fleetctl.operations.recorder import Span


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("format-disk", epilog="Example: fleetctl device format-disk viet-hung-nvr 1")(format_disk)


def show_footage(told: Context, device: str, span: tuple[str, str]) -> int:
    """Print what a recorder recorded within a span; exit code 1 where something is missing."""
    from fleetctl.operations import recorder as operation

    begin, end = (operation.moment(each) for each in span)
    found = operation.footage(told.open(), device, begin, end)
    code = EXIT_FAILED if any(channel.gaps for channel in found) else EXIT_OK
    if told.json:
        for channel in found:
            fields = {
                "device": device,
                "channel": channel.channel,
                "recorded_s": channel.recorded_s,
                "pieces": [_iso(piece) for piece in channel.pieces],
                "gaps": [_iso(gap) for gap in channel.gaps],
            }
            told.screen.out(jsonlines.line("footage", fields))
        told.screen.out(jsonlines.summary("device show", code))
        return code
    from fleetctl.cli.screen import table

    say = told.say
    made = table(say("Channel"), (say("Recorded"), {"justify": "right"}), say("Missing"))
    whole_s = (end - begin).total_seconds()
    for channel in found:
        missing = "\n".join(f"{first:%Y-%m-%d %H:%M:%S} - {last:%Y-%m-%d %H:%M:%S}" for first, last in channel.gaps)
        made.add_row(channel.channel, f"{channel.recorded_s / whole_s:.1%}", missing or "-")
    told.screen.table(made)
    return code


def _iso(span: Span) -> list[str]:
    return [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in span]


def format_disk(
    ctx: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The recorder's name in the inventory.")],
    disk: Annotated[str, typer.Argument(metavar="DISK", help="The disk's number, as `device show -a storage` has it.")],
    serial_number: Annotated[
        str,
        typer.Option(
            "--serial-number",
            metavar="SERIAL",
            help="Serial number that stands on the disk; the recorder's, where it does not tell that of its disks.",
        ),
    ] = "",
) -> int:
    """Format a disk that the recorder reports unformatted. Never one with recordings."""
    from fleetctl.operations import recorder as operation
    from fleetctl.reports import wording

    told = context(ctx)
    workspace = told.open()
    if not serial_number:
        serial_number = _asked(told, device, disk)
        if not serial_number:
            told.screen.talk(told.say("Nothing was sent."))
            return EXIT_OK
    result = operation.format_disk(workspace, device, disk, serial_number)
    code = exit_code([result.outcome])
    if told.json:
        fields = {"disk": disk, "outcome": result.outcome.value, "reason": result.reason}
        told.screen.out(jsonlines.line("device", jsonlines.device(result.device) | fields))
        told.screen.out(jsonlines.summary("device format-disk", code))
    elif result.outcome is Outcome.CHANGED:
        told.screen.out(told.say("{device}: disk {disk} is formatted.", device=device, disk=disk))
    else:
        word = wording.outcome_word(told.say, result.outcome)
        told.screen.out(f"{device}: {word}: {told.say.reason(result.reason)}")
    return code


def _asked(told: Context, device: str, disk: str) -> str:
    """Return the serial number that a person types; raises UsageError where nobody can."""
    if not sys.stdin.isatty():
        raise UsageError("fleetctl device format-disk: a person types the disk's serial number: --serial-number SERIAL")
    told.screen.talk(
        told.say(
            "Format disk {disk} of {device}: type its serial number, as it stands on the disk "
            "(the recorder's, where it does not tell that of its disks). Empty: nothing is sent.",
            disk=disk,
            device=device,
        )
    )
    return sys.stdin.readline().strip()
