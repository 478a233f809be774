"""A site taken along in one file: alone in it, worked with from it, returned without loss; home waits meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleetctl import bundle as sealing
from fleetctl.bundle import Issue, register
from fleetctl.errors import Busy, UsageError
from fleetctl.inventory import edit
from fleetctl.model import Finished, LoginJudged, Outcome
from fleetctl.operations.bundling import opening
from fleetctl.operations.bundling.opening import Opened, open_bundle
from fleetctl.operations.device import writable
from fleetctl.operations.firmware.steps import catalogue
from fleetctl.operations.workspace import Workspace
from tests.lab.homes import Home, made

SECOND = "second-of-hoa-cam"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bundling")
    home = made(root)
    home.bundle(root / "hoa.bundle")
    return root


@pytest.fixture
def home(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Give a home of one's own, whose site `hoa` is out; the laptop's user has an empty folder."""
    root = tmp_path / "all"
    shutil.copytree(template, root)
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return Home(root / "home", root / "key.txt")


def file_of(home: Home) -> Path:
    return home.root.parent / "hoa.bundle"


def opened(home: Home, path: Path | None = None) -> Opened:
    return open_bundle(path or file_of(home), lambda _: home.key.read_text())


def left_open(session: Opened) -> None:
    """End as a killed process does: nothing is put back, its lock is gone."""
    for each in session._given:
        if "store" in each.__dict__:
            each.store.close()
    os.close(session._held)


def worked(workspace: Workspace, serial: str = "NEW-1", password: str = SECOND) -> None:
    """Do what adopting a replaced camera does: journal, budget, serial number, password."""
    with workspace.journal.run("adopt", {"limit": "hoa-cam"}) as record:
        mark = workspace.fingerprints.of("hoa-cam", "fleetctl", password)
        record(LoginJudged(device="hoa-cam", account="fleetctl", fingerprint=mark, accepted=True))
        workspace.vault.run = workspace.journal.number
        workspace.vault.set("hoa", "hoa-cam", "fleetctl", password)
        record(Finished(device="hoa-cam", site="hoa", outcome=Outcome.CHANGED))
    place = workspace.inventory.devices["hoa-cam"].place
    assert place is not None
    edit.set_host_values(Path(place.file), "hoa-cam", {"serial_number": serial})


def test_a_bundle_has_its_site_alone_and_what_the_site_inherits(home: Home) -> None:
    session = opened(home)
    workspace = session.workspace()
    assert set(workspace.inventory.tree.hosts) == {"hoa-cam", "hoa-nvr"}
    assert workspace.inventory.values("hoa-cam")["time_zone"].value == "Asia/Ho_Chi_Minh"
    assert workspace.password(workspace.inventory.devices["hoa-cam"]) == "first-of-hoa-cam"
    everything = b"".join(path.read_bytes() for path in workspace.root.rglob("*") if path.is_file())
    for foreign in (b"mai-cam", b"Mai", b"10.1.2.11", b"first-of", session._lock.vault_password.encode()):
        assert foreign not in everything
    modes = {path.stat().st_mode & 0o077 for path in [workspace.root, *workspace.root.rglob("*")] if path.is_file()}
    assert (workspace.root.stat().st_mode & 0o777, modes) == (0o700, {0})
    session.close()
    assert not workspace.root.exists()


def test_home_does_not_write_to_a_site_that_is_out_and_says_who_has_it(home: Home) -> None:
    workspace = home.workspace
    with pytest.raises(Busy, match=r"hoa was taken along by An on .*site return FILE.*--recall"):
        writable(workspace, workspace.inventory.devices["hoa-cam"])
    with pytest.raises(Busy, match="taken along by An"):
        workspace.vault.set("hoa", "hoa-cam", "fleetctl", "another")
    workspace.vault.set("mai", "mai-cam", "fleetctl", "another")
    for arguments in (("adopt", "--limit", "hoa", "--yes"), ("device", "reset", "hoa-cam", "--confirm", "hoa-cam")):
        told = home.run(*arguments)
        assert (told.code, "taken along by An" in told.err) == (1, True), told
    again = home.run("site", "bundle", "hoa", "-o", str(home.root / "2.bundle"), "--recipient", "age1x")
    assert (again.code, "taken along by An" in again.err) == (1, True)
    status = home.run("status")
    assert (status.code, "taken along by An" in status.err) == (0, True)


