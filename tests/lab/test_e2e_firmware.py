"""Firmware as people roll it out, against cameras that take it, refuse it, lie about it and break by it."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fleetctl.lab import control, firmware
from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from tests.lab.killed import killed
from tests.lab.office import PILOT, Office
from tests.ran import Ran

QUICK = ("--soak", "0.01", "--flash-time", "1", "--min-uptime", "0")
LOST_QUICKLY = ("--flash-time", "0.1")  # for what never comes back
MODEL, OLD, NEW = "HI3516", "V1.07.21", "V1.08.03"


class Fleet:
    """Cameras of one model at their own site, adopted and in step."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.names = sorted(office.names())

    def image(self, version: str = NEW, *, models: tuple[str, ...] = (MODEL,), **effects: float) -> str:
        """Take an image into the catalogue and return its checksum."""
        path = self.office.root / f"{version}-{len(effects)}.bin"
        path.write_bytes(firmware.made(models, version, **effects))
        ran = self.office.expect(
            0, "firmware", "add", str(path), "--vendor", "generic", "--model", MODEL, "--version", version
        )
        sha256: str = ran.lines[0]["sha256"]
        return sha256

    def roll(self, code: int, *arguments: str) -> dict[str, dict[str, Any]]:
        """Roll out; returns what was told of each device."""
        return told(self.office.expect(code, "firmware", "roll", "--yes", *QUICK, *arguments))

    def uploads(self, name: str) -> int:
        """Return how many whole images came to a device."""
        counts = control.counts(self.office.lab_dir, name)
        return sum(n for operation, n in counts.items() if operation.startswith("firmware:image"))

    def wait_for_an_upload(self, running: subprocess.Popen[str]) -> None:
        """Wait until the first device has its image from a command that runs."""
        deadline = time.monotonic() + 60
        while not sum(self.uploads(name) for name in self.names):
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)


def told(ran: Ran) -> dict[str, dict[str, Any]]:
    return {line["name"]: line for line in ran.lines if line["type"] == "step"}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return made(tmp_path_factory.mktemp("firmware") / "template", 4)


def blank(root: Path, hosts: str) -> Office:
    """Return an office of one site with these devices."""
    init(root, PILOT)
    office = Office(root)
    for path in office.inventory.glob("*/*.yml"):
        path.unlink()
    office.write(
        "site.yml",
        "khu:\n  children:\n    phuong:\n      vars:\n        site_name: Phường Mẫu\n        site_network: 10.40.1\n"
        f"      hosts:\n{hosts}",
    )
    return office


def made(root: Path, number: int) -> Office:
    """Return an office of plain cameras of one model, in step, its lab down."""
    office = blank(
        root,
        "".join(
            f"        cam-{n}: {{ansible_host: 10.40.1.{n}, kind: camera, vendor: generic, desk: Quầy {n}}}\n"
            for n in range(1, number + 1)
        ),
    )
    office.lab_up()
    try:
        office.expect(0, "adopt", "--yes")
        office.expect(0, "apply", "--yes")
    finally:
        office.lab_down()
    return office


@pytest.fixture
def fleet(template: Office, tmp_path: Path) -> Iterator[Fleet]:
    office = template.copy(tmp_path / "office", boot_s=0.5, flash_s=0.3)
    office.forget()
    try:
        yield Fleet(office)
    finally:
        office.lab_down()


def test_a_standard_says_what_a_model_should_have_and_a_roll_out_brings_it_there(fleet: Fleet) -> None:
    fleet.image(rtsp_off=1.0, late_s=0.5)
    fleet.office.overlay(f"all: {{vars: {{firmware_target: {{{MODEL}: {NEW}}}}}}}")
    assert fleet.office.expect(3, "audit").aspect("cam-1", "firmware")["outcome"] == "pending"
    fleet.office.expect(3, "apply", "--yes")
    assert fleet.office.expect(2, "apply", "--resume", "--yes").err.count("nothing to resume") == 1, "not apply's to do"
    plan = told(fleet.office.expect(3, "firmware", "plan"))
    assert {(s["from"], s["to"], s["reason"]) for s in plan.values()} == {(OLD, NEW, "")}
    assert fleet.office.writes() == {}, "a plan sends nothing"
    done = fleet.roll(0, "november")
    assert {s["changed"] for s in done.values()} == {True}
    assert all("services.rtsp" in s["reason"] and "put back" in s["reason"] for s in done.values()), done
    assert {name: fleet.uploads(name) for name in fleet.names} == dict.fromkeys(fleet.names, 1)
    fleet.office.expect(0, "audit")
    status = told(fleet.office.expect(0, "firmware", "status"))
    assert {(s["from"], s["to"], s["outcome"]) for s in status.values()} <= {
        (OLD, NEW, "changed"),
        (OLD, NEW, "unchanged"),
    }


