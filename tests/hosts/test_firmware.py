"""Role firmware: packages to a given state, holds, and nothing by the way."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.hosts import repository
from tests.hosts.commune import KIOSK
from tests.hosts.fleet import REPOSITORY, Fleet

VERSION = "cat /usr/share/fleet-demo/version"


def test_packages_move_when_they_are_rolled_and_stay_when_they_are_held(hosts: Fleet, repo: Path) -> None:
    kiosk = hosts[KIOSK]
    repository.add(repo, "1.1")
    held = hosts.good("firmware", limit=KIOSK, firmware_holds=["fleet-demo"], firmware_upgrade="safe")
    assert "+fleet-demo" in held.diff("Tell which packages are held and should not be, or the other way round")
    assert kiosk.must(VERSION).strip() == "1.0"
    checked = hosts.good("firmware", check=True, limit=KIOSK, firmware_packages={"fleet-demo": "1.1"})
    assert "Bring the named packages to their version" in checked.changed()
    assert kiosk.must(VERSION).strip() == "1.0"
    hosts.good("firmware", limit=KIOSK, firmware_packages={"fleet-demo": "1.1"}, firmware_upgrade="none")
    assert kiosk.must(f"{VERSION}; apt-mark showhold").split() == ["1.1"]


def test_a_site_is_never_rolled_two_hosts_at_once_and_apply_never_rolls() -> None:
    (play,) = yaml.safe_load((REPOSITORY / "playbooks/firmware.yml").read_text(encoding="utf-8"))
    assert play["serial"] == 1
    assert "firmware" not in (REPOSITORY / "playbooks/site.yml").read_text(encoding="utf-8").partition("\n")[2]