def test_a_site_that_moves_while_it_is_out_is_refused(home: Home) -> None:
    told = home.run("inventory", "move", "hoa", "--to", "mai", "--keep", "all", "--yes")
    assert (told.code, "taken along by An" in told.err) == (1, True), told


@pytest.mark.parametrize("word", ["recall", "lost"])
def test_a_bundle_that_will_not_come_back_is_ended_with_the_reason_on_record(home: Home, word: str) -> None:
    assert home.run("site", "bundle", "hoa", f"--{word}").code == 2
    told = home.run("site", "bundle", "hoa", f"--{word}", "--reason", "left on the bus")
    assert (told.code, "password rotate --limit hoa" in told.out) == (0, word == "lost")
    workspace = home.workspace
    assert workspace.closed("hoa") == ""
    (taken,) = register.taken(workspace.store)
    assert (taken.state, taken.reason) == ({"recall": "recalled", "lost": "lost"}[word], "left on the bus")
    assert workspace.journal.runs(kind="site bundle", last=1)[0].args["reason"] == "left on the bus"
    assert home.run("site", "return", str(file_of(home)), "--yes").code == 0  # it may come back after all


def test_what_was_done_with_a_bundle_is_in_its_file_and_comes_back(home: Home) -> None:
    session = opened(home)
    worked(session.workspace())
    session.close()
    assert sealing.read(file_of(home)).state.generation == 2
    told = home.run("--json", "site", "return", str(file_of(home)), "--yes")
    assert (told.code, told.lines[-1]["runs"], told.lines[-1]["settings"]) == (0, 1, 1), told
    workspace = home.workspace
    device = workspace.inventory.devices["hoa-cam"]
    assert (device.serial_number, workspace.password(device)) == ("NEW-1", "second-of-hoa-cam")
    entry = workspace.vault.entry("hoa", "hoa-cam", "fleetctl")
    (run,) = workspace.journal.runs(kind="adopt")
    assert (entry.previous, entry.run, run.args["limit"]) == ("first-of-hoa-cam", run.run, "hoa-cam")
    assert [e.event for e in workspace.journal.entries(run=run.run)] == ["LoginJudged", "Finished"]
    assert workspace.store.proven("hoa-cam", "fleetctl")
    assert workspace.closed("hoa") == ""
    assert "# by the door" in home.sites.read_text("utf-8")
    assert "mai-cam" in home.sites.read_text("utf-8")


def test_a_file_that_comes_back_twice_changes_nothing_the_second_time(home: Home) -> None:
    session = opened(home)
    worked(session.workspace())
    session.close()
    for expected in (1, 0):
        told = home.run("--json", "site", "return", str(file_of(home)), "--yes")
        assert (told.code, told.lines[-1]["runs"]) == (0, expected), told
    assert len(home.workspace.journal.runs(kind="adopt")) == 1


