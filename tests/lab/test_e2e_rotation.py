"""Rotation, driven by the command: recorders in step, killed anywhere, and devices that do not do what they say.

The long soak stands beside it: `python -m tests.lab.soak_rotation`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab import control
from fleetctl.model import Finished, LoginJudged, Rotation, Step
from fleetctl.operations import rotation
from fleetctl.operations.rotation.logins import Logins
from fleetctl.operations.rotation.turns import Login
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace
from fleetctl.vault import Vault
from tests.lab import motion
from tests.lab.killed import died, killed, steps_of
from tests.lab.motion import Motion
from tests.lab.office import Office
from tests.lab.soak_rotation import PATIENCE, lost, made

TURNS, ADMINISTRATOR, PLACE = "s0-c1", "s1-c1", "s2-c1"  # two accounts in turn; the administrator; one account in place
ROTATE = ("password", "rotate", "--yes")
RECOVER = ("password", "recover", "--yes")


@pytest.fixture(scope="session")
def step(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A workspace whose lab is down: three sites of one recorder and one camera, in step and recording."""
    office = made(tmp_path_factory.mktemp("rotation") / "step", 3, 3)
    office.lab_down()
    return office


@pytest.fixture
def office(step: Office, tmp_path: Path) -> Iterator[Office]:
    """A copy of one's own with its lab running, every channel recording."""
    copy = step.copy(tmp_path / "office", retry_s=0.3)
    try:
        assert lost(copy) == []
        copy.forget()
        yield copy
    finally:
        copy.lab_down()


def vault_of(office: Office) -> dict[tuple[str, str], str]:
    workspace = office.workspace
    return {
        (device.name, account): entry.current
        for device in workspace.inventory.devices.values()
        for account, entry in workspace.vault.accounts(device.site, device.name).items()
        if entry.current
    }


def refusals(office: Office, name: str) -> int:
    """Return how many logins a device refused, by the journal: what fleetctl presented."""
    entries = office.workspace.journal.entries(device=name, events=(LoginJudged.__name__,))
    return sum(not entry.payload["accepted"] for entry in entries)


def secrets_on_disk(office: Office, secrets: set[str]) -> list[str]:
    """Return the files of the workspace, but for the lab's own, that hold one of the secrets in clear."""
    files = [path for path in office.root.rglob("*") if path.is_file() and office.lab_dir not in path.parents]
    words = [secret.encode() for secret in secrets]
    return [str(path) for path in files if any(word in path.read_bytes() for word in words)]


def test_every_password_is_another_and_recorders_keep_recording(office: Office) -> None:
    before = vault_of(office)
    ran = office.expect(0, *ROTATE)
    assert set(ran.outcomes.values()) == {"changed"}, ran
    after = vault_of(office)
    assert before.keys() == after.keys()
    assert all(after[key] != before[key] for key in before)
    assert lost(office) == []
    assert office.locked() == {}, "refusals that were wanted are forgiven by a login that was accepted"
    assert office.real("s0-nvr")["channels"]["1"]["user"] == "ghihinh_2", "the idle account took over"
    assert office.real("s1-nvr")["channels"]["1"]["user"] == "fleetctl"
    # the inventory says who is in turn: the recorder is in step with it
    ran = office.json("audit", "--limit", "nvr", "--aspect", "channels")
    assert (ran.code, set(ran.outcomes.values())) == (0, {"unchanged"}), ran
    assert all(refusals(office, name) <= 2 * 3 for name in office.names())
    told = office.run("history", "--last", "1").out + ran.out + ran.err
    secrets = {*before.values(), *after.values()}
    assert not any(secret in told for secret in secrets)
    assert secrets_on_disk(office, secrets) == []


