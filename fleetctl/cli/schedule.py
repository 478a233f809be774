"""`fleetctl schedule`: what runs by itself: the nightly audit, the light watch, messages that wait."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Limit
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from fleetctl.operations.schedules import Schedule

app = typer.Typer(help="What runs by itself, as systemd timers or cron.", no_args_is_help=True)

Cron = Annotated[bool, typer.Option("--cron", help="Use cron, though there is systemd.")]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="DIR", help="This folder instead of the system's; nothing is put into force."),
]


@app.command(
    epilog="Examples: fleetctl schedule install audit --at 01:00 --until 05:30    fleetctl schedule install watch    "
    "fleetctl schedule install audit --name son-tay --limit son_tay --at 02:00"
)
def install(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="audit|watch|messages", help="What is to run by itself.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Its name, where there are several.")] = "",
    at: Annotated[str, typer.Option("--at", metavar="HH:MM", help="Each day at this time; audit: else 01:00.")] = "",
    every: Annotated[
        int, typer.Option("--every", metavar="MINUTES", help="Instead: every so many minutes; watch: else 10.")
    ] = 0,
    jitter: Annotated[
        int | None, typer.Option("--jitter", metavar="MINUTES", min=0, max=240, help="Begin up to so much later.")
    ] = None,
    limit: Limit = "",
    until: Annotated[
        str, typer.Option("--until", metavar="HH:MM", help="The audit ends by then, and tells what it did not reach.")
    ] = "",
    alive: Annotated[
        str, typer.Option("--alive", metavar="FILE|URL", help="Touched after each run that got to its end.")
    ] = "",
    credential: Annotated[
        list[str] | None,
        typer.Option(
            "--credential", metavar="NAME=FILE", help="A secret of messages that systemd hands over; repeatable."
        ),
    ] = None,
    cron: Cron = False,
    to: To = None,
) -> int:
    """Have an audit, the watch, or the sending of messages run by itself."""
    from fleetctl.operations import schedules

    told = context(ctx)
    schedule = schedules.made(
        what, name, at=at, every=every, jitter=jitter, limit=limit, until=until, alive=_absolute(alive)
    )
    workspace = told.open()
    if limit:
        from fleetctl.operations.runs import select

        select(workspace, limit)
    credentials = dict(_credential(each) for each in credential or ())
    paths = schedules.install(workspace, schedule, schedules.place(cron=cron, to=to), credentials)
    return _files(told, "schedule install", paths)


def _absolute(alive: str) -> str:
    return alive if not alive or "://" in alive else str(Path(alive).absolute())


def _credential(told: str) -> tuple[str, Path]:
    name, equals, path = told.partition("=")
    if not equals:
        raise UsageError(f"--credential {told}: write NAME=FILE")
    return name, Path(path)


def _files(told: Context, command: str, paths: tuple[Path, ...]) -> int:
    if told.json:
        told.screen.out(jsonlines.summary(command, EXIT_OK, files=[str(path) for path in paths]))
    else:
        for path in paths:
            told.screen.out(str(path))
    return EXIT_OK


@app.command(epilog="Example: fleetctl schedule show")
def show(ctx: typer.Context, cron: Cron = False, to: To = None) -> int:
    """Show what runs by itself, and how its last run ended."""
    from fleetctl.operations import schedules

    told = context(ctx)
    workspace = told.open(reading=True)
    rows = schedules.installed(workspace, schedules.place(cron=cron, to=to))
    ended = {kind: runs[0] for kind in ("audit", "watch") if (runs := workspace.journal.runs(kind=kind, last=1))}
    if told.json:
        for schedule, path in rows:
            run = ended.get(schedule.what)
            last = run.started.isoformat(timespec="seconds") if run else None
            told.screen.out(
                jsonlines.line(
                    "schedule",
                    {
                        **_fields(schedule),
                        "file": str(path),
                        "last_run": last,
                        "exit_code": run.exit_code if run else None,
                    },
                )
            )
        told.screen.out(jsonlines.summary("schedule show", EXIT_OK, schedules=len(rows)))
        return EXIT_OK
    if not rows:
        told.screen.out(told.say("Nothing runs by itself. Begin with: fleetctl schedule install audit"))
        return EXIT_OK
    from fleetctl.cli.screen import WHOLE, table

    say = told.say
    made = table((say("Name"), WHOLE), say("What"), (say("When"), WHOLE), say("Devices"), say("Last run"), say("File"))
    for schedule, path in rows:
        run = ended.get(schedule.what)
        last = f"{run.started.astimezone():%Y-%m-%d %H:%M}, {say('exit code')} {run.exit_code}" if run else "-"
        made.add_row(schedule.name, schedule.what, _when(told, schedule), schedule.limit or "-", last, str(path))
    told.screen.table(made)
    return EXIT_OK


def _fields(schedule: Schedule) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(schedule)


def _when(told: Context, schedule: Schedule) -> str:
    when = schedule.at or told.say.many("every {n} minute", "every {n} minutes", schedule.every)
    return f"{when} – {schedule.until}" if schedule.until else when


@app.command(epilog="Example: fleetctl schedule remove audit")
def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `schedule show` has it.")],
    cron: Cron = False,
    to: To = None,
) -> int:
    """Take a schedule away: it no longer runs."""
    from fleetctl.operations import schedules

    told = context(ctx)
    return _files(told, "schedule remove", schedules.remove(told.open(), name, schedules.place(cron=cron, to=to)))
