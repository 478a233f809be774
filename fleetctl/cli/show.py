"""A run on the terminal: what differs, what is not as wanted, the sites, the sum. The same on many is said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from fleetctl.cli.context import Context
from fleetctl.cli.screen import STYLES, Column, table
from fleetctl.model import Kind, Outcome
from fleetctl.reports import wording
from fleetctl.reports.groups import ChangeGroup, Note, change_groups, notes
from fleetctl.reports.tally import WANTED, DeviceRecord, Tally
from fleetctl.reports.values import clean

ROOMY: Final = 80  # a terminal of so many columns has room for the names of settings up to LONG
LONG: Final = 44
BRIEF: Final = 120  # so much of a value is shown: of a host's, it may be a whole file
WIDE: Final = 100  # and of so many, room for the longest name of a site
NAMED: Final = 4  # so many devices that somebody has to look at are named; more are counted
REASONS: Final = 3  # so many different reasons for one thing are shown each
VARIED: Final = 8  # so many different values of one setting are shown each


def changes(context: Context, records: Iterable[DeviceRecord], names: Mapping[str, str], command: str) -> None:
    """Print the changes: those of several sites first, then site by site."""
    say = context.say
    groups = change_groups(records, alike=not context.verbose, most=0 if context.verbose else VARIED)
    if not groups:
        return
    longest = max(cell_len(group.setting) for group in groups)
    setting = (say("Setting"), {"no_wrap": context.screen.width >= ROOMY and longest <= LONG})
    devices = (say("Devices"), {"min_width": _title_width(groups, names) if context.screen.width >= WIDE else 0})
    columns: list[Column] = [devices, setting, say("Before") if command == "apply" else say("Actual"), say("Expected")]
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
            _devices(context, group.devices, {group.kind}, most=NAMED if command == "audit" else 1),
            group.setting,
            Text(_brief(context, wording.several(say, group.actual)), style="red"),
            _expected(context, group),
        ]
        if context.verbose:
            cells.append(_place(group))
        made.add_row(*cells)
    context.screen.table(made)


def _title_width(groups: Sequence[ChangeGroup], names: Mapping[str, str]) -> int:
    return max((cell_len(site_title(g.sites[0], names)) for g in groups if len(g.sites) == 1), default=0)


def _expected(context: Context, group: ChangeGroup) -> Text:
    told = Text(_brief(context, context.say.value(group.expected)), style="green")
    if group.values > 1:
        more = context.say("… ({n} different values; -v shows each)", n=group.values)
        told.append(f" {more}", style="bright_black")
    return told


def _brief(context: Context, text: str) -> str:
    if context.verbose or len(text) <= BRIEF:
        return text
    return f"{text[:BRIEF]}… ({context.say('-v shows all')})"


def _place(group: ChangeGroup) -> str:
    if group.place is None:
        return ""
    return f"{Path(group.place.file).name}:{group.place.line}"


def _devices(context: Context, names: Sequence[str], kinds: Iterable[Kind], *, most: int) -> str:
    if context.verbose or len(names) <= most:
        return "\n".join(names)
    return wording.devices(context.say, kinds, len(names))


def rest(context: Context, tally: Tally, command: str, names: Mapping[str, str]) -> None:
    """Print what there is to tell besides the changes: what is not as wanted, the sites, the sum."""
    if told := notes(tally.devices.values(), most=0 if context.verbose else REASONS):
        context.screen.gap()
        _notes(context, told, command)
    sites = tally.sites()
    if len(sites) > 1:
        context.screen.gap()
        _sites(context, sites, names, command)
    context.screen.gap()
    total(context, tally, command)


def _notes(context: Context, told: Sequence[Note], command: str) -> None:
    say = context.say
    made = table(say("Devices"), say("Outcome"), say("Aspect"), say("Reason"))
    for note in told:
        made.add_row(
            _devices(context, note.devices, note.kinds, most=1 if note.outcome in WANTED else NAMED),
            outcome(context, note.outcome, command),
            "\n".join(note.aspects),
            _reason(context, note),
        )
    context.screen.table(made)


def _reason(context: Context, note: Note) -> Text:
    told = Text(clean(context.say.reason(note.reason)))
    if note.reasons > 1:
        more = context.say("… ({n} different reasons; -v shows each)", n=note.reasons)
        told.append(f" {more}", style="bright_black")
    return told


def _sites(
    context: Context, sites: Mapping[str, Sequence[DeviceRecord]], names: Mapping[str, str], command: str
) -> None:
    say = context.say
    seen = Counter(record.outcome for members in sites.values() for record in members)
    outcomes = sorted(seen, key=lambda o: o.rank)
    columns = [(wording.outcome_word(say, o, command), {"justify": "right"}) for o in outcomes]
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
    counts = wording.counted(say, tally.counts(), command)
    line = say("{devices} at {sites}: {counts}.", devices=wording.devices(say, kinds, n), sites=where, counts=counts)
    if changed := tally.changes():
        match command:
            case "plan":
                line += " " + say.many("{n} setting to change.", "{n} settings to change.", changed)
            case "audit":
                line += " " + say.many("{n} setting not as expected.", "{n} settings not as expected.", changed)
    if held_up := tally.held_up():
        line += " " + say.many(
            "{n} channel waits for its camera.",
            "{n} channels wait for their cameras.",
            held_up,
        )
    if unsupported := tally.unsupported():
        line += " " + say.many(
            "{n} device does not offer all that is expected.",
            "{n} devices do not offer all that is expected.",
            unsupported,
        )
    context.screen.out(line)


def outcome(context: Context, told: Outcome, command: str = "") -> Text:
    """Return an outcome in words and its colour."""
    return Text(wording.outcome_word(context.say, told, command), style=STYLES[told])


def site_title(site: str, names: Mapping[str, str]) -> str:
    """Return `Phường Việt Hưng (viet_hung)`."""
    name = clean(names.get(site, ""))
    return f"{name} ({site})" if name and name != site else site
