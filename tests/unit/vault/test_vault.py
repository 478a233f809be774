"""The vault: what is opened, what is made, what is refused."""

from __future__ import annotations

import pickle
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fleetctl import files, vault
from fleetctl.errors import Busy, Fault, InventoryError, VaultError
from fleetctl.model import Device, Endpoint, Kind, SecretRef
from fleetctl.vault import Entry, PasswordSource, SecretBag, Vault, cipher

OWN = "{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].current }}"
OPEN = "open sesame"
CAM = Device(name="cam-01", kind=Kind.CAMERA, site="viet_hung", endpoint=Endpoint(address="::1"), user="fleetctl")
REF = SecretRef(device="cam-01", account="fleetctl")


def source(password: str = OPEN) -> PasswordSource:
    return PasswordSource(ask=lambda label: password)


def vault_of(root: Path, password: str = OPEN) -> Vault:
    return Vault(root, source(password), clock=lambda: datetime(2026, 11, 23, 8, 30, tzinfo=UTC))


def file_of(root: Path, site: str = "viet_hung") -> Path:
    return root / "group_vars" / site / "vault.yml"


class Fleet:
    """An inventory with one password."""

    def __init__(self, raw: Any, render: Callable[[Callable[[str], str]], Any] = lambda decrypt: None) -> None:
        self.raw, self.render = raw, render

    def secret_template(self, device: Device, account: str) -> str | None:
        return self.raw if account == device.user else None

    def reveal(self, device_name: str, variable: str, decrypt: Callable[[str], str]) -> Any:
        assert (device_name, variable) == ("cam-01", "ansible_password")
        return self.render(decrypt)


def test_missing_passwords_are_made_once_and_read_back_by_another_vault(tmp_path: Path) -> None:
    made = vault_of(tmp_path).ensure("viet_hung", {"cam-01": ["fleetctl", "xem"], "cam-02": ["fleetctl"]})
    assert [(ref.device, ref.account) for ref in made] == [
        ("cam-01", "fleetctl"),
        ("cam-01", "xem"),
        ("cam-02", "fleetctl"),
    ]
    before = file_of(tmp_path).read_bytes()
    other = vault_of(tmp_path)
    assert other.ensure("viet_hung", {"cam-01": ["fleetctl"]}) == ()
    assert file_of(tmp_path).read_bytes() == before
    entry = other.entry("viet_hung", "cam-01", "fleetctl")
    assert len(entry.current) == 15
    assert entry.changed == "2026-11-23T08:30:00Z"
    assert other.reveal(REF, CAM, Fleet(OWN)) == entry.current


