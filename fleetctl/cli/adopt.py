"""`fleetctl adopt`: take devices in."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.audit import Reports
from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Limit, Yes, aspect_names
from fleetctl.errors import UsageError
from fleetctl.reports.tally import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleetctl.model import Device
    from fleetctl.operations.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: fleetctl adopt --limit viet_hung    fleetctl adopt --limit viet-hung-cam-01 --replace    "
        "fleetctl adopt --limit viet_hung --learn --owner 'Nguyễn Văn An' --until 2027-06-30    "
        "fleetctl adopt --limit viet_hung --raise video    fleetctl adopt --limit viet_hung --at 192.168.1.64"
    )(adopt)


def adopt(
    ctx: typer.Context,
    limit: Limit = "",
    yes: Yes = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Another device stands there on purpose: record the new identity.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also devices that are adopted already.")] = False,
    relay_key: Annotated[
        list[str] | None,
        typer.Option(
            "--relay-key", metavar="FINGERPRINT", help="With --yes: the host key a new relay must show; repeatable."
        ),
    ] = None,
    enable_secret: Annotated[
        Path | None,
        typer.Option(
            "--enable-secret",
            metavar="FILE",
            help="File with the secret of the switches' privileged mode (enable), where they ask for one.",
        ),
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option(
            "--candidates",
            metavar="FILE",
            help="Passwords the installer may have used, one a line, the likeliest first; a few are tried, within the "
            "budget. Mode 0600, or sealed by ansible-vault.",
        ),
    ] = None,
    ask_candidates: Annotated[
        bool, typer.Option("--ask-candidates", help="Ask for such passwords, typed unseen.")
    ] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="ADDRESS",
            help="They are factory-new and all at this one address: take them in one at a time, by their ports on the "
            "switch or as a person connects them, and give each its own address.",
        ),
    ] = "",
    learn: Annotated[
        bool, typer.Option("--learn", help="Then keep what the devices have otherwise than the standard, for a while.")
    ] = False,
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="With --learn: who answers for it.")] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="DAY", help="With --learn: the last day, as 2027-06-30.")
    ] = "",
    raised: Annotated[
        list[str] | None,
        typer.Option(
            "--raise", metavar="ASPECT", help="End what was learned of this aspect; asks no device. Repeatable."
        ),
    ] = None,
    report: Reports = None,
) -> int:
    """Take devices in: first login, identity, own account."""
    from fleetctl.cli import learn as lessons

    told = context(ctx)
    need_answer(yes=yes, what="fleetctl adopt")
    lessons.check(learn=learn, owner=owner, until=until, raised=raised or ())
    workspace = told.open()
    if raised:
        return lessons.raise_(told, workspace, limit, aspect_names(raised), yes=yes)
    if at:
        return _one_by_one(told, workspace, limit, at, yes=yes, report=report)
    guesses = _candidates(told, workspace, candidates, asked=ask_candidates)
    code = _take_in(told, workspace, limit, yes=yes, replace=replace, again=again, relay_key=relay_key,
                    enable_secret=enable_secret, guesses=guesses, report=report, learn=learn)  # fmt: skip
    if not learn or code == EXIT_INTERRUPTED:
        return code
    workspace.reread()
    return lessons.learn(told, workspace, limit, owner=owner, until=until, yes=yes) or code


def _one_by_one(told: Context, workspace: Workspace, limit: str, at: str, *, yes: bool, report: Reports) -> int:
    """Take in devices that share an address: say which ports are shut meanwhile, ask, do it."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import onebyone

    found = onebyone.turns(workspace, limit)
    loose = [turn.device.name for turn in found if turn.switch is None]
    if yes and loose and len(found) > 1:
        raise UsageError(
            f"{loose[0]}: the inventory does not say its port, so that a person has to connect it alone: name one "
            "device with --limit, or leave --yes out, or write switch_port"
        )
    run = Followed(told, workspace, "adopt", report or ())
    for turn in found:
        port = f"{turn.switch.name} {turn.port}" if turn.switch is not None else told.say("by hand")
        told.screen.talk(f"{turn.device.name}: {at} -> {turn.device.endpoint.address} ({port})")
    question = told.say("Take these in one at a time? Ports of the others are shut meanwhile. [y/N]")
    if not yes and not told.screen.ask(question, YES_WORDS):
        told.screen.talk(told.say("Nothing was sent."))
        return run.finish()

    def ready(turn: onebyone.Turn) -> bool:
        question = told.say("Connect {name} and no other. Is it on? [y/N]", name=turn.device.name)
        return yes or told.screen.ask(question, YES_WORDS)

    run.take(onebyone.taken_in(workspace, found, at, run.stop, ready), len(found), told.say("Adopt"))
    return run.finish()