@pytest.mark.parametrize(
    ("effects", "reason"),
    [
        ({"no_stream": 1.0}, "its stream does not play"),
        ({"ignored": 1.0}, "has not started again"),
        ({"brick": 1.0}, "has not come back"),
    ],
    ids=["no stream", "never starts again", "bricked"],
)
def test_an_image_that_is_bad_for_every_device_stops_at_its_canary(
    fleet: Fleet, effects: dict[str, float], reason: str
) -> None:
    key = fleet.image(**effects)
    done = fleet.roll(1, "bad", "--image", key, *LOST_QUICKLY)
    touched = [name for name in fleet.names if fleet.uploads(name)]
    assert len(touched) == 1
    assert reason in done[touched[0]]["reason"]
    assert {done[name]["outcome"] for name in fleet.names if name not in touched} == {"pending"}
    again = fleet.roll(1, "--resume")
    assert again == done, "a halted roll-out stays halted"
    assert [name for name in fleet.names if fleet.uploads(name)] == touched


def test_an_image_that_the_device_does_not_take_halts_whether_it_is_for_another_model_or_was_cut_off_at_its_maker(
    fleet: Fleet,
) -> None:
    wrong = fleet.image(models=("HI9999",))
    cut = fleet.office.root / "cut.bin"
    cut.write_bytes(firmware.made((MODEL,), NEW, seed=1)[:-1])  # taken in as it came: its checksum agrees
    added = fleet.office.expect(
        0, "firmware", "add", str(cut), "--vendor", "generic", "--model", MODEL, "--version", NEW
    )
    for name, key in (("wrong", wrong), ("cut", added.lines[0]["sha256"])):
        done = fleet.roll(1, name, "--image", key)
        (canary,) = (s for s in done.values() if s["outcome"] == "failed")
        assert "does not take the image" in canary["reason"]
        assert [s["outcome"] for s in done.values()].count("pending") == len(fleet.names) - 1
        assert fleet.roll(1, "--resume", name) == done, "a halted roll-out stays halted"
        assert {fleet.office.real(each)["info"].get("firmware", OLD) for each in fleet.names} == {OLD}
    assert sum(fleet.uploads(name) for name in fleet.names) == 0


def test_a_link_that_drops_leaves_the_device_as_it_was_and_is_tried_again_once_it_is_due(fleet: Fleet) -> None:
    key = fleet.image()
    fleet.office.break_("cam-2", "upload-drop", share=0.9)
    done = fleet.roll(4, "drop", "--image", key)
    assert (done["cam-2"]["outcome"], done["cam-2"]["changed"]) == ("unreachable", False)
    assert "broke while the image was sent" in done["cam-2"]["reason"]
    fleet.office.mend("cam-2")
    assert fleet.roll(4, "--resume", "drop")["cam-2"]["outcome"] == "unreachable", "not due yet"
    done = fleet.roll(0, "--resume", "drop", "--again")
    assert done["cam-2"]["changed"]
    assert {name: fleet.uploads(name) for name in fleet.names} == dict.fromkeys(fleet.names, 1)


def test_an_image_that_was_cut_off_or_altered_in_the_store_goes_to_nobody(fleet: Fleet) -> None:
    key = fleet.image()
    path = fleet.office.state / "firmware" / f"{key}.bin"
    whole = path.read_bytes()
    for spoilt in (whole[:-1], whole[:-1] + b"?"):
        path.write_bytes(spoilt)
        ran = fleet.office.json("firmware", "roll", "x", "--yes", "--image", key)
        assert (ran.code, "is not the image that was taken in" in ran.err) == (2, True), ran
    assert fleet.office.writes() == {}


