"""Schedules as they are written: what they say; systemd itself judges them in tests/lab."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from fleetctl.errors import UsageError
from fleetctl.operations import audit, schedules
from fleetctl.operations.workspace import Workspace
from tests.unit.messages.nights import FIRST

LIMIT = "long_bien:&camera:!vh-1 100% $HOME"


def written(workspace: Workspace, tmp_path: Path, **more: str) -> dict[str, str]:
    schedule = schedules.made("audit", limit=LIMIT, until="05:30", **more)
    paths = schedules.install(workspace, schedule, schedules.place(to=tmp_path / "units"))
    return {path.suffix: path.read_text() for path in paths}


def test_units_take_drift_for_a_result_the_vault_password_as_a_credential_and_catch_up(
    workspace: Workspace, tmp_path: Path
) -> None:
    told = written(workspace, tmp_path)
    service, timer = told[".service"].splitlines(), told[".timer"].splitlines()
    assert "SuccessExitStatus=3 4" in service
    password = workspace.root / ".fleetctl" / "vault-password"
    assert f"LoadCredential=vault-password:{password}" in service
    assert "Environment=FLEETCTL_VAULT_PASSWORD_FILE=%d/vault-password" in service
    assert {"OnCalendar=*-*-* 01:00:00", "RandomizedDelaySec=15min", "Persistent=true"} <= set(timer)
    assert password.read_text().strip() not in "".join(told.values())


def test_the_limit_reaches_the_command_as_one_word_under_systemd_and_under_cron(
    workspace: Workspace, tmp_path: Path
) -> None:
    (line,) = [x for x in written(workspace, tmp_path)[".service"].splitlines() if x.startswith("ExecStart=")]
    words = shlex.split(line.replace("%%", "%").replace("$$", "$"))
    assert words[words.index("--limit") + 1] == LIMIT
    told = schedules.cron(workspace, schedules.made("audit", limit=LIMIT)).splitlines()[1]
    assert "100\\%" in told
    assert LIMIT in shlex.split(told.replace("\\%", "%"))


def test_the_service_may_write_the_workspace_and_the_dead_mans_file_and_nothing_else(
    workspace: Workspace, tmp_path: Path
) -> None:
    told = written(workspace, tmp_path, alive=str(tmp_path / "alive.json"))[".service"].splitlines()
    assert f"ReadWritePaths={workspace.root} {tmp_path}" in told
    assert "ProtectSystem=strict" in told
    with pytest.raises(UsageError, match="there is no folder"):
        written(workspace, tmp_path, alive=str(tmp_path / "nowhere" / "alive.json"))
    with pytest.raises(UsageError, match="line each"):
        written(workspace, tmp_path, alive="a\nb")


def test_schedules_are_listed_and_removed(workspace: Workspace, tmp_path: Path) -> None:
    place = schedules.place(to=tmp_path / "units")
    for schedule in (schedules.made("watch"), schedules.made("audit", "son-tay", at="02:00")):
        schedules.install(workspace, schedule, place)
    assert [each for each, _ in schedules.installed(workspace, place)] == [
        schedules.made("audit", "son-tay", at="02:00"),
        schedules.made("watch"),
    ]
    assert len(schedules.remove(workspace, "son-tay", place)) == 2
    assert [each.name for each, _ in schedules.installed(workspace, place)] == ["watch"]
    with pytest.raises(UsageError, match="There are: watch"):
        schedules.remove(workspace, "son-tay", place)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"what": "apply"}, "apply cannot be scheduled"),
        ({"at": "1:00"}, "--at 1:00"),
        ({"every": 7}, "--every 7"),
        ({"at": "01:00", "every": 10}, "not both"),
        ({"what": "watch", "until": "05:30"}, "for audit only"),
        ({"name": "a b"}, "--name a b"),
        ({"limit": "a\nb"}, "one line"),
    ],
)
def test_what_cannot_be_scheduled_is_refused_with_its_reason(more: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        schedules.made(**{"what": "audit", **more})  # type: ignore[arg-type]


def test_a_vault_that_asks_a_person_is_not_for_a_timer(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.root / "ansible.cfg").write_text("[defaults]\nvault_identity_list = fleet@prompt\n")
    with pytest.raises(UsageError, match="cannot ask"):
        written(workspace, tmp_path)


def test_cron_begins_a_little_late_and_the_same_each_day_and_never_beside_itself(workspace: Workspace) -> None:
    schedule = schedules.made("audit", at="23:55", jitter=15)
    told = schedules.cron(workspace, schedule)
    minute, hour = (int(part) for part in told.splitlines()[1].split()[:2])
    assert 0 <= (hour * 60 + minute - (23 * 60 + 55)) % 1440 <= 15
    assert told == schedules.cron(workspace, schedule)
    assert "--nonblock" in told


def test_a_users_own_crontab_gets_the_lines_and_keeps_what_else_it_holds(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table"
    program = tmp_path / "crontab"
    program.write_text(
        f"#!/bin/sh\n[ $1 = - ] && exec cat >{table}\ncat {table} || {{ echo no crontab for me >&2; exit 1; }}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    place = schedules.place(cron=True)
    for schedule in (schedules.made("watch"), schedules.made("audit")):
        schedules.install(workspace, schedule, place)
    told = table.read_text()
    assert told.count("*/10 * * * * ") == 1
    assert " fleetctl.cli.main " not in told.replace("-m fleetctl.cli.main", "")
    table.write_text(f"5 4 * * * mine\n{told}# mine, too\n")
    schedules.install(workspace, schedules.made("watch", every=5), place)
    told = table.read_text()
    assert told.startswith("5 4 * * * mine\n")
    assert "# mine, too\n" in told
    assert (told.count("*/5 * * * * "), told.count("*/10 * * * * ")) == (1, 0)
    assert [each.name for each, _ in schedules.installed(workspace, place)] == ["audit", "watch"]
    for name in ("watch", "audit"):
        schedules.remove(workspace, name, place)
    assert table.read_text() == "5 4 * * * mine\n# mine, too\n"


def test_until_is_the_next_time_that_it_is_so_late() -> None:
    assert audit.deadline("05:30", FIRST).isoformat().startswith("2026-11-01T05:30")
    assert audit.deadline("00:30", FIRST).isoformat().startswith("2026-11-02T00:30")
    with pytest.raises(UsageError, match="write a time as 05:30"):
        audit.deadline("half past five")
