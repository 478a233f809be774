"""Where the vault password comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring as libkeyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailKeyring

from fleetctl.errors import VaultError
from fleetctl.vault import PasswordSource, Vault, keyring, source_of, sources_of
from fleetctl.vault.source import identity


def config(root: Path, text: str) -> Path:
    (root / "ansible.cfg").write_text(text)
    return root


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


def test_the_identity_of_ansible_cfg_names_a_file_beside_it(tmp_path: Path) -> None:
    config(tmp_path, "# comment\n[defaults]\nvault_identity_list = other@elsewhere, fleet@.fleetctl/vault-password\n")
    (tmp_path / ".fleetctl").mkdir()
    (tmp_path / ".fleetctl/vault-password").write_text("open sesame\n")
    found = source_of(tmp_path, environ={})
    assert (found.label, found.password()) == ("fleet", b"open sesame")


def test_the_environment_goes_first(tmp_path: Path) -> None:
    config(tmp_path, "[defaults]\nvault_identity_list = fleet@nothing\n")
    (tmp_path / "other").write_text("from the environment")
    found = source_of(tmp_path, environ={"FLEETCTL_VAULT_PASSWORD_FILE": str(tmp_path / "other")})
    assert found.password() == b"from the environment"


def test_a_client_script_is_called_as_ansible_calls_it(tmp_path: Path) -> None:
    executable(tmp_path / "keyring-client", 'echo "$1 $2"')
    assert source_of(
        config(tmp_path, "[defaults]\nvault_identity_list=fleet@keyring-client"), environ={}
    ).password() == (b"--vault-id fleet")
    executable(tmp_path / "script.sh", 'echo "$# arguments"')
    assert PasswordSource(file=tmp_path / "script.sh").password() == b"0 arguments"


def test_a_script_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    path = executable(tmp_path / "x-client", "echo locked >&2; exit 1")
    with pytest.raises(VaultError, match="failed to give the vault password of fleet: locked"):
        PasswordSource(file=path).password()
    executable(path, "exit 2")
    with pytest.raises(VaultError, match=r"knows no vault password of fleet$"):
        PasswordSource(file=path).password()
    path.write_text("no shebang, but executable\x00")
    with pytest.raises(VaultError, match="cannot be run"):
        PasswordSource(file=path).password()


def test_prompt_asks_a_person_once_per_vault(tmp_path: Path) -> None:
    asked = []

    def ask(label: str) -> str:
        asked.append(label)
        return "open sesame"

    found = source_of(config(tmp_path, "[defaults]\nvault_identity_list=fleet@prompt"), ask=ask, environ={})
    one = Vault(tmp_path, found)
    one.ensure("a", {"cam": ["x"]})
    one.ensure("b", {"cam": ["x"]})
    assert asked == ["fleet"]


def test_no_password_is_told_before_anything_else(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="names no vault identity and FLEETCTL_VAULT_PASSWORD_FILE is not set"):
        source_of(tmp_path, environ={}).password()
    with pytest.raises(VaultError, match="cannot be read: No such file"):
        PasswordSource(file=tmp_path / "gone").password()
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(VaultError, match="is empty"):
        PasswordSource(file=tmp_path / "empty").password()
    with pytest.raises(VaultError, match=r"ansible.cfg cannot be read"):
        source_of(config(tmp_path, "no section\n"), environ={})


def test_a_plain_password_file_of_ansible_cfg_counts_too(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("x")
    assert source_of(config(tmp_path, "[defaults]\nvault_password_file = pw\n"), environ={}).password() == b"x"


def test_a_workspace_folder_is_enough_for_a_vault(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("x")
    config(tmp_path, "[defaults]\nvault_identity_list = fleet@pw\n")
    one = Vault(tmp_path / "inventory", tmp_path)
    assert one.ensure("a", {"cam": ["x"]})


@pytest.mark.parametrize(
    ("told", "label", "source"),
    [
        ("fleet@a@b.txt", "fleet", "a@b.txt"),
        ("pw", "default", "pw"),
        ("@pw", "default", "pw"),
        ("x@prompt", "x", "prompt"),
    ],
)
def test_an_identity_is_taken_apart_as_ansible_does(told: str, label: str, source: str) -> None:
    assert identity(told) == (label, source)


def test_the_option_goes_before_everything(tmp_path: Path) -> None:
    config(tmp_path, "[defaults]\nvault_identity_list = fleet@nothing\n")
    (tmp_path / "pw").write_text("from the option\n")
    environ = {"FLEETCTL_VAULT_PASSWORD_FILE": "/nowhere"}
    found = source_of(tmp_path, vault_ids=[f"dev@{tmp_path / 'pw'}"], environ=environ)
    assert (found.label, found.password()) == ("dev", b"from the option")
    asked = source_of(tmp_path, vault_ids=["dev@prompt"], ask=lambda label: f"of {label}", environ=environ)
    assert asked.asks
    assert asked.password() == b"of dev"


def test_a_folder_is_no_password_file(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="is a folder"):
        PasswordSource(file=tmp_path).password()


class InMemory(KeyringBackend):
    """A keyring that is unlocked."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def desktop() -> Iterator[InMemory]:
    before, made = libkeyring.get_keyring(), InMemory()
    libkeyring.set_keyring(made)
    yield made
    libkeyring.set_keyring(before)


