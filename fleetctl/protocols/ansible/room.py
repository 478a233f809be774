"""Where a batch of hosts is worked on: a folder of its own that holds no secret and is gone afterwards."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fleetctl import resources
from fleetctl.errors import BadAnswer
from fleetctl.protocols.ansible import leftovers
from fleetctl.protocols.ansible.handing import ASK, VAULT, handing_out
from fleetctl.protocols.ansible.runner import Ended, carried_out
from fleetctl.protocols.ansible.told import Told

_FORKS: Final = 20
_HIDDEN: Final = "********"
_TASK_S: Final = 900  # a task that takes longer has failed
_SSH_S: Final = 60  # how long a connection is kept for the next task; it ends with the run at the latest

# SSH presents an empty password where its asking fails: a refused login that nobody meant. It is ended instead; a
# passphrase that is not told only leaves that key out.
_UNTOLD: Final = """case "$1" in *"'s password: ") kill "$PPID";; *) exit 1;; esac"""

_LAUNCH: Final = """\
import ctypes, json, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # ends when fleetctl is killed
for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
    if name not in ("ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_CALLBACK_PLUGINS"):  # ansible-runner's own
        del os.environ[name]
os.environ.update(json.load(open(os.path.join({folder!r}, "settings.json"))))
with open(os.path.join({folder!r}, "pid"), "w") as file:
    file.write(str(os.getpid()))
from ansible import constants
# A module is put together (0.3 s of CPU) once for all runs in the room, not once for each of them.
os.symlink(os.path.join({folder!r}, "modules"), os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))
from ansible.cli.playbook import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host as SSH sees it: the key of `name` in the workspace's known_hosts is asked of whoever is at `address`."""

    name: str
    address: str
    password: str = field(default="", repr=False)  # "": it is reached by key alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all hosts of a workspace have in common. No password: the vault's own is never written down."""

    inventory: str
    config: str = ""  # the workspace's ansible.cfg
    known_hosts: str
    vault_label: str = "fleet"
    vault_password: str = field(default="", repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)  # never in what is told, whatever a task says


