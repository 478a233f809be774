"""`fleetctl site bundle` and `site return`: a site taken along in one file, and taken back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.screen import YES_WORDS, need_answer
from fleetctl.cli.selectors import Site, Yes
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from fleetctl.operations.bundling.making import Made
    from fleetctl.operations.bundling.returning import Return, Returned

DAYS: Final = 14
SIDES: Final = ("bundle", "home")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: fleetctl site bundle viet_hung --for 'Nguyễn Văn An'    "
        "fleetctl site bundle viet_hung -o an.bundle --recipient age1… --days 30    "
        "fleetctl site bundle viet_hung --lost --reason 'stick lost on the bus'"
    )(bundle)
    app.command(
        name="return",
        epilog="Examples: fleetctl site return viet_hung.bundle    fleetctl site return viet_hung.bundle --yes "
        "--take bundle    fleetctl site return viet_hung.bundle --take viet-hung-cam-01.desk=home",
    )(take_back)


def bundle(
    ctx: typer.Context,
    site: Site,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file; else SITE.bundle in this folder.")
    ] = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option("--recipient", metavar="KEY|FILE", help="Public key (age, SSH) that opens it; repeatable."),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--passphrase-file", metavar="FILE", help="File with the passphrase that opens it; else asked for."
        ),
    ] = None,
    holder: Annotated[str, typer.Option("--for", metavar="NAME", help="Who takes it along; else you.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=180, help="Days to work with it.")] = DAYS,
    recall: Annotated[
        bool, typer.Option("--recall", help="The bundle that is out will not be used: end it, with --reason.")
    ] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="The bundle that is out is lost: end it, with --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is ended; on record.")] = "",
) -> int:
    """Put a site into one encrypted, signed file, to work with where there is no link. Home stops writing to the site.

    With --bundle FILE every command works from it on any laptop; `site return FILE` brings back what was done.
    """
    told = context(ctx)
    told.only_home("site bundle")
    if recall or lost:
        if recall and lost:
            raise UsageError("--recall and --lost exclude each other: is the file gone, or not?")
        return _ended(told, site, "lost" if lost else "recalled", reason)
    from fleetctl.operations.bundling import making

    workspace, path = told.open(), output or Path(f"{site}.bundle")
    making.ready(workspace, site, path, days)
    passphrase = "" if recipient else _passphrase(told, passphrase_file)
    workspace.unlock()
    made = making.make(
        workspace, site, path, passphrase=passphrase, recipients=recipient or (), holder=holder, days=days
    )
    return _shown(told, made)


def _passphrase(told: Context, path: Path | None) -> str:
    """Return the passphrase of a file, or the one that a person types twice."""
    from fleetctl.cli.bundled import key_of

    if path is not None:
        return key_of(path).strip()
    mend = "Name a file that holds it: --passphrase-file FILE; or whose key opens it: --recipient KEY"
    first = told.screen.ask_secret(told.say("Passphrase for the bundle:"), mend)
    if sys.stdin.isatty() and told.screen.ask_secret(told.say("The same again:"), mend) != first:
        raise UsageError("the two are not the same. Nothing was made")
    return first


def _shown(told: Context, made: Made) -> int:
    from fleetctl.operations.bundling.opening import fleet_word

    issue, say = made.issue, told.say
    if told.json:
        fields = asdict(issue) | {"file": str(made.path), "devices": made.devices, "images": len(made.images)}
        told.screen.out(jsonlines.line("bundle", fields | {"fleet": fleet_word(issue.fleet)}))
        told.screen.out(jsonlines.summary("site bundle", EXIT_OK, devices=made.devices))
        return EXIT_OK
    counted = say.many("{n} device", "{n} devices", made.devices)
    told.screen.out(
        say(
            "{path}: {site} with {counted}, {images} firmware images, {size:.1f} MB; to work with until {day}",
            path=str(made.path),
            site=issue.site,
            counted=counted,
            images=len(made.images),
            size=made.size / 1e6,
            day=issue.expires[:16].replace("T", " "),
        )
    )
    told.screen.out(
        say("Key of this fleet, which the laptop shows at the first time: {key}", key=fleet_word(issue.fleet))
    )
    told.screen.talk(
        say("Home does not write to {site} now. On the laptop: fleetctl --bundle FILE status", site=issue.site)
    )
    return EXIT_OK


def _ended(told: Context, site: str, state: str, reason: str) -> int:
    from fleetctl.operations.bundling import making

    taken = making.give_up(told.open(), site, state=state, reason=reason)
    if told.json:
        fields = {"bundle": taken.bundle, "site": site, "holder": taken.holder, "state": state, "reason": reason}
        told.screen.out(jsonlines.line("bundle", fields))
        told.screen.out(jsonlines.summary("site bundle", EXIT_OK))
        return EXIT_OK
    told.screen.out(
        told.say(
            "The bundle of {holder} is ended; home writes to {site} again. Should the file come back: site return",
            holder=taken.holder,
            site=site,
        )
    )
    if state == "lost":
        told.screen.out(
            told.say("Its passwords may be in other hands: fleetctl password rotate --limit {site}", site=site)
        )
    return EXIT_OK


# --- back -----------------------------------------------------------------------------------------


def take_back(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle that came back.")],
    take: Annotated[
        list[str] | None,
        typer.Option("--take", metavar="SIDE|NAME=SIDE", help="Of a conflict, or of all: bundle or home; repeatable."),
    ] = None,
    yes: Yes = False,
) -> int:
    """Take back what was done with a bundle: journal, serial numbers, passwords, waivers; home then writes again.

    What both sides changed is shown one by one and asked for, or said with --take; the other side's password stays as
    the previous one. An expired bundle comes back like any other; one that came back already changes nothing.
    """
    from fleetctl.operations.bundling import returning

    told = context(ctx)
    told.only_home("site return")
    workspace = told.open()
    workspace.unlock()
    with returning.planned(workspace, file) as made:
        if made.over:
            told.screen.talk(told.say("This file came back already. Nothing was changed."))
            return _brought(told, made, None)
        _coming(told, made)
        sides = _sides(told, made, take or (), yes=yes)
        question = told.say("Take this back? [y/N]")
        need_answer(yes=yes, what="fleetctl site return", look="Nothing was written. Add --yes")
        if not yes and not told.screen.ask(question, YES_WORDS):
            told.screen.talk(told.say("Nothing was written."))
            return EXIT_OK
        return _brought(told, made, returning.carry_out(workspace, made, sides.__getitem__))


def _sides(told: Context, made: Return, take: Sequence[str], *, yes: bool) -> dict[str, str]:
    """Return which side is taken of each conflict: as the options say, else as a person does. Raises UsageError."""
    said = dict(each.partition("=")[::2] if "=" in each else ("", each) for each in take)
    names = {each.name: each for each in made.conflicts}
    if wrong := [side for side in said.values() if side not in SIDES]:
        raise UsageError(f"--take {wrong[0]}: say bundle or home, or NAME=bundle, NAME=home")
    if unknown := sorted(set(said) - {"", *names}):
        raise UsageError(f"--take {unknown[0]}: that is no conflict. There are: {', '.join(names) or 'none'}")
    sides = {}
    for name in names:
        side = said.get(name) or said.get("")
        if not side:
            if yes or not sys.stdin.isatty():
                raise UsageError(
                    f"home and the bundle both changed {name}: say which side is taken, --take {name}=bundle or "
                    f"--take {name}=home, or for all of them --take bundle. Nothing was written"
                )
            question = told.say("{name}: take the bundle's (b), or keep home's (h)?", name=name)
            side = "bundle" if told.screen.ask(question, ("b", "bundle", "g", "gói")) else "home"
        sides[name] = side
    return sides


def _coming(told: Context, made: Return) -> None:
    """Show what the bundle brings, conflicts last."""
    from fleetctl.reports.values import clean

    say, screen = told.say, told.screen
    if told.json:
        _coming_lines(told, made)
        return
    issue, day = made.issue, made.issue.made[:10]
    screen.out(say("{site}, taken along by {holder} on {day}", site=issue.site, holder=clean(issue.holder), day=day))
    for each in made.edits.differences:
        if not each.done:
            screen.out(f"  {each.name}: {_value(each.home)} -> {_value(each.bundle)}")
    for name, (_, group, _values) in made.edits.new.items():
        screen.out("  " + say("{device} is new in {group}", device=name, group=group))
    for secret in made.passwords:
        if not secret.done:
            names = {"account": secret.account, "device": secret.device}
            screen.out("  " + say("the password of {account} on {device} was changed", **names))
    for left in made.edits.left:
        screen.out("  " + say("Not taken over: {what}", what=clean(say.reason(left))))
    _conflicts(told, made)


def _conflicts(told: Context, made: Return) -> None:
    """Show what both sides changed, one by one."""
    for each in made.edits.differences:
        if each.conflict:
            told.screen.out(
                told.say(
                    "Conflict {name}: it went out as {before}; home has {home}, the bundle has {bundle}",
                    name=each.name,
                    before=_value(each.before),
                    home=_value(each.home),
                    bundle=_value(each.bundle),
                )
            )
    for secret in made.passwords:
        if secret.conflict:
            told.screen.out(
                told.say(
                    "Conflict {name}: both sides changed this password (home {home}, bundle {bundle}). The other one "
                    "is kept as the previous one",
                    name=secret.name,
                    home=secret.home.changed or "-",
                    bundle=secret.bundle.changed or "-",
                )
            )


def _coming_lines(told: Context, made: Return) -> None:
    for each in made.edits.differences:
        values = {"before": each.before, "bundle": each.bundle, "home": each.home}
        told.screen.out(jsonlines.line("setting", {"name": each.name, "conflict": each.conflict, **values}))
    for secret in made.passwords:
        fields = {"name": secret.name, "device": secret.device, "account": secret.account}
        told.screen.out(jsonlines.line("password", fields | {"conflict": secret.conflict}))
    for left in made.edits.left:
        told.screen.out(jsonlines.line("left", {"what": left}))


def _value(told: object) -> str:
    from fleetctl.reports.values import clean

    return "-" if told is None else clean(str(told))


def _brought(told: Context, made: Return, done: Returned | None) -> int:
    if told.json:
        runs, entries = (done.runs, done.entries) if done else (0, 0)
        settings, passwords = (len(done.settings), len(done.passwords)) if done else (0, 0)
        counted = {"runs": runs, "entries": entries, "settings": settings, "passwords": passwords}
        told.screen.out(jsonlines.summary("site return", EXIT_OK, None, **counted))
    elif done is not None:
        told.screen.out(
            told.say(
                "{runs} runs and {entries} entries of the journal are home's now; home writes to {site} again.",
                runs=done.runs,
                entries=done.entries,
                site=made.issue.site,
            )
        )
    return EXIT_OK
