"""Logins are spent sparingly, and only the device of the inventory is written to: judged at the wire."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from fleetctl.lab import control
from tests.lab.office import APP, MAKES, Office

CAM = "viet-hung-cam-01"
SITE = "viet_hung"


def new_password(office: Office, *devices: str) -> None:
    """Give the account that fleetctl uses another password, behind its back."""
    for device in devices:
        account = office.real(device)["users"]["fleetctl"]
        control.change(office.lab_dir, device, "users", fleetctl={**account, "password": "Somebody-else.7"})


def misses(office: Office) -> dict[str, int]:
    """Return how many presented logins each device refused."""
    told = {name: sum(office.real(name)["misses"].values()) for name in office.names()}
    return {name: count for name, count in told.items() if count}


def test_a_wrong_password_costs_one_refused_login_and_is_told_once(offices: Callable[[str], Office]) -> None:
    office = offices("pilot")
    new_password(office, CAM)
    ran = office.run("audit", "--limit", SITE)
    assert ran.code == 1
    assert len(re.findall("wrong password", ran.out)) == 1
    assert "Not retried, to spare the lock-out" in " ".join(ran.out.split())  # the table breaks its lines
    assert misses(office) == {CAM: 1}
    office.forget()
    for command in (("audit",), ("plan",), ("apply", "--yes")):
        ran = office.json(*command, "--limit", SITE)
        assert ran.code == 1, f"{command}: {ran}"
        assert "was refused at" in ran.out, f"{command}: {ran}"
    assert office.requests(CAM) == 0, control.log(office.lab_dir, CAM)
    ran = office.json("device", "show", CAM)  # looks from the cable up, and presents no login
    assert (ran.code, "was refused at" in ran.out) == (1, True), ran
    assert {each["user"] for each in control.log(office.lab_dir, CAM)} == {""}
    assert misses(office) == {CAM: 1}
    office.workspace.vault.set(SITE, CAM, "fleetctl", "Somebody-else.7")
    office.expect(0, "audit", "--limit", SITE)
    assert misses(office) == {}


def test_the_budget_of_a_device_holds_whatever_the_password_and_whatever_its_name(
    offices: Callable[[str], Office],
) -> None:
    office, name = offices("pilot"), CAM
    new_password(office, CAM)
    for number in range(5):
        if number == 4:  # the same device under another name
            name = "viet-hung-cam-99"
            for path in [p for p in office.inventory.rglob("*.yml") if CAM in p.read_text("utf-8")]:
                path.write_text(path.read_text("utf-8").replace(CAM, name), "utf-8")
        office.workspace.vault.set(SITE, name, "fleetctl", f"Wrong-one.{number}")
        ran = office.expect(1, "audit", "--limit", name)
        assert ("no login is tried before" in ran.out) is (number >= 3), ran
        assert sum(office.real(CAM)["misses"].values()) == min(number + 1, 3)


def test_a_device_that_says_it_is_locked_is_not_asked_again_until_a_person_says_so(
    offices: Callable[[str], Office],
) -> None:
    office = offices("pilot")
    office.break_(CAM, "lockout")
    assert office.expect(1, "audit", "--limit", CAM).outcomes == {CAM: "refused"}
    office.mend(CAM)
    office.forget()
    assert "the device said that it is locked" in office.expect(1, "audit", "--limit", CAM).out
    assert office.requests(CAM) == 0
    office.expect(0, "adopt", "--again", "--yes", "--limit", CAM)
    office.expect(0, "audit", "--limit", CAM)


@pytest.mark.parametrize("make", MAKES)
def test_every_make_refuses_a_wrong_password_only_once(mixed: Office, make: str) -> None:
    office, name = mixed, f"mixed-{make}"
    account = office.workspace.inventory.devices[name].user
    control.change(
        office.lab_dir, name, "users", **{account: {**office.real(name)["users"][account], "password": "Else-where.7"}}
    )
    for _ in range(2):
        ran = office.expect(1, "audit", "--limit", name)
        assert ran.outcomes == {name: "refused"}
        assert misses(office)[name] == 1


@pytest.fixture(scope="module")
def mixed(templates: Callable[[str], Office], tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    office = templates("mixed-adopted").copy(tmp_path_factory.mktemp("logins") / "mixed")
    yield office
    office.lab_down()


@pytest.mark.parametrize("command", ["audit", "plan", "apply"])
def test_a_stale_vault_burns_a_few_logins_and_not_one_on_every_device(
    offices: Callable[[str], Office], command: str
) -> None:
    office = offices("pilot-adopted")
    new_password(office, *office.names())
    ran = office.expect(1, *((command, "--yes") if command == "apply" else (command,)))
    summary = ran.lines[-1]
    assert "refused in a row at 3 sites" in summary["stopped"]
    assert "is the vault up to date?" in summary["stopped"]
    burnt = misses(office)
    assert set(burnt.values()) == {1}
    assert 3 <= len(burnt) <= 8
    untouched = [name for name in office.names() if office.requests(name) == 0]
    assert len(untouched) >= 20 - 8
    assert office.writes() == {}
    assert set(ran.outcomes.values()) == {"refused", "interrupted"}
    assert office.locked().keys() == burnt.keys()


def test_another_device_on_that_address_is_not_touched(offices: Callable[[str], Office]) -> None:
    office = offices("pilot-adopted")
    office.break_(CAM, "swap")
    stranger = f"{CAM}~stranger"
    before = office.real(stranger)["users"]
    for command in (("audit",), ("plan",), ("apply", "--yes")):
        ran = office.expect(1, *command, "--limit", SITE)
        assert ran.outcomes[CAM] == "refused"
        assert "another device answers here: serial number" in ran.reason(CAM)
    assert {o for name, o in ran.outcomes.items() if name != CAM} == {"changed"}
    assert office.json("device", "reboot", CAM, "--yes").code == 1
    assert office.json("device", "call", CAM, "devicemgmt", "SystemReboot", "--yes").code == 1
    assert office.json("adopt", "--yes", "--again", "--limit", CAM).code == 1
    assert control.writes(office.lab_dir, stranger) == {}
    assert office.real(stranger)["users"] == before
    assert office.workspace.inventory.devices[CAM].serial_number == office.real(CAM)["identity"]["serial_number"]
    office.mend(CAM)
    office.expect(0, "apply", "--yes", "--limit", SITE)


def test_a_device_that_was_swapped_between_plan_and_apply_is_not_touched(
    offices: Callable[[str], Office],
) -> None:
    office = offices("pilot-adopted")
    saved = str(office.root / "monday.plan")
    office.expect(3, "plan", "--limit", CAM, "-o", saved)
    office.break_(CAM, "swap")
    ran = office.expect(1, "apply", saved, "--yes")
    assert ran.outcomes == {CAM: "refused"}
    assert control.writes(office.lab_dir, f"{CAM}~stranger") == {}


def test_a_device_replaced_on_purpose_is_adopted_anew(offices: Callable[[str], Office]) -> None:
    office = offices("pilot")
    office.break_(CAM, "swap", same_login=False)
    office.expect(0, "adopt", "--replace", "--yes", "--limit", CAM)
    stranger = office.real(f"{CAM}~stranger")
    assert office.workspace.inventory.devices[CAM].serial_number == stranger["identity"]["serial_number"]
    office.expect(0, "apply", "--yes", "--limit", CAM)
    office.expect(0, "audit", "--limit", SITE)


def test_a_device_with_no_identity_on_record_is_refused_and_the_others_are_done(
    offices: Callable[[str], Office],
) -> None:
    office = offices("pilot-adopted")
    path = office.inventory / "long_bien" / "viet_hung.yml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text(
        "".join(re.sub(r", (serial_number|mac_address): [^,}]+", "", li) if f"{CAM}:" in li else li for li in lines)
    )
    assert office.workspace.inventory.devices[CAM].serial_number == ""
    office.forget()
    ran = office.expect(1, "apply", "--yes", "--limit", SITE)
    assert ran.outcomes == {f"viet-hung-cam-0{n}": "refused" if n == 1 else "changed" for n in (1, 2, 3, 4)}
    assert f"Run: fleetctl adopt --limit {CAM}" in ran.reason(CAM)
    assert office.writes(CAM) == {}
    office.expect(0, "adopt", "--yes", "--limit", CAM)
    office.expect(0, "apply", "--yes", "--limit", SITE)


def test_a_camera_that_says_it_made_the_account_and_did_not_is_told(offices: Callable[[str], Office]) -> None:
    office = offices("mixed-fresh")
    path = office.inventory / "mixed.yml"
    path.write_text(path.read_text("utf-8").replace(APP, ""), "utf-8")
    ran = office.expect(1, "adopt", "--yes", "--limit", "mixed-tapo")
    assert ran.outcomes == {"mixed-tapo": "not_applied"}
    assert "accepted the new account fleetctl and did not make it" in ran.reason("mixed-tapo")
    assert misses(office) == {}


def test_adopting_again_gets_in_by_the_factory_login_and_mends_the_account(offices: Callable[[str], Office]) -> None:
    office = offices("pilot")
    new_password(office, CAM)
    office.expect(1, "audit", "--limit", SITE)
    ran = office.expect(0, "adopt", "--yes", "--limit", SITE)
    assert ran.outcomes == {CAM: "changed"}
    office.expect(0, "audit", "--limit", SITE)
    assert misses(office) == {}


def test_a_maker_s_own_account_gets_the_password_of_the_vault(offices: Callable[[str], Office]) -> None:
    office = offices("pilot-fresh")
    camera = "gia-thuy-cam-01"
    office.device_vars({camera: {"ansible_user": "admin"}})
    office.expect(0, "adopt", "--yes", "--limit", camera)
    vault = office.workspace.vault.entry("gia_thuy", camera, "admin").current
    assert office.real(camera)["users"]["admin"]["password"] == vault
    office.expect(3, "audit", "--limit", camera)
    assert misses(office) == {}
