"""`fleetctl lab`: the inventory's devices, simulated on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Name
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

app = typer.Typer(help="Simulated devices on this machine: start, look, break, mend.", no_args_is_help=True)


@app.command(epilog="Examples: fleetctl lab up    fleetctl lab up --latency-ms 100")
def up(
    ctx: typer.Context,
    http_port: Annotated[int, typer.Option("--http-port", min=0, max=65535, help="TCP port of ONVIF; 0: any.")] = 8080,
    https_port: Annotated[
        int, typer.Option("--https-port", min=0, max=65535, help="TCP port of HTTPS; 0: any.")
    ] = 8443,
    rtsp_port: Annotated[int, typer.Option("--rtsp-port", min=0, max=65535, help="TCP port of RTSP; 0: any.")] = 8554,
    latency_ms: Annotated[float, typer.Option("--latency-ms", min=0, help="Added to every answer.")] = 0.0,
    factory_new: Annotated[
        bool, typer.Option("--factory-new", help="What must be activated was not, by anybody.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Check every message by the official schema.")] = False,
    wsdl: Annotated[Path | None, typer.Option("--wsdl", metavar="DIR", help="The official WSDL, for --strict.")] = None,
) -> int:
    """Start the inventory's cameras and recorders, simulated on loopback."""
    from fleetctl.operations import lab

    told = context(ctx)
    if strict and wsdl is None:
        raise UsageError("--strict checks by the official WSDL: name its folder with --wsdl DIR")
    options = lab.Options(
        http_port=http_port,
        https_port=https_port,
        rtsp_port=rtsp_port,
        latency_ms=latency_ms,
        factory_new=factory_new,
        strict=strict,
        wsdl_dir=wsdl,
    )
    n = lab.up(told.open(), options)
    if told.json:
        told.screen.out(jsonlines.summary("lab up", EXIT_OK, devices=n))
    else:
        told.screen.out(told.say.many("The lab is up: {n} device.", "The lab is up: {n} devices.", n))
    return EXIT_OK


@app.command()
def down(ctx: typer.Context) -> int:
    """End the lab. Its devices keep their state for the next time."""
    from fleetctl.operations import lab

    told = context(ctx)
    ended = lab.down(told.open())
    if told.json:
        told.screen.out(jsonlines.summary("lab down", EXIT_OK, was_up=ended))
    else:
        told.screen.out(told.say("The lab is down.") if ended else told.say("No lab was up."))
    return EXIT_OK


@app.command()
def status(ctx: typer.Context) -> int:
    """Show whether the lab runs and what is broken in it."""
    from fleetctl.operations import lab

    told = context(ctx)
    found = lab.status(told.open())
    if told.json:
        told.screen.out(jsonlines.line("lab", found))
        told.screen.out(jsonlines.summary("lab status", EXIT_OK, devices=found["devices"]))
        return EXIT_OK
    say, screen = told.say, told.screen
    ports = ", ".join(f"{name} {port}" for name, port in found["ports"].items())
    screen.out(say.many("The lab is up: {n} device.", "The lab is up: {n} devices.", found["devices"]))
    screen.out(say("Ports: {ports}. Requests so far: {n}.", ports=ports, n=found["requests"]))
    for device, faults in sorted(found["broken"].items()):
        screen.out(say("Broken: {device}: {faults}", device=device, faults=", ".join(faults)))
    for message in found["invalid"]:
        screen.out(say("Not by the official schema: {message}", message=message))
    return EXIT_OK


