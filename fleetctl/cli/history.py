"""`fleetctl history`: what was not as expected and since when, which runs there were, what a run did."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Limit
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from fleetctl.journal import Entry, Run
    from fleetctl.records import Drift, Turn
    from fleetctl.reports.language import Language


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: fleetctl history --limit viet-hung-cam-01 --all    fleetctl history --since 7d    "
        "fleetctl history --turns --setting time.zone --since 30d    fleetctl history --runs    "
        "fleetctl history --run 12"
    )(history)


def history(
    ctx: typer.Context,
    limit: Limit = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what is in step again by now.")] = False,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="Only what began or ended since: 7d, 12h, 2026-11-01.")
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="WHEN", help="Only what began before: as --since.")] = "",
    setting: Annotated[
        str, typer.Option("--setting", metavar="SETTING", help="Only this: time, time.zone, users.accounts.admin.")
    ] = "",
    by_turns: Annotated[
        bool, typer.Option("--turns", help="Each time something began, changed or ended, in its order.")
    ] = False,
    list_runs: Annotated[bool, typer.Option("--runs", help="List the last runs instead.")] = False,
    run: Annotated[int, typer.Option("--run", metavar="NUMBER", min=0, help="Show what one run did instead.")] = 0,
    last: Annotated[int, typer.Option("--last", min=1, help="How many runs --runs lists.")] = 20,
) -> int:
    """Show what is not as expected and since when. Asks no device."""
    from fleetctl.operations import history as operation

    told = context(ctx)
    if (run > 0) + list_runs + by_turns > 1:
        raise UsageError("--runs lists the runs, --run shows one, --turns shows turns: give one of them")
    asked = operation.Asked(
        limit=limit, setting=setting, since=_moment("--since", since), until=_moment("--until", until)
    )
    workspace = told.open(reading=True)
    if list_runs:
        return _runs(told, operation.runs(workspace, last))
    if run:
        return _entries(told, operation.entries(workspace, run, limit), run)
    if by_turns:
        turns, more = operation.turns(workspace, asked)
        if more and not told.json:
            told.screen.talk(told.say("There is more before: narrow it with --since, --limit or --setting."))
        return _turns(told, turns)
    rows = operation.drift(workspace, asked, ended=everything or asked.since is not None)
    return _drift(told, rows, {n: times for n, row in enumerate(rows) if (times := operation.set_back(workspace, row))})


def _moment(option: str, told: str) -> datetime | None:
    """Return the moment of `7d`, `12h` or a date. Raises UsageError."""
    if not told:
        return None
    if found := re.fullmatch(r"(\d{1,5})([dh])", told):
        hours = int(found[1]) * (24 if found[2] == "d" else 1)
        return datetime.now(UTC) - timedelta(hours=hours)
    try:
        return datetime.fromisoformat(told).astimezone()
    except ValueError:
        raise UsageError(f"{option} {told}: write 7d, 12h, or a date such as 2026-11-01") from None


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else "-"


def _finish(told: Context, lines: Sequence[dict[str, Any]], type_: str) -> int:
    for fields in lines:
        told.screen.out(jsonlines.line(type_, fields))
    told.screen.out(jsonlines.summary("history", EXIT_OK, count=len(lines)))
    return EXIT_OK


def _drift(told: Context, rows: Sequence[Drift], set_back: Mapping[int, int]) -> int:
    """Print the rows; `set_back` tells by their numbers how often they went back after fleetctl had written them."""
    from fleetctl.reports.past import drift
    from fleetctl.reports.values import clean, impersonal, shown
    from fleetctl.reports.who import changed_by

    if told.json:
        return _finish(told, [drift(row) | {"set_back": set_back.get(n, 0)} for n, row in enumerate(rows)], "drift")
    if not rows:
        told.screen.out(told.say("Nothing is known that is not as expected."))
        return EXIT_OK
    from rich.text import Text

    from fleetctl.cli.screen import STYLES, WHOLE, table

    say = told.say
    made = table(
        (say("Device"), WHOLE),
        say("Setting"),
        say("Actual"),
        say("Expected"),
        say("Outcome"),
        say("Since"),
        say("Until"),
    )
    for number, row in enumerate(rows):
        name = ".".join(part for part in (row.aspect, row.field, clean(row.key)) if part)
        word = _word(say, row)
        if number in set_back:
            word += "\n" + say("set back {n} times: something else writes it", n=set_back[number])
        values = (
            (say.value(shown(row.actual)), say.value(shown(row.expected)))
            if row.field
            else (clean(say.reason(impersonal(row.reason, row.device))), "")
        )
        if by := changed_by(say, row.changed_by):
            word += f"\n{by}"
        until = _time(row.ended) if row.ended else say("lasts")
        cells = (Text(word, style=STYLES[row.outcome]), _time(row.first_seen), until)
        made.add_row(row.device, name, *(Text(value) for value in values), *cells)
    told.screen.table(made)
    return EXIT_OK


def _word(say: Language, row: Drift | Turn) -> str:
    from fleetctl.reports import wording

    return say(wording.CAUSES[row.cause]) if row.cause else wording.outcome_word(say, row.outcome, "audit")


def _turns(told: Context, rows: Sequence[Turn]) -> int:
    from fleetctl.reports import wording
    from fleetctl.reports.past import turn
    from fleetctl.reports.values import clean, impersonal, shown

    if told.json:
        return _finish(told, [turn(row) for row in rows], "turn")
    if not rows:
        told.screen.out(told.say("Nothing began, changed or ended."))
        return EXIT_OK
    from fleetctl.cli.screen import WHOLE, table

    say = told.say
    made = table(
        (say("Time"), WHOLE),
        (say("Device"), WHOLE),
        (say("Setting"), WHOLE),
        say("What"),
        say("Actual"),
        say("Expected"),
        say("Outcome"),
    )
    for row in rows:
        name = ".".join(part for part in (row.aspect, row.field, clean(row.key)) if part)
        values = (say.value(shown(row.actual)), say.value(shown(row.expected)))
        if not row.field:
            values = (clean(say.reason(impersonal(row.reason, row.device))), "")
        made.add_row(_time(row.time), row.device, name, say(wording.TURNS[row.what]), *values, _word(say, row))
    told.screen.table(made)
    return EXIT_OK


def _runs(told: Context, rows: Sequence[Run]) -> int:
    from fleetctl.reports.past import outcomes, run

    if told.json:
        return _finish(told, [run(row) for row in rows], "run")
    from fleetctl.cli.screen import table
    from fleetctl.reports import wording

    say = told.say
    made = table((say("Run"), {"justify": "right"}), say("Command"), say("Operator"), say("Begun"), say("Result"))
    for row in rows:
        result = wording.counted(say, outcomes(row))
        if row.died:
            result = say("cut off: {result}", result=result or "-")
        made.add_row(str(row.run), row.kind, f"{row.operator}@{row.process.host}", _time(row.started), result)
    told.screen.table(made)
    return EXIT_OK


def _entries(told: Context, rows: Sequence[Entry], number: int) -> int:
    from fleetctl.reports.past import entry, sentence

    if told.json:
        return _finish(told, [entry(row) for row in rows], "entry")
    from fleetctl.cli.screen import WHOLE, table

    say = told.say
    made = table(
        (say("Time"), WHOLE),
        (say("Device"), WHOLE),
        say("Aspect"),
        say("What"),
        title=say("Run {number}", number=number),
    )
    for row in rows:
        made.add_row(f"{row.time.astimezone():%H:%M:%S}", row.device, row.aspect, sentence(say, row))
    told.screen.table(made)
    return EXIT_OK
