"""Backups of devices: what they hold, by date, in the workspace's `backups/`.

Without secrets as plain text, for people and git: `backups/<site>/<device>.txt` is the last one, and beside it a folder
has each that differed, by date. Whole, to be put back: beside each an Ansible Vault file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleetctl import converge
from fleetctl.errors import FleetctlError, Refused, Unsupported, UsageError
from fleetctl.files import make_folder, replace
from fleetctl.model import Access, Backup, Change, Device, Finished, Intent, Kind, Outcome
from fleetctl.operations.device import Recorder, one, writable
from fleetctl.operations.runs import job, select
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols import identities
from fleetctl.vault.cipher import decrypt, encrypt

_STAMP = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """How one backup went; `path` is the text without secrets."""

    device: Device
    outcome: Outcome
    reason: str = ""
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One backup there is."""

    date: str
    serial_number: str
    path: Path


def save(workspace: Workspace, limit: str = "") -> Iterator[Saved]:
    """Take a backup of each device that offers one, and yield how it went; what did not change is not kept twice."""
    chosen = select(workspace, limit)
    for device in chosen if limit else [d for d in chosen if d.kind is Kind.SWITCH]:
        with workspace.journal.run("backup", {"device": device.name}) as record:
            try:
                saved = _save(workspace, device, record)
            except FleetctlError as error:
                saved = Saved(device=device, outcome=converge.outcome_of(error), reason=converge.told(error))
            record(Finished(device=device.name, site=device.site, outcome=saved.outcome, reason=saved.reason))
        yield saved


def _save(workspace: Workspace, device: Device, record: Any) -> Saved:
    task = job(workspace, device)
    with converge.linked(task, Access.READ, Recorder(record)) as link:
        driver, identity = converge.recognise(task, link, workspace.registry, required=False)
        action = workspace.registry.action(driver, "backup")
        if action is None:
            raise Unsupported(f"{device.name}: fleetctl takes no backup of {driver.name} devices")
        taken: Backup = action.run(link.session(action.protocol), None)
    return keep(workspace, device, taken, identity.serial_number, identity.mac_address)


def keep(workspace: Workspace, device: Device, taken: Backup, serial_number: str, mac_address: str) -> Saved:
    """Keep what was taken of a device, unless it is what is kept already; the numbers are what it said it is."""
    folder = _folder(workspace, device)
    latest = folder.with_suffix(".txt")
    last = max(folder.glob("*.vault"), default=None)
    if last is not None and latest.exists() and _whole(workspace, last)["content"] == taken.content:
        return Saved(device=device, outcome=Outcome.UNCHANGED, path=latest)
    make_folder(folder, mode=0o700)
    stamp = datetime.now(UTC).strftime(_STAMP)
    whole = {"serial_number": serial_number, "mac_address": mac_address, "content": taken.content}
    password = workspace.vault.source.password()
    sealed = encrypt(json.dumps(whole), password, workspace.vault.source.label)
    replace(folder / f"{stamp}.vault", sealed.encode("ascii"), mode=0o600)
    replace(folder / f"{stamp}.txt", taken.shown.encode("utf-8"), mode=0o600)
    replace(latest, taken.shown.encode("utf-8"), mode=0o600)
    return Saved(device=device, outcome=Outcome.CHANGED, path=latest)


def kept(workspace: Workspace, name: str) -> tuple[Kept, ...]:
    """Return the backups of a device, the oldest first."""
    device = one(workspace, name)
    found = sorted(_folder(workspace, device).glob("*.vault"))
    return tuple(
        Kept(date=path.stem, serial_number=str(_whole(workspace, path)["serial_number"]), path=path.with_suffix(".txt"))
        for path in found
    )


def put(workspace: Workspace, name: str, date: str = "") -> tuple[Outcome, str]:
    """Put a kept configuration back; only onto the device it was taken of. Returns the outcome and what is to be told.

    Raises UsageError (no such backup), Refused (another serial number), Rejected, Unsupported, Unreachable.
    """
    device = writable(workspace, one(workspace, name))
    there = {path.stem: path for path in _folder(workspace, device).glob("*.vault")}
    if not there or (date and date not in there):
        raise UsageError(
            f"{name} has no backup{f' of {date}' if date else ''}. See: fleetctl device backup list {name}"
        )
    chosen = date or max(there)
    whole = _whole(workspace, there[chosen])
    change = Change(device=name, aspect="", field="backup", before=None, after=chosen)
    with workspace.journal.run("backup", {"device": name, "put": chosen}) as record:
        channel = Recorder(record)
        task = job(workspace, device)
        with converge.linked(task, Access.WRITE, channel) as link:
            driver, identity = converge.recognise(task, link, workspace.registry, required=True)
            action = workspace.registry.action(driver, "put_backup")
            if action is None:
                raise Unsupported(f"{name}: fleetctl puts no backup onto {driver.name} devices")
            _same(device, whole, identity)
            channel.confirm(Intent(device=name, aspect="", changes=(change,)))
            besides: list[str] = action.run(link.session(action.protocol), str(whole["content"]))
        record(Finished(device=name, site=device.site, outcome=Outcome.CHANGED))
    return Outcome.CHANGED, "; ".join(besides)


def _same(device: Device, whole: dict[str, Any], identity: Any) -> None:
    kept, here = str(whole["serial_number"]), identity.serial_number
    same = identities.same_serial(kept, here) if kept and here else False
    if not same and ((kept and here) or not identities.same_mac(str(whole["mac_address"]), identity.mac_address)):
        raise Refused(
            f"{converge.where(device)}: the backup is of another device, serial number "
            f"{kept or '-'}, "
            f"this one has {identity.serial_number or '-'}. Untouched"
        )


def _folder(workspace: Workspace, device: Device) -> Path:
    return workspace.root / "backups" / (device.site or "none") / device.name


def _whole(workspace: Workspace, path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(decrypt(path.read_text("ascii"), workspace.vault.source.password()))
    return told
