"""A site is put into a file: inventory, standard, secrets, firmware, and what is on record of its devices."""

from __future__ import annotations

import secrets
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

from fleetctl import bundle as sealing
from fleetctl.bundle import HomeKeys, Issue, Lock, register
from fleetctl.bundle.container import head
from fleetctl.errors import Busy, UsageError
from fleetctl.machine import operator
from fleetctl.model import Device, Image
from fleetctl.operations.bundling import carving, folders, records, words
from fleetctl.operations.firmware.steps import catalogue, wanted
from fleetctl.operations.initialising import ANSIBLE_CFG
from fleetctl.operations.workspace import Workspace
from fleetctl.vault import cipher, envelope

KIND: Final = "site bundle"
KEYS: Final = "bundle.key"
BASE: Final = "base"
DAYS: Final = 14
_LONGEST: Final = 180
_LABEL: Final = "fleet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A bundle that was written."""

    path: Path
    issue: Issue
    devices: int
    images: tuple[Image, ...]
    size: int


def make(
    workspace: Workspace,
    site: str,
    path: Path,
    *,
    passphrase: str = "",
    recipients: Sequence[str] = (),
    holder: str = "",
    days: int = DAYS,
) -> Made:
    """Write a site into a bundle and put it on record as out: from then on home does not write to the site.

    It opens with the passphrase, or with the private key of one of `recipients`. Raises UsageError (no such site,
    a file that exists, a passphrase too short), Busy (out already), VaultError.
    """
    devices = ready(workspace, site, path, days)
    recipients = envelope.recipients_of(recipients) if recipients else ()
    lock = Lock.new()
    home = HomeKeys.of(workspace.state / KEYS)
    sealed = sealing.locked_to(lock, home.recipient, passphrase=passphrase, recipients=recipients)
    issue = _issue(workspace, site, lock, home, holder=holder, days=days)
    images = wanted(workspace, devices)
    with workspace.journal.run(KIND, {"site": site, "bundle": issue.bundle, "holder": issue.holder, "file": str(path)}):
        content = _content(workspace, site, devices, lock)
        register.add(workspace.store, issue, str(path))
        try:
            sealing.write(
                path,
                head(_page(issue), issue, home.signing),
                {
                    "lock": sealed,
                    "images": _images(workspace, images, (sealing_key(lock), home.recipient)),
                    "work": envelope.sealed(folders.squeezed(content), (sealing_key(lock), home.recipient)),
                },
                lock.signing,
                generation=1,
                written=issue.made,
                host=issue.host,
            )
        except OSError as error:
            register.end(workspace.store, issue.bundle, register.RECALLED, reason="the file could not be written")
            raise UsageError(f"{path} cannot be written: {error.strerror or error}. The site is not out") from None
        workspace.journal.exit_code = 0
    return Made(path=path, issue=issue, devices=len(devices), images=images, size=path.stat().st_size)


def sealing_key(lock: Lock) -> str:
    """Return the public key to which the parts of a bundle are sealed."""
    from fleetctl.bundle.keys import recipient

    return recipient(lock.identity)


def ready(workspace: Workspace, site: str, path: Path, days: int) -> list[Device]:
    """Return the devices of a site that may be taken along now; raises as `make`."""
    if workspace.bundle is not None:
        raise UsageError("a bundle is made at home, not out of another bundle")
    known = workspace.inventory.sites()
    if site not in known:
        raise UsageError(f"there is no site {site}. There are: {', '.join(sorted(known)[:10])}")
    if reason := workspace.closed(site):
        raise Busy(reason)
    if not 1 <= days <= _LONGEST:
        raise UsageError(f"--days is 1 to {_LONGEST}, not {days}")
    if path.exists():
        raise UsageError(f"{path} exists already and is not replaced. Name another file with --output")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.absolute().parent} is not a folder")
    return [workspace.inventory.devices[name] for name in known[site].devices if name in workspace.inventory.devices]


def _issue(workspace: Workspace, site: str, lock: Lock, home: HomeKeys, *, holder: str, days: int) -> Issue:
    from fleetctl.bundle.keys import public

    now = datetime.now(UTC).astimezone()
    return Issue(
        bundle=secrets.token_hex(4),
        fleet=home.fleet,
        key=public(lock.signing),
        home=home.recipient,
        site=site,
        site_name=workspace.inventory.sites()[site].name,
        made=now.isoformat(timespec="seconds"),
        expires=(now + timedelta(days=days)).isoformat(timespec="seconds"),
        by=operator(),
        host=workspace.store.process.host,
        holder=holder or operator(),
    )


