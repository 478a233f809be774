"""Schedules: what runs by itself, as systemd's service and timer, or as a line of cron where there is no systemd."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl import files
from fleetctl.errors import UsageError
from fleetctl.operations.workspace import Workspace
from fleetctl.vault.source import ENVIRONMENT

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "audit": ("audit", "--who", "--tell"),
    "watch": ("watch", "--tell"),
    "messages": ("message", "send"),
}
"""What can be scheduled, and the command that it is."""

_DEFAULTS: Final = {"audit": ("01:00", 0, 15), "watch": ("", 10, 1), "messages": ("", 5, 1)}  # at, every, jitter
_RUNNING: Final = Path("/run/systemd/system")
_MARK: Final = "# fleetctl schedule: "
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_AT: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9_.-]+")
VAULT_CREDENTIAL: Final = "vault-password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One schedule: each day `at` a time, or `every` so many minutes; it begins up to `jitter` minutes later."""

    name: str
    what: str
    at: str = ""
    every: int = 0
    jitter: int = 0
    limit: str = ""
    until: str = ""
    alive: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command's arguments."""
        told = COMMANDS[self.what]
        for option, value in (("--limit", self.limit), ("--until", self.until), ("--alive", self.alive)):
            told += (option, value) if value else ()
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where schedules are written; `live`: what is written there is put into force at once."""

    folder: Path
    systemd: bool
    live: bool = True
    crontab: bool = False  # the lines of the folder's files are in the user's own crontab as well


def made(
    what: str,
    name: str = "",
    *,
    at: str = "",
    every: int = 0,
    jitter: int | None = None,
    limit: str = "",
    until: str = "",
    alive: str = "",
) -> Schedule:
    """Return a schedule with what was left out as usual. Raises UsageError."""
    if what not in COMMANDS:
        raise UsageError(f"{what} cannot be scheduled. There are: {', '.join(COMMANDS)}")
    usual_at, usual_every, usual_jitter = _DEFAULTS[what]
    if at and every:
        raise UsageError("give --at or --every, not both")
    if not at and not every:
        at, every = usual_at, usual_every
    if at and not _AT.fullmatch(at):
        raise UsageError(f"--at {at}: write a time as 01:00")
    if until and (not _AT.fullmatch(until) or what != "audit"):
        raise UsageError(f"--until {until}: write a time as 05:30, for audit only")
    if every and not (0 < every < 60 and 60 % every == 0):
        raise UsageError(f"--every {every}: write minutes that go into an hour: 5, 10, 15, 20, 30")
    if what == "messages" and (limit or alive):
        raise UsageError("--limit and --alive are for audit and watch")
    name = name or what
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name {name}: use small letters, digits and -")
    for told in (limit, alive):
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in told):
            raise UsageError("--limit and --alive are one line each")
    jitter = usual_jitter if jitter is None else jitter
    return Schedule(name=name, what=what, at=at, every=every, jitter=jitter, limit=limit, until=until, alive=alive)


def place(*, cron: bool = False, to: Path | None = None) -> Place:
    """Return where schedules go: systemd's units or cron's lines, of the machine (root) or the user; or to `to`."""
    systemd = not cron and (to is not None or _RUNNING.is_dir())
    if to is not None:
        return Place(folder=to, systemd=systemd, live=False)
    root = os.geteuid() == 0
    if systemd:
        home = Path("/etc/systemd/system") if root else Path.home() / ".config" / "systemd" / "user"
        return Place(folder=home, systemd=True)
    if not root:
        return Place(folder=Path.home() / ".config" / "fleetctl" / "cron", systemd=False, crontab=True)
    return Place(folder=Path("/etc/cron.d"), systemd=False)


def install(
    workspace: Workspace, schedule: Schedule, where: Place, credentials: Mapping[str, Path] | None = None
) -> tuple[Path, ...]:
    """Write a schedule, in place of one of its name, put it into force, and return its files. Raises UsageError."""
    given = dict(credentials or {})
    for name, path in given.items():
        if not _CREDENTIAL.fullmatch(name) or not path.is_file():
            raise UsageError(f"--credential {name}={path}: write NAME=FILE, a file that is there")
    stem = _stem(workspace, schedule.name)
    if where.systemd:
        told = {
            f"{stem}.service": service(workspace, schedule, given),
            f"{stem}.timer": timer(workspace, schedule),
        }
    elif given:
        raise UsageError("--credential needs systemd; with cron the inventory's vault keeps secrets")
    else:
        told = {stem: cron(workspace, schedule, of_user=where.crontab)}
    paths = tuple(where.folder / name for name in told)
    try:
        files.make_folder(where.folder)
        for path, text in zip(paths, told.values(), strict=True):
            files.replace(path, text.encode(), mode=0o644)
    except OSError as error:
        raise UsageError(
            f"{where.folder} cannot be written: {error.strerror}. Run it as root, or name a folder: --to"
        ) from None
    if where.systemd and where.live:
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", f"{stem}.timer")
    if where.crontab:
        _put_into_crontab(where.folder)
    return paths


def installed(workspace: Workspace, where: Place) -> tuple[tuple[Schedule, Path], ...]:
    """Return the schedules of this workspace that stand in a place, with the file that has them."""
    paths = (p for p in sorted(where.folder.glob(f"{_stem(workspace, '')}*")) if p.suffix != ".service")
    return tuple((schedule, path) for path in paths if (schedule := _read(path)) is not None)


def remove(workspace: Workspace, name: str, where: Place) -> tuple[Path, ...]:
    """Take a schedule out of force, and return the files that are gone. Raises UsageError when there is none."""
    stem = _stem(workspace, name)
    paths = [path for path in (where.folder / f"{stem}{s}" for s in (".timer", ".service", "")) if path.is_file()]
    if not paths:
        known = ", ".join(schedule.name for schedule, _ in installed(workspace, where)) or "none"
        raise UsageError(f"there is no schedule {name} in {where.folder}. There are: {known}")
    if where.systemd and where.live:
        _systemctl("disable", "--now", f"{stem}.timer")
    for path in paths:
        path.unlink()
    if where.systemd and where.live:
        _systemctl("daemon-reload")
    if where.crontab:
        _put_into_crontab(where.folder)
    return tuple(paths)


# --- what is written ------------------------------------------------------------------------------


def service(workspace: Workspace, schedule: Schedule, credentials: Mapping[str, Path]) -> str:
    """Return the unit that runs once. It never runs beside itself: systemd begins no unit that is at work."""
    root = str(workspace.root.resolve())
    given = dict(credentials)
    vault = workspace.vault.source
    lines = []
    if vault.asks or (vault.file is None and not vault.keyring):
        raise UsageError("a timer cannot ask for the vault password. Name a file in ansible.cfg: vault_identity_list")
    if vault.file is not None and not os.access(vault.file, os.X_OK):
        given.setdefault(VAULT_CREDENTIAL, vault.file.resolve())
        lines.append(f"Environment={ENVIRONMENT}=%d/{VAULT_CREDENTIAL}")
    lines += [f"LoadCredential={name}:{_escaped(str(path.resolve()))}" for name, path in sorted(given.items())]
    command = " ".join(_word(word) for word in _command(workspace, schedule))
    user = _user(workspace)
    return f"""{_mark(schedule)}
