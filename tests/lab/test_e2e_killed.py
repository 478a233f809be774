"""kill -9 at every step of an apply and of an adopt: what is run again ends in step, and no login is lost or locked.

Steps are taken as a sample; `pytest tests/lab/test_e2e_killed.py --every-step` takes every one (some minutes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.killed import KINDS, killed, steps_of
from tests.lab.office import Office

ONE = "mixed-hikvision"
OTHERS = "mixed-dahua,mixed-axis,mixed-bosch,mixed-uniview"

HERE = "all: {vars: {}}"
THERE = """\
camera:
  vars:
    identity_location: Kho
    time_zone: UTC
    network_dns_servers: [10.0.0.55]
    services_discovery: true
    users_accounts: {lanhdao: {state: absent}, giamsat: {level: operator}}
    video_main_frame_rate_fps: 10
    video_sub_bitrate_kbps: 256
    imaging_brightness: 40
    osd_text: Kho
    audio_enabled: false
    privacy_masks:
      lower_right: {state: absent}
      upper_left: {polygon: ["0,0", "20,0", "20,20", "0,20"], enabled: true}
"""
BACK = """\
camera:
  vars:
    users_accounts: {fleetctl: {level: administrator}, lanhdao: {level: user}, giamsat: {state: absent}}
    privacy_masks:
      upper_left: {state: absent}
      lower_right: {polygon: ["80,75", "98,75", "98,98", "80,98"], type: color, enabled: true}
"""


class Shuttle:
    """A site whose standard is changed to and fro, so that every apply has all aspects to do."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.there = False

    def turn(self) -> None:
        self.there = not self.there
        self.office.overlay(THERE if self.there else BACK)

    def proven(self, limit: str) -> None:
        """The devices are in step, and their accounts have the passwords that the vault has."""
        office = self.office
        ran = office.json("audit", "--limit", limit)
        assert ran.code == 0, ran
        assert office.locked() == {}
        passwords = office.passwords()
        for name in limit.split(","):
            users = office.real(name)["users"]
            for account in ("fleetctl", "giamsat" if self.there else "lanhdao"):
                assert users[account]["password"] == passwords[name, account], f"{account} of {name}"


@pytest.fixture(scope="module")
def shuttle(templates: Callable[[str], Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shuttle]:
    office = templates("mixed").copy(tmp_path_factory.mktemp("killed") / "mixed")
    office.overlay(BACK)
    office.expect(0, "apply", "--yes", "--limit", f"{ONE},{OTHERS}")
    try:
        yield Shuttle(office)
    finally:
        office.lab_down()


@pytest.fixture(scope="session")
def every(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """Return the sample's distance: 1 with --every-step."""
    return lambda distance: 1 if pytestconfig.getoption("--every-step") else distance


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("limit", "distances"), [(ONE, (1, 1, 2, 1)), (OTHERS, (9, 17, 19, 1))], ids=["one", "others"])
def test_an_apply_that_was_killed_is_resumed_and_ends_in_step(
    shuttle: Shuttle, every: Callable[[int], int], kind: str, limit: str, distances: tuple[int, ...]
) -> None:
    office, command = shuttle.office, ("apply", "--yes", "--limit", limit)
    shuttle.turn()
    steps = steps_of(office, *command)
    shuttle.proven(limit)
    distance = every(distances[KINDS.index(kind)])
    for number in range(1, steps[kind] + 1, distance):
        shuttle.turn()
        told = f"{kind} {number} of {steps[kind]}"
        killed(office, kind, number, *command)
        ran = office.json("apply", "--resume", "--yes")
        if ran.code == 2:  # killed before the apply began, or after its end
            assert "nothing to resume" in ran.out, f"{told}: {ran}"
            ran = office.json(*command)
        assert ran.code == 0, f"{told}: {ran}"
        shuttle.proven(limit)
        again = office.json("apply", "--resume", "--yes")
        assert (again.code, "nothing to resume" in again.out) == (2, True), f"{told}: {again}"


@pytest.mark.timeout(1800)
def test_an_adopt_that_was_killed_is_done_again_and_ends_well(
    templates: Callable[[str], Office], every: Callable[[int], int], tmp_path: Path
) -> None:
    limit = "mixed-hikvision,mixed-dahua,mixed-axis,mixed-uniview"
    fresh = templates("mixed-fresh")
    command = ("adopt", "--yes", "--limit", limit)
    office = fresh.copy(tmp_path / "first")
    steps = steps_of(office, *command)
    office.lab_down()
    for kind in KINDS:
        kills = 0
        for number in range(1, steps[kind] + 1, every(3)):
            office = fresh.copy(tmp_path / f"{kind}-{number}")
            told = f"{kind} {number} of {steps[kind]}"
            try:
                # Devices that are adopted side by side share commits, so that a run may come to its end with fewer.
                kills += killed(office, kind, number, *command)
                ran = office.json(*command)
                assert ran.code == 0, f"{told}: {ran}"
                assert office.locked() == {}, told
                ran = office.json("audit", "--limit", limit)
                assert (ran.code, set(ran.outcomes.values())) == (3, {"pending"}), f"{told}: {ran}"
                for name in limit.split(","):
                    made = office.real(name)["users"]["fleetctl"]["password"]
                    assert made == office.passwords()[name, "fleetctl"], told
                    entry = office.workspace.vault.entry("mixed", name, "admin")
                    has = office.real(name)["users"].get("admin", {"password": ""})["password"]
                    assert (has, "") == (entry.current, entry.prepared), f"{told}: the maker's account of {name}"
                    assert office.workspace.inventory.devices[name].serial_number, told
            finally:
                office.lab_down()
        assert kills >= 1 if kind == "commit" else kills == len(range(1, steps[kind] + 1, every(3))), kind
