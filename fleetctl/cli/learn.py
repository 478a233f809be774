"""`fleetctl adopt --learn` and `--raise`: what an installation has is kept for a while, then raised to the standard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fleetctl.cli.context import Context
from fleetctl.cli.screen import WHOLE, YES_WORDS, table
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK
from fleetctl.reports.values import clean, plain, shown

if TYPE_CHECKING:
    from fleetctl.operations.learning import Learned, Lesson
    from fleetctl.operations.workspace import Workspace


def check(*, learn: bool, owner: str, until: str, raised: Sequence[str]) -> None:
    """Raise UsageError for options that do not go together."""
    if learn and raised:
        raise UsageError("--learn keeps what a device has, --raise ends that. Give one of them")
    if learn and not (owner.strip() and until):
        raise UsageError("--learn: say who answers for it and until when: --owner 'Nguyễn Văn An' --until 2027-06-30")
    if (owner or until) and not learn:
        raise UsageError("--owner and --until belong to --learn")


def learn(told: Context, workspace: Workspace, limit: str, *, owner: str, until: str, yes: bool) -> int:
    """Read the devices, show what they have otherwise than the standard, ask, and write that as their own lines."""
    from fleetctl.cli.follow import Followed
    from fleetctl.model import Waiver
    from fleetctl.operations import learning, rollout
    from fleetctl.operations.adopt import adopted
    from fleetctl.operations.runs import select
    from fleetctl.operations.waivers import checked

    checked(workspace, Waiver(setting="", owner=owner, reason=learning.REASON, until=until))
    names = [device.name for device in select(workspace, limit) if adopted(workspace, device)]
    if not names:
        raise UsageError("--learn: none of these devices is adopted, so that nothing of them can be read")
    run = Followed(told, workspace, "learn")
    plans = [each.plan for each in run.take(rollout.plan(workspace, ",".join(names)), len(names), told.say("Learn"))]
    unread = [plan for plan in plans if plan.outcome is not None]  # of the device as a whole: it could not be read
    for plan in unread:
        told.screen.talk(f"{plan.device}: {plan.outcome}: {plan.reason}")
    found = learning.lessons(workspace, plans)
    _show_lessons(told, found)
    code = EXIT_OK if not unread else run.exit_code
    if found and (yes or told.screen.ask(told.say("Keep this as it is until {day}? [y/N]", day=until), YES_WORDS)):
        for path in learning.learn(workspace, found, owner=owner, until=until):
            told.screen.talk(told.say("Written: {path}", path=path))
    elif found:
        told.screen.talk(told.say("Nothing was written."))
    if told.json:
        told.screen.out(jsonlines.summary("learn", code, settings=len(found), unread=[p.device for p in unread]))
    return code


def _show_lessons(told: Context, found: Sequence[Lesson]) -> None:
    if told.json:
        for each in found:
            fields = {"name": each.device, "site": each.site, "setting": each.setting}
            values = {"expected": plain(each.expected), "actual": plain(each.actual), "variable": each.variable or None}
            told.screen.out(jsonlines.line("learned", fields | values))
        return
    say = told.say
    if not found:
        told.screen.out(say("All of it is as the standard says; there is nothing to learn."))
        return
    made = table(say("Device"), (say("Setting"), WHOLE), say("Standard"), say("It has, and keeps"), say("Line"))
    for each in found:
        line = clean(each.variable) if each.variable else say("waiver only")
        cells = (say.value(shown(value)) for value in (each.expected, each.actual))
        made.add_row(each.device, each.setting, *cells, line)
    told.screen.table(made)


def raise_(told: Context, workspace: Workspace, limit: str, aspects: Sequence[str], *, yes: bool) -> int:
    """Show what was learned of some aspects, ask, and take it out: the standard is expected again. Asks no device."""
    from fleetctl.operations import learning

    found = learning.learned(workspace, limit, aspects)
    if not found:
        told.screen.talk(told.say("Nothing was learned of {aspects} here.", aspects=", ".join(aspects)))
    else:
        _show_learned(told, found)
        question = told.say("Take this out, so that the standard is expected again? [y/N]")
        if yes or told.screen.ask(question, YES_WORDS):
            learning.raised(workspace, found)
            told.screen.talk(told.say("Taken out. Next: fleetctl plan"))
        else:
            told.screen.talk(told.say("Nothing was written."))
    if told.json:
        told.screen.out(jsonlines.summary("raise", EXIT_OK, settings=len(found)))
    return EXIT_OK


def _show_learned(told: Context, found: Sequence[Learned]) -> None:
    if told.json:
        for each in found:
            fields = {"name": each.device, "site": each.site, "variable": each.variable or None, "value": each.value}
            told.screen.out(jsonlines.line("raised", fields | {"waiver": jsonlines.waiver(each.waiver)}))
        return
    say = told.say
    made = table(say("Device"), (say("Setting"), WHOLE), say("Kept until now"), say("Owner"), (say("Until"), WHOLE))
    for each in found:
        waiver = each.waiver
        made.add_row(each.device, waiver.setting, shown(each.value), clean(waiver.owner), waiver.until)
    told.screen.table(made)