def test_the_file_is_only_for_its_owner_and_shows_no_password(tmp_path: Path) -> None:
    one = vault_of(tmp_path)
    one.set("viet_hung", "cam-01", "fleetctl", "Very.Secret-42")
    path = file_of(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for found in tmp_path.rglob("*"):
        assert not found.is_file() or b"Secret" not in found.read_bytes()
    assert path.read_text().startswith("# Passwords of this site's devices, encrypted.")
    assert "vault_secrets: !vault |\n  $ANSIBLE_VAULT;1.2;AES256;fleet\n" in path.read_text()
    assert [p.name for p in path.parent.iterdir()] == ["vault.yml"]


def test_nothing_prints_a_secret() -> None:
    entry = Entry(current="Very.Secret-42", prepared="Other-43")
    bag = SecretBag({REF: "Very.Secret-42"})
    told = repr((entry, bag, {REF: entry}, Vault(Path("/nowhere"), source("Very.Secret-42")), source("Very.Secret-42")))
    assert "Secret-42" not in told
    assert "Other-43" not in told


def test_a_bag_travels_to_a_worker_with_its_own_secrets_only() -> None:
    bag = pickle.loads(pickle.dumps(SecretBag({REF: "s"})))  # noqa: S301  # our own
    assert bag.reveal(REF) == "s"
    assert REF in bag
    assert len(bag) == 1
    with pytest.raises(VaultError, match="xem on cam-01") as caught:
        bag.reveal(SecretRef(device="cam-01", account="xem"))
    assert pickle.loads(pickle.dumps(caught.value)).missing  # noqa: S301  # our own


def test_a_prepared_password_is_kept_until_it_is_promoted(tmp_path: Path) -> None:
    one = vault_of(tmp_path)
    one.set("viet_hung", "cam-01", "fleetctl", "first")
    prepared = one.prepare("viet_hung", "cam-01", "fleetctl")
    assert vault_of(tmp_path).prepare("viet_hung", "cam-01", "fleetctl") == prepared
    assert one.reveal(REF, CAM) == "first"
    one.promote("viet_hung", "cam-01", "fleetctl")
    entry = vault_of(tmp_path).entry("viet_hung", "cam-01", "fleetctl")
    assert entry == Entry(current=prepared, previous="first", changed="2026-11-23T08:30:00Z")
    with pytest.raises(VaultError, match="no password of fleetctl on cam-01 was prepared"):
        one.promote("viet_hung", "cam-01", "fleetctl")


def test_a_previous_password_goes_with_the_first_write_after_its_days(tmp_path: Path) -> None:
    day = [datetime(2026, 1, 1, tzinfo=UTC)]
    one = Vault(tmp_path, source(), clock=lambda: day[0], keep_days=lambda site: {"viet_hung": 10}[site])
    for password in ("first", "second"):
        one.set("viet_hung", "cam-01", "fleetctl", password)
    for days, kept in ((10, "first"), (11, "")):
        day[0] = datetime(2026, 1, 1 + days, tzinfo=UTC)
        one.ensure("viet_hung", {f"cam-{days}": ["fleetctl"]})
        entry = vault_of(tmp_path).entry("viet_hung", "cam-01", "fleetctl")
        assert (entry.current, entry.previous) == ("second", kept)


def test_a_password_that_was_sent_and_not_taken_is_kept_as_the_previous_one_for_as_long(tmp_path: Path) -> None:
    day = [datetime(2026, 1, 1, tzinfo=UTC)]
    one = Vault(tmp_path, source(), clock=lambda: day[0], keep_days=lambda _site: 10)
    where = ("viet_hung", "cam-01", "fleetctl")
    one.set(*where, "first")
    day[0] = datetime(2026, 3, 1, tzinfo=UTC)
    never = one.prepare(*where)
    one.discard(*where, never, sent=False)
    assert (one.entry(*where).previous, one.entry(*where).prepared) == ("", "")
    sent = one.prepare(*where)
    one.discard(*where, "another", sent=True)
    assert one.entry(*where).prepared == sent
    one.discard(*where, sent, sent=True)
    for days, kept in ((9, sent), (11, "")):
        day[0] = datetime(2026, 3, 1 + days, tzinfo=UTC)
        one.ensure("viet_hung", {f"cam-{days}": ["fleetctl"]})
        entry = vault_of(tmp_path).entry(*where)
        assert (entry.current, entry.previous, entry.prepared) == ("first", kept, "")
        assert entry.changed == "2026-01-01T00:00:00Z", "its age is that of the current one"
    assert entry.prepared_at == ""


def test_what_changes_a_password_is_noted_with_its_run(tmp_path: Path) -> None:
    one = vault_of(tmp_path)
    one.run = 7
    one.set("viet_hung", "cam-01", "fleetctl", "first")
    one.run = 8
    one.prepare("viet_hung", "cam-01", "fleetctl")
    entry = vault_of(tmp_path).entry("viet_hung", "cam-01", "fleetctl")
    assert (entry.run, entry.prepared_run, entry.prepared_at) == (7, 8, "2026-11-23T08:30:00Z")
    one.run = 9
    one.promote("viet_hung", "cam-01", "fleetctl")
    entry = vault_of(tmp_path).entry("viet_hung", "cam-01", "fleetctl")
    assert (entry.run, entry.prepared_run, entry.prepared_at) == (9, 0, "")


def test_a_file_edited_while_it_is_being_written_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, path = vault_of(tmp_path), file_of(tmp_path)
    one.ensure("viet_hung", {"cam-01": ["fleetctl"]})
    encrypt = cipher.encrypt

    def slowly(*given: str | bytes) -> str:
        path.write_text(path.read_text() + "# by hand\n")
        return encrypt(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(cipher, "encrypt", slowly)
    with pytest.raises(VaultError, match="somebody edited it at this moment"):
        one.ensure("viet_hung", {"cam-02": ["fleetctl"]})
    assert path.read_text().endswith("# by hand\n")


@pytest.mark.parametrize("words", ['"current": "a", "run": "x"', '"current": 5', '"currant": "a"'])
def test_an_entry_that_is_none_is_told_without_its_words(tmp_path: Path, words: str) -> None:
    path = file_of(tmp_path)
    path.parent.mkdir(parents=True)
    block = cipher.encrypt(f'"cam-01": {{"fleetctl": {{{words}}}}}', OPEN.encode())
    path.write_text("vault_secrets: !vault |\n" + "".join(f"  {line}\n" for line in block.splitlines()))
    with pytest.raises(VaultError, match="the secrets of cam-01 are not as fleetctl writes them"):
        vault_of(tmp_path).entry("viet_hung", "cam-01", "fleetctl")


def test_many_are_prepared_at_once_and_none_that_has_one(tmp_path: Path) -> None:
    one = vault_of(tmp_path)
    one.ensure("viet_hung", {"cam-01": ["admin"]})
    one.prepare_each("viet_hung", {"cam-01": ["admin"], "cam-02": ["admin"], "nvr": ["admin"]})
    told = {name: vault_of(tmp_path).entry("viet_hung", name, "admin") for name in ("cam-01", "cam-02", "nvr")}
    assert [bool(entry.prepared) for entry in told.values()] == [False, True, True]
    one.prepare_each("viet_hung", {"cam-02": ["admin"]})
    assert vault_of(tmp_path).entry("viet_hung", "cam-02", "admin") == told["cam-02"]


def test_setting_a_password_keeps_the_one_before_and_what_is_prepared(tmp_path: Path) -> None:
    one = vault_of(tmp_path)
    one.set("viet_hung", "cam-01", "fleetctl", "first")
    prepared = one.prepare("viet_hung", "cam-01", "fleetctl")
    one.set("viet_hung", "cam-01", "fleetctl", "second")
    one.set("viet_hung", "cam-01", "fleetctl", "second")
    entry = one.entry("viet_hung", "cam-01", "fleetctl")
    assert (entry.current, entry.previous, entry.prepared) == ("second", "first", prepared)
    with pytest.raises(VaultError, match="empty"):
        one.set("viet_hung", "cam-01", "fleetctl", "")


@pytest.mark.parametrize(
    "password", ["22:00", "no", "5.10", "0123", "~", '"', "'", "a: b #c", "{{ x }}", "Mật khẩu", "\\"]
)
def test_every_password_comes_back_as_it_was(tmp_path: Path, password: str) -> None:
    vault_of(tmp_path).set("viet_hung", "cam-01", "fleetctl", password)
    assert vault_of(tmp_path).reveal(REF, CAM) == password


def test_a_wrong_vault_password_is_told_with_the_file_and_writes_nothing(tmp_path: Path) -> None:
    vault_of(tmp_path).ensure("viet_hung", {"cam-01": ["fleetctl"]})
    before = file_of(tmp_path).read_bytes()
    wrong = vault_of(tmp_path, "open barley")
    for call in (
        lambda: wrong.reveal(REF, CAM),
        lambda: wrong.ensure("viet_hung", {"cam-02": ["fleetctl"]}),
        lambda: wrong.prepare("viet_hung", "cam-01", "fleetctl"),
    ):
        with pytest.raises(VaultError, match=r"viet_hung/vault.yml: the vault password is wrong"):
            call()
    assert file_of(tmp_path).read_bytes() == before


def test_a_wrong_vault_password_is_proven_wrong_by_any_site_and_one_damaged_file_proves_nothing(tmp_path: Path) -> None:
    for site in ("viet_hung", "gia_thuy"):
        vault_of(tmp_path).ensure(site, {"cam-01": ["fleetctl"]})
    file_of(tmp_path).write_text("vault_secrets: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  zz\n")
    vault_of(tmp_path).prove(["viet_hung", "", "gia_thuy", "unknown"])
    vault_of(tmp_path, "open barley").prove(["unknown"])
    with pytest.raises(VaultError, match="the vault password is wrong"):
        vault_of(tmp_path, "open barley").prove(["gia_thuy"])


def test_a_wrong_vault_password_makes_no_file_for_a_new_site(tmp_path: Path) -> None:
    vault_of(tmp_path).ensure("viet_hung", {"cam-01": ["fleetctl"]})
    with pytest.raises(VaultError, match="the vault password is wrong"):
        vault_of(tmp_path, "open barley").ensure("gia_thuy", {"cam-09": ["fleetctl"]})
    assert not file_of(tmp_path, "gia_thuy").exists()


def test_only_the_site_that_is_asked_for_is_opened(tmp_path: Path) -> None:
    vault_of(tmp_path).ensure("viet_hung", {"cam-01": ["fleetctl"]})
    file_of(tmp_path, "gia_thuy").parent.mkdir()
    file_of(tmp_path, "gia_thuy").write_text("not: [yaml")
    assert vault_of(tmp_path).reveal(REF, CAM)


def test_a_password_that_is_missing_is_told_apart_from_a_vault_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="fleetctl adopt --limit cam-01") as caught:
        vault_of(tmp_path).reveal(REF, CAM)
    assert caught.value.missing
    file_of(tmp_path).parent.mkdir(parents=True)
    file_of(tmp_path).write_text("vault_secrets: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  zz\n")
    with pytest.raises(VaultError, match="damaged") as caught:
        vault_of(tmp_path).reveal(REF, CAM)
    assert not caught.value.missing


def test_what_another_fleetctl_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    one, other = vault_of(tmp_path), vault_of(tmp_path)
    one.ensure("viet_hung", {"cam-01": ["fleetctl"]})
    other.ensure("viet_hung", {"cam-02": ["fleetctl"]})
    one.ensure("viet_hung", {"cam-03": ["fleetctl"]})
    told = vault_of(tmp_path)
    assert all(told.entry("viet_hung", f"cam-0{n}", "fleetctl").current for n in (1, 2, 3))


def test_a_password_another_fleetctl_changed_meanwhile_stops_the_change(tmp_path: Path) -> None:
    one, other = vault_of(tmp_path), vault_of(tmp_path)
    one.set("viet_hung", "cam-01", "fleetctl", "first")
    other.set("viet_hung", "cam-01", "fleetctl", "second")
    with pytest.raises(VaultError, match="somebody else changed the password of fleetctl on cam-01"):
        one.set("viet_hung", "cam-01", "fleetctl", "third")
    one.set("viet_hung", "cam-01", "fleetctl", "third")  # it is known by now
    assert vault_of(tmp_path).entry("viet_hung", "cam-01", "fleetctl").previous == "second"


def test_a_file_that_vanished_is_not_made_anew_with_less_in_it(tmp_path: Path) -> None:
    one = vault_of(tmp_path)
    one.ensure("viet_hung", {"cam-01": ["fleetctl"]})
    file_of(tmp_path).unlink()
    with pytest.raises(VaultError, match="has vanished"):
        one.ensure("viet_hung", {"cam-02": ["fleetctl"]})


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    def write(number: int) -> None:
        vault_of(tmp_path).ensure("viet_hung", {f"cam-{number}": ["fleetctl"]})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = vault_of(tmp_path)
    assert all(told.entry("viet_hung", f"cam-{n}", "fleetctl").current for n in range(8))


def test_a_writer_that_finds_the_folder_locked_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault_of(tmp_path).ensure("viet_hung", {"cam-01": ["fleetctl"]})
    monkeypatch.setattr(files, "LOCK_WAIT_S", 0.05)
    with files.locked(file_of(tmp_path).parent), pytest.raises(Busy, match="another fleetctl is writing"):
        vault_of(tmp_path).ensure("viet_hung", {"cam-02": ["fleetctl"]})


def test_other_lines_of_the_file_stay(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("# của chúng tôi\nuplink: a  # b\n")
    vault_of(tmp_path).ensure("viet_hung", {"cam-01": ["fleetctl"]})
    path.write_text(path.read_text() + "# the end\nlast: 1\n")
    vault_of(tmp_path).ensure("viet_hung", {"cam-02": ["fleetctl"]})
    text = path.read_text()
    assert text.startswith(
        "# của chúng tôi\nuplink: a  # b\nvault_secrets: !vault |\n  $ANSIBLE_VAULT;1.2;AES256;fleet\n"
    )
    assert text.endswith("# the end\nlast: 1\n")
    assert len(vault_of(tmp_path)._open("viet_hung").secrets) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("$ANSIBLE_VAULT;1.1;AES256\n3132\n", "encrypted as a whole"),
        ("vault_secrets: plain\n", "as a `!vault` block"),
        ("- a\n", "not a mapping"),
        ("{a: 1}\n", "not a mapping"),
        ("a: [\n", "not YAML"),
        ("vault_secrets: !vault |\n  $ANSIBLE_VAULT;9;AES256\n  3132\n", "format 1.1 or 1.2"),
    ],
)
def test_a_file_that_cannot_be_kept_is_not_touched(tmp_path: Path, content: str, reason: str) -> None:
    path = file_of(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(VaultError, match=reason):
        vault_of(tmp_path).ensure("viet_hung", {"cam-01": ["fleetctl"]})
    assert path.read_text() == content


@pytest.mark.parametrize(
    "plain", ["- a", "cam-01: x", "cam-01: {a: Secret-42}", "cam-01: {a: {current: 42}}", "Secret-42: ["]
)
def test_secrets_of_another_form_are_told_without_showing_them(tmp_path: Path, plain: str) -> None:
    path = file_of(tmp_path)
    path.parent.mkdir(parents=True)
    block = cipher.encrypt(plain, b"open sesame").replace("\n", "\n  ")
    path.write_text(f"vault_secrets: !vault |\n  {block}\n")
    with pytest.raises(VaultError, match="not as fleetctl writes them") as caught:
        vault_of(tmp_path).reveal(REF, CAM)
    assert "42" not in str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize("site", ["", "..", "a/b", ".x"])
def test_only_a_site_has_a_vault(tmp_path: Path, site: str) -> None:
    with pytest.raises(VaultError, match="not the key of a site"):
        vault_of(tmp_path).ensure(site, {"cam-01": ["fleetctl"]})


def test_a_password_of_the_inventory_itself_goes_before_the_vault(tmp_path: Path) -> None:
    one = vault_of(tmp_path)
    one.set("viet_hung", "cam-01", "fleetctl", "in the vault")
    assert one.reveal(REF, CAM, Fleet("plain", lambda decrypt: "plain")) == "plain"
    block = cipher.encrypt("alone", b"open sesame", "fleet")
    assert one.reveal(REF, CAM, Fleet("<in the vault>", lambda decrypt: decrypt(block))) == "alone"
    with pytest.raises(VaultError, match="is not text"):
        one.reveal(REF, CAM, Fleet("12345", lambda decrypt: 12345))
    with pytest.raises(VaultError, match="is empty"):
        one.reveal(REF, CAM, Fleet("{{ x }}", lambda decrypt: None))


def test_a_password_template_that_fails_counts_as_missing(tmp_path: Path) -> None:
    def fail(decrypt: Callable[[str], str]) -> Any:
        raise InventoryError([Fault(file="site.yml", line=1, column=1, reason="x is undefined")])

    with pytest.raises(VaultError, match="x is undefined") as caught:
        vault_of(tmp_path).reveal(REF, CAM, Fleet("{{ x }}", fail))
    assert caught.value.missing


def test_a_site_that_was_opened_is_not_decrypted_again_for_a_template(tmp_path: Path, monkeypatch: Any) -> None:
    one = vault_of(tmp_path)
    one.ensure("viet_hung", {"cam-01": ["fleetctl"]})
    told = one._open("viet_hung")
    monkeypatch.setattr(vault.cipher, "decrypt", None)
    assert one.decrypt(told.cipher_text) == told.plain


def test_a_kill_in_mid_write_leaves_the_old_file(tmp_path: Path) -> None:
    vault_of(tmp_path).set("viet_hung", "cam-01", "fleetctl", "first")
    before = file_of(tmp_path).read_bytes()
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from fleetctl.vault import PasswordSource, Vault\n"
        "os.fsync = lambda fd: os.kill(os.getpid(), signal.SIGKILL)\n"
        "one = Vault(Path(sys.argv[1]), PasswordSource(ask=lambda label: 'open sesame'))\n"
        "one.set('viet_hung', 'cam-01', 'fleetctl', 'x')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert done.returncode == -9
    assert file_of(tmp_path).read_bytes() == before
    vault_of(tmp_path).set("viet_hung", "cam-01", "fleetctl", "second")  # the lock died with its holder
