"""`fleetctl plan` and `fleetctl apply`: what differs, and making it so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.audit import Reports
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Aspects, Canary, Limit, Now, Reason, Resume, StopAt, Yes, aspect_names, check_now
from fleetctl.errors import UsageError
from fleetctl.model import Planned

if TYPE_CHECKING:
    from fleetctl.cli.follow import Followed
    from fleetctl.operations.plans import Plan
    from fleetctl.operations.rollout import Options
    from fleetctl.operations.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Examples: fleetctl plan --limit viet_hung    fleetctl plan -o monday.plan")(plan)
    app.command(
        epilog="Examples: fleetctl apply --limit viet_hung    fleetctl apply monday.plan --yes    "
        "fleetctl apply --resume"
    )(apply)


def plan(
    ctx: typer.Context,
    limit: Limit = "",
    aspect: Aspects = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Save the plan, for `fleetctl apply FILE`.")
    ] = None,
    report: Reports = None,
) -> int:
    """Show what an apply would change. Reads only."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import plans, rollout

    told = context(ctx)
    aspects = aspect_names(aspect)
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"-o {output}: there is no folder {output.parent}. Make it first: mkdir -p {output.parent}")
    workspace = told.open()
    run = Followed(told, workspace, "plan", report or ())
    made = rollout.made(_planned(run, workspace, limit, aspects), limit, aspects)
    code = run.finish()
    if output is not None and not run.stopped():
        digest = plans.save(made, output)
        told.screen.talk(told.say("Plan saved: {path} (digest {digest})", path=output, digest=digest[:12]))
    return code


def _planned(run: Followed, workspace: Workspace, limit: str, aspects: tuple[str, ...]) -> list[Planned]:
    from fleetctl.operations import rollout
    from fleetctl.operations.runs import select

    total = len(select(workspace, limit))
    events = rollout.plan(workspace, limit, aspects, stop=run.stop)
    return run.take(events, total, run.context.say("Plan"))


def apply(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A plan saved by `fleetctl plan -o`; else it plans first.")
    ] = None,
    limit: Limit = "",
    aspect: Aspects = None,
    yes: Yes = False,
    resume: Resume = False,
    now: Now = False,
    reason: Reason = "",
    canary: Canary = 1,
    wave: Annotated[
        list[int] | None,
        typer.Option(
            "--wave", min=1, max=100, metavar="PERCENT", help="Share of the devices done by then; repeatable."
        ),
    ] = None,
    stop_at: StopAt = 20,
    per_site: Annotated[int, typer.Option("--per-site", min=1, help="Devices of one site at the same time.")] = 4,
    report: Reports = None,
) -> int:
    """Make devices as the inventory says: plan, ask, write in waves, read back."""
    from fleetctl.operations.rollout import Options

    told = context(ctx)
    _check(file, limit, aspect or [], resume=resume, now=now, reason=reason)
    look = "Nothing was sent. Look at what it would do with `fleetctl plan`, then add --yes"
    need_answer(yes=yes, what="fleetctl apply", look=look)
    options = Options(
        now=reason if now else "",
        canary=canary,
        shares=tuple(percent / 100 for percent in wave or ()),
        stop_share=stop_at / 100,
        per_site=per_site,
    )
    return _apply(told, file, limit, aspect_names(aspect), options, yes=yes, resume=resume, reports=report or [])


def _check(file: Path | None, limit: str, aspect: list[str], *, resume: bool, now: bool, reason: str) -> None:
    """Raise UsageError for options that cannot be meant together."""
    check_now(now=now, reason=reason, what="devices")
    if file is not None and (limit or aspect or resume):
        raise UsageError(f"{file} is carried out as it was saved: leave out --limit, --aspect and --resume")
    if resume and (limit or aspect):
        raise UsageError("--resume takes up what the last apply left undone: leave out --limit and --aspect")


def _apply(
    told: Context,
    file: Path | None,
    limit: str,
    aspects: tuple[str, ...],
    options: Options,
    *,
    yes: bool,
    resume: bool,
    reports: list[str],
) -> int:
    from dataclasses import replace

    from fleetctl.cli.follow import Followed
    from fleetctl.operations import plans, rollout

    workspace = told.open()
    run = Followed(told, workspace, "apply", reports)
    if file is not None:
        plan = plans.load(workspace, file)
        for device_plan in plan.devices:
            run.tally.add(Planned(device=device_plan.device, plan=device_plan))
    else:
        if resume:
            left = rollout.leftovers(workspace)
            limit, aspects, options = ",".join(left.devices), left.aspects, replace(options, resumes=left.run)
        plan = rollout.made(_planned(run, workspace, limit, aspects), limit, aspects)
    if run.stopped() or not (plan.writes or plan.unplanned or resume):
        return run.finish()
    if not yes and (risks := plan.risks):
        raise UsageError(f"{'; '.join(risks)}. Look at the plan (fleetctl plan), be near the switch, then: --yes")
    if plan.writes and not _agreed(run, plan, yes=yes):
        told.screen.talk(told.say("Nothing was sent."))
        return run.finish(changes=False)
    events = rollout.apply(workspace, plan, options, stop=run.stop)
    run.take(events, len(plan.writes), told.say("Apply"))
    code = run.finish(changes=False)
    if run.stopped():
        told.screen.talk(told.say("Go on with: fleetctl apply --resume"))
    return code


def _agreed(run: Followed, plan: Plan, *, yes: bool) -> bool:
    """Show what is going to be written, and ask."""
    from fleetctl.cli import show

    context = run.context
    if not context.json:
        show.changes(context, run.tally.devices.values(), run.site_names, "plan")
        context.screen.gap()
        show.total(context, run.tally, "plan")
    if yes:
        return True
    n = len(plan.writes)
    question = context.say.many("Write to {n} device? [y/N]", "Write to {n} devices? [y/N]", n)
    return context.screen.ask(question, YES_WORDS)
