"""Recorders, driven by the command: from factory-new to recording, and each thing that goes wrong, told and mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.lab import control
from fleetctl.operations.initialising import init
from tests.lab.office import PILOT, Office, without
from tests.lab.recorders import MODELS, NVRS, QUICK, chains, forget_accounts, inventory, only, wait_for


def test_every_generation_goes_from_factory_new_to_recording_in_one_apply(sites: Callable[[str], Office]) -> None:
    office = sites("adopted")
    assert all(office.real(name)["channels"] == {} for name in NVRS)
    ran = office.expect(0, "apply", "--yes")
    assert {ran.outcomes[name] for name in NVRS} == {"changed"}, {n: ran.reason(n) for n in NVRS}
    for name in NVRS:
        links = office.real(name)["links"]
        assert {key: link["state"] for key, link in links.items()} == {"1": "online", "2": "online"}, name
    ran = office.expect(0, "audit")
    assert set(ran.outcomes.values()) == {"unchanged"}, {n: ran.reason(n) for n in NVRS}
    for site in MODELS:
        assert all(c["online"] and c["recording"] for c in chains(office, site).values())
    office.forget()
    office.expect(0, "apply", "--yes")
    assert office.writes() == {}
    assert office.locked() == {}


def test_the_pilot_goes_from_factory_new_to_every_channel_recording(tmp_path: Path) -> None:
    init(tmp_path / "pilot", PILOT)
    office = Office(tmp_path / "pilot", replace(QUICK, factory_new=True))
    without(office.inventory, "platform: linux", "platform: windows")
    try:
        office.lab_up()
        office.expect(0, "adopt", "--yes")
        office.expect(0, "apply", "--yes")
        office.expect(0, "audit")
        told = [chain for site in office.workspace.inventory.sites() for chain in chains(office, site).values()]
        assert len(told) == 20
        assert all(chain["online"] and chain["recording"] for chain in told)
    finally:
        office.lab_down()


def test_the_password_on_the_recorder_is_the_vaults_and_is_seen_nowhere(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    vault = office.workspace.vault
    secret = vault.entry("k", "k-cam-1", "ghihinh").current
    assert office.real("k-nvr")["channels"]["1"]["password"] == secret
    for command in (("plan",), ("audit",), ("device", "show", "k-nvr"), ("site", "check", "k"), ("history",)):
        ran = office.json(*command)
        assert secret not in ran.out + ran.err


def test_reading_a_recorder_sends_nothing_that_writes(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    before = {name: office.real(name)["channels"] for name in NVRS}
    for command in (("plan",), ("audit",), *(("device", "show", name) for name in NVRS)):
        assert office.json(*command).code in (0, 3), command
    for site in MODELS:
        office.expect(0, "site", "check", site)
    for name in NVRS:
        assert office.json("device", "show", name, "--footage", "2026-01-01", "2026-01-02").code == 1
    assert office.writes() == {}
    assert {name: office.real(name)["channels"] for name in NVRS} == before


def test_the_recorder_is_what_it_says_and_not_what_the_inventory_believes(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    text = inventory().replace("vendor: dahua, model: DHI", "model: DHI")
    office.write("recorders.yml", text.replace("vendor: hikvision, model: DS-7608NI-K2", "vendor: dahua"))
    office.json("adopt", "--yes")
    for name, driver in (("k-nvr", "hikvision"), ("dahua-nvr", "dahua"), ("kbvision-nvr", "dahua")):
        (line, _) = office.expect(0, "device", "show", name, "--aspect", "state").lines
        assert line["driver"] == driver


@pytest.mark.parametrize("site", ["k", "dahua"])
def test_a_camera_that_forgot_its_accounts_is_told_and_bound_again(sites: Callable[..., Office], site: str) -> None:
    office, camera, nvr = sites("in step"), f"{site}-cam-1", f"{site}-nvr"
    forget_accounts(office, camera, nvr, "1")
    ran = office.expect(1, "audit", "--limit", site, "--aspect", "channels,users")
    assert ran.outcomes[nvr] in ("pending", "failed", "unknown", "unreachable"), ran.reason(nvr)
    assert not chains(office, site, 1)[camera]["online"]
    office.expect(0, "adopt", "--yes", "--again", "--limit", camera)
    office.json("apply", "--yes", "--limit", site)  # not in step yet where the recorder takes its time to try again
    wait_for(office, nvr, "1", online=True)
    office.wait_for_clock(camera)
    assert chains(office, site)[camera]["online"]


@pytest.mark.parametrize("site", ["k", "dahua"])
def test_a_camera_without_power_is_its_channels_trouble_and_not_the_recorders(
    sites: Callable[[str], Office], site: str
) -> None:
    office, nvr = sites("in step"), f"{site}-nvr"
    office.break_(f"{site}-cam-1", "unplug")
    wait_for(office, nvr, "1", online=False)
    office.forget()
    ran = office.expect(4, "apply", "--yes", "--limit", nvr)
    assert ran.outcomes == {nvr: "unchanged"}
    assert "the recorder does not reach the camera" in ran.reason(nvr)
    told = {gap["key"]: gap for gap in ran.aspect(nvr, "channels")["gaps"]}
    assert {key: (gap["outcome"], gap["elsewhere"]) for key, gap in told.items()} == {
        "1.credential": ("unreachable", True)
    }
    assert ran.lines[-1]["held_up"] == 1
    assert office.writes(nvr) == {}
    assert "1 channel waits for its camera" in office.run("audit", "--limit", nvr).out
    told = chains(office, site, 4)[f"{site}-cam-1"]
    assert (told["answers"], told["online"]) == (False, False)
    office.device_vars({nvr: {"channels_cameras_host": {"2": {"name": "Quay 2"}}}})
    ran = office.expect(4, "apply", "--yes", "--limit", nvr, "--aspect", "channels")
    assert ran.outcomes == {nvr: "changed"}, "the other channel is set all the same"


def test_a_camera_that_did_not_end_well_is_not_bound_and_the_other_channel_is(sites: Callable[[str], Office]) -> None:
    office = sites("adopted")
    office.break_("k-cam-1", "unplug")
    ran = office.json("apply", "--yes", "--limit", "k")
    assert ran.outcomes["k-cam-1"] == "unreachable"
    assert set(office.real("k-nvr")["channels"]) == {"2"}
    assert "needs k-cam-1, which ended as unreachable" in ran.reason("k-nvr")
    office.mend("k-cam-1")
    office.wait("k-cam-1")
    office.expect(0, "apply", "--yes", "--limit", "k")
    assert set(office.real("k-nvr")["channels"]) == {"1", "2"}


@pytest.mark.parametrize("site", ["k", "dahua"])
def test_a_channel_of_another_camera_waits_for_a_person(sites: Callable[[str], Office], site: str) -> None:
    office = sites("in step")
    nvr = f"{site}-nvr"
    before = office.real(nvr)["channels"]["1"]["address"]
    office.device_vars({nvr: {"channels_cameras_host": {"1": f"{site}-cam-2", "2": {"state": "absent"}}}})
    ran = office.expect(1, "apply", "--yes", "--limit", nvr)
    assert "a person decides" in ran.reason(nvr)
    assert office.real(nvr)["channels"]["1"]["address"] == before
    decided = {"1": {"camera": f"{site}-cam-2", "replaces": before}, "2": {"state": "absent"}}
    office.device_vars({nvr: {"channels_cameras_host": decided}})
    office.expect(0, "apply", "--yes", "--limit", nvr, "--aspect", "channels")
    assert set(office.real(nvr)["channels"]) == {"1"}
    assert office.real(nvr)["channels"]["1"]["address"] != before


def test_an_unformatted_disk_is_formatted_only_by_its_typed_serial(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    office.break_("m-nvr", "disk-unformatted")
    ran = office.expect(1, "audit", "--limit", "m-nvr", "--aspect", "storage")
    assert "fleetctl device format-disk" in ran.reason("m-nvr")
    serial = next(iter(office.real("m-nvr")["disks"].values())).get("serial") or _serial(office)
    office.forget()
    assert office.json("device", "format-disk", "m-nvr", "1", "--serial-number", "WD-OTHER").code == 1
    assert office.json("device", "format-disk", "m-nvr", "1").code == 2
    assert office.json("device", "format-disk", "k-nvr", "1", "--serial-number", "x").code == 1
    assert office.writes() == {}
    office.expect(0, "device", "format-disk", "m-nvr", "1", "--serial-number", serial)
    office.expect(0, "audit", "--limit", "m-nvr", "--aspect", "storage")


def _serial(office: Office) -> str:
    (line, _) = office.expect(0, "device", "show", "m-nvr", "--aspect", "storage").lines
    told: str = line["aspects"][0]["actual"]["disks"]["1"]["serial_number"]
    return told


@pytest.mark.parametrize("nvr", ["k-nvr", "dahua-nvr"])
def test_a_failed_disk_and_disks_too_small_are_told(sites: Callable[[str], Office], nvr: str) -> None:
    office = sites("in step")
    office.device_vars({nvr: {"retention_at_least_days": 700}})
    ran = office.expect(0, "audit", "--limit", nvr, "--aspect", "retention")
    assert "the disks hold" in ran.reason(nvr)
    office.break_(nvr, "disk-failure")
    ran = office.expect(1, "audit", "--limit", nvr, "--aspect", "storage")
    assert "has failed; replace it" in ran.reason(nvr)


def test_the_leaders_account_sees_the_picture_and_is_only_a_viewer(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    for site in ("k", "dahua"):
        (told,) = [line for line in office.expect(0, "site", "check", site).lines if line["type"] == "recorder"]
        assert [(v["account"], v["sees"]) for v in told["viewers"]] == [("lanhdao", True)], told
        assert office.real(f"{site}-nvr")["users"]["lanhdao"]["level"] == "User"


def test_footage_and_its_gaps_are_told(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    ran = office.json("device", "show", "k-nvr", "--footage", "2020-01-01", "2099-01-01")
    assert ran.code in (0, 1)
    office.expect(2, "device", "show", "k-nvr", "--footage", "tomorrow", "2026-01-01")
    office.expect(2, "device", "show", "k-cam-1", "--footage", "2026-01-01", "2026-01-02")


def test_a_wrong_password_is_presented_to_a_recorder_once(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    for nvr in ("k-nvr", "dahua-nvr"):
        device = office.workspace.inventory.devices[nvr]
        office.workspace.vault.set(device.site, nvr, device.user, "Wrong-pass-99")
        office.forget()
        for _ in range(3):
            assert office.json("audit", "--limit", nvr).code == 1
        assert sum(office.real(nvr)["misses"].values()) == 1


def test_an_activation_that_was_cut_off_is_taken_up_with_the_password_that_may_be_live(tmp_path: Path) -> None:
    office = only(tmp_path / "cut", inventory())
    try:
        office.lab_up()
        office.break_("k-nvr", "power-cut", applied=True, boot_s=0.5)
        assert office.json("adopt", "--yes", "--limit", "k-nvr").code != 0
        assert office.real("k-nvr")["users"]["admin"]
        office.mend("k-nvr")
        office.wait("k-nvr")
        office.expect(0, "adopt", "--yes", "--limit", "k-nvr")
        assert "fleetctl" in office.real("k-nvr")["users"]
    finally:
        office.lab_down()


# --- who changed it ------------------------------------------------------------------------------------------


def test_the_recorders_own_logs_tell_who_changed_what_drifted(sites: Callable[[str], Office]) -> None:
    office = sites("in step")
    office.expect(0, "audit", "--who", "-l", "k-nvr,dahua-nvr")
    for nvr in ("k-nvr", "dahua-nvr", "m-nvr"):
        by = () if nvr == "m-nvr" else ("thanh", "10.31.1.77")
        control.change(office.lab_dir, nvr, "time", ntp=["9.9.9.9"], by=by)
    page = office.root / "audit.html"
    ran = office.expect(3, "audit", "--who", "-l", "nvr", "-a", "time", "--report", f"html:{page}")
    assert office.writes() == {}, "a log is only read"
    told = ran.lines[-1]["changed_by"]
    assert [(each["account"], each["address"]) for each in told["k-nvr"]] == [("thanh", "10.31.1.77")]
    assert [(each["account"], each["address"]) for each in told["dahua-nvr"]] == [("thanh", "10.31.1.77")]
    assert told["m-nvr"] == []
    assert "changed by thanh from 10.31.1.77 at " in page.read_text("utf-8")
    rows = [line for line in office.expect(0, "history", "-l", "k-nvr").lines if line["type"] == "drift"]
    assert [row["changed_by"][0]["account"] for row in rows] == ["thanh"]
    shown = office.run("history", "-l", "k-nvr,m-nvr").out
    assert shown.count("10.31.1.77") == 1
    before = office.requests("k-nvr")
    assert office.expect(3, "audit", "--who", "-l", "k-nvr", "-a", "time").lines[-1]["changed_by"] == {}
    assert office.requests("k-nvr") - before < 20, "a drift that is known is not asked about again"