def test_a_disk_that_is_full_takes_no_image_in_and_says_so(template: Office) -> None:
    path = template.root / "large.bin"
    path.write_bytes(firmware.made((MODEL,), "V9.0.0", size=8_000_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (7_000_000, hard))  # the kernel's own refusal, not a fake's
    try:
        words = ("--vendor", "generic", "--model", MODEL, "--version", "V9.0.0")
        ran = template.json("firmware", "add", str(path), *words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (ran.code, "no room for it" in ran.err, "Nothing was taken in" in ran.err) == (2, True, True), ran
    assert [line for line in template.json("firmware", "list").lines if line["type"] == "image"] == []
    assert list((template.state / "firmware").iterdir()) == []


@pytest.fixture(scope="module")
def recorders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A site with a recorder of each maker that has a way of its own, adopted; cameras are elsewhere."""
    office = blank(
        tmp_path_factory.mktemp("recorders") / "office",
        "        nvr-1: {ansible_host: 10.40.2.1, kind: nvr, vendor: hikvision, model: DS-7608NI-K2}\n"
        "        nvr-2: {ansible_host: 10.40.2.2, kind: nvr, vendor: dahua, model: DHI-NVR5216-EI}\n",
    )
    office = Office(office.root, lab.Options(http_port=0, https_port=0, rtsp_port=0, boot_s=0.5, flash_s=0.5))
    office.overlay("all: {vars: {time_ntp_servers: [10.0.0.10], time_zone: Asia/Ho_Chi_Minh}}")
    office.lab_up()
    try:
        office.expect(0, "adopt", "--yes")
        office.expect(0, "apply", "--yes", "--aspect", "time")
        until = time.monotonic() + 30
        while any(abs(office.real(name)["now"] - time.time()) > 5 for name in ("nvr-1", "nvr-2")):
            assert time.monotonic() < until, "their clocks do not come right"
            time.sleep(0.1)
        yield office
    finally:
        office.lab_down()


@pytest.mark.parametrize(
    ("name", "vendor", "model", "version", "build"),
    [
        ("nvr-1", "hikvision", "DS-7608NI-K2", "V4.75.100", "240901"),
        ("nvr-2", "dahua", "DHI-NVR5216-EI", "5.001.0000000.9.R", "20250601"),
    ],
    ids=["isapi", "cgi"],
)
def test_a_recorder_gets_its_image_in_its_makers_own_way(
    recorders: Office, name: str, vendor: str, model: str, version: str, build: str
) -> None:
    told_by_device = f"{version}, Build Date {build}" if vendor == "dahua" else f"{version} build {build}"
    for number, models in enumerate((("another",), (model,))):
        path = recorders.root / f"{name}-{number}.bin"
        path.write_bytes(firmware.made(models, told_by_device, size=2_000_000, seed=number))
        words = ("--vendor", vendor, "--model", model, "--version", version, "--build", build)
        ran = recorders.expect(0, "firmware", "add", str(path), *words)
        fleet, key = Fleet(recorders), ran.lines[0]["sha256"]
        done = fleet.roll(1 - number, f"{name}-{number}", "--image", key, "--limit", name)
        if number == 0:
            assert "does not take the image" in done[name]["reason"]
            assert fleet.uploads(name) == 0
        else:
            assert done[name]["changed"], done
            assert fleet.uploads(name) == 1


def test_a_roll_out_that_is_killed_is_taken_up_by_what_each_device_is_and_sends_nothing_twice(fleet: Fleet) -> None:
    fleet.image()
    fleet.office.overlay(f"all: {{vars: {{firmware_target: {{{MODEL}: {NEW}}}}}}}")
    arguments = ("firmware", "roll", "killed", "--yes", *QUICK, "--limit", "cam-1,cam-2")
    assert killed(fleet.office, "uploaded", 2, *arguments), "at the first device of a ring, before the journal has it"
    assert [fleet.uploads(name) for name in ("cam-1", "cam-2")] == [1, 1]
    done = fleet.roll(0, "--resume", "killed")
    assert {s["changed"] for s in done.values()} == {True}
    assert [fleet.uploads(name) for name in ("cam-1", "cam-2")] == [1, 1]


def test_a_stop_file_lets_nothing_more_begin_whether_it_was_there_before_or_is_touched_in_the_middle(
    fleet: Fleet,
) -> None:
    key = fleet.image()
    stop = fleet.office.state / "firmware.stop"
    stop.touch()
    done = fleet.roll(3, "stopped", "--image", key, "--at-once", "1")
    assert {s["outcome"] for s in done.values()} == {"pending"}
    assert fleet.office.writes() == {}
    stop.unlink()
    running = fleet.office.child("--json", "firmware", "roll", "--resume", "stopped", "--yes")
    fleet.wait_for_an_upload(running)
    stop.touch()
    ran = fleet.office.ended(running)
    done = told(ran)
    assert f"{stop} is there" in ran.err, ran
    assert ran.code in (3, 130), "130: one had begun, and nothing was sent to it yet"
    through = [name for name, s in done.items() if s["changed"]]
    assert through == [name for name in fleet.names if fleet.uploads(name)], "what had begun was seen through"
    assert {s["outcome"] for name, s in done.items() if name not in through} <= {"pending", "interrupted"}
    stop.unlink()
    assert {s["changed"] for s in fleet.roll(0, "--resume").values()} == {True}
    assert {name: fleet.uploads(name) for name in fleet.names} == dict.fromkeys(fleet.names, 1)


def test_outside_their_windows_devices_wait(fleet: Fleet) -> None:
    fleet.image()
    begin = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")) + timedelta(hours=3)
    window = f"{begin:%H:%M}-{begin + timedelta(hours=1):%H:%M}"
    fleet.office.overlay(
        f"all: {{vars: {{firmware_target: {{{MODEL}: {NEW}}}, maintenance_window: '{window}', "
        "time_zone: Asia/Ho_Chi_Minh}}"
    )
    assert {s["outcome"] for s in fleet.roll(3, "later").values()} == {"pending"}
    assert fleet.office.writes() == {}
    done = fleet.roll(0, "--resume", "later", "--now", "--reason", "the site asked for it")
    assert {s["changed"] for s in done.values()} == {True}


@pytest.fixture
def axis(templates: Callable[[str], Office], tmp_path: Path) -> Iterator[Office]:
    """The make whose firmware is on trial until it is told to keep it."""
    office = templates("mixed").copy(tmp_path / "axis", boot_s=0.5, flash_s=0.3)
    office.forget()
    try:
        yield office
    finally:
        office.lab_down()


def test_firmware_on_trial_is_kept_after_the_gate_and_only_then(axis: Office) -> None:
    name, old = "mixed-axis", "11.9.60"
    for version, effects, code in (("11.11.1", {"no_stream": 1.0}, 1), ("11.11.73", {}, 0)):
        path = axis.root / f"{version}.bin"
        axis.expect(
            0, "lab", "image", str(path), "--model", "P3245-LV", "--version", version, *(f"{e}=1" for e in effects)
        )
        ran = axis.expect(
            0, "firmware", "add", str(path), "--vendor", "axis", "--model", "P3245-LV", "--version", version
        )
        done = Fleet(axis).roll(
            code, version, "--image", ran.lines[0]["sha256"], "--limit", name, *(LOST_QUICKLY if code else ())
        )
        info = axis.real(name)["info"]
        if code:
            assert "takes its old one back" in done[name]["reason"]
            assert (info["firmware"], info["uncommitted"]) == (version, old), "on trial"
            control.change(axis.lab_dir, name, "info", firmware=old, uncommitted=None, no_stream=False)  # minutes later
        else:
            assert done[name]["changed"]
            assert (info["firmware"], info["uncommitted"]) == (version, None), "kept"


def test_a_new_camera_at_another_address_takes_the_place_and_gets_the_firmware_that_is_wanted(fleet: Fleet) -> None:
    office, old, spare = fleet.office, "cam-1", "cam-4"
    fleet.image()
    serial, address = (office.real(spare)["identity"]["serial_number"], office.workspace.inventory.devices[spare])
    office.break_(spare, "reset")
    office.wait(spare)
    site = office.inventory / "site.yml"
    lines = site.read_text("utf-8").splitlines(keepends=True)
    site.write_text("".join(line for line in lines if f"{spare}:" not in line), "utf-8")
    office.lab_overlay_without(f"{spare}:")
    office.overlay(f"all: {{vars: {{firmware_target: {{{MODEL}: {NEW}}}}}}}")
    office.break_(old, "unplug")
    ran = office.expect(0, "device", "replace", old, "--address", address.endpoint.address, "--yes")
    steps = {line["step"]: (line["outcome"], line["reason"]) for line in ran.lines if line["type"] == "step"}
    assert list(steps) == ["retire", "adopt", "firmware", "apply"]
    assert steps["firmware"][0] == "changed"
    assert steps["firmware"][1].endswith(NEW)
    device = office.workspace.inventory.devices[old]
    assert (device.serial_number, device.endpoint.address) == (serial, address.endpoint.address)
    assert fleet.uploads(spare) == 1
