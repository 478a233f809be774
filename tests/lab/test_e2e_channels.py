"""Binding cameras to channels, driven by the command, where it goes wrong: half way, full, twice, locked; both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.office import Office
from tests.lab.recorders import QUICK, only

MODELS = {"k": ("hikvision", "DS-7608NI-K2"), "dahua": ("dahua", "DHI-NVR5216-EI")}
NVRS = ("dahua-nvr", "k-nvr")
FOUR = {"1", "2", "3", "4"}


def inventory() -> str:
    """Return two sites of four cameras and one recorder, whose channels nothing is said of."""
    lines = ["dau_ghi:", "  children:"]
    for number, (site, (vendor, model)) in enumerate(MODELS.items(), start=1):
        lines += [f"    {site}:", f"      vars: {{site_name: {site}, site_network: 10.32.{number}}}", "      hosts:"]
        lines += [
            f"        {site}-cam-{key}: {{ansible_host: 10.32.{number}.1{key}, kind: camera, vendor: {vendor}, "
            f"desk: Quầy {key}}}"
            for key in sorted(FOUR)
        ]
        lines += [
            f"        {site}-nvr: {{ansible_host: 10.32.{number}.2, kind: nvr, vendor: {vendor}, model: {model}, "
            "desk: Kho, reply_timeout_s: 2}"
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Give sites whose cameras are in step and whose recorders have no camera yet; the lab is down."""
    office = only(tmp_path_factory.mktemp("channels") / "template", inventory())
    office.lab_options = replace(QUICK, record_s=3.0, retry_s=1.0)  # eight channels: no busier than it must be
    office.lab_up()
    office.expect(0, "adopt", "--yes")
    office.expect(0, "apply", "--yes", "--limit", "camera", "--aspect", "users,time")
    office.expect(0, "apply", "--yes", "--limit", "nvr", "--aspect", "time")
    office.lab_down()
    return office


@pytest.fixture
def office(template: Office, tmp_path: Path) -> Iterator[Office]:
    made = template.copy(tmp_path / "channels")
    yield made
    made.lab_down()


def bind(office: Office, channels: Callable[[str], dict[str, object]]) -> None:
    """Say in the inventory what is on the channels of each recorder."""
    office.device_vars({f"{site}-nvr": {"channels_cameras": channels(site)} for site in MODELS})


def apply(office: Office, code: int, *names: str) -> dict[str, str]:
    """Apply the channels, one recorder after the other, and return what is said of each."""
    told = {}
    for name in names or NVRS:
        ran = office.expect(code, "apply", "--yes", "--limit", name, "--aspect", "channels")
        told[name] = f"{ran.outcomes[name]}: {ran.reason(name)}"
    return told


def online(office: Office, name: str) -> None:
    """Wait until every channel of a recorder is online."""
    deadline = time.monotonic() + 60
    while {link["state"] for link in office.real(name)["links"].values()} != {"online"}:
        assert time.monotonic() < deadline, office.real(name)["links"]
        time.sleep(0.2)


def test_recorders_that_stop_answering_half_way_through_four_channels_are_taken_up_again(office: Office) -> None:
    bind(office, lambda site: {key: f"{site}-cam-{key}" for key in FOUR})
    for name in NVRS:
        office.break_(name, "stall", writes=2)
        told = apply(office, 4, name)
        assert told[name].startswith("unreachable"), told
        assert set() < set(office.real(name)["channels"]) < FOUR
        office.mend(name)
        assert office.json("apply", "--yes", "--resume").code in (0, 4)  # 4: a channel is still connecting
        assert set(office.real(name)["channels"]) == FOUR
        ran = office.json("audit", "--limit", name, "--aspect", "channels")
        assert ran.outcomes == {name: "unchanged"}, ran


def test_a_full_recorder_and_a_camera_that_is_on_another_channel_are_told_and_the_rest_is_bound(
    office: Office,
) -> None:
    bind(office, lambda site: {"4": f"{site}-cam-1"})
    apply(office, 0)
    bind(office, lambda site: {"1": f"{site}-cam-1", "2": f"{site}-cam-2", "17": f"{site}-cam-3"})
    told = apply(office, 1)
    for name, channels in (("k-nvr", 8), ("dahua-nvr", 16)):
        assert f"cameras.17: the recorder has {channels} channels" in told[name], told[name]
        assert "cameras.1: 127.32." in told[name]
        assert "is on channel 4 of this recorder already; a person decides which it keeps" in told[name]
        assert set(office.real(name)["channels"]) == {"2", "4"}
    bind(office, lambda site: {"1": f"{site}-cam-1", "2": f"{site}-cam-2", "4": {"state": "absent"}})
    apply(office, 0)
    assert {name: set(office.real(name)["channels"]) for name in NVRS} == {name: {"1", "2"} for name in NVRS}


def test_a_locked_camera_and_a_locked_recorder_are_told_in_the_makers_terms_and_ours(office: Office) -> None:
    bind(office, lambda site: {"1": f"{site}-cam-1", "2": {"camera": f"{site}-cam-2", "protocol": "own"}})
    for site in MODELS:
        office.break_(f"{site}-cam-2", "lockout")
    told = apply(office, 1)
    assert "the camera has locked the recorder's account (userLocked); wait half an hour" in told["k-nvr"]
    assert "channel 2: bound, but the camera refuses the account" in told["dahua-nvr"]
    assert "locked it out (ConnectFailed)" in told["dahua-nvr"]
    for name in NVRS:
        assert set(office.real(name)["channels"]) == {"1", "2"}
        office.break_(name, "lockout")
    office.forget()
    for _ in range(2):
        ran = office.expect(1, "audit", "--limit", "nvr", "--aspect", "channels")
        assert set(ran.outcomes.values()) == {"refused"}
        assert all("locked" in ran.reason(name) for name in NVRS), {n: ran.reason(n) for n in NVRS}
    assert office.writes() == {}
    for name in ("k-nvr", "k-cam-2"):
        office.mend(name)
    online(office, "k-nvr")
    office.expect(0, "adopt", "--again", "--yes", "--limit", "k-nvr")  # a person has unlocked it and says so
    office.expect(0, "audit", "--limit", "k-nvr", "--aspect", "channels")