class Room:
    """A folder and what is in it; runs may follow each other in it and share their connections."""

    def __init__(self, folder: Path, around: Surroundings, hosts: Sequence[Host], via: str, connect_s: float) -> None:
        self._folder, self._around = folder, around
        self._hosts = tuple(hosts)
        self._number = 0
        self._write(via, connect_s)

    def run(
        self,
        plays: Sequence[Mapping[str, Any]],
        tell: Callable[[Told], None],
        *,
        check: bool,
        stopped: Callable[[], bool],
        timeout_s: float,
    ) -> Ended:
        """Carry out plays and tell what each task did; `check`: nothing is written.

        Returns when everything has ended, also what was cut off. Raises BadAnswer when Ansible itself could not
        begin or broke off (an inventory or a playbook it does not understand, a vault that does not open).
        """
        self._number += 1
        playbook = self._folder / f"plays-{self._number}.json"
        playbook.write_text(json.dumps(list(plays)), "utf-8")
        ended = carried_out(
            self._folder, playbook, self._around.inventory, self._told(tell), check=check, stopped=stopped,
            timeout_s=timeout_s,
        )  # fmt: skip
        if not ended.complete and not ended.cut_off:
            what = "broke off" if ended.began else "could not begin"
            raise BadAnswer(f"Ansible {what}: {self._clean(_reason(ended.said))}")
        return ended

    def _told(self, tell: Callable[[Told], None]) -> Callable[[Told], None]:
        names = {host.name for host in self._hosts}

        def clean(each: Told) -> None:
            if each.host in names:
                tell(each.mapped(self._clean))

        return clean

    def _clean(self, text: str) -> str:
        for secret in self._around.hidden:
            text = text.replace(secret, _HIDDEN)
        return text

    def _write(self, via: str, connect_s: float) -> None:
        for name in ("bin", "cp", "tmp", "home", "modules"):
            (self._folder / name).mkdir(mode=0o700)
        launch = self._folder / "launch.py"
        launch.write_text(_LAUNCH.format(folder=str(self._folder)), "utf-8")
        self._script("bin/ansible-playbook", f'exec {shlex.quote(sys.executable)} {shlex.quote(str(launch))} "$@"')
        ask = f"{shlex.quote(sys.executable)} -I -S {shlex.quote(str(self._folder / ASK))}"
        settings = self._settings(connect_s)
        settings["SSH_ASKPASS"] = str(self._script("bin/askpass", f'{ask} "$1" || {_UNTOLD}'))
        settings["SSH_ASKPASS_REQUIRE"] = "force"
        if self._around.vault_password:
            client = self._script("vault-client", f"{ask} {VAULT}")
            settings["ANSIBLE_VAULT_IDENTITY_LIST"] = f"{self._around.vault_label}@{client}"
        (self._folder / "settings.json").write_text(json.dumps(settings), "utf-8")
        (self._folder / "ssh_config").write_text("".join(self._ssh(via, connect_s)), "utf-8")

    def _script(self, name: str, line: str) -> Path:
        path = self._folder / name
        path.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        path.chmod(0o700)
        return path

    def _settings(self, connect_s: float) -> dict[str, str]:
        playbooks = resources.folder("playbooks")
        settings = {
            "ANSIBLE_ROLES_PATH": str(resources.folder("roles")),
            "ANSIBLE_ACTION_PLUGINS": str(playbooks / "action_plugins"),
            "ANSIBLE_FILTER_PLUGINS": str(playbooks / "filter_plugins"),
            "ANSIBLE_LIBRARY": str(playbooks / "library"),
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            # One connection for all tasks of a host: Ansible looks for these two words in its arguments.
            "ANSIBLE_SSH_ARGS": (
                f"-F {shlex.quote(str(self._folder / 'ssh_config'))} -o ControlMaster=auto -o ControlPersist={_SSH_S}"
            ),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._folder / "cp"),
            "ANSIBLE_SSH_RETRIES": "0",
            # Ansible's own ways put the password into shared memory, and start a Python for each task.
            "ANSIBLE_SSH_PASSWORD_MECHANISM": "disable",
            "ANSIBLE_TIMEOUT": str(max(1, round(connect_s))),
            "ANSIBLE_TASK_TIMEOUT": str(_TASK_S),
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_FORKS": str(min(_FORKS, max(1, len(self._hosts)))),
            "ANSIBLE_LOCAL_TEMP": str(self._folder / "tmp"),
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "ANSIBLE_CACHE_PLUGIN": "memory",
            "ANSIBLE_DEPRECATION_WARNINGS": "False",
            "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "True",  # as written, not as rendered: which file a task is about
            "ANSIBLE_PYTHON_INTERPRETER": "auto_silent",
            "LC_ALL": "C.UTF-8",  # a timer has no locale, and Ansible insists on one
        }
        if self._around.config and Path(self._around.config).is_file():
            settings["ANSIBLE_CONFIG"] = self._around.config
        else:
            (self._folder / "ansible.cfg").touch()
            settings["ANSIBLE_CONFIG"] = str(self._folder / "ansible.cfg")
        return settings

    def _ssh(self, via: str, connect_s: float) -> Iterator[str]:
        for host in self._hosts:
            keys_only = "" if host.password else "  PreferredAuthentications publickey\n"
            yield f"Host {host.address}\n  HostKeyAlias {host.name}\n{keys_only}"
        if via:
            user_host, _, port = via.partition(":") if via.count(":") == 1 else (via, "", "")
            name = user_host.rpartition("@")[2]
            yield f"Match !host {name} all\n  ProxyJump {user_host}{':' + port if port else ''}\n"
        known = self._around.known_hosts.replace("%", "%%")
        yield (
            f'Host *\n  UserKnownHostsFile "{known}"\n  GlobalKnownHostsFile /dev/null\n'
            "  StrictHostKeyChecking yes\n  UpdateHostKeys no\n"
            # keyboard-interactive would present a password once more
            "  NumberOfPasswordPrompts 1\n  PreferredAuthentications publickey,password\n"
            f"  ConnectTimeout {max(1, round(connect_s))}\n"
            "  ServerAliveInterval 10\n  ServerAliveCountMax 3\n"
        )


def _reason(said: str) -> str:
    """Return the errors of what Ansible printed, on one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [n for n, line in enumerate(lines) if line.startswith(("ERROR", "[ERROR]", "fatal:"))]
    told = lines[errors[0] :] if errors else lines[-5:]
    return " ".join(told)[:600] or "it gives no reason"


@contextmanager
def room(around: Surroundings, hosts: Sequence[Host], *, via: str = "", connect_s: float = 10.0) -> Iterator[Room]:
    """Make a room, and leave nothing of it behind: no process, no file."""
    leftovers.sweep()
    folder = leftovers.made()
    try:
        with handing_out(folder, around.vault_password, {host.name: host.password for host in hosts if host.password}):
            yield Room(folder, around, hosts, via, connect_s)
    finally:
        leftovers.end(folder)
