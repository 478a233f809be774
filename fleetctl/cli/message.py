"""`fleetctl message`: what recipients are told, and what still waits to be sent. Asks no device."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.errors import Unreachable, UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_FAILED, EXIT_OK, EXIT_UNREACHABLE

if TYPE_CHECKING:
    from fleetctl.operations.messages import Delivery
    from fleetctl.outbox import Message

app = typer.Typer(help="Messages about what changed: sent, waiting, tried out.", no_args_is_help=True)


@app.command("list", epilog="Examples: fleetctl message list    fleetctl message list --all")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what was sent, of the last 90 days.")] = False,
) -> int:
    """List the messages that wait to be sent, and why."""
    from fleetctl import outbox

    told = context(ctx)
    rows = outbox.messages(told.open(reading=True).store, waiting=not everything)
    if told.json:
        for row in rows:
            told.screen.out(jsonlines.line("message", _fields(row)))
        told.screen.out(jsonlines.summary("message list", EXIT_OK, messages=len(rows)))
    elif rows:
        _print(told, rows)
    else:
        told.screen.out(told.say("No message waits to be sent."))
    return EXIT_OK


def _fields(row: Message) -> dict[str, Any]:
    return {
        "number": row.number,
        "recipient": row.recipient,
        "made": row.made.isoformat(timespec="seconds"),
        "subject": row.content["subject"],
        "tries": row.tries,
        "trouble": row.trouble,
        "sent": row.sent.isoformat(timespec="seconds") if row.sent else None,
    }


def _print(told: Context, rows: tuple[Message, ...]) -> None:
    from fleetctl.cli.screen import WHOLE, table
    from fleetctl.reports.values import clean

    say = told.say
    made = table((say("Number"), WHOLE), say("Recipient"), (say("Made"), WHOLE), say("Subject"), say("Sent"))
    for row in rows:
        when = f"{row.sent.astimezone():%Y-%m-%d %H:%M}" if row.sent else ""
        waits = say.many(
            "after {n} try: {reason}", "after {n} tries: {reason}", row.tries, reason=clean(say.reason(row.trouble))
        )
        state = when or (waits if row.tries else say("waits"))
        cells = (row.recipient, f"{row.made.astimezone():%Y-%m-%d %H:%M}", clean(row.content["subject"]), state)
        made.add_row(row.number, *cells)
    told.screen.table(made)


@app.command(epilog="Examples: fleetctl message send    fleetctl message send --now")
def send(
    ctx: typer.Context,
    now: Annotated[
        bool, typer.Option("--now", help="Also what waits for its next try, or whose login was refused.")
    ] = False,
) -> int:
    """Send what waits; a timer does this. What cannot be sent stays, and is tried again later."""
    from fleetctl.operations import messages

    told = context(ctx)
    workspace = told.open()
    workspace.unlock()
    return delivered(told, "message send", messages.deliver(workspace, datetime.now().astimezone(), everything=now))


@app.command(epilog="Example: fleetctl message test phong-cntt")
def test(
    ctx: typer.Context,
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="Its name under `message_recipients`.")],
) -> int:
    """Send a recipient a message that says nothing but that it came."""
    from fleetctl.operations import messages

    told = context(ctx)
    workspace = told.open()
    workspace.unlock()
    now = datetime.now().astimezone()
    messages.tested(workspace, recipient, now)
    return delivered(told, "message test", messages.deliver(workspace, now))


@app.command(epilog="Example: fleetctl message drop 5f0c8e1a2b3c4d5e6f708192")
def drop(
    ctx: typer.Context, number: Annotated[str, typer.Argument(metavar="NUMBER", help="As `message list` shows it.")]
) -> int:
    """Take a message that waits out of the outbox: it is never sent."""
    from fleetctl import outbox

    told = context(ctx)
    if not outbox.drop(told.open().store, number):
        raise UsageError(f"no message {number} waits. See: fleetctl message list")
    text = told.say("{number} is not sent.", number=number)
    told.screen.out(jsonlines.summary("message drop", EXIT_OK, number=number) if told.json else text)
    return EXIT_OK


def delivered(told: Context, command: str, done: Delivery) -> int:
    """Tell what became of the messages; returns the exit code: 4 where all that failed was out of reach."""
    code = EXIT_OK
    if done.troubles:
        far = all(isinstance(error, Unreachable) for error in done.troubles.values())
        code = EXIT_UNREACHABLE if far else EXIT_FAILED
    if told.json:
        told.screen.out(jsonlines.summary(command, code, **fields(done)))
    else:
        talk(told, done)
        if not done.sent and not done.waiting:
            told.screen.out(told.say("No message waits to be sent."))
    return code


def fields(done: Delivery) -> dict[str, Any]:
    """Return what became of the messages, for a summary."""
    troubles = {name: str(error) for name, error in sorted(done.troubles.items())}
    return {"messages_sent": done.sent, "messages_waiting": done.waiting, "message_troubles": troubles}


def talk(told: Context, done: Delivery) -> None:
    """Tell people what became of the messages."""
    if done.sent:
        told.screen.talk(told.say.many("{n} message sent.", "{n} messages sent.", done.sent))
    for name, error in sorted(done.troubles.items()):
        told.screen.talk(told.say("{name} could not be told: {error}", name=name, error=error))
    if done.waiting:
        told.screen.talk(
            told.say.many(
                "{n} message waits and will be tried again. See: fleetctl message list",
                "{n} messages wait and will be tried again. See: fleetctl message list",
                done.waiting,
            )
        )
