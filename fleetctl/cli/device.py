"""`fleetctl device`: one device, looked at or rebooted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli import backup, recorder, replacing
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Aspects, Name, Yes, aspect_names
from fleetctl.errors import BadAnswer, Refused, Unreachable, UsageError
from fleetctl.model import Outcome
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK, exit_code

if TYPE_CHECKING:
    from fleetctl.operations.device import Rebooted, Shown
    from fleetctl.operations.workspace import Workspace

app = typer.Typer(help="Look at one device, restart, reset or replace it, call one operation.", no_args_is_help=True)
app.add_typer(backup.app, name="backup")
recorder.register(app)
replacing.register(app)


@app.command(
    epilog="Examples: fleetctl device show viet-hung-cam-01 --aspect video    "
    "fleetctl device show viet-hung-nvr --footage 2026-11-25 2026-11-26"
)
def show(
    ctx: typer.Context,
    device: Name,
    aspect: Aspects = None,
    footage: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--footage", metavar="FROM TO", help="Of a recorder: what it recorded between two moments, and the gaps."
        ),
    ] = None,
) -> int:
    """Show every setting of a device beside what is expected; where it cannot be read, what is wrong first."""
    from fleetctl.operations import device as operation

    told = context(ctx)
    if footage is not None:
        from fleetctl.cli.recorder import show_footage

        return show_footage(told, device, footage)
    workspace = told.open()
    try:
        shown = operation.show(workspace, device, aspect_names(aspect))
    except (Unreachable, Refused, BadAnswer):
        _diagnosed(told, workspace, device)
        raise
    if told.json:
        from fleetctl.reports.readings import objects

        fields = jsonlines.device(shown.device) | {
            "manufacturer": shown.manufacturer,
            "model": shown.model,
            "firmware": shown.firmware,
            "serial_number": shown.serial_number,
            "mac_address": shown.mac_address,
            "driver": shown.driver,
            "aspects": objects(shown.readings, shown.expectations),
            "changes": [jsonlines.change(change) for change in shown.changes],
            "retired": [{"until": day, "serial_number": old.serial_number} for day, old in shown.retired],
        }
        told.screen.out(jsonlines.line("device", fields))
        told.screen.out(jsonlines.summary("device show", EXIT_OK))
    else:
        _print(told, shown)
    return EXIT_OK


def _diagnosed(told: Context, workspace: Workspace, device: str) -> None:
    """Say what is wrong first with a device that could not be read; the error itself is told after it."""
    from fleetctl.cli import wrongs
    from fleetctl.operations.device import one
    from fleetctl.operations.site import diagnosis

    wrong = diagnosis(workspace, one(workspace, device))
    if wrong is None:
        return
    if told.json:
        told.screen.out(jsonlines.line("wrong", wrongs.fields(wrong)))
    else:
        wrongs.show(told, [wrong])


def _print(told: Context, shown: Shown) -> None:
    from rich.text import Text

    from fleetctl.cli.screen import STYLES, table
    from fleetctl.reports import wording
    from fleetctl.reports.readings import lines
    from fleetctl.reports.values import clean, setting_name
    from fleetctl.reports.values import shown as value

    say, device = told.say, shown.device
    facts = (
        (say("Device"), f"{device.name} ({device.kind.value}, {device.site})"),
        (say("Address"), device.endpoint.address + ("" if device.is_host else f":{device.port}")),
        (say("Maker, model"), f"{shown.manufacturer} {shown.model}"),
        (say("Firmware"), shown.firmware),
        (say("Serial number"), shown.serial_number),
        (say("MAC address"), shown.mac_address),
        (say("Driver"), shown.driver),
    )
    width = max(len(name) for name, _ in facts)
    for name, fact in facts:
        told.screen.out(f"{name:<{width}}  {clean(fact) or '-'}")
    for day, old in shown.retired:
        known = clean(f"{old.manufacturer} {old.model} {old.serial_number or old.mac_address}".strip())
        told.screen.out(say("Before it, until {day}: {known}", day=day, known=known))
    told.screen.out()
    if device.platform == "windows":
        _print_checklist(told, shown)
        return
    made = table(say("Setting"), say("Actual"), say("Expected"))
    for reading in shown.readings:
        if reading.outcome is not None:
            word = Text(wording.outcome_word(say, reading.outcome), style=STYLES[reading.outcome])
            made.add_row(reading.aspect, word + Text(f": {clean(told.say.reason(reading.reason))}"), "")
        for line in lines(device.name, reading, shown.expectations.get(reading.aspect)):
            style = "red" if line.differs else "green" if line.expected else ""
            made.add_row(line.setting, Text(say.value(line.actual), style=style), say.value(line.expected))
    for change in shown.changes:
        made.add_row(setting_name(change), Text(value(change.before), style="red"), value(change.after))
    told.screen.table(made)


def _print_checklist(told: Context, shown: Shown) -> None:
    """Print what is expected of a device that fleetctl does not set, to be looked through by hand."""
    from fleetctl.reports.readings import wanted

    told.screen.out(told.say("fleetctl sets nothing on Windows. By hand, and ticked off on paper:"))
    for expectation in shown.expectations.values():
        for line in wanted(expectation):
            told.screen.out(f"  [ ] {line.setting}: {told.say.value(line.expected)}")


@app.command(
    epilog="Examples: fleetctl device reboot viet-hung-cam-01 --yes    "
    "fleetctl device reboot viet-hung-cam-01 --via-switch --yes"
)
def reboot(
    ctx: typer.Context,
    device: Name,
    yes: Yes = False,
    via_switch: Annotated[
        bool,
        typer.Option("--via-switch", help="Take the power of its switch port and give it back: for one that hangs."),
    ] = False,
) -> int:
    """Reboot a device and prove that it came back."""
    from fleetctl.operations import device as operation

    told = context(ctx)
    need_answer(yes=yes, what="fleetctl device reboot")
    workspace = told.open()
    asked = operation.one(workspace, device)
    question = told.say("Reboot {device}? Picture and recording stop meanwhile. [y/N]", device=asked.name)
    if not yes and not told.screen.ask(question, YES_WORDS):
        told.screen.talk(told.say("Nothing was sent."))
        return EXIT_OK
    if via_switch:
        from fleetctl.operations import power

        result = power.cycle(workspace, device)
    else:
        result = operation.reboot(workspace, device)
    code = exit_code([result.outcome])
    _rebooted(told, result, code)
    return code


def _rebooted(told: Context, result: Rebooted, code: int, command: str = "device reboot") -> None:
    """Tell how a restart went."""
    device = result.device.name
    if told.json:
        fields = jsonlines.device(result.device) | {
            "outcome": result.outcome.value,
            "reason": result.reason,
            "down_s": result.down_s,
            "up_s": result.up_s,
        }
        told.screen.out(jsonlines.line("device", fields))
        told.screen.out(jsonlines.summary(command, code))
    elif result.outcome is Outcome.CHANGED and result.reason:
        told.screen.out(f"{device}: {told.say.reason(result.reason)}")
    elif result.outcome is Outcome.CHANGED:
        times = {"device": device, "down": result.down_s or 0.0, "up": result.up_s or 0.0}
        told.screen.out(
            told.say("{device}: went down after {down:.0f} s, back after {up:.0f} s, as from the factory.", **times)
            if command == "device reset"
            else told.say("{device}: went down after {down:.0f} s, back after {up:.0f} s, the same device.", **times)
        )
    else:
        from fleetctl.reports import wording

        told.screen.out(f"{device}: {wording.outcome_word(told.say, result.outcome)}: {told.say.reason(result.reason)}")


@app.command(
    epilog="Examples: fleetctl device reset viet-hung-cam-01    "
    "fleetctl device reset viet-hung-cam-01 --hard --confirm viet-hung-cam-01"
)
def reset(
    ctx: typer.Context,
    device: Name,
    hard: Annotated[
        bool, typer.Option("--hard", help="Keep nothing, its address neither; else soft: the address stays.")
    ] = False,
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="NAME", help="The device's name once more, instead of typing it.")
    ] = "",
) -> int:
    """Put a device back to its factory state, once a person has typed its name; then it is taken in and set again."""
    from fleetctl.operations import device as operation

    told = context(ctx)
    look = "Nothing was sent. Give its name once more: --confirm NAME"
    need_answer(yes=bool(confirm), what="fleetctl device reset", look=look)
    workspace = told.open()
    asked = operation.one(workspace, device)
    question = told.say("{device} loses its settings and accounts. Type its name to go on:", device=asked.name)
    if confirm and confirm != asked.name:
        raise UsageError(f"--confirm {confirm} is not {asked.name}. Nothing was sent")
    if not confirm and not told.screen.ask(question, (asked.name.lower(),)):
        told.screen.talk(told.say("Nothing was sent."))
        return EXIT_OK
    result = operation.reset(workspace, asked.name, hard=hard)
    code = exit_code([result.outcome])
    _rebooted(told, result, code, "device reset")
    if not code and not told.json:
        again = f"fleetctl adopt --again --limit {asked.name}"
        told.screen.out(told.say("Next: {command}", command=f"{again}; fleetctl apply --limit {asked.name}"))
    return code


@app.command(
    epilog="Examples: fleetctl device call viet-hung-cam-01 devicemgmt GetNTP    "
    "fleetctl device call viet-hung-cam-01 media GetStreamUri ProfileToken=Profile_1"
)
def call(
    ctx: typer.Context,
    device: Name,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="ONVIF service: devicemgmt, media, imaging ...")],
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="Operation, as the WSDL names it: GetNTP.")],
    argument: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Arguments; a.b=1 for nested ones.")
    ] = None,
    yes: Yes = False,
) -> int:
    """Call one ONVIF operation by hand. One that writes asks first."""
    from fleetctl.operations import device as operations
    from fleetctl.protocols.onvif_generic import is_writing

    told = context(ctx)
    arguments: dict[str, str] = {}
    for part in argument or []:
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise UsageError(f"{part}: write arguments as NAME=VALUE")
        arguments[name] = value
    if is_writing(service, operation):
        need_answer(yes=yes, what=f"fleetctl device call {service} {operation}")
        question = told.say("{operation} may change {device}. Send it? [y/N]", operation=operation, device=device)
        if not yes and not told.screen.ask(question, YES_WORDS):
            told.screen.talk(told.say("Nothing was sent."))
            return EXIT_OK
    answer = operations.call(told.open(), device, service, operation, arguments)
    if told.json:
        fields = {"device": device, "service": service, "operation": operation, "answer": answer}
        told.screen.out(jsonlines.line("answer", fields))
        told.screen.out(jsonlines.summary("device call", EXIT_OK))
    else:
        told.screen.out(answer.rstrip())
    return EXIT_OK