@pytest.fixture(scope="session")
def every(pytestconfig: pytest.Config) -> Callable[[int], int]:
    """Return the sample's distance: 1 with --every-step."""
    return lambda distance: 1 if pytestconfig.getoption("--every-step") else distance


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("camera", "account"), [(TURNS, "ghihinh_2"), (ADMINISTRATOR, "fleetctl"), (PLACE, "ghihinh")])
def test_a_rotation_that_was_killed_is_settled_and_its_recorder_was_refused_nowhere(
    office: Office, every: Callable[[int], int], camera: str, account: str
) -> None:
    command = (*ROTATE, "--limit", camera, "--account", account)
    steps = steps_of(office, *command)
    at = [(kind, n) for kind in ("turned", "ordered", "sent", "commit") for n in range(1, steps.get(kind, 0) + 1)]
    sample = at if every(2) == 1 else [place for place in at if place[0] == "turned"]
    for place in sample:
        died = killed(office, *place, *command)
        time.sleep(2 * office.lab_options.retry_s)  # its recorder would knock by now
        ran = office.json(*RECOVER)
        assert (died, ran.code) == (True, 0) or place[0] != "turned", f"{place} of {steps}: {ran}"
        assert lost(office) == [], f"{place} of {steps}"
        assert office.workspace.store.unsettled() == ()
        assert office.real(f"{camera[:2]}-nvr")["knocks"] == 0, f"{place} of {steps}: the camera refused its recorder"


@pytest.mark.parametrize("device", [TURNS, ADMINISTRATOR, "s0-nvr", "s1-nvr"])
def test_a_device_that_says_yes_and_keeps_the_old_password_keeps_it_everywhere(office: Office, device: str) -> None:
    before = vault_of(office)
    office.break_(device, "password-ignored")
    ran = office.expect(1, *ROTATE, "--limit", device, "--account", "fleetctl")
    assert ran.outcomes == {device: "not_applied"}, ran
    assert vault_of(office) == before
    assert lost(office) == []
    assert refusals(office, device) == 1
    office.mend(device)
    office.expect(0, *ROTATE, "--limit", device, "--account", "fleetctl")
    assert lost(office) == []


@pytest.mark.parametrize("device", [TURNS, "s1-nvr"])
def test_a_device_that_says_yes_and_takes_the_new_password_seconds_later_has_it(office: Office, device: str) -> None:
    rotate = (*ROTATE, "--limit", device, "--account", "fleetctl")
    office.break_(device, "password-late")
    before = vault_of(office)
    office.expect(0, *rotate)
    assert vault_of(office)[device, "fleetctl"] != before[device, "fleetctl"]
    assert lost(office) == []
    killed_at_once = any(killed(office, kind, 1, *rotate) for kind in ("sent", "ordered"))
    assert killed_at_once, "the device has the order, and not carried it out"
    office.expect(0, *RECOVER)
    assert office.workspace.store.unsettled() == ()
    assert lost(office) == []
    assert office.locked() == {}


@pytest.mark.parametrize("device", [TURNS, ADMINISTRATOR, "s0-nvr", "s1-nvr"])
def test_a_device_that_takes_the_new_password_and_answers_an_error_has_it(office: Office, device: str) -> None:
    before = vault_of(office)
    office.break_(device, "password-error")
    ran = office.expect(0, *ROTATE, "--limit", device, "--account", "fleetctl")
    assert ran.outcomes == {device: "changed"}, ran
    assert vault_of(office)[device, "fleetctl"] != before[device, "fleetctl"]
    assert lost(office) == []


@pytest.mark.parametrize("applied", [True, False])
def test_a_camera_that_loses_power_while_it_is_told_ends_with_one_password(office: Office, applied: bool) -> None:
    office.break_(ADMINISTRATOR, "power-cut", applied=applied, boot_s=0.5)
    ran = office.json(*ROTATE, "--limit", ADMINISTRATOR, "--account", "fleetctl")
    assert ran.outcomes[ADMINISTRATOR] == ("changed" if applied else "failed"), ran
    assert office.workspace.store.unsettled() == ()
    assert lost(office) == []


