"""Taking in what somebody set up before: candidates within the budget; what it has is kept, and raised later."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab import control
from fleetctl.operations.initialising import init
from tests.lab.killed import killed
from tests.lab.office import PILOT, Office

HEAD = """\
tan_mai:
  vars: {{site_name: Phường Tân Mai, site_network: 127.41.1, onvif_port: {port}}}   # the ward's own
  hosts:
"""
LINE = "    {name}: {{ansible_host: {address}, kind: camera, vendor: {vendor}, desk: Quầy 1}}   # as found\n"
RIGHT = "Installer-3"
CANDIDATES = ("Wrong-pass-1", "Wrong-pass-2", RIGHT, "Wrong-pass-4", "Wrong-pass-5")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Give a workspace with one site of cameras: name -> (vendor, the login somebody gave it)."""
    made: list[Office] = []

    def open_(cameras: dict[str, Any], personality: str = "") -> Office:
        init(tmp_path / "office", PILOT)
        office = Office(tmp_path / "office")
        made.append(office)
        for folder in [path for path in office.inventory.iterdir() if path.is_dir()]:
            shutil.rmtree(folder)
        devices = [
            {"name": name, "address": f"127.41.1.{n}", "personality": personality or f"{vendor}-like", "login": login}
            for n, (name, (vendor, login)) in enumerate(cameras.items(), start=11)
        ]
        ports = dict.fromkeys(("http_port", "https_port", "rtsp_port"), 0)
        lab = control.up({"devices": devices, **ports}, office.lab_dir)
        lines = [
            LINE.format(name=device["name"], address=device["address"], vendor=cameras[device["name"]][0])
            for device in devices
        ]
        office.write("tan_mai.yml", HEAD.format(port=lab.ports["http"]) + "".join(lines))
        return office

    try:
        yield open_
    finally:
        for each in made:
            control.down(each.lab_dir)


def candidates(office: Office, passwords: tuple[str, ...], mode: int = 0o600) -> str:
    path = office.root / "candidates"
    path.write_text("\n".join(passwords) + "\n", "utf-8")
    path.chmod(mode)
    return str(path)


def test_the_candidate_that_is_taken_goes_into_the_vault(ward: Callable[..., Office]) -> None:
    office = ward({"one": ("dahua", ("admin", RIGHT)), "two": ("dahua", ("admin", RIGHT))})
    told = candidates(office, CANDIDATES)
    ran = office.expect(0, "adopt", "--yes", "--candidates", told)
    assert ran.outcomes == {"one": "changed", "two": "changed"}
    workspace = office.workspace
    for name in ("one", "two"):
        assert workspace.vault.entry("tan_mai", name, "admin").current == RIGHT
        assert workspace.inventory.values(name)["factory_user"].value == "admin"
    text = (office.inventory / "tan_mai.yml").read_text("utf-8")
    assert text.count("   # as found\n") == 2
    assert not any(word in text for word in CANDIDATES)
    assert set(office.expect(3, "plan").outcomes.values()) == {"pending"}, "its own account is good"


def test_a_list_that_would_lock_an_account_ends_before_it_does(ward: Callable[..., Office]) -> None:
    office = ward({"one": ("dahua", ("admin", "none of them"))})
    told = candidates(office, CANDIDATES)
    ran = office.json("adopt", "--yes", "--candidates", told)
    assert ran.code == 1
    assert "Not all candidates can be tried now" in ran.err
    assert "2 candidates were not tried" in ran.reason("one")
    assert office.real("one")["misses"] == {"admin": 3}
    again = office.json("adopt", "--yes", "--candidates", told)
    assert again.code == 1
    assert office.real("one")["misses"] == {"admin": 3}, "until the lock's time is over nothing is tried"
    assert office.real("one")["locked"] == {}


@pytest.mark.parametrize(
    ("passwords", "mode", "why"),
    [(CANDIDATES, 0o644, "chmod 600"), ((), 0o600, "no password"), (tuple(f"p{n}" for n in range(101)), 0o600, "100")],
)
def test_a_list_that_others_read_or_that_is_none_is_refused(
    ward: Callable[..., Office], passwords: tuple[str, ...], mode: int, why: str
) -> None:
    office = ward({"one": ("dahua", ("admin", RIGHT))})
    ran = office.run("adopt", "--yes", "--candidates", candidates(office, passwords, mode))
    assert (ran.code, why in ran.err) == (2, True), ran
    assert office.requests() == 0


def test_the_makers_account_gets_another_password_but_where_a_device_is_to_keep_what_it_has(
    ward: Callable[..., Office],
) -> None:
    office = ward(dict.fromkeys(("fresh", "learned", "given"), ("dahua", ("admin", "admin"))))
    office.write("zz_given.yml", "all:\n  hosts:\n    given: {factory_user: admin}\n")  # as an import leaves it
    office.workspace.vault.set("tan_mai", "given", "admin", "admin")
    learn = ("--learn", "--owner", "Nguyễn Văn An", "--until", "2099-12-31")
    office.expect(0, "adopt", "--yes", "--limit", "learned", *learn)
    office.expect(0, "adopt", "--yes", "--limit", "fresh,given")
    kept = {name: office.real(name)["users"]["admin"]["password"] == "admin" for name in ("fresh", "learned", "given")}
    assert kept == {"fresh": False, "learned": True, "given": True}


