"""A message about what changed: its subject and text for people, and the same for machines (versioned schema)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from fleetctl.model import Kind
from fleetctl.reports import wording
from fleetctl.reports.language import N_, Language
from fleetctl.reports.values import clean, impersonal, shown
from fleetctl.reports.who import changed_by

SCHEMA_VERSION: Final = "1.1"
_NAMED: Final = 8  # devices of a group that are named
_GROUPS: Final = 60  # groups that are told one by one

STATES: Final[Mapping[str, str]] = {
    "dark": N_("nothing there answers"),
    "unreachable": N_("does not answer"),
    "trouble": N_("trouble"),
    "drift": N_("drift"),
    "expired": N_("drift: its waiver has expired"),
    "overdue": N_("still to be applied"),
    "flapping": N_("comes and goes"),
    "late": N_("the audit had to end before it got there"),
}
_ENDED: Final[Mapping[str, str]] = {
    "dark": N_("answers again"),
    "unreachable": N_("answers again"),
    "flapping": N_("calm again"),
    "late": N_("the audit got everywhere again"),
}
_AS_EXPECTED: Final = N_("as expected again")


def content(
    say: Language,
    *,
    new: Sequence[Mapping[str, Any]],
    ended: Sequence[Mapping[str, Any]],
    open_: Sequence[Mapping[str, Any]],
    time: datetime,
    site_names: Mapping[str, str],
    kind: str = "",
) -> dict[str, Any]:
    """Return a message: `subject` and `text` in the reader's language, the rest in English for machines.

    `kind` is change, else heartbeat; `test` tells nothing.
    """
    if kind == "test":
        text = say("This is a test. Messages from fleetctl reach you.")
        told = {"subject": f"fleetctl: {say('test')}", "text": f"{text}\n", "new": [], "ended": [], "open": {}}
        return {"schema_version": SCHEMA_VERSION, "type": kind, "time": time.isoformat(timespec="seconds"), **told}
    counts = Counter(item["state"] for item in open_)
    kind = "change" if new or ended else "heartbeat"
    return {
        "schema_version": SCHEMA_VERSION,
        "type": kind,
        "time": time.isoformat(timespec="seconds"),
        "subject": _subject(say, new, ended, open_, site_names),
        "text": "\n".join(_lines(say, new, ended, counts, time, site_names)) + "\n",
        "new": [dict(item) for item in _ordered(new)],
        "ended": [dict(item) for item in _ordered(ended)],
        "open": {state: counts[state] for state in STATES if counts[state]},
    }


def _ordered(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    ranks = list(STATES)
    return sorted(items, key=lambda i: (ranks.index(i["state"]), i["site"], i["device"], i["setting"]))


def _subject(
    say: Language,
    new: Sequence[Mapping[str, Any]],
    ended: Sequence[Mapping[str, Any]],
    open_: Sequence[Mapping[str, Any]],
    site_names: Mapping[str, str],
) -> str:
    if not new and not ended:
        return "fleetctl: " + say.many("nothing new, {n} open", "nothing new, {n} open", len(open_))
    only = {_place(item, site_names) for item in (*new, *ended)}
    counts = say("{new} new, {ended} over, {open} open", new=len(new), ended=len(ended), open=len(open_))
    return f"fleetctl: {only.pop()}: {counts}" if len(only) == 1 and "" not in only else f"fleetctl: {counts}"


def _place(item: Mapping[str, Any], site_names: Mapping[str, str]) -> str:
    site = str(item["site"])
    return str(item["uplink"]) or site_names.get(site) or site


def _lines(
    say: Language,
    new: Sequence[Mapping[str, Any]],
    ended: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    time: datetime,
    site_names: Mapping[str, str],
) -> Iterator[str]:
    for title, items, words in ((say("New:"), new, STATES), (say("Over:"), ended, _ENDED)):
        if items:
            yield title
            yield from _groups(say, items, words, site_names)
            yield ""
    told = ", ".join(f"{counts[state]} {say(word)}" for state, word in STATES.items() if counts.get(state))
    yield say("Open: {told}", told=told) if told else say("Everything is as expected.")
    yield say("As of {time}. More: fleetctl history", time=f"{time:%Y-%m-%d %H:%M %Z}".strip())


def _groups(
    say: Language, items: Sequence[Mapping[str, Any]], words: Mapping[str, str], site_names: Mapping[str, str]
) -> Iterator[str]:
    """Yield a line for what is the same on one or more devices, in the order of the states."""
    members: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for item in _ordered(items):
        what = ": ".join(part for part in (item["setting"], say(words.get(item["state"], _AS_EXPECTED))) if part)
        why = _why(say, item) if words is STATES else ""
        members.setdefault((_whole(say, item, site_names), what, why), []).append(item)
    for (whole, what, why), same in list(members.items())[:_GROUPS]:
        by = changed_by(say, (each for item in same for each in item.get("changed_by", ()))) if words is STATES else ""
        yield f"- {whole or _who(say, same)}: {what}{why}{f'; {by}' if by else ''}"
    if (more := len(members) - _GROUPS) > 0:
        yield say.many("- and {n} more", "- and {n} more", more)


def _whole(say: Language, item: Mapping[str, Any], site_names: Mapping[str, str]) -> str:
    """Return what an item is about that is about no single device: a site, an uplink, so many devices; else ""."""
    if item["device"]:
        return ""
    place, devices = _place(item, site_names), say.many("{n} device", "{n} devices", item["devices"])
    return f"{place} ({devices})" if place else devices


def _who(say: Language, members: Sequence[Mapping[str, Any]]) -> str:
    names = [str(item["device"]) for item in members]
    if len(names) == 1:
        return names[0]
    told = wording.devices(say, [Kind(item["kind"]) for item in members], len(names))
    named = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return f"{told} ({named})"


def _why(say: Language, item: Mapping[str, Any]) -> str:
    """Return what differs, or why, for behind a state; no device is named in it, so that what is the same is seen."""
    actual, expected = (say.value(shown(item[name])) for name in ("actual", "expected"))
    state = item["state"]
    if state in ("drift", "expired", "overdue") or (state == "flapping" and actual != expected):
        return f" ({say('{actual}, expected {expected}', actual=actual, expected=expected)})"
    reason = impersonal(str(item["reason"]), str(item["device"]))
    return f" ({clean(say.reason(reason))})" if reason else ""
