"""Who gets what, and who goes with whom: hosts one by one, nothing with the switch that it hangs on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from netmiko.ssh_dispatcher import FILE_TRANSFER_MAP

from fleetctl import catalog
from fleetctl.executor import Stop
from fleetctl.model import (
    AspectPlan,
    Change,
    Device,
    DevicePlan,
    Endpoint,
    Expectation,
    FrozenMap,
    Gap,
    Image,
    Kind,
    Outcome,
)
from fleetctl.operations.firmware import refusals, steps
from fleetctl.operations.firmware.agreed import Rollout, Settings
from fleetctl.operations.firmware.hosts import in_words
from fleetctl.operations.firmware.roll import Roll
from fleetctl.operations.firmware.steps import Step
from fleetctl.protocols.ssh import platforms

TYPE = catalog.load().of_hosts["firmware"].type
IMAGE = Image(sha256="a" * 64, size=1, file_name="x.bin", vendor="h3c", models=("S5130",), version="2.0")


def device(name: str, kind: Kind = Kind.DESK, site: str = "one", **more: Any) -> Device:
    told = {"serial_number": f"id-{name}", "platform": "linux" if kind is Kind.DESK else ""}
    return Device(name=name, kind=kind, site=site, endpoint=Endpoint(address="10.1.1.1"), **(told | more))


class Workspace:
    """An inventory of these devices, and what it says of each by itself."""

    registry = catalog.load()

    def __init__(self, *devices: Device, **values: Any) -> None:
        self.own = {name: SimpleNamespace(value=value) for name, value in values.items()}
        self.inventory = SimpleNamespace(devices={d.name: d for d in devices}, values=lambda _name: self.own)
        self.expected: dict[str, Any] = {}

    def expectations(self, device: Device, _aspects: tuple[str, ...]) -> tuple[Expectation, ...]:
        told = self.expected.get(device.name)
        return () if told is None else (told,)


def planned(one: Device, *changes: Change, value: Any = None, model: str = "", **more: Any) -> DevicePlan:
    gaps = tuple(Gap(field=c.field, key=c.key, outcome=Outcome.PENDING, reason="to do") for c in changes)
    pending = AspectPlan(
        aspect="firmware",
        outcome=Outcome.PENDING if changes else Outcome.UNCHANGED,
        gaps=gaps,
        expected=value if value is not None else TYPE(upgrade="safe"),
    )
    return DevicePlan(device=one.name, kind=one.kind, site=one.site, aspects=(pending,), model=model, **more)


def test_a_hosts_lane_is_its_kind_and_the_state_it_is_to_have() -> None:
    desk = device("desk")
    value = TYPE(packages=FrozenMap({"b": "2", "a": "1"}), holds=("linux-image",), reboot="never")
    change = Change(device="desk", aspect="firmware", field="packages")
    step = steps._step(Workspace(desk), planned(desk, change, value=value), (), chosen=False, allow_reset=False)  # type: ignore[arg-type]
    assert step.active
    assert step.lane == "Linux desk: a 1; b 2; others: safe; held: linux-image; no restart"
    there = steps._step(Workspace(desk), planned(desk, value=value), (), chosen=False, allow_reset=False)  # type: ignore[arg-type]
    assert (there.active, there.outcome, there.refused) == (
        False,
        Outcome.UNCHANGED,
        "has its packages as wanted already",
    )
    assert in_words(Expectation(aspect="firmware", value=value)) == step.target


def test_a_host_of_whose_packages_nothing_is_said_is_left_alone_and_told() -> None:
    desk = device("desk")
    step = steps._step(
        Workspace(desk), DevicePlan(device="desk", kind=Kind.DESK, site="one"), (), chosen=False, allow_reset=False
    )
    assert (step.active, step.outcome) == (False, Outcome.UNCHANGED)
    assert "firmware_packages" in step.refused


@pytest.mark.parametrize(
    ("port", "switch", "goes"), [("gi1/0/1", "sw", False), ("", "", False), ("gi1/0/1", "b", True)]
)
def test_what_hangs_on_a_switch_of_the_roll_out_or_may_do_so_is_left_out(port: str, switch: str, goes: bool) -> None:
    desk = device("desk", switch_port=port, switch=switch)
    there = Workspace(desk, device("sw", Kind.SWITCH), device("b", Kind.SWITCH), device("far", site="two"))
    names = {"desk", "sw", "far"}
    why = {name: refusals.together(there, name, names) for name in names}  # type: ignore[arg-type]
    assert (why["desk"] == "") is goes
    assert (why["sw"], why["far"]) == ("", ""), "another site's"


def test_two_hosts_of_one_site_are_never_at_work_at_once() -> None:
    names = {"a1": "a", "b1": "b", "a2": "a", "a3": "a"}
    there = Workspace(*(device(name, site=site) for name, site in names.items()))
    told = tuple(Step(device=name, model="Linux desk", target="safe", packages=True) for name in names)
    rollout = Rollout(name="r", steps=told, rings={}, settings=Settings())
    tasks = Roll(there, rollout, Stop())._tasks(tuple(names))  # type: ignore[arg-type]
    assert {task.name: task.after for task in tasks} == {"a1": (), "b1": (), "a2": ("a1",), "a3": ("a2",)}
    assert {task.batch for task in tasks} == {""}, "each is a piece of work of its own"


@pytest.mark.parametrize("name", sorted(platforms.all_platforms()))
def test_every_make_of_switch_takes_firmware_or_says_why_not_before_anything_is_sent(name: str) -> None:
    platform = platforms.all_platforms()[name]
    switch = device("sw", Kind.SWITCH, vendor=platform.vendors[0])
    image = replace(IMAGE, vendor=platform.vendors[0])
    plan = planned(switch, model="S5130", manufacturer=platform.manufacturer, firmware="1.0")
    step = steps._step(Workspace(switch), plan, (image,), chosen=True, allow_reset=False)  # type: ignore[arg-type]
    copied = platform.netmiko in FILE_TRANSFER_MAP and platform.name == platform.netmiko
    assert step.active is copied is (platform.upgrade is not None), "SCP where netmiko supports it"
    if not copied:
        assert (step.outcome, platform.cannot["firmware"] in step.refused) == (Outcome.UNSUPPORTED, True)


def test_a_switch_that_takes_only_what_is_newer_is_refused_an_older_one() -> None:
    switch = device("sw", Kind.SWITCH, vendor="mikrotik")
    plan = planned(switch, model="S5130", manufacturer="MikroTik", firmware="7.16.1")
    image = replace(IMAGE, vendor="mikrotik", version="7.16")
    step = steps._step(Workspace(switch), plan, (image,), chosen=True, allow_reset=False)  # type: ignore[arg-type]
    assert (step.active, step.outcome) == (False, Outcome.REFUSED)
    assert "only what is newer" in step.refused
