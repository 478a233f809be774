"""What is wrong at a site, put together: the table is whole, and one cause is one line."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

import pytest

from fleetctl.aspects.state import ChannelState, State
from fleetctl.aspects.storage import Disk, Health, Storage
from fleetctl.model import Device, Diagnosed, Endpoint, FrozenMap, Kind, Layer, Reading
from fleetctl.operations.diagnosis import CAUSES, found
from fleetctl.operations.diagnosis.chains import Chain
from fleetctl.operations.diagnosis.joining import joined
from fleetctl.operations.diagnosis.recorders import is_full


def device(name: str, kind: Kind, **more: Any) -> Device:
    return Device(name=name, kind=kind, site="site", endpoint=Endpoint(address="192.0.2.1"), **more)


SITE: Mapping[str, Device] = {
    each.name: each
    for each in (
        device("cam-1", Kind.CAMERA, switch_port="gi1/0/1"),
        device("cam-2", Kind.CAMERA, switch_port="gi1/0/2"),
        device("nvr", Kind.NVR, switch_port="gi1/0/3"),
        device("sw", Kind.SWITCH),
    )
}
GOOD = tuple(
    Chain(camera=name, answers=True, recorder="nvr", channel=name[-1], online=True, recording=True)
    for name in ("cam-1", "cam-2")
)


def own(**causes: str) -> dict[str, Diagnosed]:
    told = {name.replace("_", "-"): cause for name, cause in causes.items()}
    values = dict.fromkeys(("address", "disk", "told", "switch", "port"), "x")
    return {name: found(SITE[name], cause, **values) for name, cause in told.items()}


def lines(told: Mapping[str, Diagnosed], chains: tuple[Chain, ...] = GOOD) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {w.told.device: (w.told.cause, w.along) for w in joined(SITE, SITE, told, chains)}


def test_a_site_where_nothing_is_wrong_has_no_line() -> None:
    assert lines({}) == {}


def test_what_is_behind_a_switch_that_is_away_is_one_line() -> None:
    told = own(sw="no-answer", cam_1="no-answer", cam_2="no-answer")
    assert lines(told) == {"sw": ("no-answer", ("cam-1", "cam-2"))}


def test_a_camera_that_answers_although_its_switch_does_not_is_no_trouble() -> None:
    assert lines(own(sw="no-answer", cam_1="clock"))["sw"] == ("no-answer", ())


def test_where_nothing_answers_the_site_is_one_line_of_its_own() -> None:
    told = own(**dict.fromkeys(("sw", "cam_1", "cam_2", "nvr"), "no-answer"))
    (wrong,) = joined(SITE, SITE, told, GOOD)
    assert (wrong.told.device, wrong.told.cause, wrong.along) == ("site", "site-away", tuple(sorted(SITE)))


def test_channels_that_do_not_record_for_want_of_a_disk_are_the_disks_line() -> None:
    off = tuple(
        Chain(camera=c.camera, answers=True, recorder="nvr", channel=c.channel, online=True, cause="not-recording")
        for c in GOOD
    )
    assert lines(own(nvr="disk-failed"), off) == {"nvr": ("disk-failed", ("cam-1", "cam-2"))}
    assert set(lines({}, off)) == {"cam-1", "cam-2"}


def test_a_camera_that_is_ill_itself_is_told_by_that_and_not_by_its_channel() -> None:
    off = (Chain(camera="cam-1", answers=False, recorder="nvr", channel="1", online=False, cause="channel-offline"),)
    assert lines(own(cam_1="no-power"), off) == {"cam-1": ("no-power", ())}


def test_a_camera_that_no_recorder_has_is_told() -> None:
    assert lines({}, (Chain(camera="cam-1", answers=True),)) == {"cam-1": ("unbound", ())}


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_its_words_and_a_command_that_can_be_copied(cause: str) -> None:
    told = CAUSES[cause]
    assert isinstance(told.layer, Layer)
    names = {n for text in (told.text, told.mend, told.command) for _, n, _, _ in string.Formatter().parse(text) if n}
    values = dict.fromkeys(names - {"device", "site", "via"}, "x")
    diagnosis = found(SITE["cam-1"], cause, **values)
    command = told.command.format(**diagnosis.values)
    assert command.startswith("fleetctl ")
    assert "{" not in told.text.format(**diagnosis.values) + command


def readings(*, free_gb: float, recording: bool) -> dict[str, Reading]:
    channel = ChannelState(online=True, recording=recording)
    disk = Disk(health=Health.OK, free_gb=free_gb)
    return {
        "state": Reading(aspect="state", value=State(channels=FrozenMap({"1": channel}))),
        "storage": Reading(aspect="storage", value=Storage(disks=FrozenMap({"1": disk}))),
    }


@pytest.mark.parametrize(
    ("free_gb", "recording", "full"), [(0.0, False, True), (0.0, True, False), (10.0, False, False)]
)
def test_disks_are_full_where_pictures_come_and_nothing_is_kept_for_want_of_room(
    free_gb: float, recording: bool, full: bool
) -> None:
    assert is_full(readings(free_gb=free_gb, recording=recording)) is full
