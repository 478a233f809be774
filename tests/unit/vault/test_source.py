"""Where the vault password comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.errors import VaultError
from fleetctl.vault import PasswordSource, Vault, source_of


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
