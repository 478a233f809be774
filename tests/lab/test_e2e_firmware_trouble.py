"""What goes wrong in a roll-out, each with its own end: Ctrl-C, power lost in mid-flash, a maker's interface shut."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from fleetctl.lab import firmware
from fleetctl.operations import lab
from tests.lab.office import Office
from tests.lab.test_e2e_firmware import LOST_QUICKLY, MODEL, NEW, QUICK, Fleet, blank, fleet, template, told

TARGETS = (
    "all: {vars: {device_language: multi, firmware_target: "
    "{DS-2CD2143G2-I: V5.7.17 build 240101, DS-7608NI-K2: V4.75.100 build 240901}}}"
)
__all__ = ["fleet", "template"]  # fixtures


def test_ctrl_c_begins_nothing_more_and_sees_through_what_is_at_work(fleet: Fleet) -> None:
    key = fleet.image(rtsp_off=1.0)
    running = fleet.office.child(
        "--json", "firmware", "roll", "held", "--yes", *QUICK, "--at-once", "1", "--image", key
    )
    fleet.wait_for_an_upload(running)
    running.send_signal(signal.SIGINT)
    ran = fleet.office.ended(running)
    assert ran.code == 130, ran
    done = told(ran)
    through = {name: s for name, s in done.items() if s["changed"]}
    assert list(through) == [name for name in fleet.names if fleet.uploads(name)]
    assert all("services.rtsp: put back" in s["reason"] for s in through.values())
    assert {s["outcome"] for name, s in done.items() if name not in through} <= {"pending", "interrupted"}
    assert {s["changed"] for s in fleet.roll(0, "--resume", "held").values()} == {True}
    assert {name: fleet.uploads(name) for name in fleet.names} == dict.fromkeys(fleet.names, 1)


def test_power_lost_in_mid_flash_halts_and_after_the_technicians_reset_it_is_adopted_again(fleet: Fleet) -> None:
    key, office = fleet.image(), fleet.office
    office.break_("cam-1", "flash-power-cut")
    done = fleet.roll(1, "cut", "--image", key, *LOST_QUICKLY)
    assert "has not come back" in done["cam-1"]["reason"]
    assert "a technician may have to reset it" in done["cam-1"]["reason"]
    assert fleet.roll(1, "--resume", "cut", "--again") == done, "halted, and nothing sent twice"
    assert [fleet.uploads(name) for name in fleet.names] == [1, 0, 0, 0]
    assert office.expect(4, "audit", "--limit", "cam-1").outcomes == {"cam-1": "unreachable"}
    office.mend("cam-1")
    office.break_("cam-1", "reset")  # the button
    office.wait("cam-1", within_s=30)
    office.expect(0, "adopt", "--again", "--yes", "--limit", "cam-1")
    office.expect(0, "apply", "--yes", "--limit", "cam-1")
    office.wait_for_clock("cam-1")
    done = fleet.roll(0, "once-more", "--image", key, "--limit", "cam-1")
    assert done["cam-1"]["changed"]


def test_an_image_that_leaves_a_device_factory_new_halts_and_says_how_it_is_taken_in_again(fleet: Fleet) -> None:
    office, key = fleet.office, fleet.image(factory_new=1.0)
    words = ("--vendor", "generic", "--model", MODEL, "--version", NEW, "--needs-reset")
    office.expect(0, "firmware", "add", str(office.root / f"{NEW}-1.bin"), *words)  # described anew
    plan = told(office.expect(1, "firmware", "plan", "--image", key))
    assert all("--allow-reset" in step["reason"] for step in plan.values())
    done = fleet.roll(1, "resets", "--image", key, "--allow-reset")
    assert done["cam-1"]["outcome"] == "refused"
    assert "since its upgrade it refuses its login" in done["cam-1"]["reason"]
    assert "fleetctl adopt --again --limit cam-1" in done["cam-1"]["reason"]
    judged = office.workspace.journal.entries(device="cam-1", events=("LoginJudged",))
    assert [e.payload["accepted"] for e in judged].count(False) == 1, "presented once, and never again"
    assert [fleet.uploads(name) for name in fleet.names] == [1, 0, 0, 0]
    office.expect(0, "adopt", "--again", "--yes", "--limit", "cam-1")
    plan = told(office.json("firmware", "plan", "--image", key, "--allow-reset"))
    assert plan["cam-1"]["reason"] == f"has {NEW} already"
    assert [plan[name]["reason"] for name in fleet.names[1:]] == ["", "", ""]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A newer Hikvision camera and its recorder, adopted."""
    office = blank(
        tmp_path_factory.mktemp("hall") / "office",
        "        cam: {ansible_host: 10.42.1.11, kind: camera, vendor: hikvision, model: DS-2CD2143G2-I, desk: Quầy}\n"
        "        rec:\n          ansible_host: 10.42.1.2\n          kind: nvr\n          vendor: hikvision\n"
        '          model: DS-7608NI-K2\n          channels_cameras: {"1": cam}\n',
    )
    quick = {"record_s": 0.5, "retry_s": 0.5, "boot_s": 0.5, "flash_s": 0.3}
    office = Office(office.root, lab.Options(http_port=0, https_port=0, rtsp_port=0, **quick))
    office.overlay(TARGETS)
    office.lab_up()
    try:
        office.expect(0, "adopt", "--yes")
        office.json("apply", "--yes", "--limit", "cam")
        office.wait_for_clock("cam")
        yield office
    finally:
        office.lab_down()


