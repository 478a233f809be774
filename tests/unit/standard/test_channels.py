"""What the inventory makes of a recorder's channels: filled in from its cameras, or refused with a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from fleetctl import catalog
from fleetctl.aspects.channels import BoundCamera, Credential, Speech
from fleetctl.aspects.recording import Schedule, Track
from fleetctl.aspects.retention import Kept, Retention, held_days, judge
from fleetctl.errors import InventoryError
from fleetctl.inventory.values import Value
from fleetctl.model import ABSENT, Device, Endpoint, FrozenMap, Kind, Outcome, Place, SecretRef
from fleetctl.standard import expect


def device(name: str, kind: Kind, address: str, **more: Any) -> Device:
    return Device(name=name, kind=kind, site="s", endpoint=Endpoint(address=address), user="fleetctl", **more)


@dataclass
class Site:
    """A recorder and its cameras, as an inventory has them."""

    told: Mapping[str, Mapping[str, Any]]
    devices: dict[str, Device] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.devices = {
            "nvr": device("nvr", Kind.NVR, "10.0.0.2"),
            "cam-1": device("cam-1", Kind.CAMERA, "10.0.0.11"),
            "cam-2": device("cam-2", Kind.CAMERA, "10.0.0.12"),
            "poe": device("poe", Kind.CAMERA, "", behind="nvr", channel=4),
        }

    def values(self, device_name: str) -> dict[str, Value]:
        return {
            name: Value(value=value, raw=value, place=Place(file="site.yml", line=number, column=5))
            for number, (name, value) in enumerate(self.told.get(device_name, {}).items(), start=1)
        }


def of(aspect: str, **told: Any) -> Any:
    cameras = {"time_ntp_servers": ["10.0.0.10"], "video_main_bitrate_kbps": 2048}
    site = Site({"nvr": told, "cam-1": cameras, "cam-2": cameras | {"network_address": "10.9.9.12"}})
    return expect(site.devices["nvr"], site, catalog.load().aspects[aspect])


def test_a_channel_is_filled_in_from_its_camera_and_one_word_is_enough() -> None:
    told = of(
        "channels", channels_user="ghihinh", channels_cameras={"1": "cam-1", "2": {"camera": "cam-2", "name": "B"}}
    )
    assert told.value.cameras["1"] == BoundCamera(
        camera="cam-1",
        protocol=Speech.ONVIF,
        address="10.0.0.11",
        port=80,
        user="ghihinh",
        password=SecretRef(device="cam-1", account="ghihinh"),
        credential=Credential.ACCEPTED,
        sets_clock=False,
    )
    assert (told.value.cameras["2"].address, told.value.cameras["2"].name) == ("10.9.9.12", "B")


def test_a_host_may_add_and_take_off() -> None:
    told = of(
        "channels",
        channels_user="ghihinh",
        channels_port=8080,
        channels_cameras={"1": "cam-1"},
        channels_cameras_host={"1": {"state": "absent"}, "2": "cam-2", "4": "poe"},
    )
    assert told.value.cameras["1"] is ABSENT
    assert told.value.cameras["2"].port == 8080
    assert told.value.cameras["4"] == BoundCamera(camera="poe")


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        ({"1": "cam-3"}, "cam-3 is no camera of s. Mend: did you mean cam-"),
        ({"1": "nvr"}, "nvr is no camera of s"),
        ({"1": {"name": "x"}}, "names no camera"),
        ({"1": "cam-1", "2": "cam-1"}, "cam-1 is on channel 1 already"),
        ({"1": "poe"}, "poe is behind nvr, channel 4"),
        ({"0": "cam-1"}, "has the key"),
        ({"1": 7}, "not a mapping"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(cameras: Any, words: str) -> None:
    with pytest.raises(InventoryError) as caught:
        of("channels", channels_user="ghihinh", channels_cameras=cameras)
    assert words in str(caught.value)
    assert "site.yml:2:5" in str(caught.value)


def test_an_account_for_the_cameras_is_needed() -> None:
    with pytest.raises(InventoryError, match="set channels_user"):
        of("channels", channels_cameras={"1": "cam-1"})


def test_what_is_said_of_recording_holds_for_every_bound_channel_and_one_may_be_otherwise() -> None:
    told = of(
        "recording",
        channels_cameras={"1": "cam-1", "2": "cam-2"},
        recording_schedule="always",
        recording_channels={"2": {"schedule": "motion"}},
    )
    assert told.value.channels == FrozenMap(
        {"1": Track(schedule=Schedule.ALWAYS), "2": Track(schedule=Schedule.MOTION)}
    )
    with pytest.raises(InventoryError, match="office hours are not said"):
        of("recording", channels_cameras={"1": "cam-1"}, recording_schedule="office")
    with pytest.raises(InventoryError, match="what a device tells"):
        of("recording", channels_cameras={"1": "cam-1"}, recording_schedule="other")


def test_days_are_arithmetic_over_what_the_cameras_are_set_to_where_the_recorder_does_not_tell() -> None:
    told = of("retention", channels_cameras={"1": "cam-1", "2": "cam-2"}, retention_days=30, retention_at_least_days=30)
    assert told.value.channels == FrozenMap({"1": Kept(days=30), "2": Kept(days=30)})
    assert told.value.camera_kbps == 4096
    assert held_days(1000.0, 4096) == 21.5
    (gap,) = judge(Retention(used=2, capacity_gb=1000.0), told.value)
    assert (gap.outcome, gap.nearest) == (Outcome.UNSUPPORTED, "21.5")
    assert judge(Retention(used=2, capacity_gb=2000.0), told.value) == ()
    assert judge(Retention(used=0), told.value) == ()
