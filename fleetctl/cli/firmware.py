"""`fleetctl firmware`: the images there are, what a roll-out would do, carrying it out, and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli import firmware_images
from fleetctl.cli.audit import Reports
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Limit, Now, Reason, Yes, check_now
from fleetctl.errors import UsageError
from fleetctl.reports.tally import EXIT_INTERRUPTED, EXIT_OK, exit_code

if TYPE_CHECKING:
    from fleetctl.flashing import Timing
    from fleetctl.operations.firmware.agreed import Rollout, Settings
    from fleetctl.operations.firmware.steps import Step
    from fleetctl.operations.workspace import Workspace

app = typer.Typer(help="Firmware: images, staged roll-outs that stop themselves.", no_args_is_help=True)
firmware_images.register(app)

Which = Annotated[str, typer.Option("--image", metavar="SHA256", help="This image instead of the standard's target.")]
AllowReset = Annotated[
    bool, typer.Option("--allow-reset", help="Also images after which their maker asks for a factory reset.")
]
Again = Annotated[bool, typer.Option("--again", help="With --resume: try unreachable devices now, due or not.")]
Rings = Annotated[
    list[int] | None,
    typer.Option("--ring", min=1, max=100, metavar="PERCENT", help="Share done by then; repeatable (5, 25, 100)."),
]
HaltAt = Annotated[
    int, typer.Option("--halt-at", min=0, max=100, metavar="PERCENT", help="Halt when more of a ring failed.")
]
UploadTime = Annotated[float, typer.Option("--upload-time", min=0.01, metavar="MINUTES", help="Longest upload.")]
MinUptime = Annotated[
    float, typer.Option("--min-uptime", min=0, metavar="MINUTES", help="Refuse what has just started, where it tells.")
]
FlashTime = Annotated[
    float,
    typer.Option("--flash-time", min=0.01, metavar="MINUTES", help="Longest wait for it to go down, and to return."),
]


@app.command(epilog="Examples: fleetctl firmware plan    fleetctl firmware plan --limit viet_hung --image 3f1a")
def plan(ctx: typer.Context, limit: Limit = "", image: Which = "", allow_reset: AllowReset = False) -> int:
    """Show which device would get which image, and which none and why. Reads only."""
    from fleetctl.cli import firmware_tables

    told = context(ctx)
    found, stopped = _steps(told, told.open(), limit, image, allow_reset=allow_reset)
    code = EXIT_INTERRUPTED if stopped else exit_code(step.outcome for step in found)
    firmware_tables.steps(told, found, code)
    return code


def _steps(
    told: Context, workspace: Workspace, limit: str, image: str, *, allow_reset: bool
) -> tuple[tuple[Step, ...], bool]:
    """Read which firmware devices have; returns what each of them gets, and whether a person ended it."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations.firmware import steps
    from fleetctl.operations.runs import gathered

    run = Followed(told, workspace, "plan")
    total = len(steps.chosen(workspace, limit, image))
    planned = run.take(steps.read(workspace, limit, image=image, stop=run.stop), total, told.say("Plan"))
    return steps.steps(workspace, gathered(planned), image, allow_reset=allow_reset), run.stopped()