def test_a_camera_whose_recorder_is_off_is_not_touched(office: Office) -> None:
    before = vault_of(office)
    for camera, account in ((TURNS, "ghihinh_2"), (ADMINISTRATOR, "fleetctl")):
        office.break_(f"{camera[:2]}-nvr", "unplug")
        ran = office.expect(4, *ROTATE, "--limit", camera, "--account", account)
        assert ran.outcomes == {camera: "unreachable"}, ran
        assert office.writes(camera) == {}
    assert vault_of(office) == before
    assert office.workspace.store.unsettled() == ()


def test_what_is_open_is_settled_first_and_no_login_is_spent_on_it(office: Office) -> None:
    assert killed(office, "turned", 2, *ROTATE, "--limit", ADMINISTRATOR, "--account", "fleetctl")
    assert [u.account for u in office.workspace.store.unsettled()] == ["fleetctl"]
    office.forget()
    ran = office.expect(1, *ROTATE, "--limit", ADMINISTRATOR)
    assert "password recover" in ran.reason(ADMINISTRATOR), ran
    ran = office.expect(1, "audit", "--limit", ADMINISTRATOR)
    assert "password recover" in ran.reason(ADMINISTRATOR), ran
    assert refusals(office, ADMINISTRATOR) == 0, "a login that may be wrong is not tried"
    ran = office.json("apply", "--yes", "--limit", "s1-nvr", "--aspect", "channels")
    assert "password recover" in ran.reason("s1-nvr"), "nor given to its recorder, whose channel rests"
    assert office.real("s1-nvr")["channels"]["1"]["enabled"] is False
    office.expect(0, *RECOVER)
    assert lost(office) == []


def test_a_wrong_vault_password_opens_nothing_and_sends_nothing(office: Office) -> None:
    (office.state / "vault-password").write_text("not-the-password\n", "utf-8")
    ran = office.expect(2, *ROTATE)
    assert "vault password is wrong" in ran.out
    assert office.writes() == {}
    assert office.workspace.store.unsettled() == ()


def test_a_second_operator_waits(office: Office) -> None:
    with office.workspace.store.lock("apply"):
        ran = office.expect(1, *ROTATE)
    assert [line["error"] for line in ran.lines if line["type"] == "error"] == ["Busy"]
    assert office.writes() == {}


def test_a_vault_that_is_edited_by_hand_meanwhile_loses_no_password(office: Office) -> None:
    workspace = office.workspace
    plan = rotation.chosen(workspace, select(workspace, ADMINISTRATOR), ("fleetctl",))
    seen: dict[str, Any] = {}
    for event in rotation.rotate(workspace, plan):
        if isinstance(event, Rotation) and event.step is Step.SET:  # somebody puts an older copy of the file back
            other = Vault(workspace.inventory_root, workspace.root)
            seen["prepared"] = other.entry("s1", ADMINISTRATOR, "fleetctl").prepared
            other.discard("s1", ADMINISTRATOR, "fleetctl", seen["prepared"], sent=False)
            other.set("s1", "s1-nvr", "lanhdao", "Set-by-hand-7")
    fresh = Workspace(root=workspace.root, inventory_root=workspace.inventory_root).vault
    assert fresh.entry("s1", ADMINISTRATOR, "fleetctl").current == seen["prepared"]
    assert fresh.entry("s1", "s1-nvr", "lanhdao").current == "Set-by-hand-7"
    assert office.real(ADMINISTRATOR)["users"]["fleetctl"]["password"] == seen["prepared"]


def test_a_new_password_that_the_vault_has_dropped_is_not_missed_where_the_old_one_is_live(office: Office) -> None:
    # Killed when the vault had dropped it, and before the end of the rotation was on record.
    assert killed(office, "turned", 1, *ROTATE, "--limit", ADMINISTRATOR, "--account", "fleetctl")
    vault, where = office.workspace.vault, ("s1", ADMINISTRATOR, "fleetctl")
    vault.discard(*where, vault.entry(*where).prepared, sent=False)
    ran = office.expect(0, *RECOVER)
    assert ran.outcomes == {ADMINISTRATOR: "unchanged"}, ran
    assert office.workspace.store.unsettled() == ()
    assert lost(office) == []