def test_onvif_that_is_off_is_switched_on_over_the_makers_interface_and_both_accounts_are_rotated(
    ward: Callable[..., Office],
) -> None:
    office = ward(dict.fromkeys(("one", "two"), ("hikvision", ("admin", RIGHT))), personality="hikvision-v58-like")
    office.write("zz_given.yml", f"all:\n  vars: {{factory_user: admin, factory_password: {RIGHT}}}\n")
    office.write("zzx_two.yml", "all:\n  hosts:\n    two: {factory_password: not-that-1}\n")
    ran = office.expect(1, "adopt", "--yes")
    assert ran.outcomes == {"one": "changed", "two": "refused"}
    assert "wrong password" in ran.reason("two")
    assert list(office.real("two")["misses"].values()) == [1]
    assert office.real("two")["vendor"]["onvif"] is False
    assert passwords(office) == {"users": vaulted(office), "onvif_users": vaulted(office)}

    rotate = ("password", "rotate", "--yes", "--account", "fleetctl", "--limit", "one")
    office.expect(0, *rotate)
    assert passwords(office) == {"users": vaulted(office), "onvif_users": vaulted(office)}
    for step in ("sent", "ordered"):  # ONVIF's account has it and the other not yet; both have it
        assert killed(office, step, 1, *rotate)
        office.expect(0, "password", "recover", "--yes")
        assert passwords(office) == {"users": vaulted(office), "onvif_users": vaulted(office)}
    assert office.real("one")["locked"] == {}

    # Changed by hand on its own page: ONVIF goes on, and whoever looks into its log tries that once.
    only = ("--limit", "one", "--aspect", "time")
    office.expect(0, "apply", "--yes", *only)
    control.change(office.lab_dir, "one", "time", ntp=["9.9.9.9"], by=("thanh", "127.41.1.77"))
    account = {**office.real("one")["users"]["fleetctl"], "password": "By-hand-26"}
    control.change(office.lab_dir, "one", "users", fleetctl=account)
    assert "wrong password" in office.run("audit", "--who", *only).err
    office.expect(0, "apply", "--yes", *only)
    control.change(office.lab_dir, "one", "time", ntp=["9.9.9.9"])
    office.forget()
    ran = office.expect(3, "audit", "--who", *only)
    assert ran.lines[-1]["changed_by"] == {"one": []}
    assert not [asked for asked in control.counts(office.lab_dir, "one") if asked.startswith("isapi")]


def vaulted(office: Office) -> str:
    return str(office.workspace.vault.entry("tan_mai", "one", "fleetctl").current)


def passwords(office: Office) -> dict[str, str]:
    """Return what the camera lets fleetctl's account in with, in its maker's interface and over ONVIF."""
    return {section: office.real("one")[section]["fleetctl"]["password"] for section in ("users", "onvif_users")}


def test_what_a_camera_has_is_kept_until_it_is_raised(ward: Callable[..., Office]) -> None:
    office = ward({"one": ("dahua", ("admin", "admin")), "two": ("hikvision", ("admin", "12345"))})
    path = office.inventory / "tan_mai.yml"
    office.expect(0, "adopt", "--yes")
    before = path.read_bytes()
    office.forget()
    learn = ("adopt", "--yes", "--learn", "--owner", "Nguyễn Văn An", "--until")
    assert office.run(*learn, "2020-01-01").code == 2
    ran = office.expect(0, *learn, "2099-12-31")
    settings = {line["setting"] for line in ran.lines if line["type"] == "learned" and line["name"] == "one"}
    assert {"osd.text", "video.main_frame_rate_fps", "privacy.masks.lower_right"} <= settings
    assert not any(name.startswith(("users", "services")) for name in settings)
    assert office.writes() == {}
    plan = office.json("plan")
    for name in ("one", "two"):
        changed = {a["aspect"] for a in plan.devices[name]["aspects"] if a["changes"]}
        assert changed <= {"users", "services"}, "they have no exceptions"
    office.expect(0, "inventory", "check")
    waivers = [w for w in office.expect(0, "waiver", "list").lines if w["type"] == "waiver" and "one" in w["devices"]]
    assert {w["setting"] for w in waivers} == settings
    assert {(w["owner"], w["until"], w["standing"]) for w in waivers} == {("Nguyễn Văn An", "2099-12-31", "used")}

    office.expect(0, "adopt", "--yes", "--raise", "video", "--limit", "one")
    plan = office.json("plan")
    assert {c["field"] for c in office_changes(plan, "one", "video")} >= {"main_frame_rate_fps"}
    assert office_changes(plan, "two", "video") == []

    text = path.read_text("utf-8").replace("2099-12-31", "2020-01-01")
    path.write_text(text, "utf-8")
    overdue = office.json("plan", "--aspect", "osd").aspect("one", "osd")
    assert (overdue["outcome"], "fleetctl adopt --raise osd" in overdue["reason"]) == ("pending", True)

    aspects = sorted({setting.partition(".")[0] for setting in settings})
    office.expect(0, "adopt", "--yes", "--raise", ",".join([*aspects, "video", "audio", "imaging"]))
    assert path.read_bytes() == before


def office_changes(ran: Any, device: str, aspect: str) -> list[dict[str, Any]]:
    """Return what a plan changes of an aspect."""
    found: list[dict[str, Any]] = ran.aspect(device, aspect)["changes"]
    return found


def test_options_that_do_not_go_together_send_nothing(ward: Callable[..., Office]) -> None:
    office = ward({"one": ("dahua", ("admin", "admin"))})
    for wrong in (
        ("--learn",),
        ("--owner", "A"),
        ("--learn", "--owner", "A", "--until", "2099-01-01", "--raise", "osd"),
    ):
        assert office.run("adopt", "--yes", *wrong).code == 2
    assert office.run("adopt", "--yes", "--raise", "oosd").code == 2
    assert office.requests() == 0
