"""`fleetctl password`: how passwords stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli import rotation
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Limit, Name, Yes
from fleetctl.errors import UsageError
from fleetctl.model import Outcome
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK, DeviceRecord, exit_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.operations.passwords import Standing
    from fleetctl.operations.workspace import Workspace

app = typer.Typer(help="Check, show and hand over the passwords of devices.", no_args_is_help=True)
rotation.register(app)


@app.callback()
def _password() -> None:
    """Check, show and hand over the passwords of devices."""


@app.command(epilog="Examples: fleetctl password check    fleetctl password check --limit viet_hung --older-than 90")
def check(
    ctx: typer.Context,
    limit: Limit = "",
    older_than: Annotated[
        int, typer.Option("--older-than", metavar="DAYS", min=1, help="After how many days a password counts as old.")
    ] = 365,
    try_defaults: Annotated[
        bool,
        typer.Option(
            "--try-defaults", help="Ask each device once whether it lets in with its maker's default; costs one login."
        ),
    ] = False,
) -> int:
    """Tell whose password is a default, shared, weak, old, refused or not proven. Shows no password.

    Asks no device, unless --try-defaults says so.
    """
    from fleetctl.operations import passwords as operation

    told = context(ctx)
    workspace = told.open(reading=not try_defaults)
    tried = _tried(told, workspace, limit) if try_defaults else ()
    found = operation.check(workspace, limit, old_days=older_than)
    bad = [each for each in found if each.troubles]
    code = exit_code((*(Outcome.PENDING for _ in bad), *(each.outcome for each in tried)))
    if told.json:
        for record in tried:
            told.screen.out(jsonlines.line("device", jsonlines.record(record)))
        for each in found:
            told.screen.out(jsonlines.line("account", _fields(each)))
        told.screen.out(jsonlines.summary("password check", code, accounts=len(found), in_trouble=len(bad)))
    else:
        _print(told, found if told.verbose else bad)
        told.screen.talk(told.say("{n} accounts, {bad} of them in trouble.", n=len(found), bad=len(bad)))
    return code


@app.command(
    epilog="Examples: fleetctl password show viet-hung-cam-01    fleetctl password show viet-hung-nvr giamsat --yes"
)
def show(
    ctx: typer.Context,
    device: Name,
    account: Annotated[
        str, typer.Argument(metavar="[ACCOUNT]", help="Only this account; else every one the vault has.")
    ] = "",
    previous: Annotated[
        bool, typer.Option("--previous", help="Also the one before, for a device that was put back to an old state.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Show the passwords of a device. Who saw which and when is put on record first."""
    from fleetctl.operations import disclosing

    told = context(ctx)
    if told.json:
        raise UsageError("passwords are not shown as JSON, which ends in logs. Leave out --json")
    need_answer(yes=yes, what="fleetctl password show", look="Nothing was shown. Add --yes")
    workspace = told.open()
    found, entries = disclosing.accounts(workspace, device, account)
    names = ", ".join(entries)
    question = told.say("Show the passwords of {names} on {device}? [y/N]", names=names, device=found.name)
    if not yes and not told.screen.ask(question, YES_WORDS):
        told.screen.talk(told.say("Nothing was shown."))
        return EXIT_OK
    disclosing.noted(workspace, found, tuple(entries), "screen")
    for name, entry in entries.items():
        if entry.current:
            told.screen.out(f"{name} {entry.current}")
        if entry.prepared:
            told.screen.out(f"{name} {entry.prepared} ({told.say('prepared: it may be live already')})")
        if previous and entry.previous:
            told.screen.out(f"{name} {entry.previous} ({told.say('the one before')})")
    return EXIT_OK


@app.command(
    epilog="Examples: fleetctl password export --recipient age1... --output hanoi.csv.age"
    "    age --decrypt -i key.txt hanoi.csv.age (opens it)"
)
def export(
    ctx: typer.Context,
    recipient: Annotated[
        list[str],
        typer.Option(
            "--recipient",
            "-r",
            metavar="KEY",
            help="Public key (age1..., ssh-ed25519 ...) or a file of some; repeatable.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The envelope to write; a new file.")],
    limit: Limit = "",
) -> int:
    """Write an emergency envelope: the passwords, encrypted to public keys. `age` opens it, without fleetctl."""
    from fleetctl.operations import disclosing

    told = context(ctx)
    made = disclosing.export(told.open(), limit, recipient, output)
    if told.json:
        fields = {
            "file": str(made.path),
            "devices": made.devices,
            "passwords": made.passwords,
            "recipients": list(made.recipients),
        }
        told.screen.out(jsonlines.line("envelope", fields))
        told.screen.out(jsonlines.summary("password export", EXIT_OK))
        return EXIT_OK
    say = told.say
    told.screen.out(
        say(
            "{path}: {n} passwords of {devices} devices, for {keys} keys",
            path=made.path, n=made.passwords, devices=made.devices, keys=len(made.recipients),
        )
    )  # fmt: skip
    told.screen.talk(say("Open it with: age --decrypt -i KEY-FILE {path}", path=made.path))
    return EXIT_OK


def _tried(told: Context, workspace: Workspace, limit: str) -> tuple[DeviceRecord, ...]:
    """Try the makers' defaults; tell of devices that could not be asked, and return how each device ended."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import defaults
    from fleetctl.operations.runs import select
    from fleetctl.reports import wording
    from fleetctl.reports.values import clean

    run = Followed(told, workspace, "password check")
    devices = select(workspace, limit)
    run.take(defaults.try_defaults(workspace, limit, stop=run.stop), len(devices), told.say("Logins"))
    for record in run.tally.devices.values():
        if record.outcome not in (Outcome.UNCHANGED, Outcome.PENDING):
            told.screen.talk(
                f"{record.name}: {wording.outcome_word(told.say, record.outcome)}: "
                f"{clean(told.say.reason(record.reason))}"
            )
    return tuple(run.tally.devices.values())


def _fields(each: Standing) -> dict[str, object]:
    return {
        "name": each.device.name,
        "kind": each.kind.value,
        "site": each.device.site,
        "account": each.account,
        "fingerprint": each.mark,
        "changed": each.changed.isoformat() if each.changed else None,
        "run": each.run or None,
        "troubles": {word.value: why for word, why in each.troubles.items()},
    }


def _print(told: Context, found: Sequence[Standing]) -> None:
    from fleetctl.cli.screen import WHOLE, table
    from fleetctl.reports import wording
    from fleetctl.reports.values import clean

    say = told.say
    if not found:
        return
    made = table(
        (say("Device"), WHOLE), say("Account"), (say("Fingerprint"), WHOLE), (say("Changed"), WHOLE), say("Trouble")
    )
    for each in found:
        words = "; ".join(
            f"{say(wording.TROUBLES[word])} ({clean(say.reason(why))})" for word, why in each.troubles.items()
        )
        changed = f"{each.changed.astimezone():%Y-%m-%d}" if each.changed else "-"
        made.add_row(each.device.name, each.account, each.mark or "-", changed, words)
    told.screen.table(made)