def image(office: Office, model: str, version: str, build: str, *more: str, **effects: float) -> str:
    """Take an image of Hikvision's in; returns its checksum."""
    path = office.root / f"{model}-{len(effects)}-{len(more)}.bin"
    path.write_bytes(firmware.made((model,), f"{version} build {build}", seed=len(more), **effects))
    words = ("--vendor", "hikvision", "--model", model, "--version", version, "--build", build)
    key: str = office.expect(0, "firmware", "add", str(path), *words, *more).lines[0]["sha256"]
    return key


def test_a_camera_is_never_rolled_together_with_its_recorder(hall: Office) -> None:
    image(hall, "DS-2CD2143G2-I", "V5.7.17", "240101")
    image(hall, "DS-7608NI-K2", "V4.75.100", "240901")
    plan = told(hall.json("firmware", "plan"))
    assert "not together with its recorder rec" in plan["cam"]["reason"]
    assert plan["rec"]["reason"] == ""
    assert told(hall.expect(3, "firmware", "plan", "--limit", "cam"))["cam"]["reason"] == ""


def test_what_an_image_is_for_is_held_against_the_device_and_every_refusal_is_on_record(hall: Office) -> None:
    hall.forget()
    cases = {
        ("--region", "CN"): "nothing says this device's: device_region",
        ("--oem", "00KB001"): "nothing says this device's: device_oem",
        ("--language", "zh"): "is for the language zh, the device has multi",
        ("--needs-reset",): "--allow-reset",
        ("--min-from", "V5.7.16"): "reached from V5.7.16 on only",
        ("--hardware", "IPC_G9"): "is of the hardware line",
    }
    for number, (more, reason) in enumerate(cases.items(), 1):
        key = image(hall, "DS-2CD2143G2-I", "V5.7.18", f"24030{number}", *more)
        if more[0] == "--hardware":  # the device itself is asked, just before
            ran = told(hall.json("firmware", "roll", "line", "--yes", *QUICK, "--limit", "cam", "--image", key))
        else:
            ran = told(hall.expect(1, "firmware", "plan", "--limit", "cam", "--image", key))
        assert (ran["cam"]["outcome"], reason in ran["cam"]["reason"]) == ("refused", True), ran
    assert hall.writes("cam") == {}
    fits = image(hall, "DS-2CD2143G2-I", "V5.7.18", "240309", "--language", "MULTI")
    assert told(hall.expect(3, "firmware", "plan", "--limit", "cam", "--image", fits))["cam"]["reason"] == ""


def test_onvif_that_an_upgrade_switched_off_is_put_back_over_the_makers_interface_and_told(hall: Office) -> None:
    key = image(hall, "DS-2CD2143G2-I", "V5.7.19", "240826", onvif_off=1.0, rtsp_off=1.0)
    done = told(hall.expect(0, "firmware", "roll", "off", "--yes", *QUICK, "--limit", "cam", "--image", key))
    assert done["cam"]["changed"], done
    assert "switched ONVIF off: switched on again over its maker's interface" in done["cam"]["reason"]
    assert hall.real("cam")["vendor"]["onvif"] is True


def test_a_recorder_is_judged_by_footage_newer_than_its_upgrade_and_how_it_stood_is_on_record(hall: Office) -> None:
    hall.json("apply", "--yes", "--limit", "rec")  # its firmware is not the one that is wanted, and apply leaves it
    hall.wait_for_clock("rec")
    deadline = time.monotonic() + 60
    while not hall.real("rec")["links"]["1"]["recording"]:
        assert time.monotonic() < deadline, hall.real("rec")["links"]
        time.sleep(0.1)
    good = image(hall, "DS-7608NI-K2", "V4.75.200", "250101")
    silent = image(hall, "DS-7608NI-K2", "V4.75.300", "250601", no_footage=1.0)
    done = told(hall.expect(0, "firmware", "roll", "well", "--yes", *QUICK, "--limit", "rec", "--image", good))["rec"]
    before, after = done["before"]["alive"]["1"], done["after"]["alive"]["1"]
    assert (before["well"], after["well"]) == (True, True)
    assert after["newest"] > before["newest"]
    assert done["after"]["version"] == "V4.75.200 build 250101"
    reason = done["reason"]
    assert reason.startswith(
        f"before the upgrade: 1 of 1 channels recorded, newest {before['newest']}; after the upgrade: 1 of 1"
    ), reason
    arguments = ("silent", "--yes", *QUICK, "--flash-time", "0.2", "--limit", "rec", "--image", silent)
    done = told(hall.expect(1, "firmware", "roll", *arguments))["rec"]
    assert "channel 1 was recorded before and is not within 12 s" in done["reason"]
    assert "before the upgrade: 1 of 1 channels recorded" in done["reason"]