def test_the_keyring_has_the_password_of_a_label(desktop: InMemory, tmp_path: Path) -> None:
    keyring.store("fleet", "open sesame")
    assert desktop.kept == {("fleetctl", "fleet"): "open sesame"}
    found = source_of(config(tmp_path, "[defaults]\nvault_identity_list = fleet@keyring\n"), environ={})
    assert not found.asks
    assert found.password() == b"open sesame"


def test_a_keyring_without_it_or_that_does_not_open_says_how_to_mend(desktop: InMemory) -> None:
    with pytest.raises(VaultError, match="fleetctl-keyring-client --vault-id fleet --set") as caught:
        PasswordSource(keyring=True).password()
    assert caught.value.missing
    with pytest.raises(VaultError, match="an empty vault password"):
        keyring.store("fleet", "")
    libkeyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]  # as on a machine without a desktop
    with pytest.raises(VaultError, match="the keyring does not open: No recommended backend"):
        PasswordSource(keyring=True).password()


def test_of_several_identities_each_site_is_opened_and_written_with_its_own(tmp_path: Path) -> None:
    def one(label: str, password: str) -> PasswordSource:
        asked.setdefault(label, 0)

        def ask(told: str) -> str:
            asked[told] += 1
            return password

        return PasswordSource(label=label, ask=ask)

    asked: dict[str, int] = {}
    fleet, north = one("fleet", "open sesame"), one("north", "mở cửa")
    Vault(tmp_path, north).set("soc_son", "cam-01", "fleetctl", "Secret-of-north-1")
    both = Vault(tmp_path, (fleet, north))
    assert both.entry("soc_son", "cam-01", "fleetctl").current == "Secret-of-north-1"
    assert asked == {"fleet": 0, "north": 2}, "the label says which, so that nobody is asked in vain"
    both.set("soc_son", "cam-01", "fleetctl", "Secret-of-north-2")
    both.set("viet_hung", "cam-01", "fleetctl", "Secret-of-fleet-1")
    assert Vault(tmp_path, north).entry("soc_son", "cam-01", "fleetctl").current == "Secret-of-north-2"
    assert Vault(tmp_path, fleet).entry("viet_hung", "cam-01", "fleetctl").current == "Secret-of-fleet-1"
    assert both.identity("soc_son") == ("north", "mở cửa".encode())
    with pytest.raises(VaultError, match="wrong"):
        Vault(tmp_path, (fleet, one("south", "another"))).accounts("soc_son", "cam-01")


def test_every_identity_of_the_configuration_counts_and_the_fleets_own_is_the_main_one(tmp_path: Path) -> None:
    told = config(tmp_path, "[defaults]\nvault_identity_list = north@north.pw, fleet@fleet.pw\n")
    assert [source.label for source in sources_of(told, environ={})] == ["fleet", "north"]
    assert [s.label for s in sources_of(told, vault_ids=("north@n", "south@s"), environ={})] == ["north", "south"]