def _page(issue: Issue) -> str:
    made, expires = (f"{datetime.fromisoformat(told):%d/%m/%Y %H:%M}" for told in (issue.made, issue.expires))
    told = {name: getattr(issue, name) for name in ("site", "site_name", "holder", "by", "host")}
    return words.page(**told, made=made, expires=expires)


def _content(workspace: Workspace, site: str, devices: Sequence[Device], lock: Lock) -> bytes:
    """Return the archive of the site's own workspace, and beside it what it was as it went out."""
    names = [device.name for device in devices]
    encrypt: Callable[[str], str] = lambda plain: cipher.encrypt(plain, lock.vault_password.encode(), _LABEL)  # noqa: E731
    files = carving.carved(workspace, site, encrypt)
    with tempfile.TemporaryDirectory(dir=workspace.state, prefix="bundling-") as folder:
        root = Path(folder)
        for name, content in files.items():
            target = root / "inventory" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        carving.proven(workspace, site, root / "inventory")
        carving.bring_authorities(workspace, root / "inventory")
        shutil.copytree(root / "inventory", root / BASE / "inventory")
        (root / "ansible.cfg").write_text(ANSIBLE_CFG.format(password_file="prompt"), "utf-8")  # noqa: S106  # asked for
        state = root / folders.STATE
        state.mkdir()
        (state / "fingerprint.key").write_bytes(_fingerprint_key(workspace))
        (state / "known_hosts").write_text(_known_hosts(workspace, devices), "utf-8")
        records.extract(workspace.store, names, site, state / "store.db")
        (root / BASE / "store.db").write_bytes((state / "store.db").read_bytes())
        (root / BASE / "known_hosts").write_bytes((state / "known_hosts").read_bytes())
        return folders.packed(root)


def _fingerprint_key(workspace: Workspace) -> bytes:
    """Return the key of the login budget's fingerprints, so that a try counts at home and elsewhere alike."""
    workspace.fingerprints.mark("")  # made, if this is the first time it is asked for
    return workspace.fingerprints.key_file.read_bytes()


def _known_hosts(workspace: Workspace, devices: Sequence[Device]) -> str:
    path = Path(workspace.known_hosts)
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    own = {device.endpoint.address for device in devices} | {device.name for device in devices}
    return "".join(line for line in lines if own & set(_names(line)))


def _names(line: str) -> tuple[str, ...]:
    """Return the hosts of a line of known_hosts, without their ports."""
    first = line.split(" ", 1)[0]
    return tuple(
        each.strip("[").partition("]")[0] for name in first.split(",") for each in (name, *name.split("@")[-1:])
    )


def _images(workspace: Workspace, images: Sequence[Image], keys: Sequence[str]) -> Callable[[IO[bytes]], None] | bytes:
    """Return what writes the images, sealed, into a file; nothing of them is held in memory."""
    if not images:
        return b""
    there = catalogue(workspace)

    def put(file: IO[bytes]) -> None:
        with tempfile.TemporaryFile(dir=workspace.state) as plain:
            with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for image in images:
                    there.check(image)
                    for path in (there.path(image), there.path(image).with_suffix(".json")):
                        entry = tarfile.TarInfo(path.name)
                        entry.size, entry.mode = path.stat().st_size, 0o600
                        with path.open("rb") as content:
                            archive.addfile(entry, content)
            plain.seek(0)
            envelope.seal(plain, file, keys)

    return put


def give_up(workspace: Workspace, site: str, *, state: str, reason: str) -> register.Taken:
    """End a bundle that will not come back (`recalled`, `lost`), on record; home writes to the site again.

    Should it come back after all it is taken in as ever. Raises UsageError where none is out, or no reason is given.
    """
    if not reason.strip():
        raise UsageError("say why, for the record: --reason TEXT")
    taken = register.out(workspace.store).get(site)
    if taken is None:
        raise UsageError(f"no bundle of {site} is out")
    with workspace.journal.run(KIND, {"site": site, "bundle": taken.bundle, "ended": state, "reason": reason}):
        register.end(workspace.store, taken.bundle, state, reason=reason)
        workspace.journal.exit_code = 0
    return taken
