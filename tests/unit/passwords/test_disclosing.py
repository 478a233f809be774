"""`password show` and `password export`: who sees what, and that it is on record before."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import pyrage
import pytest

from fleetctl.cli.main import main
from fleetctl.errors import UsageError, VaultError
from fleetctl.operations import disclosing
from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import Workspace, open_workspace
from fleetctl.vault import envelope

GOOD, OTHER = "Kw7-mx2pQ.tz5_B", "Rd4.nc8wG-hv2_L"


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    workspace.vault.set("viet_hung", "cam-01", "fleetctl", GOOD)
    workspace.vault.set("viet_hung", "cam-01", "giamsat", OTHER)
    workspace.vault.set("gia_thuy", "cam-03", "fleetctl", "Ck5_wm8rT-xb3.F")
    return workspace


def run(workspace: Workspace, *arguments: str) -> int:
    return main(["--workspace", str(workspace.root), "--lang", "en", "password", *arguments])


def on_record(workspace: Workspace) -> list[tuple[str, str, str]]:
    entries = open_workspace(workspace.root).journal.entries(events=("Disclosed",))
    return [(e.device, e.payload["account"], e.payload["to"]) for e in entries]


def test_a_shown_password_is_on_record_with_its_account(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "show", "cam-01", "giamsat", "--yes") == 0
    assert capsys.readouterr().out == f"giamsat {OTHER}\n"
    assert on_record(filled) == [("cam-01", "giamsat", "screen")]
    (told,) = open_workspace(filled.root).journal.runs(kind="password show")
    assert told.operator
    assert told.exit_code == 0


def test_all_accounts_are_shown_and_what_may_be_live_already(
    filled: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = filled.vault.prepare("viet_hung", "cam-01", "giamsat")
    assert run(filled, "show", "cam-01", "--yes") == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [f"fleetctl {GOOD}", f"giamsat {OTHER}", f"giamsat {prepared} (prepared: it may be live already)"]


def test_without_a_terminal_and_yes_nothing_is_shown(filled: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "show", "cam-01") == 2
    assert run(filled, "--json", "show", "cam-01", "--yes") == 2
    assert GOOD not in "".join(capsys.readouterr())
    assert on_record(filled) == []


def test_an_account_that_is_not_there_is_told_with_those_that_are(filled: Workspace) -> None:
    with pytest.raises(VaultError, match=r"no password of nobody on cam-01\. It has: fleetctl, giamsat"):
        disclosing.accounts(filled, "cam-01", "nobody")
    with pytest.raises(VaultError, match="fleetctl adopt --limit cam-02"):
        disclosing.accounts(filled, "cam-02")
    with pytest.raises(UsageError, match="names 3 devices"):
        disclosing.accounts(filled, "viet_hung")


def test_an_envelope_opens_with_any_recipient_s_key_and_holds_what_was_asked_for(
    filled: Workspace, tmp_path: Path
) -> None:
    first, second = (pyrage.x25519.Identity.generate() for _ in range(2))
    (tmp_path / "keys.txt").write_text(f"# the safe of the city\n{second.to_public()}\n")
    path = tmp_path / "hanoi.csv.age"
    made = disclosing.export(filled, "viet_hung", [str(first.to_public()), str(tmp_path / "keys.txt")], path)
    assert (made.devices, made.passwords, len(made.recipients)) == (1, 2, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for key in (first, second):
        told = pyrage.decrypt(path.read_bytes(), [key]).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(told)))
        assert [(r["device"], r["account"], r["password"]) for r in rows] == [
            ("cam-01", "fleetctl", GOOD),
            ("cam-01", "giamsat", OTHER),
        ]
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.generate()])
    assert on_record(filled) == [("cam-01", "", ", ".join(made.recipients))]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("age1qqqq", "no public key of age or SSH"),
        ("nonsense", "neither a public key"),
        ("/dev/null", "names no public key"),
        ("private.txt", "that is a private key"),
    ],
)
def test_a_recipient_that_is_none_gets_nothing(
    filled: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "private.txt").write_text(f"{pyrage.x25519.Identity.generate()}\n")
    with pytest.raises(UsageError, match=reason):
        disclosing.export(filled, "", [given], tmp_path / "out.age")
    assert not (tmp_path / "out.age").exists()


def test_an_envelope_is_not_written_over_another_file(filled: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        disclosing.export(filled, "", [str(pyrage.x25519.Identity.generate().to_public())], path)
    assert path.read_text() == "mine"


def test_an_ssh_key_is_a_recipient_too(tmp_path: Path) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKv2TJ0L3Uw1p3hYl5ZC8iIW3W0YJ0m2pHh1sVQq1kqX city"
    assert envelope.sealed(b"x", envelope.recipients_of([key])).startswith(b"age-encryption.org/v1")


def test_the_recovery_sheet_may_be_an_envelope(tmp_path: Path) -> None:
    key = pyrage.x25519.Identity.generate()
    source = tmp_path / "source"
    source.mkdir()
    made = init(tmp_path / "workspace", source, [str(key.to_public())])
    assert made.envelope.name == "recovery-sheet.txt.age"
    password = made.password_file.read_bytes().strip()
    assert password in pyrage.decrypt(made.envelope.read_bytes(), [key])
    assert stat.S_IMODE(made.envelope.stat().st_mode) == 0o600
    assert not (made.envelope.parent / "recovery-sheet.txt").exists()
