"""Real hosts for tests: systemd-nspawn machines, each with its own network namespace, cgroup and overlay.

A machine boots the image of `image.py` in well under a second; what it writes is in memory and gone when it goes down.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.hosts import image

RUN: Final = Path("/run/fleetctl-hosts")
CGROUPS: Final = ("systemd", "unified")
USER: Final = image.FLEET_USER
COMPILED: Final = "/var/cache/fleet-compiled"  # as compiled.py has it; all machines share it
_BOOT_S: Final = 180.0  # under a second on an idle machine
_REBOOTS: Final = 133
_END_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command on a machine answered."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """A bridge on this machine that its hosts hang on; this machine is .1, they are .11 onwards."""

    bridge: str
    prefix: str

    @property
    def gateway(self) -> str:
        return f"{self.prefix}.1"


@dataclass(kw_only=True)
class Machine:
    """One host that runs; `run` goes in over SSH as the fleet's account, with sudo where asked."""

    name: str
    address: str
    password: str
    key: Path
    known_hosts: Path
    folder: Path
    network: Network
    nspawn: subprocess.Popen[bytes] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def namespace(self) -> str:
        return f"{self.network.bridge}-{self.address.rpartition('.')[2]}"

    def run(self, command: str, *, user: str = USER, timeout_s: float = 60) -> Done:
        """Run a shell line as root (sudo with the account's password), or plainly as another user."""
        line = f"sudo -S -p '' sh -c {shlex.quote(command)}" if user == USER else command
        done = subprocess.run(
            [*self.ssh(user), line], input=f"{self.password}\n", capture_output=True, text=True, timeout=timeout_s
        )
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def must(self, command: str) -> str:
        """Run a shell line as root and return its output; AssertionError when it fails."""
        done = self.run(command)
        assert done.ok, f"{self.name}: {command}: {done.code}\n{done.out}{done.err}"
        return done.out

    def put(self, path: str, text: str) -> None:
        """Write a file as root."""
        encoded = base64.b64encode(text.encode()).decode()
        self.must(f"mkdir -p {Path(path).parent} && echo {encoded} | base64 -d > {path}")

    def ssh(self, user: str = USER, *options: str) -> Sequence[str]:
        """Return the start of an ssh command line to this machine, its host key checked."""
        return (
            *("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={self.known_hosts}"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=5", "-i", str(self.key)),
            *options,
            f"{user}@{self.address}",
        )


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """Make a bridge of its own, so that two runs of the tests do not meet."""
    for number in range(20, 250):
        bridge = f"flt{number}"
        if subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], capture_output=True).returncode == 0:
            break
    else:
        raise RuntimeError("no bridge could be made")
    made = Network(bridge=bridge, prefix=f"10.77.{number}")
    try:
        _call("ip", "address", "add", f"{made.gateway}/24", "dev", bridge)
        _call("ip", "link", "set", bridge, "up")
        yield made
    finally:
        _call("ip", "link", "delete", bridge)


@contextlib.contextmanager
def booted(
    names: Sequence[str], net: Network, *, repo: Path | None = None, binds: Sequence[str] = ()
) -> Iterator[dict[str, Machine]]:
    """Boot those machines side by side, wait for their SSH, and take all of them down in the end."""
    base = image.build()
    machines = {name: _prepared(name, net, 11 + number) for number, name in enumerate(names)}
    try:
        for machine in machines.values():
            _boot(machine, base, repo, binds)
        deadline = time.monotonic() + _BOOT_S
        for machine in machines.values():
            _wait_for_ssh(machine, deadline)
            if repo is not None:
                machine.must("apt-get -qq update")
        yield machines
    finally:
        _down(tuple(machines.values()))


def init(namespace: str) -> int:
    """Return the first process of the machine in that network namespace, by its number here; RuntimeError if none."""
    group = Path("/sys/fs/cgroup") / CGROUPS[0] / "fleetctl-hosts" / namespace
    for listed in group.rglob("cgroup.procs"):
        for pid in listed.read_text("ascii").split():
            with contextlib.suppress(OSError):
                status = (Path("/proc") / pid / "status").read_text("utf-8")
                if re.search(r"^NSpid:\s+\d+\s+1$", status, re.MULTILINE):
                    return int(pid)
    raise RuntimeError(f"{namespace}: its machine does not run")


def _prepared(name: str, net: Network, number: int) -> Machine:
    folder = RUN / f"{net.bridge}-{name}"
    folder.mkdir(parents=True)
    _call("mount", "-t", "tmpfs", "-o", "mode=0755,size=2g", "tmpfs", str(folder))
    key = folder / "key"
    _call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fleet", "-f", str(key))
    return Machine(
        name=name,
        address=f"{net.prefix}.{number}",
        password=os.urandom(9).hex(),
        key=key,
        known_hosts=folder / "known_hosts",
        folder=folder,
        network=net,
    )


