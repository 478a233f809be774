"""Rotation of a switch's passwords, driven by the command: proven before they are kept, killed anywhere, undone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from tests.lab.killed import killed, steps_of
from tests.lab.office import PILOT, Office
from tests.lab.test_e2e_rotation import RECOVER, ROTATE, refusals, secrets_on_disk, vault_of

MAKES = ("cisco", "h3c", "mikrotik", "planet")
SWITCHES = tuple(f"{make}-sw" for make in MAKES)
GATE = "Gate-secret-1"


def site(number: int, make: str) -> str:
    switch = f"{{ansible_host: 10.41.{number}.3, kind: switch, vendor: {make}}}"
    return f"    {make}_site:\n      vars: {{site_name: Phường {make}}}\n      hosts: {{{make}-sw: {switch}}}\n"


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A workspace whose lab is down: a switch of each make, taken in; the privileged mode of Cisco's has a secret."""
    root = tmp_path_factory.mktemp("rotation") / "switches"
    init(root, PILOT)
    office = Office(root, lab.Options(http_port=0, https_port=0, rtsp_port=0, ssh_port=0, boot_s=0.3))
    for folder in office.inventory.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    office.write("sites.yml", "vung:\n  children:\n" + "".join(site(n, make) for n, make in enumerate(MAKES, start=1)))
    office.lab_up()
    try:
        office.expect(0, "adopt", "--yes")
        typed(office, "cisco-sw", "configure terminal", f"enable secret {GATE}", "end", "write memory")
        office.workspace.vault.set("cisco_site", "cisco-sw", "enable", GATE)
    finally:
        office.lab_down()
    return office


@pytest.fixture
def office(step: Office, tmp_path: Path) -> Iterator[Office]:
    """A copy of one's own with its lab running."""
    copy = step.copy(tmp_path / "office", retry_s=0.3)
    try:
        yield copy
    finally:
        copy.lab_down()


def typed(office: Office, switch: str, *lines: str, password: str = "") -> None:
    """Type lines as somebody else would, with a password, else the vault's."""
    device, vault = office.workspace.inventory.devices[switch], office.workspace.vault
    known = password or vault.entry(device.site, switch, device.user).current
    with contextlib.closing(paramiko.SSHClient()) as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        point = device.endpoint
        client.connect(point.address, point.ssh_port, device.user, known, allow_agent=False, look_for_keys=False)
        shell = client.invoke_shell()
        for line in lines:
            shell.sendall(f"{line}\n".encode())
            told = ""
            while not told.rstrip(" ").endswith(("#", ">", "]", ":")) and (more := shell.recv(4096).decode()):
                told += more


def wrong(office: Office, switch: str) -> list[str]:
    """Return what is wrong with a switch: a password that is not the vault's, something unsaved or pending."""
    real, vault = office.real(switch), vault_of(office)
    told = [f"unsaved: {switch}"] * real["unsaved"] + [f"armed: {switch}"] * real["armed"]
    held = "\n".join(str(line) for line in real["held"])
    return told + [f"{a} of {n} is not the vault's" for (n, a), p in vault.items() if n == switch and p not in held]


def test_every_password_is_another_proven_before_it_is_saved_and_nothing_is_left_pending(office: Office) -> None:
    before = vault_of(office)
    ran = office.expect(0, *ROTATE)
    assert ran.outcomes == dict.fromkeys(SWITCHES, "changed"), ran
    after = vault_of(office)
    assert before.keys() == after.keys() >= {("cisco-sw", name) for name in ("enable", "fleetctl", "technician")}
    assert all(after[key] != before[key] for key in before)
    assert [each for name in SWITCHES for each in wrong(office, name)] == []
    assert (refusals(office, "cisco-sw"), refusals(office, "h3c-sw")) == (3, 2), "each old one is seen to be refused"
    assert secrets_on_disk(office, {*before.values(), *after.values()}) == []
    ran = office.json("audit", "--aspect", "time")
    assert set(ran.outcomes.values()) == {"pending"}, "all can be logged in to"


def restart(office: Office) -> None:
    """Let Cisco's start again with what it saved, as its own revert does, or a power cut."""
    account = dict(office.real("cisco-sw")["held"])["username fleetctl"]
    typed(office, "cisco-sw", "reload", "no", "", password=account.split()[-1])
    office.wait("cisco-sw")


@pytest.mark.parametrize("account", ["fleetctl", "enable"])
def test_a_switch_that_starts_again_before_the_new_password_was_saved_has_the_old_one(
    office: Office, account: str
) -> None:
    before = vault_of(office)
    assert killed(office, "ordered", 2, *ROTATE, "--limit", "cisco-sw", "--account", account)
    assert office.real("cisco-sw")["armed"], "it would undo it by itself"
    restart(office)
    ran = office.expect(0, *RECOVER)
    assert ran.outcomes == {"cisco-sw": "unchanged"}, ran
    assert vault_of(office) == before
    assert wrong(office, "cisco-sw") == []


@pytest.mark.parametrize(
    ("switch", "account"),
    [("cisco-sw", "fleetctl"), ("cisco-sw", "enable"), ("h3c-sw", "fleetctl"), ("mikrotik-sw", "fleetctl")],
)
def test_a_rotation_that_was_killed_is_settled_saved_and_not_undone_later(
    office: Office, pytestconfig: pytest.Config, switch: str, account: str
) -> None:
    command = (*ROTATE, "--limit", switch, "--account", account)
    steps = steps_of(office, *command)
    at = [(kind, n) for kind in ("turned", "ordered") for n in range(1, steps[kind] + 1)]
    sample = at[account == "enable" :: 2 + (switch != "cisco-sw")]
    for place in at if pytestconfig.getoption("--every-step") else sample:
        died = killed(office, *place, *command)
        ran = office.json(*RECOVER)
        assert (died, ran.code) == (True, 0), f"{place} of {steps}: {ran}"
        assert wrong(office, switch) == [], f"{place} of {steps}"
        assert office.workspace.store.unsettled() == ()


@pytest.mark.parametrize("account", ["fleetctl", "enable"])
def test_a_switch_that_says_yes_and_does_nothing_keeps_the_old_password(office: Office, account: str) -> None:
    before = vault_of(office)
    office.break_("cisco-sw", "ignore-writes")
    ran = office.expect(1, *ROTATE, "--limit", "cisco-sw", "--account", account)
    assert "lets nobody in with what was set" in ran.reason("cisco-sw"), ran
    assert vault_of(office) == before
    office.mend("cisco-sw")
    assert wrong(office, "cisco-sw") == []


def test_while_it_is_open_which_secret_is_live_none_is_presented_and_what_cannot_be_set_is_told(office: Office) -> None:
    assert killed(office, "turned", 1, *ROTATE, "--limit", "cisco-sw", "--account", "enable")
    office.forget()
    ran = office.expect(1, "audit", "--limit", "cisco-sw")
    assert "which password of enable is live" in ran.reason("cisco-sw"), ran
    assert "password recover --limit cisco-sw" in ran.reason("cisco-sw"), ran
    assert office.requests("cisco-sw") == 0
    office.expect(0, *RECOVER)
    office.workspace.vault.set("planet_site", "planet-sw", "enable", GATE)
    ran = office.run("password", "rotate", "--yes", "--limit", "planet-sw", "--account", "enable")
    assert "does not set the secret of the privileged mode of PLANET switches" in ran.out, ran