[Unit]
Description=fleetctl {schedule.what} ({schedule.name}) of {_escaped(root)}
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=oneshot
ExecStart={command}
# 3: drift, 4: only unreachable devices. Both are a result, and no failure of the unit.
SuccessExitStatus=3 4
{"".join(line + chr(10) for line in lines)}{f"User={user}{chr(10)}" if user else ""}TimeoutStartSec=12h
Nice=10
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths={" ".join(_word(path) for path in (root, *_alive_folder(schedule)))}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
"""


def _alive_folder(schedule: Schedule) -> tuple[str, ...]:
    """Return the folder of the dead man's file, which the service may write into as well. Raises UsageError."""
    if not schedule.alive or "://" in schedule.alive:
        return ()
    folder = Path(schedule.alive).parent
    if not folder.is_dir():
        raise UsageError(f"--alive {schedule.alive}: there is no folder {folder}. Make it first: mkdir -p {folder}")
    return (str(folder.resolve()),)


def timer(workspace: Workspace, schedule: Schedule) -> str:
    """Return the unit that says when; a run that was missed is caught up."""
    when = f"*-*-* {schedule.at}:00" if schedule.at else f"*-*-* *:0/{schedule.every}:00"
    return f"""{_mark(schedule)}
[Unit]
Description=fleetctl {schedule.what} ({schedule.name}) of {_escaped(str(workspace.root.resolve()))}

[Timer]
OnCalendar={when}
RandomizedDelaySec={schedule.jitter}min
Persistent={"true" if schedule.at else "false"}

[Install]
WantedBy=timers.target
"""


