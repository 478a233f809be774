"""`fleetctl site restore`: everything of a site back to the standard, in order, with a plan first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Site, Yes
from fleetctl.model import Layer
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_INTERRUPTED, EXIT_OK, exit_code

if TYPE_CHECKING:
    from fleetctl.cli.follow import Followed
    from fleetctl.executor import Stop
    from fleetctl.operations.restoring import Stage
    from fleetctl.operations.site import SiteCheck
    from fleetctl.operations.workspace import Workspace

SETTLING: Final = (Layer.CLOCK, Layer.CHANNEL, Layer.RECORDING)
SETTLE_S: Final = 60.0  # how long recorders may take to find their cameras again, and clocks to follow their servers
LOOK_S: Final = 5.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples: fleetctl site restore viet_hung    fleetctl site restore viet_hung --yes")(restore)


def restore(ctx: typer.Context, site: Site, yes: Yes = False) -> int:
    """Bring everything of a site back to the standard: switch, cameras and recorder, hosts; it ends with a check.

    What was reset or does not know fleetctl any more is adopted again first. The plan is shown and asked for once;
    maintenance windows are not waited for. Run again, it goes on where it was cut off.
    """
    from fleetctl.cli.site import examine, show
    from fleetctl.executor import Stop
    from fleetctl.operations import restoring

    told, stop = context(ctx), Stop()
    need_answer(yes=yes, what="fleetctl site restore")
    workspace = told.open()
    found = restoring.stages(workspace, site)
    examination = examine(told, workspace, site, stop)
    lost = restoring.lost(workspace, examination, found)
    if _stopped(stop):
        return EXIT_INTERRUPTED
    n = _planned(told, workspace, found, lost, stop)
    if not lost and not n:
        told.screen.talk(told.say("Everything that answers is as the inventory says."))
    elif not yes and not told.screen.ask(told.say("Restore {site}? [y/N]", site=site), YES_WORDS):
        told.screen.talk(told.say("Nothing was sent."))
        return EXIT_OK
    else:
        _restored(told, workspace, found, lost, stop)
    if _stopped(stop):
        return EXIT_INTERRUPTED
    checked = _settled(told, workspace, site, stop)
    show(told, checked)
    code = EXIT_INTERRUPTED if _stopped(stop) else exit_code(checked.outcomes)
    if told.json:
        told.screen.out(jsonlines.summary("site restore", code))
    return code


def _stopped(stop: Stop) -> bool:
    return stop.by_person


def _settled(told: Context, workspace: Workspace, site: str, stop: Stop) -> SiteCheck:
    """Examine the site, again while what is wrong may settle: recorders and clocks take their own time."""
    from fleetctl.cli.site import examine

    deadline = time.monotonic() + SETTLE_S
    while True:
        found = examine(told, workspace, site, stop).result(site)
        waits = found.wrongs and all(wrong.told.layer in SETTLING for wrong in found.wrongs)
        if not waits or time.monotonic() > deadline or _stopped(stop):
            return found
        time.sleep(LOOK_S)


def _planned(told: Context, workspace: Workspace, found: tuple[Stage, ...], lost: tuple[str, ...], stop: Stop) -> int:
    """Show what is going to be done; returns how many settings differ on devices that can be asked now."""
    from fleetctl.cli import show as shown
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import rollout

    if lost and not told.json:
        told.screen.out(told.say("Adopted again first, then set: {names}", names=", ".join(lost)))
        told.screen.gap()
    names = tuple(name for stage in found for name in stage.devices if name not in lost)
    if not names:
        return 0
    run = Followed(told, workspace, "plan")
    run.stop = stop
    run.take(rollout.plan(workspace, ",".join(names), stop=stop), len(names), told.say("Plan"))
    if not told.json:
        shown.changes(told, run.tally.devices.values(), run.site_names, "plan")
        shown.total(told, run.tally, "plan")
    return run.tally.changes()


def _restored(told: Context, workspace: Workspace, found: tuple[Stage, ...], lost: tuple[str, ...], stop: Stop) -> None:
    """Adopt what is lost, then plan and write stage by stage; a stage that did not end well does not end the others."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import restoring, rollout

    if lost:
        run = Followed(told, workspace, "adopt")
        run.take(restoring.take_in(workspace, lost, stop), len(lost), told.say("Adopt"))
        _ended(told, "Adopt", run)
    for stage in found:
        if stop.requested:
            return
        run, limit = Followed(told, workspace, "apply"), ",".join(stage.devices)
        seen = run.take(rollout.plan(workspace, limit, stop=stop), len(stage.devices), told.say("Plan"))
        plan = rollout.made(seen, limit)
        run.take(restoring.write(workspace, plan, stop), len(plan.writes), told.say("Apply"))
        _ended(told, stage.name, run)


def _ended(told: Context, stage: str, run: Followed) -> None:
    """Tell how a stage ended, device by device."""
    from fleetctl.reports import wording

    outcomes = {name: record.outcome for name, record in sorted(run.tally.devices.items())}
    if told.json:
        devices = {name: outcome.value for name, outcome in outcomes.items()}
        told.screen.out(jsonlines.line("stage", {"stage": stage, "devices": devices}))
        return
    words = (f"{name} {wording.outcome_word(told.say, outcome)}" for name, outcome in outcomes.items())
    told.screen.out(f"{told.say(stage)}: {', '.join(words)}")
