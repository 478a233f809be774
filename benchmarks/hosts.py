"""Linux hosts: the audit by fleetctl beside plain `ansible-playbook --check`, with the same roles on the same machines.

    python -m benchmarks.hosts --hosts 20                       all roles of a desk
    python -m benchmarks.hosts --hosts 200 --aspect time        many hosts, one role

As root, with Debian's systemd-container and mmdebstrap. A few machines (systemd-nspawn) answer at many addresses, each
of which is a host of the inventory: what the controlling side does is the same as with as many machines. CPU is that
of the controlling side; the machines are on the same processors, and their share is in the wall time of both alike.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.operations.workspace import init, open_workspace
from fleetctl.resources import folder
from tests.hosts import machines, repository
from tests.hosts.counter import KINDS, STANDARD
from tests.hosts.machines import Machine
from tests.lab.office import PILOT

SITE: Final = 20  # hosts of one site


def main() -> None:
    """Boot, measure both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--machines", type=int, default=4)
    parser.add_argument("--aspect", default="", help="only these roles, by comma")
    told = parser.parse_args()
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hosts-")))
        repo = repository.made(_made(root / "repo"))
        network = stack.enter_context(machines.network())
        names = [f"machine-{number}" for number in range(told.machines)]
        up = stack.enter_context(machines.booted(names, network, repo=repo))
        office = _office(root, list(up.values()), told.hosts)
        aspects = [each for each in told.aspect.split(",") if each]
        rows = [
            ("ansible-playbook --check", *_measured(_plain(office, aspects), office)),
            ("fleetctl audit", *_measured(_audit(office, aspects), office)),
        ]
    print(f"{told.hosts} hosts, roles: {told.aspect or 'time, users, base, desk'}")
    print(f"{'':26}{'wall, s':>10}{'CPU, s':>10}{'CPU per host, ms':>18}")
    for name, wall, cpu in rows:
        print(f"{name:26}{wall:10.1f}{cpu:10.1f}{1000 * cpu / told.hosts:18.0f}")
    print(f"overhead: wall {rows[1][1] / rows[0][1] - 1:+.0%}, CPU {rows[1][2] / rows[0][2] - 1:+.0%}")


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def _office(root: Path, up: Sequence[Machine], count: int) -> Path:
    """Make a workspace whose hosts are further addresses of the machines; every host's key is on record."""
    source = _made(root / "source")
    (source / "zzz_kinds.yml").write_text((PILOT / "zzz_kinds.yml").read_text("utf-8"), "utf-8")
    (source / "kinds.yml").write_text(yaml.safe_dump(KINDS), "utf-8")
    sites: dict[str, Any] = {}
    keys: list[str] = []
    secrets: dict[str, dict[str, str]] = {}
    for number in range(count):
        machine, name, site = up[number % len(up)], f"desk-{number:03}", f"site_{number // SITE:02}"
        third, fourth = divmod(number, 250)
        address = f"10.78.{third}.{fourth + 1}"
        subprocess.run(["ip", "-n", machine.namespace, "address", "add", f"{address}/32", "dev", "host0"], check=True)
        subprocess.run(["ip", "route", "replace", f"{address}/32", "via", machine.address], check=True)
        hosts = sites.setdefault(site, {"vars": {"site_name": site}, "hosts": {}})["hosts"]
        hosts[name] = {"ansible_host": address, "kind": "desk", "platform": "linux"}
        keys.append(f"{name} {machine.known_hosts.read_text('ascii').split(' ', 1)[1]}")
        secrets.setdefault(site, {})[name] = machine.password
    (source / "sites.yml").write_text(yaml.safe_dump(sites), "utf-8")
    (source / "standard.yml").write_text(yaml.safe_dump({"all": {"vars": STANDARD}}, allow_unicode=True), "utf-8")
    office = root / "office"
    init(office, source)
    workspace = open_workspace(office)
    for site, passwords in secrets.items():
        for name, password in passwords.items():
            workspace.vault.set(site, name, "fleetctl", password)
            workspace.vault.set(site, name, "lanhdao", password)
    Path(workspace.known_hosts).write_text("".join(keys), "utf-8")
    return office


def _plain(office: Path, aspects: Sequence[str]) -> list[str]:
    """Return the command of plain Ansible: a playbook with the same roles in the same order."""
    plays = office / "plays.json"
    order = [r for r in ("time", "desk", "users", "base") if not aspects or r in aspects]
    told: list[Mapping[str, Any]] = [
        {"hosts": "platform_linux", "gather_facts": False, "become": True, "roles": [role]} for role in order
    ]
    plays.write_text(json.dumps(told), "utf-8")
    return [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventory", "--check", "--diff", str(plays)]


def _audit(office: Path, aspects: Sequence[str]) -> list[str]:
    program = str(Path(sys.executable).with_name("fleetctl"))
    return [program, "--workspace", str(office), "--json", "audit", *(f"--aspect={aspect}" for aspect in aspects)]


def _measured(command: Sequence[str], office: Path) -> tuple[float, float]:
    """Return wall and CPU seconds of a command with all of its children; the connections are made anew."""
    config = office / "ssh_config"
    known = office / ".fleetctl" / "known_hosts"
    lines = [f"Host {each.endpoint.address}\n  HostKeyAlias {name}\n" for name, each in _hosts(office)]
    config.write_text("".join(lines) + f"Host *\n  UserKnownHostsFile {known}\n", "utf-8")
    environment = {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(office),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(office / "ansible.cfg"),
        "ANSIBLE_ROLES_PATH": str(folder("roles")),
        "ANSIBLE_ACTION_PLUGINS": str(folder("playbooks") / "action_plugins"),
        "ANSIBLE_SSH_ARGS": f"-F {config} -o ControlMaster=auto -o ControlPersist=60",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_FORKS": "20",
    }
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=office, env=environment, capture_output=True, text=True, check=False)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3) or "unreachable=1" in done.stdout or '"unreachable"' in done.stdout:
        raise SystemExit(f"{command[0]}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _hosts(office: Path) -> list[tuple[str, Any]]:
    return list(open_workspace(office).inventory.devices.items())


if __name__ == "__main__":
    main()
