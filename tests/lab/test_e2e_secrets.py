"""Nothing that fleetctl writes holds a password in clear: judged over all that a whole life in a workspace leaves."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import secrets
from tests.lab.office import Office
from tests.lab.test_e2e_logins import new_password

CAM, SITE = "viet-hung-cam-01", "viet_hung"


def program(name: str) -> str:
    """Return where a program that judges is."""
    found = shutil.which(name)
    assert found, f"{name} is not there: python -m tests.tools"
    return found


def test_the_search_finds_secrets_wherever_they_hide(tmp_path: Path) -> None:
    secret = "Kw7-mx2pQ.tz5_B"
    (tmp_path / "log").write_text(f"x{secret}y")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(secret.encode()))
    for offset in range(3):
        (tmp_path / f"head{offset}").write_bytes(base64.b64encode(b"admin:"[:offset] + secret.encode() + b":x"))
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute("CREATE TABLE a (b)")
        database.execute("INSERT INTO a VALUES (?)", (secret,))
    (tmp_path / "clean").write_text("x")
    (tmp_path / "vault-password").write_text(secret)
    found = {place.partition(" ")[0] for place in secrets.in_files(tmp_path, [secret])}
    assert found == {"log", "packed.gz", "head0", "head1", "head2", "store.db"}


def test_no_password_is_in_anything_that_was_written(offices: Callable[[str], Office], tmp_path: Path) -> None:
    office = offices("pilot-fresh")
    limit = ("--limit", "viet-hung-cam-0*")
    said = [str(office.expect(0, "adopt", "--yes", *limit))]
    said.append(str(office.expect(3, "plan", *limit, "-o", str(office.root / "monday.plan"))))
    reports = [f"{kind}:{office.root / f'report.{kind}'}" for kind in ("html", "json", "csv")]
    said.append(str(office.expect(0, "apply", str(office.root / "monday.plan"), "--yes")))
    said.append(str(office.expect(0, "audit", *limit, *(word for each in reports for word in ("--report", each)))))
    office.workspace.vault.prepare(SITE, CAM, "fleetctl")
    new_password(office, CAM)
    said.append(str(office.expect(1, "audit", "--limit", CAM)))
    said.append(str(office.json("password", "check", *limit)))
    said.append(str(office.run("history", "--runs")))
    (tmp_path / "said").write_text("\n".join(said))
    told = secrets.of_office(office)
    assert len(told) >= 6
    assert office.root.is_relative_to(tmp_path)
    assert secrets.in_files(tmp_path, told, besides=[office.lab_dir]) == []  # the simulated cameras' own memory


def test_an_envelope_opens_with_age_itself_and_shows_nothing_else(
    offices: Callable[[str], Office], tmp_path: Path
) -> None:
    office, envelope = offices("pilot-adopted"), tmp_path / "hanoi.csv.age"
    key = tmp_path / "key.txt"
    public = subprocess.run([program("age-keygen"), "-o", key], capture_output=True, text=True, check=True).stderr
    recipient = public.rpartition(" ")[2].strip()
    office.expect(0, "password", "export", "--recipient", recipient, "-o", str(envelope), "--limit", SITE)
    command = [program("age"), "--decrypt", "-i", key, envelope]
    opened = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    rows = csv.DictReader(io.StringIO(opened.removeprefix("\ufeff")))
    told = {(row["device"], row["account"]): row["password"] for row in rows if row["password"]}
    mine = {key: password for key, password in office.passwords().items() if key[0].startswith("viet-hung")}
    assert told == mine
    assert secrets.in_files(tmp_path, secrets.of_office(office), besides=[office.lab_dir]) == []


def test_a_maker_s_account_gets_a_password_of_the_vault_and_none_is_left_to_tell(
    offices: Callable[[str], Office],
) -> None:
    office = offices("pilot-adopted")
    ran = office.expect(0, "password", "check")
    assert {line["account"] for line in ran.lines if line["type"] == "account"} == {"fleetctl", "admin", "service"}
    for device in office.workspace.inventory.devices.values():
        entry, users = (
            office.workspace.vault.entry(device.site, device.name, "admin"),
            office.real(device.name)["users"],
        )
        assert (entry.current, entry.prepared) == (users["admin"]["password"] if "admin" in users else "", "")


def test_a_maker_s_default_that_is_to_stay_is_told_and_one_that_was_refused_is_not_tried_again(
    offices: Callable[[str], Office],
) -> None:
    office, limit = offices("pilot-fresh"), ("--limit", f"{SITE}:&camera")
    office.device_vars({CAM: {"factory_password_replaced": False}})
    office.expect(0, "adopt", "--yes", *limit)
    ran = office.expect(3, "password", "check", *limit)
    told = {(line["name"], line["account"]): line["troubles"] for line in ran.lines if line["type"] == "account"}
    assert {key for key, troubles in told.items() if troubles} == {(CAM, "admin")}
    assert "default" in told[CAM, "admin"]
    first = office.json("password", "check", "--try-defaults", *limit)
    assert first.outcomes[CAM] == "pending", first
    refused = [name for name, outcome in first.outcomes.items() if outcome == "unchanged"]
    assert refused
    office.forget()
    office.json("password", "check", "--try-defaults", *limit)
    assert {name: office.requests(name) for name in refused} == dict.fromkeys(refused, 0), "not asked again"


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("password", "check")])
def test_a_wrong_vault_password_opens_nothing_and_sends_nothing(
    offices: Callable[[str], Office], tmp_path: Path, command: tuple[str, ...]
) -> None:
    office = offices("pilot-adopted")
    (tmp_path / "wrong").write_text("open barley\n")
    office.forget()
    ran = office.run("--vault-id", f"fleet@{tmp_path / 'wrong'}", *command, "--limit", SITE)
    assert ran.code == 2, ran
    assert "the vault password is wrong" in ran.err
    assert office.requests() == 0
