"""When something that interrupts may be done, and which declared wave a device is in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from fleetctl.errors import UsageError
from fleetctl.executor import Wave
from fleetctl.model import DevicePlan, Disruption
from fleetctl.operations.workspace import Workspace
from fleetctl.waves import Window

VARIABLE: Final = "maintenance_window"
ALWAYS: Final = "always"
_WINDOW: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


def parse(told: str) -> tuple[time, time] | None:
    """Return the window's first and last moment, None for `always`; raises UsageError for anything else."""
    if told.strip().lower() in ("", ALWAYS):
        return None
    match = _WINDOW.fullmatch(told.strip())
    if match is None:
        raise UsageError(f'{VARIABLE}: {told!r} is not a window. Write "22:00-05:00" (quoted), or always')
    first_h, first_m, last_h, last_m = (int(part) for part in match.groups())
    try:
        return time(first_h, first_m), time(last_h, last_m)
    except ValueError:
        raise UsageError(f"{VARIABLE}: {told!r} names an hour or minute that does not exist") from None


def is_open(window: tuple[time, time] | None, now: datetime) -> bool:
    """Return whether `now` (in the site's zone) is inside; a window may reach over midnight."""
    if window is None:
        return True
    first, last = window
    at = now.time()
    return first <= at < last if first <= last else at >= first or at < last


def interrupts(plan: DevicePlan) -> bool:
    """Return whether carrying the plan out interrupts the picture, a service or the way to the device."""
    return any(a.changes and a.disruption >= Disruption.STREAM for a in plan.aspects)


def policy(workspace: Workspace, names: Iterable[str]) -> Window | None:
    """Return what tells whether a device's turn has come; None where no device has a window.

    `names` are the devices that are interrupted; no other waits. Raises UsageError for a window or a zone that cannot
    be meant.
    """
    windows: dict[str, tuple[str, tuple[time, time], ZoneInfo]] = {}
    for name in names:
        values = workspace.inventory.values(name)
        told = str(values[VARIABLE].value) if VARIABLE in values else ALWAYS
        if (window := parse(told)) is not None:
            zone = str(values["time_zone"].value) if "time_zone" in values else "Asia/Ho_Chi_Minh"
            windows[name] = (told, window, ZoneInfo(zone))
    if not windows:
        return None

    def judge(name: str, now: datetime) -> str:
        if name not in windows:
            return ""
        told, window, zone = windows[name]
        return "" if is_open(window, now.astimezone(zone)) else f"outside its window: {told} ({zone.key})"

    return judge


def declared_waves(workspace: Workspace, told: Any, names: Sequence[str]) -> tuple[Wave, ...]:
    """Return the waves that `rollout_waves` declares: a list of {name, pattern, not_before, share}.

    `pattern` is an Ansible host pattern, `not_before` a date or a moment, `share` how much of the pattern goes at
    most, 0 to 1. A device that no wave names is left pending. Raises UsageError with what is wrong.
    """
    if not isinstance(told, list) or not all(isinstance(wave, dict) and "pattern" in wave for wave in told):
        raise UsageError(
            "rollout_waves: write a list of waves, each with a pattern, and not_before and share if need be"
        )
    waves: list[Wave] = []
    taken: set[str] = set()
    wanted = set(names)
    for number, wave in enumerate(told, 1):
        unknown = sorted(set(wave) - {"name", "pattern", "not_before", "share"})
        if unknown:
            raise UsageError(
                f"rollout_waves, wave {number}: {unknown[0]} is not known; there are name, pattern, not_before, share"
            )
        members = [d.name for d in workspace.inventory.select(str(wave["pattern"]))]
        count = max(1, round(len(members) * _share(wave.get("share", 1), number)))
        chosen = [n for n in members[:count] if n in wanted and n not in taken]
        taken.update(chosen)
        if chosen:
            name = str(wave.get("name", f"wave {number}"))
            waves.append(Wave(name=name, tasks=tuple(chosen), not_before=_moment(wave.get("not_before"), number)))
    return tuple(waves)


def _share(told: Any, number: int) -> float:
    text = str(told).strip()
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise UsageError(f"rollout_waves, wave {number}: share {told!r} is not between 0 and 1 (or 1% and 100%)")
    return share


def _moment(told: Any, number: int) -> datetime | None:
    if told is None:
        return None
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        raise UsageError(
            f"rollout_waves, wave {number}: not_before {told!r} is no date; write 2026-12-01 or 2026-12-01T18:00+07:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