def _take_in(
    told: Context,
    workspace: Workspace,
    limit: str,
    *,
    yes: bool,
    replace: bool,
    again: bool,
    relay_key: list[str] | None,
    enable_secret: Path | None,
    guesses: Sequence[str],
    report: Reports,
    learn: bool,
) -> int:
    """Adopt what is not adopted yet; `learn`: they keep what they have, and nothing to do is no news."""
    from fleetctl.cli.follow import Followed
    from fleetctl.operations import adopt as operation
    from fleetctl.operations import maker

    run = Followed(told, workspace, "adopt", report or ())
    todo = operation.to_adopt(workspace, limit, again=again or replace)
    if not todo and learn:
        return run.exit_code
    if not todo:
        told.screen.talk(told.say("All of these devices are adopted already; --again takes them in anew."))
        return run.finish()
    if not yes and not _agreed(told, todo, (lambda _: "") if learn else partial(maker.renews, workspace)):
        told.screen.talk(told.say("Nothing was sent."))
        return run.finish()
    if not _relays_agreed(told, workspace, todo, None if not yes else relay_key or []) or not hosts_agreed(
        told, workspace, todo, yes=yes, replace=replace
    ):
        told.screen.talk(told.say("Nothing was sent."))
        return run.finish()
    enable = enable_of(told, workspace, todo, enable_secret, yes=yes)
    if guesses:
        _tell_tries(told, workspace, todo, guesses)
    events = operation.adopt(
        workspace, limit, replace_=replace, force=again, stop=run.stop, enable=enable, candidates=guesses,
        renew=not learn,
    )  # fmt: skip
    run.take(events, len(todo), told.say("Adopt"))
    return run.finish()


def _candidates(told: Context, workspace: Workspace, file: Path | None, *, asked: bool) -> tuple[str, ...]:
    """Return the passwords of a file and those that a person types, one after the other until an empty line."""
    from fleetctl.operations import candidates

    found = list(candidates.read(workspace, file)) if file is not None else []
    while asked:
        question = told.say("Candidate {n}, empty to end:", n=len(found) + 1)
        typed = told.screen.ask_secret(question, "Write them into a file: --candidates FILE")
        if not typed:
            break
        found.append(typed)
    return candidates.checked(found, "--ask-candidates") if found else ()


def _tell_tries(told: Context, workspace: Workspace, todo: Sequence[Device], guesses: Sequence[str]) -> None:
    """Say of which devices not all candidates can be tried now."""
    from fleetctl.operations.candidates import guessed

    waiting = [device.name for device in todo if guessed(workspace, device, guesses).waiting]
    if waiting:
        names = ", ".join(waiting[:10]) + (" …" if len(waiting) > 10 else "")
        told.screen.talk(
            told.say("Not all candidates can be tried now, so that no account locks; run it again later for: {names}",
                     names=names)
        )  # fmt: skip


def enable_of(told: Context, workspace: Workspace, todo: Sequence[Device], file: Path | None, *, yes: bool) -> str:
    """Return the secret of the switches' privileged mode: a file's first line, what a person types, or ""."""
    from fleetctl.operations.adopt import may_ask_enable

    if file is not None:
        try:
            found = file.read_text("utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--enable-secret {file} cannot be read: {error}") from None
        if not found:
            raise UsageError(
                f"--enable-secret {file}: its first line is empty. Write the secret there, and nothing else"
            )
        return found
    names = [device.name for device in todo if not yes and may_ask_enable(workspace, device)]
    if not names:
        return ""
    question = told.say(
        "{names}: secret of the privileged mode (enable), if it asks for one; empty for none:", names=", ".join(names)
    )
    return told.screen.ask_secret(question, "Write it into a file: --enable-secret FILE")


def _agreed(told: Context, todo: Sequence[Device], renews: Callable[[Device], str]) -> bool:
    names = ", ".join(device.name for device in todo[:10]) + (" …" if len(todo) > 10 else "")
    told.screen.talk(names)
    for device in todo:
        if user := renews(device):
            line = told.say("{name}: {account} gets a password of the vault instead of the one it came with",
                            name=device.name, account=user)  # fmt: skip
            told.screen.talk(line)
    question = told.say.many(
        "Adopt {n} device (makes an account on it)? [y/N]",
        "Adopt {n} devices (makes an account on each)? [y/N]",
        len(todo),
    )
    return told.screen.ask(question, YES_WORDS)


def _relays_agreed(told: Context, workspace: Workspace, todo: Sequence[Device], expected: list[str] | None) -> bool:
    """Take in the host keys of relays that are new; `expected` are the fingerprints given, None: a person is asked."""
    from fleetctl.operations import hostkeys

    for key in hostkeys.unknown_relays(workspace, todo):
        shown = f"{key.known_as} {key.kind} {key.fingerprint}"
        if expected is None:
            question = told.say("The relay {key} is new. Does its owner tell the same fingerprint? [y/N]", key=shown)
            if not told.screen.ask(question, YES_WORDS):
                return False
        elif key.fingerprint not in expected:
            raise UsageError(
                f"the relay {shown} is new. Compare the fingerprint with its owner, then: "
                f"fleetctl adopt --yes --relay-key {key.fingerprint}"
            )
        hostkeys.accept(workspace, key)
    return True


def hosts_agreed(told: Context, workspace: Workspace, todo: Sequence[Device], *, yes: bool, replace: bool) -> bool:
    """Show the SSH host keys that are new and put them on record; from now on another key is refused."""
    from fleetctl.operations import hostkeys

    found = hostkeys.unknown_hosts(workspace, todo, replaced=replace)
    for _, key in found:
        told.screen.talk(
            told.say("SSH host key of {name}: {key}", name=key.known_as, key=f"{key.kind} {key.fingerprint}")
        )
    question = told.say.many("Put {n} key on record? [y/N]", "Put {n} keys on record? [y/N]", len(found))
    if found and not yes and not told.screen.ask(question, YES_WORDS):
        return False
    for _, key in found:
        hostkeys.accept(workspace, key)
    return True
