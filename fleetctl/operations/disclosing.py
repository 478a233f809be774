"""Passwords shown to a person or sealed into an envelope; each time on record, with who and what, before it is done."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleetctl import files
from fleetctl.errors import UsageError, VaultError
from fleetctl.model import Device, Disclosed
from fleetctl.operations.device import one
from fleetctl.operations.passwords import entries
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace
from fleetctl.vault import Entry, envelope

COLUMNS: Final = ("site", "device", "address", "account", "password", "next", "previous", "changed")


def accounts(workspace: Workspace, name: str, account: str = "") -> tuple[Device, Mapping[str, Entry]]:
    """Return a device and its accounts, or the one that is named. Raises VaultError where there is no such password."""
    device = one(workspace, name)
    found = {each: entry for _, each, entry in entries(workspace, device) if entry.current or entry.prepared}
    if account and account not in found:
        known = f"It has: {', '.join(found)}" if found else f"Take it in: fleetctl adopt --limit {name}"
        raise VaultError(f"the vault has no password of {account} on {name}. {known}", missing=True)
    if not found:
        raise VaultError(
            f"the vault has no password of {name}. Take it in: fleetctl adopt --limit {name}", missing=True
        )
    return device, {account: found[account]} if account else found


def noted(workspace: Workspace, device: Device, names: Sequence[str], to: str) -> None:
    """Put on record who is about to see which passwords of a device; on disk on return."""
    with workspace.journal.run("password show", {"device": device.name}) as record:
        for account in names:
            record(Disclosed(device=device.name, account=account, to=to))
        workspace.journal.exit_code = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An envelope that was written: how many passwords are in it, and for whose keys."""

    path: Path
    devices: int
    passwords: int
    recipients: tuple[str, ...]


def export(workspace: Workspace, limit: str, recipients: Sequence[str], path: Path) -> Exported:
    """Write the passwords of the devices of a pattern into an envelope (age, 0600), which only its recipients open.

    In it is a table (CSV, UTF-8 with a mark at its beginning, for a spreadsheet). Raises UsageError for a recipient
    that is none and for a file that exists, VaultError.
    """
    keys = envelope.recipients_of(recipients)
    if path.exists():
        raise UsageError(f"{path} exists already and is not replaced. Name another file with --output")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.parent} is not a folder")
    found = [each for device in select(workspace, limit) for each in entries(workspace, device)]
    rows = [each for each in found if each[2].current or each[2].prepared]
    if not rows:
        raise UsageError("the vault has no password of these devices, so there is nothing to put into an envelope")
    content = envelope.sealed(_table(rows), keys)
    names = sorted({device.name for device, _, _ in rows})
    with workspace.journal.run("password export", {"limit": limit, "file": str(path)}):
        for name in names:
            workspace.journal.note(Disclosed(device=name, account="", to=", ".join(keys)))
        workspace.journal.flush()
        files.replace(path, content, mode=0o600)
        workspace.journal.exit_code = 0
    return Exported(path=path, devices=len(names), passwords=len(rows), recipients=keys)


def _table(rows: Sequence[tuple[Device, str, Entry]]) -> bytes:
    told = io.StringIO()
    table = csv.writer(told)
    table.writerow(COLUMNS)
    for device, account, entry in sorted(rows, key=lambda each: (each[0].site, each[0].name, each[1])):
        table.writerow(
            (
                device.site,
                device.name,
                device.endpoint.address,
                account,
                entry.current,
                entry.prepared,
                entry.previous,
                entry.changed,
            )
        )
    return told.getvalue().encode("utf-8-sig")
