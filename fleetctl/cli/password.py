"""`fleetctl password`: how passwords stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Limit
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK, EXIT_PENDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.operations.passwords import Standing

app = typer.Typer(help="Check, show and hand over the passwords of devices.", no_args_is_help=True)


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
) -> int:
    """Tell whose password is a default, shared, weak, old, refused or not proven. Asks no device, shows no password."""
    from fleetctl.operations import passwords as operation

    told = context(ctx)
    found = operation.check(told.open(reading=True), limit, old_days=older_than)
    bad = [each for each in found if each.troubles]
    code = EXIT_PENDING if bad else EXIT_OK
    if told.json:
        for each in found:
            told.screen.out(jsonlines.line("account", _fields(each)))
        told.screen.out(jsonlines.summary("password check", code, accounts=len(found), in_trouble=len(bad)))
    else:
        _print(told, found if told.verbose else bad)
        told.screen.talk(told.say("{n} accounts, {bad} of them in trouble.", n=len(found), bad=len(bad)))
    return code


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
        words = "; ".join(f"{say(wording.TROUBLES[word])} ({clean(why)})" for word, why in each.troubles.items())
        changed = f"{each.changed.astimezone():%Y-%m-%d}" if each.changed else "-"
        made.add_row(each.device.name, each.account, each.mark or "-", changed, words)
    told.screen.table(made)