def test_a_return_that_was_cut_off_is_gone_on_with(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(home)
    worked(session.workspace())
    session.close()
    with monkeypatch.context() as cut:
        cut.setattr(register, "end", lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        pid = os.fork()
        if pid == 0:
            home.run("site", "return", str(file_of(home)), "--yes")
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    assert home.workspace.closed("hoa")
    told = home.run("--json", "site", "return", str(file_of(home)), "--yes")
    assert (told.code, told.lines[-1]["runs"]) == (0, 0), told
    assert len(home.workspace.journal.runs(kind="adopt")) == 1
    assert home.workspace.vault.entry("hoa", "hoa-cam", "fleetctl").previous == "first-of-hoa-cam"


@pytest.mark.parametrize("side", ["bundle", "home"])
def test_what_both_sides_changed_is_shown_and_nothing_is_lost(home: Home, side: str) -> None:
    session = opened(home)
    worked(session.workspace(), serial="NEW-B")
    session.close()
    edit.set_host_values(home.sites, "hoa-cam", {"serial_number": "NEW-H", "desk": "Quầy 2"})
    workspace = home.workspace
    workspace.vault._closed = lambda _: ""  # somebody edits the vault at home all the same
    workspace.vault.set("hoa", "hoa-cam", "fleetctl", "third-of-hoa-cam")
    asked = home.run("site", "return", str(file_of(home)), "--yes")
    assert asked.code == 2
    assert "Conflict hoa-cam.serial_number: it went out as -; home has NEW-H, the bundle has NEW-B" in asked.out
    assert "Conflict hoa-cam:fleetctl: both sides changed this password" in asked.out
    assert "hoa-of" not in asked.out + asked.err
    told = home.run("site", "return", str(file_of(home)), "--yes", "--take", side)
    assert told.code == 0, told
    after = home.workspace
    device = after.inventory.devices["hoa-cam"]
    assert (device.serial_number, device.desk) == ({"bundle": "NEW-B", "home": "NEW-H"}[side], "Quầy 2")
    entry = after.vault.entry("hoa", "hoa-cam", "fleetctl")
    both = ("second-of-hoa-cam", "third-of-hoa-cam")
    assert (entry.current, entry.previous) == (both if side == "bundle" else both[::-1])


def test_a_command_that_was_killed_loses_nothing_and_the_next_goes_on(home: Home) -> None:
    session = opened(home)
    worked(session.workspace())
    left_open(session)
    assert sealing.read(file_of(home)).state.generation == 1
    told = home.away(file_of(home), "history")
    assert (told.code, "what it did is taken up" in told.err) == (0, True), told
    assert sealing.read(file_of(home)).state.generation == 2
    again = opened(home)
    assert again.workspace().inventory.devices["hoa-cam"].serial_number == "NEW-1"
    again.close()


def test_killed_between_file_and_folder_the_file_is_what_counts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(home)
    worked(session.workspace())
    with monkeypatch.context() as cut:
        cut.setattr(opening, "_away", lambda _root: None)
        session.close()
    generation = sealing.read(file_of(home)).state.generation
    again = opened(home)
    assert again.workspace().inventory.devices["hoa-cam"].serial_number == "NEW-1"
    again.close()
    assert (generation, sealing.read(file_of(home)).state.generation) == (2, 2)


def test_work_of_another_copy_is_put_aside_and_comes_back_too(home: Home) -> None:
    copy = file_of(home).with_name("copy.bundle")
    shutil.copy(file_of(home), copy)
    session = opened(home)
    worked(session.workspace())
    session.close()
    session = opened(home)
    worked(session.workspace(), serial="NEW-2", password="third-of-hoa-cam")
    left_open(session)
    told = home.away(copy, "history")
    aside = file_of(home).with_name("copy-2.bundle")
    assert (told.code, str(aside) in told.err) == (0, True), told
    for path, runs in ((aside, 2), (copy, 0)):
        returned = home.run("--json", "site", "return", str(path), "--yes")
        assert (returned.code, returned.lines[-1]["runs"]) == (0, runs), returned
    assert home.workspace.inventory.devices["hoa-cam"].serial_number == "NEW-2"


def test_a_command_that_did_nothing_leaves_the_file_as_it_is(home: Home) -> None:
    before = file_of(home).read_bytes()
    assert home.away(file_of(home), "inventory", "list").code == 0
    assert file_of(home).read_bytes() == before
    assert not list(opening.private_folder().glob("*.gone"))


def test_a_file_that_cannot_be_written_keeps_the_work_in_its_folder(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(home)
    worked(session.workspace())
    with monkeypatch.context() as full:
        full.setattr(sealing, "write", _full)
        with pytest.raises(UsageError, match=r"cannot be written \(No space left.*What was done is safe in"):
            session.close()
    again = opened(home)
    assert again.workspace().inventory.devices["hoa-cam"].serial_number == "NEW-1"
    again.close()
    assert sealing.read(file_of(home)).state.generation == 2


def _full(*_: object, **__: object) -> str:
    raise OSError(28, "No space left on device")


def test_an_expired_bundle_reads_and_returns_and_does_not_write(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Issue, "expired", lambda *_: True)
    session = opened(home)
    workspace = session.workspace()
    with pytest.raises(Busy, match=r"was to work with until .* it can be returned as ever"):
        writable(workspace, workspace.inventory.devices["hoa-cam"])
    with pytest.raises(Busy, match="was to work with until"):
        workspace.vault.set("hoa", "hoa-cam", "fleetctl", "another")
    session.close()
    told = home.away(file_of(home), "adopt", "--limit", "hoa-cam", "--yes")
    assert (told.code, "was to work with until" in told.err) == (1, True), told
    assert home.away(file_of(home), "status").code == 0
    assert home.run("site", "return", str(file_of(home)), "--yes").code == 0


def test_a_bundle_expires_after_its_days() -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    told = dict.fromkeys(Issue.__dataclass_fields__, "") | {"expires": now.isoformat()}
    assert [Issue(**told).expired(now + timedelta(seconds=s)) for s in (-1, 0)] == [False, True]


def test_another_fleets_bundle_is_refused_at_home_and_on_a_laptop_before_anything_is_opened(
    home: Home, tmp_path: Path
) -> None:
    other = made(tmp_path / "other")
    path = other.bundle(tmp_path / "other.bundle")
    told = home.run("site", "return", str(path), "--yes")
    assert (told.code, "is a bundle of another fleet" in told.err) == (2, True), told
    assert home.away(file_of(home), "status").code == 0  # this laptop knows home's fleet now
    refused = other.away(path, "status")
    assert (refused.code, "is of another fleet" in refused.err) == (2, True), refused
    assert sorted(each.suffix for each in opening.private_folder().iterdir()) == ["", ".lock"]
    word = opening.fleet_word(sealing.read(path).issue.fleet)
    assert other.away(path, "--fleet", word, "status").code == 0
    assert other.away(path, "status").code == 0  # it is known from then on


def test_a_key_that_does_not_open_it_is_told_and_nothing_is_written(home: Home, tmp_path: Path) -> None:
    other = made(tmp_path / "other")
    told = other.away(file_of(home), "status")
    assert (told.code, "this private key does not open the bundle" in told.err) == (2, True), told
    assert [each.suffix for each in opening.private_folder().iterdir()] == [".lock"]


def test_two_commands_do_not_work_with_one_bundle_at_a_time(home: Home) -> None:
    session = opened(home)
    told = home.away(file_of(home), "status")
    assert (told.code, "worked with by another command" in told.err) == (1, True), told
    session.close()


def test_commands_that_are_for_home_say_so(home: Home) -> None:
    for arguments in (("lab", "status"), ("site", "bundle", "hoa"), ("site", "return", "x"), ("schedule", "show")):
        told = home.away(file_of(home), *arguments)
        assert (told.code, "is for home" in told.err) == (2, True), told


def test_a_passphrase_that_is_short_is_refused_and_the_site_is_not_out(home: Home, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("twelve")
    path = tmp_path / "mai.bundle"
    told = home.run("site", "bundle", "mai", "-o", str(path), "--passphrase-file", str(tmp_path / "short"))
    assert (told.code, "12 characters at least" in told.err, path.exists()) == (2, True, False), told
    assert home.workspace.closed("mai") == ""


def test_the_images_that_are_wanted_go_along_sealed_and_are_unpacked_when_asked_for(home: Home, tmp_path: Path) -> None:
    standard = home.root / "inventory" / "standard.yml"
    standard.write_text(standard.read_text("utf-8") + "    firmware_target: {IPC-1: V2.0}\n", "utf-8")
    for name, model in (("wanted", "IPC-1"), ("other", "IPC-2")):
        (tmp_path / f"{name}.bin").write_bytes(name.encode() * 4000)
        words = ("--vendor", "dahua", "--model", model, "--version", "V2.0")
        assert home.run("firmware", "add", str(tmp_path / f"{name}.bin"), *words).code == 0
    home.workspace.store.learn("mai-cam", {"model": "IPC-1", "manufacturer": "Dahua"})
    path = home.bundle(tmp_path / "mai.bundle", site="mai")
    assert b"wanted" not in path.read_bytes()
    length = sealing.read(path).state.images[0]
    told = home.away(path, "--json", "firmware", "list")
    assert (told.code, [line["file_name"] for line in told.lines if "file_name" in line]) == (0, ["wanted.bin"]), told
    session = opened(home, path)
    workspace = session.workspace()
    there = catalogue(workspace)
    there.check(there.images()[0])
    with workspace.journal.run("adopt", {"limit": "mai-cam"}):
        pass
    session.close()
    state = sealing.read(path).state
    assert (state.generation, state.images[0]) == (2, length)
    refused = home.away(path, "firmware", "add", str(tmp_path / "other.bin"), "--vendor", "dahua", "--model", "x")
    assert (refused.code, "taken in at home" in refused.err) == (2, True), refused
