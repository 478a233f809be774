"""Candidates: passwords an installer may have given, tried within the login budget; the right one into the vault."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from fleetctl.errors import UsageError
from fleetctl.inventory import edit
from fleetctl.model import Device, LoginJudged
from fleetctl.operations.door import Job, Login
from fleetctl.operations.workspace import Workspace

MOST: Final = 100
"""A longer list is none: it is a dictionary."""

_USUAL_ACCOUNT: Final = "admin"
_AT_ONCE: Final = 10  # of a maker whose devices never lock
_ENCRYPTED: Final = "$ANSIBLE_VAULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """The candidates of one device: for which account, which may be tried now, and how many have to wait."""

    account: str
    logins: tuple[Login, ...] = field(repr=False)
    waiting: int


def read(workspace: Workspace, path: Path) -> tuple[str, ...]:
    """Return the candidates of a file, one a line, in their order. It is its owner's alone, or sealed as Ansible does.

    Raises UsageError, VaultError.
    """
    try:
        told = path.read_text("utf-8")
        others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--candidates {path} cannot be read: {error}") from None
    if told.startswith(_ENCRYPTED):
        told = workspace.vault.decrypt(told)
    elif others:
        raise UsageError(f"--candidates {path} holds passwords and others may read it. Mend: chmod 600 {path}")
    return checked(told.splitlines(), f"--candidates {path}")


def checked(lines: Iterable[str], what: str) -> tuple[str, ...]:
    """Return passwords without doubles and blank lines; raises UsageError for none, and for a dictionary."""
    found = tuple(dict.fromkeys(line.strip("\r\n") for line in lines if line.strip()))
    if not found:
        raise UsageError(f"{what}: there is no password in it; write one a line, the likeliest first")
    if len(found) > MOST:
        raise UsageError(f"{what}: {len(found)} passwords; devices lock after a few, so at most {MOST} are taken")
    return found


def guessed(workspace: Workspace, device: Device, candidates: Sequence[str]) -> Guesses:
    """Return which candidates may be tried at a device now: not refused before, and never so many that it locks."""
    values = workspace.inventory.values(device.name)
    driver = workspace.driver(device)
    shipped = next((user for user, _ in driver.default_logins), driver.first_account or _USUAL_ACCOUNT)
    account = str(values["factory_user"].value) if "factory_user" in values else shipped
    logins = [
        Login(user=account, password=each, fingerprint=workspace.fingerprints.of(device.name, account, each))
        for each in candidates
    ]
    left = [one for one in logins if not workspace.store.was_refused(device.name, account, one.fingerprint)]
    most = tries(workspace, device, account)
    return Guesses(account=account, logins=tuple(left[:most]), waiting=max(0, len(left) - most))


def tries(workspace: Workspace, device: Device, account: str) -> int:
    """Return how many candidates a device may be asked now."""
    lock = workspace.driver(device).lock
    told = workspace.store.tries(device.name, account, address=device.endpoint.spot, lock=lock)
    return _AT_ONCE if told is None else max(0, told)


def guessing(workspace: Workspace, made: Job, guesses: Guesses) -> Job:
    """Return the work of a device with candidates instead of its factory login; its own login's try counts too."""
    first = guesses.logins
    if made.own is not None and made.own_first:
        first = first[: max(0, tries(workspace, made.device, guesses.account) - 1)]
    waiting = guesses.waiting + len(guesses.logins) - len(first)
    hint = ""
    if waiting:
        hint = f"{waiting} candidates were not tried, so that it does not lock: run it again when its lock time is over"
    return replace(made, first=first, hint=hint, spent=made.spent if not first else "")


def keep(workspace: Workspace, device: Device, event: LoginJudged, guesses: Guesses) -> None:
    """Put the candidate that was taken into the vault, and the account's name into the inventory."""
    found = next((one for one in guesses.logins if one.fingerprint == event.fingerprint), None)
    if found is None or event.account != guesses.account:
        return
    workspace.vault.set(device.site, device.name, found.user, found.password)
    if device.place is not None and "factory_user" not in workspace.inventory.values(device.name):
        edit.set_host_values(Path(device.place.file), device.name, {"factory_user": found.user})
