"""Who changed what, as the devices' own logs have it: for programs by device and setting, for people in a phrase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from fleetctl.reports.language import Language
from fleetctl.reports.values import clean, setting_name

if TYPE_CHECKING:
    from fleetctl.records import Drift

_PERSONS: Final = 3  # so many are named

Writers = Mapping[tuple[str, str], Sequence[Mapping[str, str]]]
"""By device and setting what its own log has of who changed it: time, account, address, what; the newest first."""


def writers(rows: Iterable[Drift]) -> Writers:
    """Return who changed what, of the drifts of which that is known."""
    return {(row.device, setting_name(row)): row.changed_by for row in rows if row.changed_by}


def changed_by(say: Language, told: Iterable[Mapping[str, str]]) -> str:
    """Return who changed something by the logs and clocks of the devices; "" where nobody is known."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in told:
        who = clean(each["account"] or "?"), clean(each["address"])
        found.setdefault(who, []).append(each["time"].replace("T", " ")[:16])
    persons = []
    for (account, address), times in list(found.items())[:_PERSONS]:
        seen = sorted(set(times))
        when = seen[0] if len(seen) == 1 else f"{seen[0]} … {seen[-1]}"
        persons.append(
            say("{account} from {address} at {when}", account=account, address=address, when=when)
            if address
            else say("{account} at {when}", account=account, when=when)
        )
    more = ("…",) if len(found) > _PERSONS else ()
    return say("changed by {who} (its own log and clock)", who="; ".join((*persons, *more))) if persons else ""
