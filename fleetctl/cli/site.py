"""`fleetctl site`: one site as a whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli import bundling, restore
from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Site
from fleetctl.reports import jsonlines
from fleetctl.reports.language import Language
from fleetctl.reports.tally import exit_code

if TYPE_CHECKING:
    from fleetctl.executor import Stop
    from fleetctl.operations.accepting import Record
    from fleetctl.operations.diagnosis.chains import Chain
    from fleetctl.operations.site import Examination, RecorderCheck, SiteCheck
    from fleetctl.operations.workspace import Workspace

app = typer.Typer(help="One site as a whole: what is wrong, its way back, its acceptance.", no_args_is_help=True)


@app.callback()
def _site() -> None:
    """One site as a whole: what is wrong, its way back, its acceptance."""


@app.command(epilog="Examples: fleetctl site check viet_hung    fleetctl --lang vi site check viet_hung")
def check(
    ctx: typer.Context,
    site: Site,
) -> int:
    """Say what is wrong first with each device, the likely cause and the command that mends it. Reads only.

    Looked at in this order: cable and port, address, network port, certificate, interface, login, identity, clock,
    video; of recorders disk, days kept, viewing account; then channel and recording. What several devices suffer from
    one thing is one line. Below it: what becomes of each camera's picture.
    """
    from fleetctl.executor import Stop
    from fleetctl.reports.tally import EXIT_INTERRUPTED

    told, stop = context(ctx), Stop()
    found = examine(told, told.open(), site, stop).result(site)
    code = EXIT_INTERRUPTED if stop.by_person else exit_code(found.outcomes)
    show(told, found)
    if told.json:
        told.screen.out(jsonlines.summary("site check", code, asked=list(found.asked), listed=list(found.listed)))
    return code


def examine(told: Context, workspace: Workspace, site: str, stop: Stop) -> Examination:
    """Examine a site while a person looks on; raises UsageError for a site with nothing to look at."""
    from fleetctl.cli.progress import watched
    from fleetctl.operations import site as operation

    made = operation.examined(workspace, site, stop)
    for _ in watched(told, made.events(), len(made.devices), told.say("Check"), "check", made.standing):
        pass
    return made


def show(told: Context, found: SiteCheck) -> None:
    """Print what an examination found: lines of JSON, or what people read."""
    from fleetctl.cli import wrongs

    if not told.json:
        _print(told, found)
        return
    for wrong in found.wrongs:
        told.screen.out(jsonlines.line("wrong", wrongs.fields(wrong)))
    for chain in found.chains:
        told.screen.out(jsonlines.line("chain", dataclasses.asdict(chain) | {"outcome": chain.outcome.value}))
    for recorder in found.recorders:
        told.screen.out(jsonlines.line("recorder", _fields(recorder)))


@app.command(
    epilog="Examples: fleetctl site accept viet_hung    fleetctl --lang en site accept viet_hung --pack ban-mot-cua    "
    "fleetctl site accept viet_hung --run 42"
)
def accept(
    ctx: typer.Context,
    site: Site,
    run: Annotated[
        int,
        typer.Option("--run", metavar="N", help="Write an earlier acceptance again, from the journal; asks nobody."),
    ] = 0,
    pack: Annotated[
        list[str] | None,
        typer.Option("--pack", metavar="NAME|FILE", help="Only the requirements of this pack; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for the documents; else acceptances/ here.")
    ] = None,
) -> int:
    """Write the acceptance record (biên bản nghiệm thu) of a site as PDF and HTML, Vietnamese unless --lang says else.

    Reads and judges every device, takes a picture of each camera, keeps record and pictures in the journal for good.
    """
    from fleetctl.operations import accepting

    told = context(ctx)
    workspace = told.open(reading=bool(run))
    record = accepting.again(workspace, site, run) if run else _accepted(told, workspace, site, pack or ())
    say = told.say if ctx.find_root().params.get("lang") else Language("vi")
    folder = out or workspace.outside / "acceptances"
    written = accepting.write(accepting.document(record, say), folder, site, record.run)
    code = exit_code(accepting.outcomes(record))
    if told.json:
        files = [{"path": str(path), "sha256": digest} for path, digest in written]
        fields = {"site": site, "run": record.run, "sha256": record.digest, "files": files, "record": record.told}
        told.screen.out(jsonlines.line("acceptance", fields))
        told.screen.out(jsonlines.summary("site accept", code))
        return code
    told.screen.out(told.say("Run {run}, record SHA-256 {digest}", run=record.run, digest=record.digest))
    for path, digest in written:
        told.screen.out(f"{path}  SHA-256 {digest}")
    if code:
        told.screen.out(told.say("There are open points; they stand in the record."))
    return code


def _accepted(told: Context, workspace: Workspace, site: str, packs: Sequence[str]) -> Record:
    """Carry an acceptance out."""
    from fleetctl.cli.progress import watched
    from fleetctl.errors import Interrupted
    from fleetctl.executor import Stop
    from fleetctl.operations import accepting, requirements

    stop = Stop()
    under_way = accepting.Acceptance(workspace, site, requirements.packs(workspace, packs, site), stop)
    total = 2 * len(under_way.devices)
    standing = under_way.examination.standing
    for _ in watched(told, under_way.events(), total, told.say("Acceptance"), "check", standing):
        pass
    if stop.by_person:
        raise Interrupted(f"the acceptance of {site} was ended before its end; nothing was kept")
    return under_way.record()


def _fields(recorder: RecorderCheck) -> dict[str, Any]:
    from fleetctl.reports.values import plain

    told = dataclasses.replace(recorder, wrong=None)
    fields: dict[str, Any] = plain(told)
    return fields | {"cause": recorder.wrong.cause if recorder.wrong else ""}


def _print(told: Context, found: SiteCheck) -> None:
    from fleetctl.cli import wrongs
    from fleetctl.cli.screen import table

    say = told.say
    wrongs.show(told, found.wrongs)
    if not found.wrongs:
        told.screen.out(say.many("{n} device: nothing is wrong.", "{n} devices: nothing is wrong.", len(found.asked)))
    if found.listed:
        told.screen.out(say("Looked after by hand, not asked: {names}", names=", ".join(found.listed)))
    told.screen.gap()
    made = table(
        say("Camera"), say("Answers"), say("Channel"), say("Online"), say("Recording"), say("Newest"), say("Trouble")
    )
    for chain in found.chains:
        made.add_row(*_row(told, chain))
    told.screen.table(made)
    for recorder in found.recorders:
        told.screen.gap()
        _print_recorder(told, recorder)


def _row(told: Context, chain: Chain) -> tuple[Any, ...]:
    from fleetctl.reports.values import clean

    channel = f"{chain.recorder} {chain.channel}" if chain.channel else "-"
    marks = (_mark(told, flag) for flag in (chain.answers, chain.online, chain.recording))
    answers, online, recording = marks
    trouble = clean(told.say.reason(chain.trouble)) or ("" if chain.channel else told.say("no recorder has it"))
    return chain.camera, answers, channel, online, recording, chain.newest or "-", trouble


def _mark(told: Context, flag: bool | None) -> Any:
    from rich.text import Text

    if flag is None:
        return Text("?", style="bright_black")
    return Text(told.say("yes"), style="green") if flag else Text(told.say("no"), style="bold red")


def _print_recorder(told: Context, recorder: RecorderCheck) -> None:
    from fleetctl.reports import wording
    from fleetctl.reports.values import clean

    say, out = told.say, told.screen.out
    if recorder.disks is None and recorder.wrong is not None:
        return  # nothing was read of it; why stands above
    disks = recorder.disks or {}
    sizes = ", ".join(f"{key}: {wording.health_word(say, disk.health)}" for key, disk in disks.items()) or "-"
    out(f"{recorder.recorder}: " + say("disks {disks}", disks=clean(sizes)))
    out(
        say(
            "oldest footage {oldest} days, the disks hold {holds} days, asked {asked}",
            oldest=_days(recorder.oldest_days),
            holds=_days(recorder.holds_days),
            asked=_days(recorder.asked_days),
        )
    )
    for viewer in recorder.viewers:
        word = {True: say("sees the picture"), False: say("does not see the picture"), None: say("not proven")}
        out(
            f"{viewer.account}: {word[viewer.sees]}"
            + (f" ({clean(told.say.reason(viewer.reason))})" if viewer.reason else "")
        )


def _days(told: float | None) -> str:
    return "?" if told is None else f"{told:g}"


restore.register(app)
bundling.register(app)
