"""Ansible reads what fleetctl writes, and the other way round."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from fleetctl.vault import Vault, decrypt, encrypt

PLAIN = "mật khẩu: 'x'\n" * 40


@pytest.mark.parametrize("label", ["", "fleet", "default"])
@pytest.mark.parametrize("plain", ["", "a", "x" * 16, PLAIN])
def test_ansible_opens_what_we_close_and_we_what_ansible_closes(label: str, plain: str) -> None:
    library = VaultLib([(label or "default", VaultSecret(b"open sesame"))])
    assert library.decrypt(encrypt(plain, b"open sesame", label)).decode() == plain
    closed = library.encrypt(plain, vault_id=label or None).decode()
    assert decrypt(closed, b"open sesame") == plain
    ours, theirs = encrypt(plain, b"open sesame", label), closed
    assert ours.splitlines()[0] == theirs.splitlines()[0]
    assert [len(line) for line in ours.splitlines()] == [len(line) for line in theirs.splitlines()]


def test_ansible_logs_in_with_the_password_of_the_vault(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("open sesame\n")
    (tmp_path / "ansible.cfg").write_text("[defaults]\ninventory = inventory\nvault_identity_list = fleet@pw\n")
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    (inventory / "site.yml").write_text(
        "viet_hung:\n"
        "  vars:\n"
        "    ansible_user: fleetctl\n"
        "    ansible_connection: local\n"
        '    ansible_password: "{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].current }}"\n'
        "  hosts: {cam-01: }\n"
    )
    Vault(inventory, tmp_path).set("viet_hung", "cam-01", "fleetctl", "5.10")
    program = Path(sys.executable).parent
    environ = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "HOME": str(tmp_path), "NO_COLOR": "1"}
    told = subprocess.run(
        [program / "ansible", "cam-01", "-m", "ansible.builtin.debug", "-a", "msg=<{{ ansible_password }}>"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "<5.10>" in told.stdout, told.stdout + told.stderr
    (tmp_path / "plain.cfg").write_text("[defaults]\n")
    listed = subprocess.run(
        [program / "ansible-inventory", "-i", "inventory", "--list"],
        cwd=tmp_path, env={**environ, "ANSIBLE_CONFIG": str(tmp_path / "plain.cfg")},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert listed.returncode == 0, listed.stderr
    assert "5.10" not in listed.stdout


KEYRING = """
from keyring.backend import KeyringBackend
from pathlib import Path
class Keyring(KeyringBackend):
    priority = 1
    file = Path(__file__).with_suffix(".kept")
    def get_password(self, service, username):
        kept = dict(line.split("=", 1) for line in self.file.read_text().splitlines()) if self.file.exists() else {}
        return kept.get(f"{service}/{username}")
    def set_password(self, service, username, password):
        self.file.write_text(f"{service}/{username}={password}")
    def delete_password(self, service, username):
        self.file.unlink()
"""


def test_ansible_takes_the_vault_password_out_of_the_keyring_by_our_client_script(tmp_path: Path) -> None:
    (tmp_path / "desk_keyring.py").write_text(KEYRING)
    program = Path(sys.executable).parent
    client = program / "fleetctl-keyring-client"
    environ = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "desk_keyring.Keyring",
        "HOME": str(tmp_path),
    }
    subprocess.run([client, "--vault-id", "fleet", "--set"], input="open sesame\n", text=True, env=environ, check=True)
    (tmp_path / "secret.yml").write_text(encrypt("a: 1\n", b"open sesame", "fleet"))
    told = subprocess.run(
        [program / "ansible-vault", "view", "--vault-id", f"fleet@{client}", "secret.yml"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert told.stdout == "a: 1\n", told.stderr
    unknown = subprocess.run([client, "--vault-id", "x"], env=environ, capture_output=True, text=True, check=False)
    assert (unknown.returncode, unknown.stdout) == (2, "")
