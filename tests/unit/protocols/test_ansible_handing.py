"""Passwords over a socket: whoever asks as OpenSSH and Ansible do is told, and nothing of it is in a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fleetctl.protocols.ansible.handing import ASK, VAULT, answer, handing_out

LOGINS = {"rec": "Mật khẩu 1", "kiosk": "k"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (VAULT, "v"),
        ("fleetctl@rec's password: ", "Mật khẩu 1"),
        ("fleetctl@jump's password: ", ""),  # a relay on the way: it is not shown a host's password
        ("rec's password: ", ""),
        ("Enter passphrase for key '/root/.ssh/id_ed25519': ", ""),
        ("fleetctl@rec's password: fleetctl@kiosk's password: ", ""),
        ("", ""),
    ],
)
def test_only_what_is_asked_for_by_the_hosts_name_is_told(asked: str, told: str) -> None:
    assert answer(asked, "v", LOGINS) == told


def test_a_program_that_asks_is_told_and_what_is_not_at_hand_is_a_failure(tmp_path: Path) -> None:
    def ask(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", str(tmp_path / ASK), *words]
        done = subprocess.run(command, capture_output=True, check=False)
        return done.returncode, done.stdout.decode()

    with handing_out(tmp_path, "", LOGINS):
        assert ask("fleetctl@rec's password: ") == (0, "Mật khẩu 1\n")
        assert ask(VAULT) == (1, "")
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert "Mật khẩu".encode() not in held
