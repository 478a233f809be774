"""Machines as Ansible sees them: an inventory, playbooks run on it, and what each task said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.hosts.machines import Machine

REPOSITORY: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one task did on one host."""

    host: str
    name: str
    state: str  # ok, changed, skipped, failed, unreachable
    message: str = ""
    diff: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a playbook."""

    code: int
    tasks: tuple[Task, ...]
    text: str

    def changed(self, host: str = "") -> list[str]:
        """Return the names of the tasks that changed something (or would), in their order."""
        return [task.name for task in self.tasks if task.state == "changed" and host in ("", task.host)]

    def failed(self) -> list[str]:
        return [f"{task.host}: {task.name}: {task.message}" for task in self.tasks if task.state == "failed"]

    def diff(self, name: str) -> str:
        """Return what the task of that name showed as before and after."""
        return "".join(task.diff for task in self.tasks if task.name == name)


@dataclass(kw_only=True)
class Fleet:
    """Some machines, their inventory and their vault."""

    machines: Mapping[str, Machine]
    folder: Path
    variables: dict[str, Any] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)  # what is no machine: cameras
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    def play(self, playbook: str, *, check: bool = False, limit: str = "", **extra: Any) -> Run:
        """Run a playbook with diffs; `extra` are variables of this run (of all hosts)."""
        inventory = self._inventory(extra)
        command = [
            *(str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory), "--diff"),
            *(["--check"] if check else []),
            *(["--limit", limit] if limit else []),
            str(REPOSITORY / "playbooks" / f"{playbook}.yml"),
        ]
        done = subprocess.run(command, cwd=REPOSITORY, env=self._environment(), capture_output=True, text=True)
        text = done.stdout + done.stderr
        return Run(code=done.returncode, tasks=tuple(self._tasks(done.stdout)), text=text)

    def forget(self) -> None:
        """End the SSH connections that Ansible keeps open between runs."""
        for path in (self.folder / "cp").glob("*"):
            subprocess.run(["ssh", "-O", "exit", "-o", f"ControlPath={path}", "none"], capture_output=True)

    def good(self, playbook: str, **options: Any) -> Run:
        """Run a playbook that must not fail."""
        run = self.play(playbook, **options)
        assert run.code == 0, "\n".join(run.failed()) + run.text[-4000:]
        return run

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "told",
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
            "ANSIBLE_NOCOLOR": "1",
        }

    def _inventory(self, extra: Mapping[str, Any]) -> Path:
        hosts = {name: {**self._login(machine), **self.hosts.get(name, {})} for name, machine in self.machines.items()}
        groups: dict[str, Any] = {"platform_linux": {"hosts": {name: {} for name in hosts}}}
        hosts |= self.devices
        for name, told in hosts.items():
            groups.setdefault(told.get("kind", "other"), {"hosts": {}})["hosts"][name] = {}
        own = {name: {"fleetctl": {"current": machine.password}} for name, machine in self.machines.items()}
        secrets = {name: own.get(name, {}) | self.secrets.get(name, {}) for name in own | self.secrets}
        tree = {
            "all": {
                "vars": {**self.variables, "vault_secrets": yaml.safe_dump(secrets), **extra},
                "children": {"commune": {"hosts": hosts}, **groups},
            }
        }
        path = self.folder / "inventory.yml"
        path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
        return path

    def _login(self, machine: Machine) -> dict[str, Any]:
        login = "{{ (vault_secrets | from_yaml)[inventory_hostname].fleetctl.current }}"
        return {
            "ansible_host": machine.address,
            "ansible_user": "fleetctl",
            "ansible_become_password": login,
            "ansible_ssh_private_key_file": str(machine.key),
            "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile={machine.known_hosts}",
            "platform": "linux",
        }

    def _tasks(self, out: str) -> list[Task]:
        return [Task(**json.loads(line)) for line in out.splitlines() if line.startswith('{"host"')]