@app.command(
    epilog="Examples: fleetctl firmware roll november --limit viet_hung    fleetctl firmware roll --resume november"
)
def roll(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The roll-out's name; else the day's date.")] = "",
    limit: Limit = "",
    image: Which = "",
    allow_reset: AllowReset = False,
    yes: Yes = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with one (the latest, if none is named).")] = False,
    again: Again = False,
    now: Now = False,
    reason: Reason = "",
    ring: Rings = None,
    halt_at: HaltAt = 10,
    soak: Annotated[float, typer.Option("--soak", min=0, metavar="MINUTES", help="Watch a canary for so long.")] = 30.0,
    per_site: Annotated[int, typer.Option("--per-site", min=1, help="Devices of one site at the same time.")] = 3,
    per_uplink: Annotated[int, typer.Option("--per-uplink", min=1, help="Devices of one uplink at the same time.")] = 3,
    at_once: Annotated[int, typer.Option("--at-once", min=1, help="Devices at the same time.")] = 16,
    upload_time: UploadTime = 15.0,
    flash_time: FlashTime = 10.0,
    min_uptime: MinUptime = 5.0,
    report: Reports = None,
) -> int:
    """Flash devices: a canary of each model, a soak, then rings; each judged by what it does afterwards."""
    from fleetctl.operations.firmware.agreed import Settings

    told = context(ctx)
    check_now(now=now, reason=reason, what="devices")
    if resume and (limit or image or ring):
        raise UsageError("--resume goes on with what was agreed: leave out --limit, --image and --ring")
    need_answer(yes=yes, what="fleetctl firmware roll")
    settings = Settings(
        shares=tuple(percent / 100 for percent in ring or (5, 25, 100)),
        halt_share=halt_at / 100,
        soak_s=soak * 60,
        per_site=per_site,
        per_uplink=per_uplink,
        at_once=at_once,
        timing=_timing(upload_time, flash_time, min_uptime),
    )
    workspace = told.open()
    made = _agreed(told, workspace, name, limit, image, settings, yes=yes, resume=resume, allow_reset=allow_reset)
    if made is None:
        return EXIT_OK
    return _roll(told, workspace, made, again=again, now=reason if now else "", reports=report or [])


def _timing(upload_minutes: float, flash_minutes: float, settled_minutes: float) -> Timing:
    from fleetctl.flashing import Timing

    flash_s = flash_minutes * 60
    return Timing(
        upload_s=upload_minutes * 60,
        flash_s=flash_s,
        boot_s=flash_s,
        late_s=min(120.0, flash_s),
        alive_s=min(180.0, flash_s),
        settled_s=settled_minutes * 60,
    )


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
    allow_reset: bool,
) -> Rollout | None:
    """Return the roll-out to carry on, or make one, shown and agreed; None where a person said no."""
    from fleetctl.cli import firmware_tables
    from fleetctl.operations.firmware import agreed

    if resume:
        return agreed.load(workspace, name)
    found, stopped = _steps(told, workspace, limit, image, allow_reset=allow_reset)
    if stopped:
        raise UsageError("ended before every device was read; nothing was agreed")
    if not told.json:
        firmware_tables.steps(told, found, EXIT_OK)
    n = sum(step.active for step in found)
    if n and not yes:
        question = told.say.many("Flash {n} device? [y/N]", "Flash {n} devices? [y/N]", n)
        if not told.screen.ask(question, YES_WORDS):
            told.screen.talk(told.say("Nothing was sent."))
            return None
    name = name or f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
    return agreed.create(workspace, name, found, settings)


def _roll(told: Context, workspace: Workspace, made: Rollout, *, again: bool, now: str, reports: list[str]) -> int:
    from fleetctl.cli import firmware_tables
    from fleetctl.cli.follow import Followed
    from fleetctl.operations.firmware import agreed, stages
    from fleetctl.operations.firmware.roll import Roll

    run = Followed(told, workspace, "firmware roll", reports)
    agreed.refresh(workspace, made)
    roll = Roll(workspace, made, run.stop, again=again, now=now)
    run.take(roll.events(), len(made.active), told.say("Firmware"))
    agreed.refresh(workspace, made)
    code = EXIT_INTERRUPTED if run.stop.by_person else exit_code(agreed.outcomes(made))
    firmware_tables.standing(told, made, code, "firmware roll")
    run.report(code)
    if run.stop.reason:
        told.screen.talk(told.say("Ended early: {reason}", reason=told.say.reason(run.stop.reason)))
    if any(stages.open_now(s) for s in made.standing.values()) and not made.halted:
        told.screen.talk(told.say("Go on with: fleetctl firmware roll --resume {name}", name=made.name))
    return code


@app.command(epilog="Examples: fleetctl firmware status    fleetctl firmware status november")
def status(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The roll-out; the latest, if none is named.")] = "",
) -> int:
    """Show how far a roll-out is: each device before and after. Reads what is on record only."""
    from fleetctl.cli import firmware_tables
    from fleetctl.operations.firmware import agreed

    told = context(ctx)
    made = agreed.load(told.open(reading=True), name)
    code = exit_code(agreed.outcomes(made))
    firmware_tables.standing(told, made, code, "firmware status")
    return code