@app.command(
    "break",
    epilog="Examples: fleetctl lab break viet-hung-cam-01 ignore-writes    "
    "fleetctl lab break viet-hung-cam-01 clock offset_s=7200    fleetctl lab break viet-hung-cam-01 (lists the faults)",
)
def break_(
    ctx: typer.Context,
    device: Name,
    fault: Annotated[str, typer.Argument(metavar="[FAULT]", help="What happens to it; without it: the list.")] = "",
    argument: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Arguments of the fault.")
    ] = None,
) -> int:
    """Let something happen to a device that happens in the field."""
    from fleetctl.operations import lab

    told = context(ctx)
    if not fault:
        return _faults(told)
    given = lab.break_(told.open(), device, fault, _arguments(argument or []))
    if told.json:
        told.screen.out(jsonlines.line("fault", {"device": device, "fault": fault, "arguments": dict(given)}))
        told.screen.out(jsonlines.summary("lab break", EXIT_OK))
    else:
        told.screen.out(told.say("Broken: {device}: {faults}", device=device, faults=fault))
        told.screen.talk(told.say("Mend it: fleetctl lab mend {device}", device=device))
    return EXIT_OK


def _arguments(given: list[str]) -> dict[str, Any]:
    """Return NAME=VALUE as values: numbers, true, false, else text. Raises UsageError."""
    import json

    told: dict[str, Any] = {}
    for part in given:
        name, equals, value = part.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"{part}: write arguments as NAME=VALUE")
        try:
            told[name] = json.loads(value)
        except ValueError:
            told[name] = value
    return told


def _faults(told: Context) -> int:
    from fleetctl.cli.screen import table
    from fleetctl.lab.faults import KNOWN

    if told.json:
        for name, (doc, defaults) in KNOWN.items():
            told.screen.out(jsonlines.line("fault", {"fault": name, "doc": doc, "arguments": defaults}))
        told.screen.out(jsonlines.summary("lab break", EXIT_OK))
        return EXIT_OK
    made = table(told.say("Fault"), told.say("What happens"), told.say("Arguments"))
    for name, (doc, defaults) in KNOWN.items():
        made.add_row(name, told.say(doc), " ".join(f"{key}={_written(value)}" for key, value in defaults.items()))
    told.screen.table(made)
    return EXIT_OK


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@app.command(epilog="Examples: fleetctl lab mend viet-hung-cam-01    fleetctl lab mend viet-hung-cam-01 slow")
def mend(
    ctx: typer.Context,
    device: Name,
    fault: Annotated[str, typer.Argument(metavar="[FAULT]", help="Only this fault; else all.")] = "",
) -> int:
    """End what `lab break` did to a device."""
    from fleetctl.operations import lab

    told = context(ctx)
    ended = lab.mend(told.open(), device, fault)
    if told.json:
        told.screen.out(jsonlines.line("mended", {"device": device, "faults": ended}))
        told.screen.out(jsonlines.summary("lab mend", EXIT_OK))
    elif ended:
        told.screen.out(told.say("Mended: {device}: {faults}", device=device, faults=", ".join(ended)))
    else:
        told.screen.out(told.say("Nothing was broken on {device}.", device=device))
    return EXIT_OK


@app.command(epilog="Example: fleetctl lab image new.bin --model HI3516 --version V1.08.03 no_stream=0.2")
def image(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    model: Annotated[list[str], typer.Option("--model", help="A model that it is for; repeatable.")],
    version: Annotated[str, typer.Option("--version", help="What a device tells afterwards, as its maker writes it.")],
    effect: Annotated[
        list[str] | None, typer.Argument(metavar="[EFFECT=SHARE]...", help="What it does to which share of devices.")
    ] = None,
) -> int:
    """Write firmware that devices of the lab take, good or bad."""
    from fleetctl.lab.firmware import EFFECTS, made

    told = context(ctx)
    effects = _arguments(effect or [])
    if unknown := [name for name in effects if name not in EFFECTS]:
        raise UsageError(f"no effect {unknown[0]!r}; there are {', '.join(EFFECTS)}")
    file.write_bytes(made(tuple(model), version, **effects))
    if told.json:
        told.screen.out(jsonlines.line("image", {"path": str(file), "models": model, "version": version} | effects))
        told.screen.out(jsonlines.summary("lab image", EXIT_OK))
    else:
        told.screen.out(told.say("Written: {path}", path=file))
    return EXIT_OK
