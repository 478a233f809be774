"""A run on the terminal: what differs, what is not as wanted, the sites, the sum. The same on many is said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.text import Text

from fleetctl.cli.context import Context
from fleetctl.cli.screen import STYLES, table
from fleetctl.model import Kind, Outcome
from fleetctl.reports import wording
from fleetctl.reports.groups import ChangeGroup, Note, change_groups, notes
from fleetctl.reports.tally import DeviceRecord, Tally
from fleetctl.reports.values import clean

NAMED: Final = 2  # so many devices are named; more are counted
VARIED: Final = 8  # so many different values of one setting are shown each


def changes(context: Context, records: Iterable[DeviceRecord], names: Mapping[str, str], *, done: bool = False) -> None:
    """Print the changes: those of several sites first, then site by site."""
    say = context.say
    groups = change_groups(records, most=0 if context.verbose else VARIED)
    if not groups:
        return
    columns: list[str] = [say("Devices"), say("Setting"), say("Before") if done else say("Actual"), say("Expected")]
    if context.verbose:
        columns.append(say("Set in"))
    made = table(*columns)
    heading: tuple[str, ...] | None = None
    for group in groups:
        where = group.sites if len(group.sites) == 1 else ()
        if where != heading:
            if heading is not None:
                made.add_section()
            heading = where
            title = site_title(where[0], names) if where else say("Several sites")
            made.add_row(Text(title, style="bold"))
        cells: list[str | Text] = [
            _devices(context, group.devices, {group.kind}),
            group.setting,
            Text(group.actual, style="red"),
            _expected(context, group),
        ]
        if context.verbose:
            cells.append(_place(group))
        made.add_row(*cells)
    context.screen.table(made)


def _expected(context: Context, group: ChangeGroup) -> Text:
    told = Text(group.expected, style="green")
    if group.values > 1:
        more = context.say("… ({n} different values; -v shows each)", n=group.values)
        told.append(f" {more}", style="bright_black")
    return told


def _place(group: ChangeGroup) -> str:
    if group.place is None:
        return ""
    return f"{Path(group.place.file).name}:{group.place.line}"


def _devices(context: Context, names: Sequence[str], kinds: Iterable[Kind]) -> str:
    if context.verbose or len(names) <= NAMED:
        return ", ".join(names)
    return wording.devices(context.say, kinds, len(names))


def rest(context: Context, tally: Tally, command: str, names: Mapping[str, str]) -> None:
    """Print what there is to tell besides the changes: what is not as wanted, the sites, the sum."""
    audit = command == "audit"
    if told := notes(tally.devices.values()):
        context.screen.out()
        _notes(context, told, audit=audit)
    sites = tally.sites()
    if len(sites) > 1:
        context.screen.out()
        _sites(context, sites, names, audit=audit)
    context.screen.out()
    total(context, tally, command)


def _notes(context: Context, told: Sequence[Note], *, audit: bool) -> None:
    say = context.say
    made = table(say("Devices"), say("Outcome"), say("Aspect"), say("Reason"))
    for note in told:
        made.add_row(
            _devices(context, note.devices, note.kinds),
            outcome(context, note.outcome, audit=audit),
            note.aspect,
            clean(note.reason),
        )
    context.screen.table(made)


def _sites(
    context: Context, sites: Mapping[str, Sequence[DeviceRecord]], names: Mapping[str, str], *, audit: bool
) -> None:
    say = context.say
    seen = Counter(record.outcome for members in sites.values() for record in members)
    outcomes = sorted(seen, key=lambda o: o.rank)
    columns = [(wording.outcome_word(say, o, audit=audit), {"justify": "right"}) for o in outcomes]
    made = table(say("Site"), (say("Devices"), {"justify": "right"}), *columns)
    for site, members in sites.items():
        counts = Counter(record.outcome for record in members)
        cells = [
            Text(str(counts[o]), style=STYLES[o]) if counts[o] else Text("-", style="bright_black") for o in outcomes
        ]
        made.add_row(site_title(site, names), str(len(members)), *cells)
    context.screen.table(made)


def total(context: Context, tally: Tally, command: str) -> None:
    """Print the sum in one line."""
    say, n = context.say, len(tally.devices)
    if not n:
        context.screen.out(say("No devices."))
        return
    kinds = {record.kind for record in tally.devices.values()}
    sites = len(tally.sites())
    where = say.many("{n} site", "{n} sites", sites)
    counts = wording.counted(say, tally.counts(), audit=command == "audit")
    line = say("{devices} at {sites}: {counts}.", devices=wording.devices(say, kinds, n), sites=where, counts=counts)
    if changed := tally.changes():
        match command:
            case "plan":
                line += " " + say.many("{n} setting to change.", "{n} settings to change.", changed)
            case "audit":
                line += " " + say.many("{n} setting not as expected.", "{n} settings not as expected.", changed)
    context.screen.out(line)


def outcome(context: Context, told: Outcome, *, audit: bool = False) -> Text:
    """Return an outcome in words and its colour."""
    return Text(wording.outcome_word(context.say, told, audit=audit), style=STYLES[told])


def site_title(site: str, names: Mapping[str, str]) -> str:
    """Return `Phường Việt Hưng (viet_hung)`."""
    name = clean(names.get(site, ""))
    return f"{name} ({site})" if name and name != site else site
