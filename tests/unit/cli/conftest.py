"""A fleet of four cameras at two sites and operations that only tell events: no device, no file, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fleetctl.cli.main import main
from fleetctl.errors import UsageError
from fleetctl.model import (
    AspectPlan,
    Change,
    Device,
    DevicePlan,
    Disruption,
    Endpoint,
    Event,
    Finished,
    Kind,
    Outcome,
    Place,
    Planned,
    Result,
    Started,
)
from tests.ran import Ran

PLACE = Place(file="inventory/standard.yml", line=7, column=5)


def device(name: str, site: str) -> Device:
    return Device(name=name, kind=Kind.CAMERA, site=site, area="long_bien", endpoint=Endpoint(address="127.0.0.9"))


def change(name: str, wanted: str = "Asia/Ho_Chi_Minh") -> Change:
    return Change(device=name, aspect="time", field="zone", before="UTC", after=wanted, place=PLACE)


def plan_of(name: str, outcome: Outcome, site: str = "viet_hung", reason: str = "") -> DevicePlan:
    if outcome in (Outcome.UNREACHABLE, Outcome.REFUSED, Outcome.FAILED):
        return DevicePlan(device=name, kind=Kind.CAMERA, site=site, outcome=outcome, reason=reason)
    changes = (change(name),) if outcome is Outcome.PENDING else ()
    aspect = AspectPlan(aspect="time", outcome=outcome, changes=changes, reason=reason, disruption=Disruption.NONE)
    return DevicePlan(device=name, kind=Kind.CAMERA, site=site, aspects=(aspect,))


class FakeInventory:
    def __init__(self) -> None:
        told = [device(f"viet-hung-cam-0{n}", "viet_hung") for n in (1, 2)]
        told += [device(f"gia-thuy-cam-0{n}", "gia_thuy") for n in (1, 2)]
        self.devices = {d.name: d for d in told}

    def select(self, pattern: str) -> tuple[Device, ...]:
        if pattern == "all":
            return tuple(self.devices.values())
        found = tuple(d for d in self.devices.values() if pattern in (d.name, d.site, d.kind.value))
        if not found:
            raise UsageError(f"the pattern `{pattern}` matches nothing; see: fleetctl inventory graph")
        return found

    def sites(self) -> dict[str, Any]:
        names = {"viet_hung": "Phường Việt Hưng", "gia_thuy": "Phường Gia Thụy"}
        return {key: SimpleNamespace(key=key, name=name) for key, name in names.items()}


@dataclass
class Fleet:
    """What the fake operations shall tell, and what they were asked."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    after: dict[str, Outcome] = field(default_factory=dict)
    reason: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    inventory: FakeInventory = field(default_factory=FakeInventory)
    inventory_root: Path = Path("inventory")
    stop_by_person: bool = False
    stop_by_rule: bool = False

    def unlock(self) -> None:
        """Nobody is asked."""

    def waivers(self, device: Device) -> tuple[()]:
        return ()

    @property
    def store(self) -> SimpleNamespace:
        return SimpleNamespace(drift=lambda **asked: ())

    @property
    def journal(self) -> SimpleNamespace:
        return SimpleNamespace(runs=lambda **asked: ())

    @property
    def sent(self) -> bool:
        return any(name in ("apply", "adopt") for name, _ in self.calls)

    def observed(self, command: str) -> Callable[..., Iterator[Event]]:
        def run(workspace: Fleet, limit: str = "", aspects: tuple[str, ...] = (), **more: Any) -> Iterator[Event]:
            self.calls.append((command, {"limit": limit, "aspects": aspects}))
            for told in workspace.inventory.select(limit or "all"):
                outcome = self.outcomes.get(told.name, Outcome.UNCHANGED)
                yield Started(device=told.name, site=told.site)
                yield Planned(device=told.name, plan=plan_of(told.name, outcome, told.site, self.reason))
                yield Finished(device=told.name, site=told.site, outcome=outcome)
            if self.stop_by_person:
                more["stop"].request("interrupted", by_person=True)

        return run

    def apply(self, workspace: Fleet, plan: Any, options: Any = None, **more: Any) -> Iterator[Event]:
        self.calls.append(("apply", {"options": options, "devices": [d.device for d in plan.writes]}))
        if self.stop_by_rule:
            more["stop"].request("3 of the last 5 devices failed")
        for told in plan.writes:
            outcome = self.after.get(told.device, Outcome.CHANGED)
            yield Result(
                device=told.device,
                kind=told.kind,
                site=told.site,
                aspect="time",
                outcome=outcome,
                changes=told.aspects[0].changes,
            )
            yield Finished(device=told.device, site=told.site, outcome=outcome)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    from fleetctl.operations import audit, rollout, workspace

    told = Fleet()
    monkeypatch.setattr(workspace, "open_workspace", lambda start, inventory_dir=None, **_more: told)
    monkeypatch.setattr(rollout, "plan", told.observed("plan"))
    monkeypatch.setattr(rollout, "apply", told.apply)
    monkeypatch.setattr(audit, "audit", told.observed("audit"))
    return told


@pytest.fixture
def fleetctl(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the command in this process; no terminal, the C locale."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Ran:
        code = main(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run
