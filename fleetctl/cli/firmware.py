"""`fleetctl firmware`: the images there are, what a roll-out would do, carrying it out, and how far it is."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.audit import Reports
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Limit, Yes
from fleetctl.errors import UsageError
from fleetctl.model import Image, Outcome
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_INTERRUPTED, EXIT_OK, exit_code

if TYPE_CHECKING:
    from fleetctl.operations.firmware import Step
    from fleetctl.operations.rolling import Rollout, Settings
    from fleetctl.operations.workspace import Workspace

app = typer.Typer(help="Firmware: images, staged roll-outs that stop themselves.", no_args_is_help=True)
Which = Annotated[str, typer.Option("--image", metavar="SHA256", help="This image instead of the standard's target.")]


@app.command(
    epilog="Example: fleetctl firmware add digicap.bin --vendor hikvision --model DS-2CD2143G2-I "
    "--version V5.7.18 --build 240826 --sha256 9f86d0..."
)
def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The image as its maker publishes it.")],
    vendor: Annotated[str, typer.Option("--vendor", help="Its maker, as in the inventory.")] = "",
    model: Annotated[
        list[str] | None, typer.Option("--model", help="A model that its maker lists for it; repeatable.")
    ] = None,
    version: Annotated[str, typer.Option("--version", help="The version that a device tells afterwards.")] = "",
    build: Annotated[str, typer.Option("--build", help="The build, where its maker counts builds.")] = "",
    hardware: Annotated[
        list[str] | None, typer.Option("--hardware", help="A hardware line it is for; none: all of those models.")
    ] = None,
    oem: Annotated[str, typer.Option("--oem", help="OEM code, where it is for one brand.")] = "",
    region: Annotated[str, typer.Option("--region", help="Region it is for.")] = "",
    language: Annotated[str, typer.Option("--language", help="Language it is for.")] = "",
    min_from: Annotated[
        str, typer.Option("--min-from", metavar="VERSION", help="Oldest version that may go to it in one step.")
    ] = "",
    needs_reset: Annotated[
        bool, typer.Option("--needs-reset", help="Its maker asks for a factory reset: only told, never done.")
    ] = False,
    origin: Annotated[str, typer.Option("--origin", metavar="URL", help="Where it is from.")] = "",
    notes: Annotated[str, typer.Option("--notes", metavar="TEXT", help="What is to be known of it.")] = "",
    sha256: Annotated[str, typer.Option("--sha256", help="The checksum that its maker publishes; must agree.")] = "",
) -> int:
    """Take an image into the catalogue."""
    from fleetctl.operations import firmware

    told = context(ctx)
    fields = {
        "vendor": vendor.strip().lower(),
        "models": tuple(model or ()),
        "version": version,
        "build": build,
        "hardware": tuple(hardware or ()),
        "oem": oem,
        "region": region,
        "language": language,
        "min_from": min_from,
        "needs_reset": needs_reset,
        "origin": origin,
        "notes": notes,
    }
    image = firmware.add(told.open(), file, fields, expected_sha256=sha256)
    _images(told, [image], "firmware add")
    return EXIT_OK


@app.command("list", epilog="Example: fleetctl firmware list")
def list_(ctx: typer.Context) -> int:
    """List the images of the catalogue."""
    from fleetctl.operations import firmware

    told = context(ctx)
    _images(told, firmware.catalogue(told.open()).images(), "firmware list")
    return EXIT_OK


def _images(told: Context, images: list[Image] | tuple[Image, ...], command: str) -> None:
    from dataclasses import asdict

    from fleetctl.cli.screen import table

    if told.json:
        for image in images:
            told.screen.out(jsonlines.line("image", asdict(image)))
        told.screen.out(jsonlines.summary(command, EXIT_OK))
        return
    if not images:
        told.screen.out(told.say("No image yet: fleetctl firmware add FILE"))
        return
    say = told.say
    made = table(say("Image"), say("Vendor"), say("Version"), say("Models"), say("From"), say("Size"), say("Added"))
    for image in images:
        size = f"{image.size / 1e6:.1f} MB"
        made.add_row(
            image.key, image.vendor, image.target, ", ".join(image.models), image.min_from, size, image.added[:10]
        )
    told.screen.table(made)


# --- what it would do -----------------------------------------------------------------------------


@app.command(epilog="Examples: fleetctl firmware plan    fleetctl firmware plan --limit viet_hung --image 3f1a")
def plan(ctx: typer.Context, limit: Limit = "", image: Which = "") -> int:
    """Show which device would get which image, and which none and why. Reads only."""
    told = context(ctx)
    steps, stopped = _steps(told, told.open(), limit, image)
    code = EXIT_INTERRUPTED if stopped else exit_code(step.outcome for step in steps)
    _show_steps(told, steps, code)
    return code


def _steps(told: Context, workspace: Workspace, limit: str, image: str) -> tuple[tuple[Step, ...], bool]:
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import firmware
    from fleetctl.operations.runs import gathered

    run = Followed(told, workspace, "plan")
    total = sum(firmware.flashable(device) for device in workspace.inventory.select(limit or "all"))
    planned = run.take(firmware.read(workspace, limit, stop=run.stop), total, told.say("Plan"))
    return firmware.steps(workspace, gathered(planned), image), run.stopped()


def _show_steps(told: Context, steps: tuple[Step, ...], code: int) -> None:
    from fleetctl.cli.screen import table

    if told.json:
        for step in steps:
            told.screen.out(jsonlines.line("step", _step(step)))
        told.screen.out(jsonlines.summary("firmware plan", code))
        return
    say = told.say
    made = table(say("Model"), say("From"), say("To"), say("Devices"))
    for (model, before, target), number in sorted(
        Counter((s.model, s.before, s.target) for s in steps if s.image).items()
    ):
        made.add_row(model, before, target, str(number))
    if any(step.image for step in steps):
        told.screen.table(made)
    for why, names in _reasons(steps).items():
        told.screen.out(f"{', '.join(names[:5])}{f' (+{len(names) - 5})' if len(names) > 5 else ''}: {why}")


def _step(step: Step) -> dict[str, object]:
    return {
        "name": step.device,
        "model": step.model,
        "from": step.before,
        "to": step.target,
        "image": step.image,
        "outcome": step.outcome.value,
        "reason": step.refused,
    }


def _reasons(steps: tuple[Step, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in steps:
        if step.refused:
            found.setdefault(step.refused, []).append(step.device)
    return found


# --- doing it -------------------------------------------------------------------------------------


@app.command(
    epilog="Examples: fleetctl firmware roll november --limit viet_hung    fleetctl firmware roll --resume november"
)
def roll(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The roll-out's name; else the day's date.")] = "",
    limit: Limit = "",
    image: Which = "",
    yes: Yes = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with one (the latest, if none is named).")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="With --resume: try unreachable devices now, due or not.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Do not wait for the maintenance window; one site only, with --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why --now; kept in the journal.")] = "",
    ring: Annotated[
        list[int] | None,
        typer.Option("--ring", min=1, max=100, metavar="PERCENT", help="Share done by then; repeatable (5, 25, 100)."),
    ] = None,
    halt_at: Annotated[
        int, typer.Option("--halt-at", min=0, max=100, metavar="PERCENT", help="Halt when more of a ring failed.")
    ] = 10,
    soak: Annotated[float, typer.Option("--soak", min=0, metavar="MINUTES", help="Watch a canary for so long.")] = 30.0,
    per_site: Annotated[int, typer.Option("--per-site", min=1, help="Devices of one site at the same time.")] = 3,
    per_uplink: Annotated[int, typer.Option("--per-uplink", min=1, help="Devices of one uplink at the same time.")] = 3,
    at_once: Annotated[int, typer.Option("--at-once", min=1, help="Devices at the same time.")] = 16,
    upload_time: Annotated[
        float, typer.Option("--upload-time", min=0.01, metavar="MINUTES", help="Longest upload.")
    ] = 15.0,
    flash_time: Annotated[
        float,
        typer.Option(
            "--flash-time", min=0.01, metavar="MINUTES", help="Longest wait for it to go down, and to return."
        ),
    ] = 10.0,
    report: Reports = None,
) -> int:
    """Flash devices: a canary of each model, a soak, then rings; each judged by what it does afterwards."""
    from fleetctl.flashing import Timing
    from fleetctl.operations.rolling import Settings

    told = context(ctx)
    if now and not reason.strip():
        raise UsageError("--now interrupts devices in reception hours: say why with --reason TEXT")
    if resume and (limit or image or ring):
        raise UsageError("--resume goes on with what was agreed: leave out --limit, --image and --ring")
    need_answer(yes=yes, what="fleetctl firmware roll")
    flash_s = flash_time * 60
    timing = Timing(upload_s=upload_time * 60, flash_s=flash_s, boot_s=flash_s, late_s=min(120.0, flash_s))
    settings = Settings(
        shares=tuple(percent / 100 for percent in ring or (5, 25, 100)),
        halt_share=halt_at / 100,
        soak_s=soak * 60,
        per_site=per_site,
        per_uplink=per_uplink,
        at_once=at_once,
        timing=timing,
    )
    workspace = told.open()
    made = _agreed(told, workspace, name, limit, image, settings, yes=yes, resume=resume)
    if made is None:
        return EXIT_OK
    return _roll(told, workspace, made, again=again, now=reason if now else "", reports=report or [])


def _agreed(
    told: Context,
    workspace: Workspace,
    name: str,
    limit: str,
    image: str,
    settings: Settings,
    *,
    yes: bool,
    resume: bool,
) -> Rollout | None:
    """Return the roll-out to carry on, or make one, shown and agreed; None where a person said no."""
    from fleetctl.operations import rolling

    if resume:
        return rolling.load(workspace, name)
    steps, stopped = _steps(told, workspace, limit, image)
    if stopped:
        raise UsageError("ended before every device was read; nothing was agreed")
    if not told.json:
        _show_steps(told, steps, EXIT_OK)
    n = sum(bool(step.image) for step in steps)
    if n and not yes:
        question = told.say.many("Flash {n} device? [y/N]", "Flash {n} devices? [y/N]", n)
        if not told.screen.ask(question, YES_WORDS):
            told.screen.talk(told.say("Nothing was sent."))
            return None
    name = name or f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
    return rolling.create(workspace, name, steps, settings)


def _roll(told: Context, workspace: Workspace, made: Rollout, *, again: bool, now: str, reports: list[str]) -> int:
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import rolling

    run = Followed(told, workspace, "firmware roll", reports)
    rolling.refresh(workspace, made)
    roll = rolling.Roll(workspace, made, run.stop, again=again, now=now)
    run.take(roll.events(), len(made.active), told.say("Firmware"))
    rolling.refresh(workspace, made)
    code = EXIT_INTERRUPTED if run.stop.by_person else exit_code(rolling.outcomes(made))
    _show_standing(told, made, code, "firmware roll")
    run.report(code)
    if run.stop.reason:
        told.screen.talk(told.say("Ended early: {reason}", reason=run.stop.reason))
    if any(rolling.open_now(s) for s in made.standing.values()) and not made.halted:
        told.screen.talk(told.say("Go on with: fleetctl firmware roll --resume {name}", name=made.name))
    return code


@app.command(epilog="Examples: fleetctl firmware status    fleetctl firmware status november")
def status(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The roll-out; the latest, if none is named.")] = "",
) -> int:
    """Show how far a roll-out is: each device before and after. Reads what is on record only."""
    from fleetctl.operations import rolling

    told = context(ctx)
    made = rolling.load(told.open(reading=True), name)
    code = exit_code(rolling.outcomes(made))
    _show_standing(told, made, code, "firmware status")
    return code


def _show_standing(told: Context, made: Rollout, code: int, command: str) -> None:
    from fleetctl.cli.screen import table
    from fleetctl.reports import wording

    if told.json:
        for line in _standing_lines(made):
            told.screen.out(line)
        told.screen.out(jsonlines.summary(command, code, rollout=made.name, halted=made.halted))
        return
    say = told.say
    shown = table(say("Device"), say("Model"), say("From"), say("To"), say("Ring"), say("Outcome"), say("Reason"))
    for step in made.active:
        standing = made.standing[step.device]
        outcome = standing.outcome or Outcome.PENDING
        reason = "" if outcome is Outcome.UNCHANGED and standing.changed else standing.reason
        word = Outcome.CHANGED if outcome is Outcome.UNCHANGED and standing.changed else outcome
        shown.add_row(
            step.device,
            step.model,
            step.before,
            step.target,
            str(_ring(made, step)),
            wording.outcome_word(say, word),
            reason,
        )
    told.screen.out(say("Roll-out {name}", name=made.name))
    told.screen.table(shown)
    for lane, why in made.halted.items():
        told.screen.out(say("Halted: {lane}: {reason}", lane=lane, reason=why))


def _standing_lines(made: Rollout) -> list[str]:
    lines = [jsonlines.line("step", _step(step)) for step in made.steps if not step.image]
    for step in made.active:
        standing = made.standing[step.device]
        fields = _step(step) | {
            "outcome": (standing.outcome or Outcome.PENDING).value,
            "reason": standing.reason,
            "ring": _ring(made, step),
            "changed": standing.changed,
            "uploads": standing.tried,
        }
        lines.append(jsonlines.line("step", fields))
    return lines


def _ring(made: Rollout, step: Step) -> int:
    """Return in which ring a device is; 0 is the canary."""
    return next(number for number, ring in enumerate(made.rings[step.lane]) if step.device in ring)