def _boot(machine: Machine, base: Path, repo: Path | None, binds: Sequence[str]) -> None:
    _mount(machine, base)
    _personalise(machine)
    _connect(machine)
    command = [
        *("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe"),
        *(f"--directory={machine.root}", f"--hostname={machine.name}", f"--machine={machine.namespace}"),
        f"--network-namespace-path=/run/netns/{machine.namespace}",
        *("--capability=CAP_NET_ADMIN", "--resolv-conf=off", "--timezone=off", "--link-journal=no"),
        *([f"--bind-ro={repo}:/repo"] if repo else []),
        f"--bind={image.compiled()}:{COMPILED}",
        *(f"--bind={bind}" for bind in binds),
    ]
    log = (machine.folder / "console").open("wb")
    cgroups = [Path("/sys/fs/cgroup") / kind / "fleetctl-hosts" / machine.namespace for kind in CGROUPS]
    for cgroup in cgroups:
        cgroup.mkdir(parents=True, exist_ok=True)
    # Each machine enters a cgroup of its own before it starts: else all would share one and end each other.
    enter = " && ".join(f"echo $$ > {shlex.quote(str(cgroup / 'cgroup.procs'))}" for cgroup in cgroups)
    # With --keep-unit a machine that reboots ends with 133, for whoever keeps it to start it again.
    kept = f'{enter} && while "$@"; [ $? -eq {_REBOOTS} ]; do :; done'
    machine.nspawn = subprocess.Popen(
        ["sh", "-c", kept, "sh", *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_LOCK": "0"},
        start_new_session=True,
    )


def _mount(machine: Machine, base: Path) -> None:
    for part in ("upper", "work", "root"):
        (machine.folder / part).mkdir()
    layers = f"lowerdir={base},upperdir={machine.folder}/upper,workdir={machine.folder}/work"
    _call("mount", "-t", "overlay", "-o", layers, "overlay", str(machine.root))


def _personalise(machine: Machine) -> None:
    """Give it the account with key and password, its own host key, and a name: as an installer would."""
    root = machine.root
    home = root / "home" / USER
    owner = home.stat()
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh" / "authorized_keys").write_bytes((machine.folder / "key.pub").read_bytes())
    for path in (home / ".ssh", home / ".ssh" / "authorized_keys"):
        os.chown(path, owner.st_uid, owner.st_gid)
    _call("chroot", str(root), "chpasswd", "-c", "SHA512", given=f"{USER}:{machine.password}\n")
    host_key = root / "etc/ssh/ssh_host_ed25519_key"
    host_key.unlink(missing_ok=True)
    _call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(host_key))
    public = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="ascii")
    machine.known_hosts.write_text(f"{machine.address} {public}", encoding="ascii")
    for customize in root.glob("etc/python3.*/sitecustomize.py"):
        customize.write_bytes((Path(__file__).parent / "compiled.py").read_bytes())
    (root / "etc/hostname").write_text("debian\n", encoding="ascii")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 debian\n", encoding="ascii")


def _connect(machine: Machine) -> None:
    net, space = machine.network, machine.namespace
    inner, outer = f"h{space}"[-15:], f"v{space}"[-15:]
    script = (
        f"ip netns add {space} && ip link add {outer} type veth peer name {inner} netns {space} && "
        f"ip link set {outer} master {net.bridge} up && ip -n {space} link set {inner} name host0 && "
        f"ip -n {space} address add {machine.address}/24 dev host0 && ip -n {space} link set host0 up && "
        f"ip -n {space} link set lo up && ip -n {space} route add default via {net.gateway}"
    )
    _call("sh", "-c", script)


def _wait_for_ssh(machine: Machine, deadline: float) -> None:
    while True:
        with contextlib.suppress(OSError), socket.create_connection((machine.address, 22), timeout=1) as wire:
            if wire.recv(4) == b"SSH-":
                break
        assert machine.nspawn is not None
        if machine.nspawn.poll() is not None or time.monotonic() > deadline:
            console = (machine.folder / "console").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{machine.name} did not boot:\n{console}")
        time.sleep(0.02)
    while not machine.run("true").ok:  # pam_nologin holds logins back for a moment
        if time.monotonic() > deadline:
            raise RuntimeError(f"{machine.name}: nobody may log in")
        time.sleep(0.05)


def _down(machines: Sequence[Machine]) -> None:
    for machine in machines:
        if machine.nspawn is not None and machine.nspawn.poll() is None:
            machine.nspawn.send_signal(signal.SIGKILL)
    for machine in machines:
        if machine.nspawn is not None:
            machine.nspawn.wait(_END_S)
        for kind in CGROUPS:
            _end_cgroup(Path("/sys/fs/cgroup") / kind / "fleetctl-hosts" / machine.namespace)
        subprocess.run(["ip", "netns", "delete", machine.namespace], capture_output=True)
        for mounted in (machine.root, machine.folder):
            subprocess.run(["umount", "--lazy", str(mounted)], capture_output=True)
        shutil.rmtree(machine.folder, ignore_errors=True)


def _end_cgroup(cgroup: Path) -> None:
    """End every process that is left in a cgroup and remove it with those below."""
    deadline = time.monotonic() + _END_S
    while cgroup.is_dir() and time.monotonic() < deadline:
        inner = sorted((p for p in cgroup.rglob("*") if p.is_dir()), reverse=True)
        for folder in (*inner, cgroup):
            with contextlib.suppress(OSError):
                for pid in (folder / "cgroup.procs").read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(OSError):
                folder.rmdir()
        if cgroup.is_dir():
            time.sleep(0.02)


def _call(*command: str, given: str | None = None) -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)}: {done.returncode}: {done.stderr.strip()}")
