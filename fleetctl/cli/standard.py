"""`fleetctl standard`: the least that a guideline demands, and who meets it. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Limit
from fleetctl.reports import jsonlines, wording
from fleetctl.reports.tally import EXIT_INTERRUPTED, exit_code

if TYPE_CHECKING:
    from fleetctl.model import DevicePlan
    from fleetctl.operations.requirements import Finding
    from fleetctl.operations.workspace import Workspace
    from fleetctl.standard.requirements import Pack, Requirement

app = typer.Typer(help="What guidelines demand, and who meets it.", no_args_is_help=True)

Packs = Annotated[
    list[str] | None,
    typer.Option("--pack", metavar="NAME|FILE", help="Only this pack, or a draft in a file; repeatable."),
]
NAMED: Final = 6  # so many who do not meet a requirement are named; -v names all
_STYLES: Final = {"pass": "green", "fail": "bold red", "waived": "blue"}


@app.callback()
def _standard() -> None:
    """What guidelines demand, and who meets it."""


@app.command(
    epilog="Examples: fleetctl standard check    fleetctl standard check --pack ban-mot-cua --limit viet_hung    "
    "fleetctl standard check --pack draft.yml    fleetctl standard check --pack hardening --probe --try-defaults"
)
def check(
    ctx: typer.Context,
    limit: Limit = "",
    pack: Packs = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also knock at each device's ports, and look at its TLS and certificate.")
    ] = False,
    try_defaults: Annotated[
        bool,
        typer.Option("--try-defaults", help="Also try each maker's default password, once, within the login budget."),
    ] = False,
) -> int:
    """Judge devices and sites by requirement packs; reads only, and what is not known never passes."""
    from fleetctl.standard.judging import OUTCOMES

    told = context(ctx)
    _, seen = judged(told, limit, pack or (), probe=probe, try_defaults=try_defaults)
    found = seen.found
    code = EXIT_INTERRUPTED if seen.interrupted else exit_code(OUTCOMES[each.judged.verdict] for each in found)
    if told.json:
        for finding in found:
            told.screen.out(jsonlines.line("requirement", _fields(finding)))
        counts = Counter(each.judged.verdict.value for each in found)
        told.screen.out(jsonlines.summary("standard check", code, verdicts={v: counts[v] for v in wording.VERDICTS}))
    else:
        for each in seen.packs:
            _print(told, each, [finding for finding in found if finding.requirement.pack == each.name])
    return code


class Seen(NamedTuple):
    """What a check came to; `interrupted`: a person ended it first."""

    packs: Sequence[Pack]
    found: Sequence[Finding]
    plans: Sequence[DevicePlan]
    interrupted: bool


def judged(
    told: Context, limit: str, asked: Sequence[str], *, probe: bool = False, try_defaults: bool = False
) -> tuple[Workspace, Seen]:
    """Read what the packs judge, watched on the terminal, and judge it; from outside, too, where that is wanted."""
    from fleetctl.cli.progress import watched
    from fleetctl.executor import Stop
    from fleetctl.model import Planned
    from fleetctl.operations import outside
    from fleetctl.operations import requirements as operation
    from fleetctl.operations.runs import select
    from fleetctl.reports.tally import Tally

    workspace, stop = told.open(), Stop()
    packs = operation.packs(workspace, asked, limit)
    tally = Tally(workspace.inventory.devices)

    def tallied() -> Any:
        for event in operation.observed(workspace, packs, limit, stop=stop):
            tally.add(event)
            yield event

    total = len(select(workspace, limit))
    seen = watched(told, tallied(), total, told.say("Check"), "check", lambda device: tally.devices[device].outcome)
    plans = [event.plan for event in seen if isinstance(event, Planned)]
    seen_outside = None
    if probe and not stop.requested:
        seen_outside = outside.seen(workspace, packs, limit, stop=stop)
    if try_defaults and not stop.requested:
        seen_outside = outside.with_defaults(workspace, seen_outside or {}, limit, stop=stop)
    found = operation.findings(workspace, packs, plans, limit, seen_outside)
    return workspace, Seen(packs=packs, found=found, plans=plans, interrupted=stop.by_person)


def _fields(finding: Finding) -> dict[str, Any]:
    from fleetctl.operations.requirements import expected
    from fleetctl.reports.values import plain

    check = finding.requirement
    return {
        "requirement": check.id,
        "clause": check.clause,
        "severity": check.severity,
        "proof": check.proof,
        "subject": finding.subject,
        "kind": finding.kind.value if finding.kind else None,
        "site": finding.site,
        "verdict": finding.judged.verdict.value,
        "expected": plain(expected(check)),
        "actual": plain(finding.judged.actual),
        "reason": finding.judged.reason,
        "remedy": check.remedy["en"],
        "mend": check.mend or None,
        "waiver": jsonlines.waiver(finding.waiver) if finding.waiver else None,
    }


def _print(told: Context, pack: Pack, found: Sequence[Finding]) -> None:
    from rich.text import Text

    from fleetctl.cli.screen import table

    say, lang = told.say, told.say.code
    seen = [name for name in wording.VERDICTS if any(each.judged.verdict.value == name for each in found)]
    columns = [(say(wording.VERDICTS[name]), {"justify": "right"}) for name in seen]
    made = table(
        say("Requirement"), say("Severity"), *columns, say("Who does not"), say("Remedy"), title=pack.title[lang]
    )
    for check in pack.checks:
        mine = [each for each in found if each.requirement is check]
        counts = Counter(each.judged.verdict.value for each in mine)
        cells = [Text(str(counts[name]) if counts[name] else "-", style=_style(name, counts[name])) for name in seen]
        made.add_row(
            f"{check.text[lang]} ({check.check})",
            say(wording.SEVERITIES[check.severity]),
            *cells,
            *_who(told, check, mine),
        )
    told.screen.gap()
    told.screen.table(made)


def _style(name: str, n: int) -> str:
    return _STYLES.get(name, "yellow") if n else "bright_black"


def _who(told: Context, check: Requirement, found: Sequence[Finding]) -> tuple[str, str]:
    """Return who does not meet a requirement and how that is mended, "" where all do."""
    from fleetctl.reports.values import clean, shown

    failing = [each for each in found if each.judged.verdict.value == "fail"]
    most = len(failing) if told.verbose else NAMED
    names = [f"{clean(each.subject)}: {shown(each.judged.actual)}" for each in failing[:most]]
    if len(failing) > most:
        names.append(told.say.many("{n} other", "{n} others", len(failing) - most))
    remedy = check.remedy[told.say.code] if failing else ""
    return "\n".join(names), remedy
