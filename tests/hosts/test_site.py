"""All roles together by site.yml: check, converge, converge again, and what hands did since."""

from __future__ import annotations

import pytest

from tests.hosts.commune import CAMERA_SECRET, KIOSK, LEADER_SECRET, NVR
from tests.hosts.fleet import Fleet, Run

CHRONY = "Say where chrony takes the time from, and whom it serves"
ACCOUNTS = "Tell which accounts are not as they should be"
RULES = "Tell which rules are not as they should be"
FILES = "Tell which cameras' files are not as they should be"
RECORDED = "Tell which cameras are not recorded"
READERS = "Tell which readers are not plugged in"


def test_a_check_says_what_would_change_and_changes_nothing(runs: dict[str, Run]) -> None:
    checked, first = runs["check"], runs["first"]
    assert "+server 10.0.0.10 iburst prefer" in checked.diff(CHRONY)
    assert "-level: no account\n" in checked.diff(ACCOUNTS)
    assert "tcp dport 22 accept" in checked.diff(RULES)
    assert "-not recorded\n+recorded" in checked.diff(RECORDED)
    later = set(first.changed()) - set(checked.changed())
    # What needs a package, a folder or an account that is not there yet is told by the task that makes it.
    assert {name for name in later if not name.startswith(("Restart", "Reload", "Keep", "Make", "Let in"))} <= {
        "Write the cameras' files",
        "Give the readers a layout of their own on the kiosk",
    }, later


def test_the_second_time_nothing_changes(runs: dict[str, Run]) -> None:
    assert runs["again"].changed() == []
    assert runs["first"].changed() != []


def test_no_secret_is_in_what_a_run_says(plain: Fleet, runs: dict[str, Run]) -> None:
    for run in runs.values():
        for secret in (CAMERA_SECRET, LEADER_SECRET, *(machine.password for machine in plain.machines.values())):
            assert secret not in run.text


@pytest.fixture(scope="module")
def broken(hosts: Fleet) -> tuple[Run, Run, str]:
    """Break every role's work by hand and have it mended; return both hosts' checks, and chrony's state in between."""
    nvr, kiosk = hosts[NVR], hosts[KIOSK]
    nvr.must("sed -i 's/^server .*/server 192.0.2.9 iburst/' /etc/chrony/chrony.conf; systemctl stop chrony")
    nvr.must("ln -sf /usr/share/zoneinfo/Europe/Paris /etc/localtime")
    nvr.must("nft add rule inet fleet input tcp dport 8080 accept")
    nvr.must(
        "systemctl stop motion; rm /etc/motion/cameras/viet-hung-cam-02.conf; find /var/lib/motion -name '*.m*' -delete"
    )
    nvr.must("sed -i 's/^netcam_userpass.*/netcam_userpass fleetctl:guess/' /etc/motion/cameras/viet-hung-cam-01.conf")
    nvr.must("echo lanhdao:guess | chpasswd; gpasswd -a lanhdao sudo; useradd -m -u 1717 intruder")
    kiosk.must(
        """sed -i 's/"\\*"/"nothing"/' /etc/chromium/policies/managed/fleet-kiosk.json; systemctl stop fleet-kiosk"""
    )
    kiosk.must("lpadmin -x kiosk")
    nvr.must("echo PermitRootLogin yes > /etc/ssh/sshd_config.d/10-fleet.conf")
    checked = hosts.good("site", check=True, limit=NVR), hosts.good("kiosk", check=True, limit=KIOSK)
    between = nvr.run("systemctl is-active chrony").out.strip()
    hosts.good("site", limit=NVR)
    hosts.good("kiosk", limit=KIOSK)
    return *checked, between


def test_what_hands_did_shows_with_before_and_after(broken: tuple[Run, Run, str]) -> None:
    checked, kiosk, between = broken
    assert between == "inactive"  # a check wrote nothing
    assert "-server 192.0.2.9 iburst" in checked.diff(CHRONY)
    assert "Europe/Paris" in checked.diff("Set the time zone")
    assert "-\t\ttcp dport 8080 accept" in checked.diff(RULES)
    assert "-login: another\n+login: as in the vault" in checked.diff(FILES)
    assert "-none\n+camera_id: 2" in checked.diff(FILES)
    assert "-not recorded\n+recorded" in checked.diff(RECORDED)
    assert "-level: administrator\n-password: another\n+level: user\n+password: as in the vault" in checked.diff(
        ACCOUNTS
    )
    assert "intruder" in checked.diff("Tell whose account is to go")
    assert '-        "nothing"' in kiosk.diff("Say what the browser may do")
    assert "-does not run\n+runs" in kiosk.diff("Tell whether the browser runs")
    assert "-none\n+socket://10.20.1.40:9100" in kiosk.diff("Tell whether the printer is another")
    assert "-PermitRootLogin yes" in checked.diff("Say who may log in over SSH, and how")


def test_what_hands_did_is_mended(hosts: Fleet, broken: tuple[Run, Run, str]) -> None:
    nvr, kiosk = hosts[NVR], hosts[KIOSK]
    assert nvr.must("systemctl is-active chrony motion").split() == ["active", "active"]
    assert "8080" not in nvr.must("nft list ruleset")
    assert "sudo" not in nvr.must("id -nG lanhdao")
    assert not nvr.run("getent passwd intruder").ok
    assert kiosk.must("systemctl is-active fleet-kiosk").strip() == "active"
    assert "PermitRootLogin no" in nvr.must("cat /etc/ssh/sshd_config.d/10-fleet.conf")


def test_a_reader_that_is_unplugged_is_told_and_nothing_pretends_to_mend_it(hosts: Fleet) -> None:
    hosts[KIOSK].must("mv /dev/barcode/quay-2 /dev/barcode-unplugged")
    try:
        checked = hosts.good("barcode", check=True, limit=KIOSK)
        assert "-not plugged in\n+plugged in" in checked.diff(READERS)
        run = hosts.play("barcode", limit=KIOSK)
        assert run.code == 2
        assert any("quay-2 (05e0:1200) is not plugged in" in line for line in run.failed())
    finally:
        hosts[KIOSK].must("mv /dev/barcode-unplugged /dev/barcode/quay-2")
