"""A small fleet that is audited night by night: its real inventory, and devices that are what a dictionary says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fleetctl import outbox
from fleetctl.aspects.time import Time
from fleetctl.model import DevicePlan, Event, Finished, Kind, Outcome, Planned, Reading, Result
from fleetctl.operations import telling
from fleetctl.operations.workspace import Workspace, open_workspace
from fleetctl.plan import compare, plan_aspect, waive
from tests.unit.store.kit import Clock, ran

OURS = "Asia/Ho_Chi_Minh"
FIRST = datetime(2026, 11, 1, 1, 0, tzinfo=ZoneInfo(OURS))


@dataclass
class Nights:
    """The fleet; `zones` is what each device is set to, `silent` do not answer, `refusing` refuse the login."""

    root: Path
    clock: Clock
    now: datetime = FIRST
    zones: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.clock.now = self.now.timestamp()
        self.zones = dict.fromkeys(self.workspace.inventory.devices, OURS)

    @cached_property
    def workspace(self) -> Workspace:
        return open_workspace(self.root)

    def audit(self) -> dict[str, dict[str, Any]]:
        """Audit everything, tell, and go on to the next night; return the new messages by recipient."""
        workspace = self.workspace
        before = {message.number for message in outbox.messages(workspace.store)}
        events: list[Event] = []
        for device in workspace.inventory.devices.values():
            if device.name not in self.late:
                events += self._seen(workspace, device.name)
        ran(workspace.journal, "audit", *events)
        telling.tell(workspace, self.now, late=sorted(self.late))
        self.now += timedelta(days=1)
        self.clock.now = self.now.timestamp()
        return {m.recipient: dict(m.content) for m in outbox.messages(workspace.store) if m.number not in before}

    def write(self, file: str, old: str, new: str) -> None:
        """Edit the inventory."""
        path = self.root / "inventory" / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        self.workspace.store.close()
        del self.workspace

    def _seen(self, workspace: Workspace, name: str) -> list[Event]:
        device = workspace.inventory.devices[name]
        if name in self.silent or name in self.refusing:
            outcome = Outcome.UNREACHABLE if name in self.silent else Outcome.REFUSED
            told = f"{name} (192.0.2.1): no answer" if name in self.silent else "wrong password"
            whole = Result(device=name, kind=device.kind, site=device.site, aspect="", outcome=outcome, reason=told)
            return [whole, Finished(device=name, site=device.site, outcome=outcome, reason=told)]
        aspect = workspace.registry.aspects["time"]
        (expectation,) = workspace.expectations(device, ("time",))
        actual = Time(zone=self.zones[name])
        found = waive(compare(name, expectation, actual), "time", expectation.waivers)
        planned = plan_aspect(aspect, expectation, Reading(aspect="time", value=actual), found)
        plan = DevicePlan(device=name, kind=Kind.CAMERA, site=device.site, aspects=(planned,))
        return [Planned(device=name, plan=plan), Finished(device=name, site=device.site, outcome=planned.outcome)]


def short(messages: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return what messages tell: `+state device` is new, `-state device` is over; a sign of life tells nothing."""
    return {
        name: [
            f"{sign}{i['state']} {i['device'] or i['site']}".strip()
            for sign, key in (("+", "new"), ("-", "ended"))
            for i in told[key]
        ]
        for name, told in messages.items()
    }