@pytest.mark.parametrize("camera", [TURNS, ADMINISTRATOR])
def test_commands_that_are_killed_again_and_again_before_an_answer_is_on_record_are_settled_all_the_same(
    office: Office, camera: str
) -> None:
    command: tuple[str, ...] = (*ROTATE, "--limit", camera, "--account", "fleetctl")
    for _ in range(3):  # each has presented the new password, and nobody was left to hear that it was accepted
        assert _killed_unheard(office, *command)
        command = RECOVER
    office.expect(0, *RECOVER)
    assert office.workspace.store.unsettled() == ()
    assert lost(office) == []
    assert office.locked() == {}


def _killed_unheard(office: Office, *command: str) -> bool:
    """Kill a command once its device has judged the new password, before that is noted."""

    def work() -> None:
        prove = Logins._prove

        def proven(logins: Logins, login: Login, protocol: str) -> None:
            prove(logins, login, protocol)
            os.kill(os.getpid(), signal.SIGKILL)

        Logins._prove = proven  # type: ignore[method-assign]
        os._exit(office.run(*command).code)

    return died(work)


def test_an_account_that_somebody_changed_meanwhile_is_given_the_new_password_by_the_administrator(
    office: Office,
) -> None:
    assert killed(office, "turned", 1, *ROTATE, "--limit", TURNS, "--account", "ghihinh_2")
    users = office.real(TURNS)["users"]
    control.change(office.lab_dir, TURNS, "users", ghihinh_2={**users["ghihinh_2"], "password": "By-hand-2026"})
    office.expect(0, *RECOVER)
    assert office.workspace.store.unsettled() == ()
    assert lost(office) == []
    assert office.locked() == {}


def test_an_account_that_somebody_took_away_meanwhile_is_settled_and_made_again(office: Office) -> None:
    assert killed(office, "turned", 1, *ROTATE, "--limit", TURNS, "--account", "ghihinh_2")
    office.expect(0, "device", "call", TURNS, "devicemgmt", "DeleteUsers", "Username=ghihinh_2", "--yes")
    ran = office.expect(1, *RECOVER)
    assert "fleetctl apply" in ran.reason(TURNS), ran
    assert office.workspace.store.unsettled() == ()
    office.expect(0, "apply", "--yes", "--limit", TURNS, "--aspect", "users")
    assert lost(office) == []


# --- a Linux recorder beside the other one ----------------------------------------------------------------


@pytest.fixture
def linux(office: Office, monkeypatch: pytest.MonkeyPatch) -> Motion:
    """One that logs in to the camera on which two accounts take turns."""
    return motion.playing(office, monkeypatch)


def test_a_linux_recorder_is_moved_to_the_idle_account_and_records_before_the_other_is_retired(
    office: Office, linux: Motion
) -> None:
    for account in ("ghihinh_2", "ghihinh"):
        before = vault_of(office)
        office.expect(0, *ROTATE, "--limit", TURNS, "--account", "ghihinh", "--account", "ghihinh_2")
        after = vault_of(office)
        assert all(after[TURNS, name] != before[TURNS, name] for name in ("ghihinh", "ghihinh_2"))
        assert linux.login == [account, after[TURNS, account]]
        assert linux.records()
        assert office.real("s0-nvr")["channels"]["1"]["user"] == account
        assert lost(office) == []
    assert linux.runs == 2 * ["check", "check", "check", "write", "check"]


def test_a_camera_whose_linux_recorder_is_away_is_not_touched(office: Office, linux: Motion) -> None:
    before, linux.away = vault_of(office), True
    ran = office.expect(4, *ROTATE, "--limit", TURNS, "--account", "ghihinh_2")
    assert ran.outcomes == {TURNS: "unreachable"}, ran
    assert (office.writes(TURNS), vault_of(office), office.workspace.store.unsettled()) == ({}, before, ())


