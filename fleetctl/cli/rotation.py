"""`fleetctl password rotate` and `password recover`: new passwords, and what an interrupted rotation left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.audit import Reports
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Canary, Limit, Now, Reason, Resume, StopAt, Yes, check_now
from fleetctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.cli.follow import Followed
    from fleetctl.operations.rotation import Chosen
    from fleetctl.operations.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: fleetctl password rotate --limit viet_hung    "
        "fleetctl password rotate --account ghihinh --older-than 90"
    )(rotate)
    app.command(epilog="Example: fleetctl password recover")(recover)


def rotate(
    ctx: typer.Context,
    limit: Limit = "",
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="NAME", help="Only this account; repeatable.")
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", min=0, metavar="DAYS", help="Only passwords that were set longer ago than that."),
    ] = None,
    yes: Yes = False,
    resume: Resume = False,
    now: Now = False,
    reason: Reason = "",
    canary: Canary = 1,
    stop_at: StopAt = 20,
    no_old_check: Annotated[
        bool,
        typer.Option("--no-old-check", help="Do not present the old password to see it refused: it costs one login."),
    ] = False,
    confirm_consumer: Annotated[
        list[str] | None,
        typer.Option(
            "--confirm-consumer",
            metavar="NAME",
            help="Somebody gives the new passwords to this consumer (password_consumers) by hand at once; repeatable.",
        ),
    ] = None,
    report: Reports = None,
) -> int:
    """Give accounts new passwords, recorders in step."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import rollout, rotation
    from fleetctl.operations.runs import select

    told = context(ctx)
    if resume and limit:
        raise UsageError("--resume takes up what the last rotation left undone: leave out --limit")
    check_now(now=now, reason=reason, what="recordings")
    need_answer(yes=yes, what="fleetctl password rotate")
    workspace = told.open()
    number, limit = _left(workspace) if resume else (None, limit)
    run = Followed(told, workspace, rotation.KIND, report or ())
    plan = rotation.chosen(workspace, select(workspace, limit), account or (), older_than, confirm_consumer or ())
    todo = [each for each in plan if not each.reason]
    _show(told, plan)
    if not plan or (todo and not yes and not _agreed(told, todo)):
        told.screen.talk(told.say("Nothing was sent.") if plan else told.say("There is no password to rotate."))
        return run.finish()
    waves = rollout.Options(
        now=reason if now else "", canary=canary, stop_share=stop_at / 100, per_site=1, resumes=number
    )
    options = rotation.Options(rollout=waves, check_old=not no_old_check)
    events = rotation.rotate(workspace, plan, options, stop=run.stop)
    run.take(events, len({each.device.name for each in plan}), told.say("Rotate"))
    return _ended(told, run)


def _ended(told: Context, run: Followed) -> int:
    """Finish a rotation and tell how to go on where it was stopped; returns the exit code."""
    code = run.finish()
    if run.stopped():
        told.screen.talk(told.say("Go on with: fleetctl password recover, then fleetctl password rotate --resume"))
    return code


def _left(workspace: Workspace) -> tuple[int, str]:
    """Return the run that left devices undone, and these as a pattern; raises UsageError where none did."""
    from fleetctl.operations import rotation

    found = workspace.journal.unfinished(kind=rotation.KIND)
    if found is None:
        raise UsageError("there is nothing to resume: the last rotation came to its end")
    return found[0], ",".join(found[1])


def _show(told: Context, plan: Sequence[Chosen]) -> None:
    """Show what is going to be done, device by device, where a person reads; values are never shown."""
    if told.json:
        return
    for each in plan:
        name = each.device.name
        if each.reason:
            told.screen.out(
                told.say(
                    "{name} {account}: stays: {reason}",
                    name=name,
                    account=each.account,
                    reason=told.say.reason(each.reason),
                )
            )
            continue
        how = told.say("in place")
        if each.interrupts:
            how = told.say("in place; its recorder rests meanwhile, a gap in the recording")
        if each.instead:
            how = told.say("takes over from {account}", account=each.instead)
        held = ", ".join(str(holder) for holder in each.holders)
        line = told.say("{name} {account}: new password, {how}", name=name, account=each.account, how=how)
        line = f"{line}; {told.say('held by {holders}', holders=held)}" if held else line
        for name in each.consumers:
            line += "; " + told.say(
                "give it to {name} by hand: fleetctl password show {device} {account}",
                name=name, device=each.device.name, account=each.account,
            )  # fmt: skip
        told.screen.out(line)


def _agreed(told: Context, todo: Sequence[Chosen]) -> bool:
    question = told.say.many("Rotate {n} password? [y/N]", "Rotate {n} passwords? [y/N]", len(todo))
    return told.screen.ask(question, YES_WORDS)


def recover(ctx: typer.Context, limit: Limit = "", yes: Yes = False, report: Reports = None) -> int:
    """Settle rotations that were cut off: the device is asked which password it has, and all is brought in step."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import rotation
    from fleetctl.operations.runs import select

    told = context(ctx)
    need_answer(yes=yes, what="fleetctl password recover")
    workspace = told.open()
    run = Followed(told, workspace, "password recover", report or ())
    names = {device.name for device in select(workspace, limit)}
    left = [each for each in workspace.store.unsettled() if each.device in names]
    if not left:
        told.screen.talk(told.say("Every rotation is settled."))
        return run.finish()
    if not told.json:
        for each in left:
            told.screen.out(
                told.say(
                    "{name} {account}: cut off at the step {step} (run {run})",
                    name=each.device, account=each.account, step=each.step.value, run=each.run,
                )
            )  # fmt: skip
    question = told.say.many("Settle {n} rotation? [y/N]", "Settle {n} rotations? [y/N]", len(left))
    if not yes and not told.screen.ask(question, YES_WORDS):
        told.screen.talk(told.say("Nothing was sent."))
        return run.finish()
    run.take(rotation.recover(workspace, limit, stop=run.stop), len({e.device for e in left}), told.say("Settle"))
    return run.finish()
