"""Firmware of switches over real SSH and SCP: room, checksum, boot variable, reload, links; and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab import control, firmware
from fleetctl.operations import lab
from tests.lab.office import Office
from tests.lab.test_e2e_firmware import LOST_QUICKLY, QUICK, blank, told

MODEL, OLD, NEW = "WS-C2960X-24PS-L", "15.2(7)E4", "15.2(7)E11"
FILE = "c2960x-universalk9-mz.152-7.E11.bin"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Two sites with a switch and a camera on it each, adopted and in step, the lab down."""
    root = tmp_path_factory.mktemp("switches") / "office"
    office = Office(blank(root, "").root, lab.Options(http_port=0, https_port=0, rtsp_port=0, ssh_port=0, boot_s=0.5))
    office.write(
        "site.yml",
        "khu:\n  children:\n"
        + "".join(
            f"    phuong_{n}:\n      vars: {{site_name: Phường {n}, site_network: 10.41.{n}}}\n      hosts:\n"
            f"        sw-{n}: {{ansible_host: 10.41.{n}.3, kind: switch, vendor: cisco}}\n"
            f"        cam-{n}: {{ansible_host: 10.41.{n}.11, kind: camera, vendor: generic, desk: Quầy, "
            "switch_port: gi1/0/1}\n"
            for n in (1, 2)
        ),
    )
    office.lab_up()
    try:
        office.expect(0, "adopt", "--yes")
        office.json("apply", "--yes")
    finally:
        office.lab_down()
    return office


@pytest.fixture
def office(template: Office, tmp_path: Path) -> Iterator[Office]:
    made = template.copy(tmp_path / "office")
    made.forget()
    try:
        yield made
    finally:
        made.lab_down()


def image(office: Office, *, models: tuple[str, ...] = (MODEL,), **effects: float) -> str:
    """Take an image into the catalogue, and return its checksum."""
    path = office.root / FILE
    path.write_bytes(firmware.made(models, NEW, size=300_000, **effects))
    words = ("--vendor", "cisco", "--model", MODEL, "--version", NEW)
    sha256: str = office.expect(0, "firmware", "add", str(path), *words).lines[0]["sha256"]
    return sha256


def roll(office: Office, code: int, *arguments: str) -> dict[str, dict[str, Any]]:
    return told(office.expect(code, "firmware", "roll", "--yes", *QUICK, *arguments))


def copies(office: Office, name: str) -> int:
    return sum(n for what, n in control.counts(office.lab_dir, name).items() if what.startswith("firmware:image"))


def test_a_switch_is_given_its_image_by_scp_and_nothing_behind_it_goes_with_it(office: Office) -> None:
    image(office)
    office.overlay(f"all: {{vars: {{firmware_target: {{{MODEL}: '{NEW}', HI3516: V9.9.9}}}}}}")
    plan = told(office.expect(3, "firmware", "plan", "--limit", "switch"))
    assert {(s["from"], s["to"], s["reason"]) for s in plan.values()} == {(OLD, NEW, "")}
    done = roll(office, 0, "switches", "--limit", "switch")
    assert {s["changed"] for s in done.values()} == {True}, done
    for name in ("sw-1", "sw-2"):
        state = office.real(name)
        assert copies(office, name) == 1
        assert f"boot system flash:/{FILE}" in state["startup"]
        assert "ip scp server enable" not in state["running"], "let in for the copy only"
        assert not state["unsaved"]
        kept = (office.root / "backups" / f"phuong_{name[-1]}" / f"{name}.txt").read_text("utf-8")
        assert "boot system" not in kept, "its configuration was taken before"
    office.expect(0, "firmware", "status", "switches")


def test_what_hangs_on_a_switch_is_left_for_the_next_window(office: Office) -> None:
    image(office)
    camera = office.root / "camera.bin"
    camera.write_bytes(firmware.made(("HI3516",), "V9.9.9"))
    words = ("--vendor", "generic", "--model", "HI3516", "--version", "V9.9.9")
    office.expect(0, "firmware", "add", str(camera), *words)
    office.overlay(f"all: {{vars: {{firmware_target: {{{MODEL}: '{NEW}', HI3516: V9.9.9}}}}}}")
    plan = told(office.json("firmware", "plan"))
    assert "not together with the switch sw-1" in plan["cam-1"]["reason"]
    assert plan["cam-1"]["outcome"] == "refused"
    assert plan["sw-1"]["reason"] == ""
    alone = told(office.expect(3, "firmware", "plan", "--limit", "camera"))
    assert {s["reason"] for s in alone.values()} == {""}