def test_where_no_new_files_appear_every_recorder_gets_the_account_it_had(office: Office, linux: Motion) -> None:
    workspace, login = office.workspace, linux.login
    plan = rotation.chosen(workspace, select(workspace, TURNS), ("ghihinh_2",))
    linux.dead_with = "ghihinh_2"
    events = list(rotation.rotate(workspace, plan, rotation.Options(patience=rotation.Patience(files_s=0.5))))
    told = [event.reason for event in events if isinstance(event, Finished)]
    assert "no file of s0-c1 grows with it" in told[0]
    assert "the recorder has ghihinh again" in told[0]
    assert (linux.login, linux.records(), lost(office)) == (login, True, [])


def test_a_rotation_that_was_killed_leaves_a_linux_recorder_with_a_login_that_is_good(
    office: Office, linux: Motion
) -> None:
    # The site's own recorder has the new login; that the Linux one is about to get it is on record, and no more.
    assert killed(office, "turned", 4, *ROTATE, "--limit", TURNS, "--account", "ghihinh_2")
    assert linux.records()
    for _ in rotation.recover(office.workspace, "", rotation.Options(patience=PATIENCE, check_old=False)):
        pass
    assert linux.records()
    assert linux.login == linux.wanted()
    assert lost(office) == []


@pytest.fixture
def alone(office: Office, monkeypatch: pytest.MonkeyPatch) -> Motion:
    """One that knows one account of the camera."""
    return motion.playing(office, monkeypatch, motion.LINE.replace(": ghihinh_2", ": ''"))


def test_one_account_gets_its_password_while_every_recorder_rests(office: Office, alone: Motion) -> None:
    before, line = vault_of(office), (office.inventory / "fire.yml").read_text("utf-8")
    ran = office.expect(0, *ROTATE, "--limit", TURNS, "--account", "ghihinh")
    assert "its recorder rested for" in ran.reason(TURNS)
    after = vault_of(office)[TURNS, "ghihinh"]
    assert after != before[TURNS, "ghihinh"]
    assert alone.login == ["ghihinh", after]
    pushed = ["check", "check", "write", "check"]
    assert alone.runs == ["check", *pushed, *pushed]
    assert office.real("s0-nvr")["channels"]["1"]["user"] == "ghihinh"
    assert (alone.records(), lost(office)) == (True, [])
    assert (office.inventory / "fire.yml").read_text("utf-8") == line, "what was said of the camera meanwhile is gone"


def test_one_account_that_fails_to_record_with_the_new_password_has_the_old_one_again_everywhere(
    office: Office, alone: Motion
) -> None:
    workspace, before = office.workspace, alone.login
    plan = rotation.chosen(workspace, select(workspace, TURNS), ("ghihinh",))
    alone.records_only_with = before[1]
    events = list(rotation.rotate(workspace, plan, rotation.Options(patience=rotation.Patience(files_s=0.5))))
    told = [event.reason for event in events if isinstance(event, Finished)]
    assert "no file of s0-c1 grows with it" in told[0]
    assert "the old password is back on the camera and the recorder" in told[0]
    assert (alone.login, vault_of(office)[TURNS, "ghihinh"]) == (before, before[1])
    assert (alone.records(), lost(office)) == (True, [])


def test_a_rotation_in_place_that_was_killed_leaves_no_recorder_with_a_password_that_is_refused(
    office: Office, alone: Motion, every: Callable[[int], int]
) -> None:
    command = (*ROTATE, "--limit", TURNS, "--account", "ghihinh")
    steps = steps_of(office, *command)["turned"]
    for number in range(every(3), steps + 1, every(3)):
        assert killed(office, "turned", number, *command)
        assert alone.login == [] or alone.records(), f"step {number} of {steps}"
        for _ in rotation.recover(office.workspace, "", rotation.Options(patience=PATIENCE, check_old=False)):
            pass
        assert office.workspace.store.unsettled() == ()
        assert (alone.records(), alone.login) == (True, alone.wanted()), f"step {number} of {steps}"
        assert lost(office) == []
