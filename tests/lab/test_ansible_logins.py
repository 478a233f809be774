"""What OpenSSH presents to a host when it asks fleetctl for the password, judged by what the other end was shown."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
import pytest

from fleetctl.protocols.ansible.room import Host, Surroundings, room


@dataclass
class Door(paramiko.ServerInterface):
    """Lets nobody in, and remembers what it was shown."""

    shown: list[str] = field(default_factory=list)

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        del username
        self.shown.append(password)
        return int(paramiko.AUTH_FAILED)


@pytest.fixture(scope="module")
def key() -> paramiko.PKey:
    return paramiko.RSAKey.generate(2048)


@pytest.fixture
def door(key: paramiko.PKey) -> Iterator[tuple[Door, int]]:
    door, made = Door(), list[paramiko.Transport]()
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            while True:
                try:
                    wire, _ = listening.accept()
                except OSError:
                    return
                transport = paramiko.Transport(wire)
                transport.add_server_key(key)
                made.append(transport)
                transport.start_server(event=threading.Event(), server=door)

        threading.Thread(target=serve, daemon=True).start()
        yield door, listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    for transport in made:
        transport.close()


def knock(folder: Path, port: int) -> int:
    """Log in as Ansible has SSH do it; the exit code, below 0 the signal that ended it."""
    ssh = shutil.which("ssh")
    assert ssh, "ssh is missing. Mend: apt-get install openssh-client"
    settings = json.loads((folder / "settings.json").read_text())
    asks = {name: settings[name] for name in ("SSH_ASKPASS", "SSH_ASKPASS_REQUIRE")}
    command = [ssh, "-F", str(folder / "ssh_config"), "-p", str(port), "-l", "fleetctl", "127.0.0.1", "true"]
    return subprocess.run(
        command, env={**os.environ, **asks}, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    ).returncode


@pytest.mark.parametrize(
    ("password", "answers", "shown", "code"),
    [
        ("Mật khẩu 1", True, ["Mật khẩu 1"], 255),
        ("Mật khẩu 1", False, [], -15),  # nobody tells it, as when fleetctl was killed: SSH is ended
        ("", True, [], 255),  # reached by key alone
    ],
)
def test_a_password_that_is_not_at_hand_is_not_presented_as_an_empty_one(
    tmp_path: Path,
    key: paramiko.PKey,
    door: tuple[Door, int],
    password: str,
    answers: bool,
    shown: list[str],
    code: int,
) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"rec {key.get_name()} {key.get_base64()}\n")
    around = Surroundings(inventory=str(tmp_path), known_hosts=str(known), vault_password="v")
    with room(around, [Host(name="rec", address="127.0.0.1", password=password)]) as made:
        if not answers:
            (made._folder / "passwords").unlink()
        assert knock(made._folder, door[1]) == code
    assert door[0].shown == shown