def test_an_image_for_another_model_leaves_a_switch_on_its_old_one_and_halts(office: Office) -> None:
    key = image(office, models=("WS-C3560",))
    done = roll(office, 1, "wrong", "--image", key, "--limit", "switch", *LOST_QUICKLY)
    (canary,) = (s for s in done.values() if s["outcome"] == "failed")
    assert f"has {OLD}, not {NEW}" in canary["reason"]
    assert [s["outcome"] for s in done.values()].count("pending") == 1


def test_no_room_and_a_broken_copy_each_have_their_own_end_and_nothing_is_copied_twice(office: Office) -> None:
    key = image(office)
    office.break_("sw-1", "disk-full")
    office.break_("sw-2", "upload-drop", share=0.9)
    done = roll(office, 1, "trouble", "--image", key, "--limit", "switch")
    assert (done["sw-1"]["outcome"], done["sw-1"]["uploads"]) == ("refused", 0)
    assert "0.0 MB free, the image takes 0.3" in done["sw-1"]["reason"]
    assert (done["sw-2"]["outcome"], copies(office, "sw-2")) == ("unreachable", 0)
    assert "broke while the image was sent" in done["sw-2"]["reason"]
    office.mend("sw-1")
    office.mend("sw-2")
    done = roll(office, 0, "--resume", "trouble", "--again")
    assert {s["changed"] for s in done.values()} == {True}, done
    assert [copies(office, name) for name in ("sw-1", "sw-2")] == [1, 1]


BOARD, PACKAGE = "CRS318-16P-2S+", "routeros-7.16.1-arm.npk"


@pytest.fixture
def routeros(tmp_path: Path) -> Iterator[Office]:
    """A MikroTik switch and a camera on it, adopted."""
    office = blank(
        tmp_path / "routeros",
        "        sw: {ansible_host: 10.43.1.3, kind: switch, vendor: mikrotik}\n"
        "        cam: {ansible_host: 10.43.1.11, kind: camera, vendor: generic, desk: Quầy, switch_port: ether2}\n",
    )
    made = Office(office.root, lab.Options(http_port=0, https_port=0, rtsp_port=0, ssh_port=0, boot_s=0.5))
    made.lab_up()
    try:
        made.expect(0, "adopt", "--yes", "--limit", "sw")
        yield made
    finally:
        made.lab_down()


def package(office: Office, version: str, *, models: tuple[str, ...] = (BOARD,), cut: int = 0) -> str:
    """Take a package in as its maker names it, and return its checksum."""
    path = office.root / f"routeros-{version}-arm.npk"
    whole = firmware.made(models, version, size=300_000)
    path.write_bytes(whole[: len(whole) - cut])
    words = ("--vendor", "mikrotik", "--model", BOARD, "--version", version)
    sha256: str = office.expect(0, "firmware", "add", str(path), *words).lines[0]["sha256"]
    return sha256


def test_a_mikrotik_takes_a_newer_package_at_its_start_and_each_thing_that_is_wrong_has_its_own_end(
    routeros: Office,
) -> None:
    cut = package(routeros, "7.15.3", cut=1)
    done = roll(routeros, 1, "cut", "--image", cut, "--limit", "sw")
    assert "does not take the image" in done["sw"]["reason"]
    assert "holds no package as it reads it" in done["sw"]["reason"]
    wrong = package(routeros, "7.16", models=("CRS326-24G-2S+",))
    done = roll(routeros, 1, "wrong", "--image", wrong, "--limit", "sw", "--flash-time", "0.2")
    assert "it has started again, and has 7.12.1, not 7.16" in done["sw"]["reason"]
    good = package(routeros, "7.16.1")
    routeros.break_("sw", "disk-full")
    done = roll(routeros, 1, "full", "--image", good, "--limit", "sw")
    assert (done["sw"]["outcome"], done["sw"]["uploads"]) == ("refused", 0)
    assert "0.0 MB free, the image takes 0.3" in done["sw"]["reason"]
    routeros.mend("sw")
    done = roll(routeros, 0, "--resume", "full")
    assert done["sw"]["changed"], done
    assert routeros.real("sw")["version"] == "7.16.1"
    assert control.counts(routeros.lab_dir, "sw").get(f"firmware:image {PACKAGE}") == 1
    plan = told(routeros.expect(1, "firmware", "plan", "--limit", "sw", "--image", wrong))
    assert "take only what is newer" in plan["sw"]["reason"]
