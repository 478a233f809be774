"""What the inventory says of a switch by what it says of the devices on it."""

from __future__ import annotations

from pathlib import Path

from fleetctl import catalog, inventory
from fleetctl.aspects.ports import Port, Ports
from fleetctl.aspects.wiring import Seat
from fleetctl.model import ABSENT, Expectation, FrozenMap
from fleetctl.operations import wiring
from tests.unit.switch.fakes import device

ASPECTS = catalog.load().aspects
SITE = """\
vung:
  children:
    diem:
      vars: {site_name: x}
      hosts:
        sw-1: {ansible_host: 10.0.0.2, kind: switch, vendor: cisco}
%s"""


def faults(tmp_path: Path, hosts: str) -> list[str]:
    (tmp_path / "site.yml").write_text(SITE % "".join(f"        {line}\n" for line in hosts.splitlines()), "utf-8")
    return [str(fault) for fault in inventory.load(tmp_path, ASPECTS, strict=False).faults]


def test_a_port_at_no_switch_and_two_devices_on_one_port_are_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, "c1: {ansible_host: 10.0.0.3, kind: camera, switch_port: Gi1/0/1}") == []
    (one,) = faults(tmp_path, "c1: {ansible_host: 10.0.0.3, kind: camera, switch: sw-2, switch_port: gi1/0/1}")
    assert "did you mean sw-1?" in one
    two = "c1: {ansible_host: 10.0.0.3, kind: camera, switch_port: gi1/0/1}\nc2: {ansible_host: 10.0.0.4, kind: camera, switch_port: GigabitEthernet1/0/1}"  # noqa: E501
    (both,) = faults(tmp_path, two)
    assert "c1 and c2 are both on gi1/0/1 of sw-1" in both
    more = "sw-3: {ansible_host: 10.0.0.5, kind: switch, vendor: cisco}\nc1: {ansible_host: 10.0.0.3, kind: camera, switch_port: gi1/0/1}"  # noqa: E501
    (which,) = faults(tmp_path, more)
    assert "say which: switch: sw-1" in which


def test_a_wired_port_is_called_after_its_device_and_layers_are_merged() -> None:
    switch = device("cisco_ios")
    told = Expectation(
        aspect="ports",
        value=Ports(
            named=FrozenMap(
                {
                    "wired": Port(storm_control_percent=1.0, access_vlan=10),
                    "camera": Port(access_vlan=20),
                    "FastEthernet0/1": Port(poe_limit_w=7.0),
                    "gi0/1": Port(description="up"),
                }
            )
        ),
    )
    ports, seats = wiring.derived(switch, [told], ("ports", "wiring"))
    assert dict(ports.value.named) == {
        "fa0/1": Port(description="cam-01", enabled=True, access_vlan=20, storm_control_percent=1.0, poe_limit_w=7.0),
        "gi0/1": Port(description="up"),
    }
    assert dict(seats.value.devices) == {"cam-01": Seat(port="fa0/1")}


def test_what_nobody_says_is_not_managed_and_absent_stays_absent() -> None:
    from dataclasses import replace

    bare = replace(device("cisco_ios"), neighbours=())
    assert wiring.derived(bare, [], ("ports", "wiring", "time")) == ()
    gone = Ports(named=FrozenMap({"fa0/1": ABSENT}))  # type: ignore[dict-item]
    (ports,) = wiring.derived(device("cisco_ios"), [Expectation(aspect="ports", value=gone)], ("ports",))
    assert dict(ports.value.named) == {"fa0/1": ABSENT}
