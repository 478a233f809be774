"""Firmware as people roll it out, against cameras that take it, refuse it, lie about it and break by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab import control, firmware
from tests.lab.office import Office, Ran

QUICK = ("--soak", "0.01", "--flash-time", "1")
LOST_QUICKLY = ("--flash-time", "0.03")  # for what never comes back
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


def told(ran: Ran) -> dict[str, dict[str, Any]]:
    return {line["name"]: line for line in ran.lines if line["type"] == "step"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return made(tmp_path_factory.mktemp("firmware") / "template", 4)


def made(root: Path, number: int) -> Office:
    """Return an office of plain cameras of one model, in step, its lab down."""
    from tests.lab.office import PILOT, init

    init(root, PILOT)
    office = Office(root)
    for path in office.inventory.glob("*/*.yml"):
        path.unlink()
    hosts = "".join(
        f"        cam-{n}: {{ansible_host: 10.40.1.{n}, kind: camera, vendor: generic, desk: Quầy {n}}}\n"
        for n in range(1, number + 1)
    )
    office.write(
        "cameras.yml",
        "khu:\n  children:\n    phuong:\n      vars:\n        site_name: Phường Mẫu\n        site_network: 10.40.1\n"
        f"      hosts:\n{hosts}",
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


def test_an_image_for_another_model_is_refused_by_the_device_and_halts(fleet: Fleet) -> None:
    key = fleet.image(models=("HI9999",))
    done = fleet.roll(1, "wrong", "--image", key)
    (canary,) = (s for s in done.values() if s["outcome"] == "failed")
    assert "does not take the image" in canary["reason"]
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


def test_an_image_that_was_altered_in_the_store_goes_to_nobody(fleet: Fleet) -> None:
    key = fleet.image()
    path = fleet.office.state / "firmware" / f"{key}.bin"
    path.write_bytes(path.read_bytes()[:-1])
    ran = fleet.office.json("firmware", "roll", "x", "--yes", "--image", key)
    assert (ran.code, "is not the image that was taken in" in ran.err) == (2, True), ran
    assert fleet.office.writes() == {}
