"""What was seen on a network: addresses counted before anybody is asked, each device once, whose it is."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fleetctl.errors import UsageError
from fleetctl.model import Device, Endpoint, Kind
from fleetctl.operations.discovering import MOST_ADDRESSES, Sighting, Standing, addresses, joined
from fleetctl.operations.discovering.asking import neighbours
from fleetctl.operations.discovering.sightings import together

MAC = "c0:56:e3:00:00:01"


@pytest.mark.parametrize(
    ("ranges", "first", "last", "count"),
    [
        (["10.20.1.0/24"], "10.20.1.1", "10.20.1.254", 254),
        (["10.20.1.7/24"], "10.20.1.1", "10.20.1.254", 254),
        (["10.20.1.10-10.20.1.40"], "10.20.1.10", "10.20.1.40", 31),
        (["10.20.1.64"], "10.20.1.64", "10.20.1.64", 1),
        (["10.20.1.0/31"], "10.20.1.0", "10.20.1.1", 2),
        (["10.20.1.1-10.20.1.3", "10.20.1.2"], "10.20.1.1", "10.20.1.3", 3),
        (["10.20.0.0/20"], "10.20.0.1", "10.20.15.254", 4094),
    ],
)
def test_a_range_is_its_addresses(ranges: list[str], first: str, last: str, count: int) -> None:
    found = addresses(ranges)
    assert (found[0], found[-1], len(found)) == (first, last, count)


@pytest.mark.parametrize(
    "told", ["10.0.0.0/8", "0.0.0.0/0", "10.0.0.9-10.0.0.1", "cam", "10.0.0.1-x", "::1", "10.0.0.0/19"]
)
def test_a_range_that_is_none_or_too_large_is_refused_before_it_is_counted_out(told: str) -> None:
    begun = time.process_time()
    with pytest.raises(UsageError, match="--range"):
        addresses([told])
    assert time.process_time() - begun < 1


def test_ranges_together_may_not_be_more_than_one() -> None:
    with pytest.raises(UsageError, match=str(MOST_ADDRESSES)):
        addresses(["10.0.0.0/20", "10.0.16.0/28"])


def test_several_sightings_of_one_device_are_one() -> None:
    seen = together(
        [
            Sighting(address="10.0.0.1", model="DS-1", kind=Kind.CAMERA, ways=("ws-discovery",)),
            Sighting(address="10.0.0.1", mac_address=MAC, model="DS-1", vendor="hikvision", ways=("sadp",)),
        ]
    )
    assert [(s.mac_address, s.kind, s.ways) for s in seen] == [(MAC, Kind.CAMERA, ("sadp", "ws-discovery"))]


def test_two_devices_at_one_address_stay_two() -> None:
    two = [Sighting(address="192.168.1.64", mac_address=MAC[:-1] + n, model="DS-1") for n in "12"]
    assert len(together([*two, Sighting(address="192.168.1.64", model="DS-1", ways=("ws-discovery",))])) == 2


def test_this_machine_knows_the_mac_addresses_of_those_it_spoke_to(tmp_path: Path) -> None:
    told = tmp_path / "arp"
    told.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        f"10.0.0.1         0x1         0x2         {MAC}     *        eth0\n"
        "10.0.0.2         0x1         0x0         00:00:00:00:00:00     *        eth0\n",
        "ascii",
    )
    assert neighbours(told) == {"10.0.0.1": MAC}
    assert neighbours(tmp_path / "none") == {}


def inventory(*devices: Device) -> Any:
    tree = SimpleNamespace(hosts={d.name: d for d in devices}, groups={d.site: 1 for d in devices})
    return SimpleNamespace(devices={d.name: d for d in devices}, tree=tree)


def device(name: str, address: str, **more: Any) -> Device:
    more = {"kind": Kind.CAMERA, "site": "site", **more}
    return Device(name=name, endpoint=Endpoint(address=address), **more)


def seen(address: str, **more: Any) -> Sighting:
    return Sighting(address=address, **more)


@pytest.mark.parametrize(
    ("listed", "sighting", "standing"),
    [
        ({"mac_address": MAC}, seen("10.0.0.1", mac_address=MAC), Standing.KNOWN),
        ({"mac_address": MAC}, seen("10.0.0.9", mac_address=MAC), Standing.MOVED),
        ({"serial_number": "A-1"}, seen("10.0.0.1", serial_number="a1", mac_address=MAC), Standing.KNOWN),
        ({}, seen("10.0.0.1", mac_address=MAC), Standing.EXPECTED),
        ({"mac_address": MAC}, seen("10.0.0.1"), Standing.PRESUMED),
        ({"mac_address": MAC}, seen("10.0.0.1", mac_address="c0:56:e3:00:00:02"), Standing.ANOTHER),
        ({"mac_address": MAC}, seen("10.0.1.1", mac_address="c0:56:e3:00:00:02"), Standing.STRANGER),
        ({"serial_number": "A1", "vendor": "dahua"}, seen("10.0.1.1", serial_number="A1", vendor="axis"),
         Standing.STRANGER),
    ],
)  # fmt: skip
def test_what_is_seen_stands_to_the_inventory(listed: Any, sighting: Sighting, standing: Standing) -> None:
    (found,) = joined(inventory(device("cam", "10.0.0.1", **listed)), [sighting])
    assert found.standing is standing
    assert found.device == ("" if standing is Standing.STRANGER else "cam")


def test_a_stranger_gets_the_next_name_of_the_site_of_its_network() -> None:
    known = inventory(device("site-cam-01", "10.0.0.1", mac_address=MAC))
    strangers = joined(known, [seen("10.0.0.7"), seen("10.0.0.8"), seen("10.0.0.9", kind=Kind.NVR), seen("10.9.9.9")])
    assert [each.name for each in strangers] == ["site-cam-02", "site-cam-03", "site-nvr", ""]


def test_a_stranger_may_be_what_was_listed_and_is_not_there_yet() -> None:
    known = inventory(device("cam-01", "10.0.0.1"), device("cam-02", "10.0.0.2", vendor="axis"))
    (one,) = joined(known, [seen("192.168.1.64", mac_address=MAC, vendor="hikvision")], "site")
    assert (one.slot, one.name) == ("cam-01", "")


def test_the_port_says_which_of_several_places_it_is() -> None:
    known = inventory(
        device("sw", "10.0.0.250", kind=Kind.SWITCH, mac_address="02:00:00:00:00:01"),
        device("cam-01", "10.0.0.1", switch_port="gi1/0/1"),
        device("cam-02", "10.0.0.2", switch_port="gi1/0/2"),
    )
    two = [
        seen("192.168.1.64", mac_address=MAC, switch="sw", switch_port="gi1/0/2"),
        seen("192.168.1.64", mac_address=MAC[:-1] + "2"),
    ]
    assert [each.slots for each in joined(known, two, "site")] == [("cam-02",), ("cam-01",)]