def cron(workspace: Workspace, schedule: Schedule, *, of_user: bool = False) -> str:
    """Return a file for /etc/cron.d: put off by minutes that stay the same, never beside itself, not caught up.

    `of_user`: a line for a user's own crontab, which has no column for the user.
    """
    late = _late(workspace, schedule)
    if schedule.at:
        hours, minutes = (int(part) for part in schedule.at.split(":"))
        at = (hours * 60 + minutes + late) % 1440
        when = f"{at % 60} {at // 60} * * *"
    else:
        when = f"*/{schedule.every} * * * *"
    lock = workspace.state / f"schedule-{schedule.name}.lock"
    flock = shutil.which("flock") or "/usr/bin/flock"
    words = [flock, "--nonblock", "--conflict-exit-code", "0", str(lock.resolve()), *_command(workspace, schedule)]
    command = " ".join(shlex.quote(word) for word in words).replace("%", r"\%")  # cron ends a line at a bare %
    user = "" if of_user else f"{_user(workspace) or 'root'} "
    return f"{_mark(schedule)}\n{when} {user}{command} >/dev/null 2>&1\n"


def _late(workspace: Workspace, schedule: Schedule) -> int:
    """Return by how many minutes cron begins late: other on each machine, and the same each day."""
    told = f"{workspace.store.process.machine}\0{schedule.name}".encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:4], "big") % (schedule.jitter + 1)


def _command(workspace: Workspace, schedule: Schedule) -> Sequence[str]:
    return (
        sys.executable,
        "-m",
        "fleetctl.cli.main",
        "--workspace",
        str(workspace.root.resolve()),
        *schedule.arguments,
    )


def _user(workspace: Workspace) -> str:
    """Return whom the workspace belongs to, where root installs for somebody else; "" where none need be named."""
    owner = workspace.root.stat().st_uid
    return pwd.getpwuid(owner).pw_name if os.geteuid() == 0 and owner != 0 else ""


def _stem(workspace: Workspace, name: str) -> str:
    """Return the name of a schedule's files; two workspaces of one name have others."""
    root = workspace.root.resolve()
    slug = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-") or "workspace"
    return f"fleetctl-{slug}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:6]}-{name}"


def _mark(schedule: Schedule) -> str:
    told: dict[str, Any] = {name: value for name, value in asdict(schedule).items() if value}
    return f"{_MARK}{json.dumps(told)}"


def _read(path: Path) -> Schedule | None:
    try:
        first = path.read_text("utf-8").partition("\n")[0]
        return Schedule(**json.loads(first.removeprefix(_MARK))) if first.startswith(_MARK) else None
    except (OSError, ValueError, TypeError):
        return None


def _escaped(told: str) -> str:
    """Return text for a unit file, in which % begins a specifier."""
    return told.replace("%", "%%")


def _word(told: str) -> str:
    """Return one word of a unit's command line. Source: systemd.service(5), COMMAND LINES; systemd.syntax(7)."""
    plain = _escaped(told).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return plain if re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", plain) else f'"{plain}"'


def _put_into_crontab(folder: Path) -> None:
    """Have the user's crontab hold the lines of all files of the folder, between two marks; what else it has stays."""
    begin, end = f"# fleetctl: the lines of {folder}", f"# fleetctl: end of {folder}"
    now = _crontab("-l")
    kept, ours = [], False
    for line in now.splitlines():
        ours = (ours or line == begin) and line != end
        if not ours and line != end:
            kept.append(line)
    lines = [line for path in sorted(folder.iterdir()) for line in path.read_text("utf-8").splitlines()]
    told = [*kept, begin, *lines, end] if lines else kept
    _crontab("-", "".join(f"{line}\n" for line in told))


def _crontab(what: str, told: str | None = None) -> str:
    """Return a user's crontab (`-l`; empty where there is none yet), or replace it (`-`). Raises UsageError."""
    command = ["crontab", what]
    try:
        done = subprocess.run(command, input=told, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"crontab {what} cannot be run: {error}. Install cron, or name a folder: --to") from None
    if done.returncode and (told is not None or "no crontab for" not in done.stderr):
        raise UsageError(f"crontab {what}: {done.stderr.strip()}")
    return done.stdout if not done.returncode else ""


def _systemctl(*arguments: str) -> None:
    command = ["systemctl", *(() if os.geteuid() == 0 else ("--user",)), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{' '.join(command)} cannot be run: {error}") from None
    if done.returncode:
        raise UsageError(f"{' '.join(command)}: {done.stderr.strip()[:300]}")
