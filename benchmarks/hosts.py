"""Linux hosts: the audit by fleetctl beside plain `ansible-playbook --check`, with the same roles on the same machines.

    python -m benchmarks.hosts --hosts 20                       all roles of a desk
    python -m benchmarks.hosts --hosts 200 --aspect time        many hosts, one role

As root, with Debian's systemd-container and mmdebstrap. A few machines (systemd-nspawn) answer at many addresses, each
of which is a host of the inventory: what the controlling side does is the same as with as many machines. The machines
are on the same processors, and their share is in the wall time of both alike. Both are run in turns (`--rounds`), each
in a cgroup of its own, whose CPU counts every process there was, waited for or not; the machines have theirs.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import open_workspace
from fleetctl.resources import folder
from tests.hosts import machines, repository
from tests.hosts.counter import KINDS, STANDARD
from tests.hosts.machines import Machine
from tests.lab.office import PILOT

SITE: Final = 20  # hosts of one site
METERS: Final = Path("/sys/fs/cgroup") / machines.CGROUPS[1] / "fleetctl-hosts"  # cgroups of version 2 count CPU


def main() -> None:
    """Boot, measure both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--machines", type=int, default=4)
    parser.add_argument("--aspect", default="", help="only these roles, by comma")
    parser.add_argument("--rounds", type=int, default=1, help="how often both are run; the table has the means")
    told = parser.parse_args()
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hosts-")))
        repo = repository.made(_made(root / "repo"))
        network = stack.enter_context(machines.network())
        names = [f"machine-{number}" for number in range(told.machines)]
        up = stack.enter_context(machines.booted(names, network, repo=repo))
        office = _office(root, list(up.values()), told.hosts)
        aspects = [each for each in told.aspect.split(",") if each]
        commands = {"ansible-playbook --check": _plain(office, aspects), "fleetctl audit": _audit(office, aspects)}
        rows = {name: Cost() for name in commands}
        meters = [METERS / machine.namespace for machine in up.values()]
        for _ in range(told.rounds):
            for name, command in commands.items():
                rows[name] += _measured(command, office, meters)
    plain, ours = (each / told.rounds for each in rows.values())
    print(f"{told.hosts} hosts, roles: {told.aspect or 'time, users, base, desk'}; means of {told.rounds}")
    print(f"{'':26}{'wall, s':>10}{'CPU, s':>10}{'CPU per host, ms':>18}{'machines CPU, s':>17}")
    for name, cost in zip(rows, (plain, ours), strict=True):
        print(f"{name:26}{cost.wall:10.1f}{cost.cpu:10.1f}{1000 * cost.cpu / told.hosts:18.0f}{cost.machines:17.1f}")
    print(f"overhead: wall {ours.wall / plain.wall - 1:+.0%}, CPU {ours.cpu / plain.cpu - 1:+.0%}")


@dataclass(frozen=True)
class Cost:
    """Seconds: by the clock, of the controlling side's CPU, of the machines' CPU."""

    wall: float = 0.0
    cpu: float = 0.0
    machines: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, self.machines + other.machines)

    def __truediv__(self, number: int) -> Cost:
        return Cost(self.wall / number, self.cpu / number, self.machines / number)


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


def _measured(command: Sequence[str], office: Path, others: Sequence[Path]) -> Cost:
    """Return what a command costs with all that it starts; the connections are made anew."""
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
    own = METERS / "command"
    own.mkdir(exist_ok=True)
    before, theirs, begun = _used([own]), _used(others), time.monotonic()
    entered = ["sh", "-c", f'echo $$ > {own}/cgroup.procs && exec "$@"', "sh", *command]
    done = subprocess.run(entered, cwd=office, env=environment, capture_output=True, text=True, check=False)
    cost = Cost(time.monotonic() - begun, _used([own]) - before, _used(others) - theirs)
    if done.returncode not in (0, 3) or "unreachable=1" in done.stdout or '"unreachable"' in done.stdout:
        raise SystemExit(f"{command[0]}: {done.returncode}\n{_amiss(done.stdout)}{done.stderr[-2000:]}")
    print(
        f"{Path(command[0]).name}: {cost.wall:.1f} s, CPU {cost.cpu:.1f} s, the machines' {cost.machines:.1f} s",
        flush=True,
    )
    return cost


def _amiss(out: str) -> str:
    """Return the lines that tell of hosts that were not audited, else the end of what was said."""
    told = [line for line in out.splitlines() if re.search(r'"outcome": "(refused|failed|unknown)"|unreachable', line)]
    return "\n".join(line[:1000] for line in told[:5]) or out[-3000:]


def _used(cgroups: Sequence[Path]) -> float:
    """Return the seconds of CPU that all processes of the cgroups have used, also those that are gone."""
    told = [(cgroup / "cpu.stat").read_text("ascii").split() for cgroup in cgroups]
    return sum(int(words[words.index("usage_usec") + 1]) for words in told) / 1e6


def _hosts(office: Path) -> list[tuple[str, Any]]:
    return list(open_workspace(office).inventory.devices.items())


if __name__ == "__main__":
    main()
