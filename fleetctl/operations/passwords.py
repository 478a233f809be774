"""What is known of the passwords of devices: from vault and store, without asking any device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from fleetctl.errors import VaultError
from fleetctl.model import Device, Kind, Trouble
from fleetctl.operations.runs import logs_in_by_password, select
from fleetctl.operations.workspace import Workspace
from fleetctl.vault import Entry
from fleetctl.vault.passwords import weaknesses

OLD_DAYS: Final = 365
"""After how many days a password counts as old, where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the password of one account stands; `mark` is a fingerprint: the same for the same password here."""

    device: Device
    account: str
    mark: str = ""
    changed: datetime | None = None
    run: int = 0
    troubles: Mapping[Trouble, str]  # and why, in words

    @property
    def kind(self) -> Kind:
        """The kind of the device."""
        return self.device.kind


def check(
    workspace: Workspace, limit: str = "", *, old_days: int = OLD_DAYS, now: datetime | None = None
) -> tuple[Standing, ...]:
    """Return every account of the devices of a pattern, as vault and store have it; nothing is sent.

    Only the sites of these devices are opened; "shared" is among them. Raises UsageError, VaultError.
    """
    now = now or datetime.now(UTC)
    devices = select(workspace, limit)
    found = [each for device in devices for each in entries(workspace, device)]
    seen = Counter(entry.current for _, _, entry in found)
    defaults = _defaults(workspace)
    known = [
        _standing(workspace, device, account, entry, old_days, now, defaults, seen) for device, account, entry in found
    ]
    let_in = [told for device in devices for told in _let_in(workspace, device)]
    return tuple(sorted((*known, *let_in), key=lambda each: (each.device.site, each.device.name, each.account)))


def makers_login(workspace: Workspace, device: Device) -> tuple[tuple[str, str], ...]:
    """Return the login with which its maker delivers a device: what is printed on it, else the maker's usual one."""
    user, password = (workspace.revealed(device, name) for name in ("factory_user", "factory_password"))
    if user is None:
        return workspace.driver(device).default_logins[:1]
    return () if password is None else ((user, password),)


def _let_in(workspace: Workspace, device: Device) -> Iterator[Standing]:
    """Yield the maker's account of a device that let it in with the maker's password when it was last asked."""
    for user, password in makers_login(workspace, device):
        mark = workspace.fingerprints.of(device.name, user, password)
        if workspace.store.may_try(device.name, user, mark).proven:
            why = "the device lets it in with its maker's password"
            yield Standing(device=device, account=user, troubles={Trouble.DEFAULT: why})


def entries(workspace: Workspace, device: Device) -> Iterator[tuple[Device, str, Entry]]:
    """Yield the accounts of a device: those of the vault, and that which fleetctl logs in with, wherever that is."""
    accounts = workspace.vault.accounts(device.site, device.name) if device.site else {}
    own = device.user if logs_in_by_password(workspace, device) and not device.behind else ""
    if own and device.platform != "windows":
        entry = accounts.get(own, Entry())
        try:
            told = workspace.password(device)
        except VaultError as error:
            if not error.missing:
                raise
            told = ""
        yield device, own, entry if told == entry.current else Entry(current=told)
    yield from ((device, name, entry) for name, entry in accounts.items() if name != own)


def _defaults(workspace: Workspace) -> frozenset[str]:
    """Return the passwords with which makers deliver devices."""
    drivers = workspace.registry.drivers.values()
    return frozenset(password for driver in drivers for _, password in driver.default_logins if password)


def _standing(
    workspace: Workspace,
    device: Device,
    account: str,
    entry: Entry,
    old_days: int,
    now: datetime,
    defaults: frozenset[str],
    seen: Mapping[str, int],
) -> Standing:
    changed = datetime.fromisoformat(entry.changed) if entry.changed else None
    blank = Standing(device=device, account=account, changed=changed, run=entry.run, troubles={})
    if not entry.current:
        word = Trouble.PREPARED if entry.prepared else Trouble.MISSING
        why = "its first password was prepared and never proven" if entry.prepared else "the vault has none"
        return replace(blank, troubles={word: why})
    told = {
        Trouble.DEFAULT: "a maker's default" if _is_default(workspace, device, entry, defaults) else "",
        Trouble.SHARED: f"{n} accounts have it" if (n := seen[entry.current]) > 1 else "",
        Trouble.WEAK: "; ".join(_weaknesses(workspace, device, account, entry.current)),
        Trouble.PREPARED: f"since {entry.prepared_at or 'an unknown time'}; run fleetctl password recover"
        if entry.prepared
        else "",
        **_proof(workspace, device, account, entry.current),
        Trouble.OLD: _age(changed, old_days, now),
    }
    mark = workspace.fingerprints.mark(entry.current)
    return replace(blank, mark=mark, troubles={word: told[word] for word in Trouble if told.get(word)})


def _is_default(workspace: Workspace, device: Device, entry: Entry, defaults: frozenset[str]) -> bool:
    return entry.current in defaults or entry.current == workspace.revealed(device, "factory_password")


def _weaknesses(workspace: Workspace, device: Device, account: str, password: str) -> Sequence[str]:
    policy = workspace.driver(device).passwords
    return tuple(dict.fromkeys((*weaknesses(password, account), *policy.breaches(password, account))))


def _proof(workspace: Workspace, device: Device, account: str, password: str) -> dict[Trouble, str]:
    """Tell whether the device ever took this very password; of accounts that fleetctl never uses nobody knows."""
    if account != device.user:
        return {}
    _, (barred, proven) = workspace.budget(device, account, password)
    if barred:
        return {Trouble.REFUSED: barred}
    return {} if proven else {Trouble.UNPROVEN: "no login with it was accepted yet"}


def _age(changed: datetime | None, old_days: int, now: datetime) -> str:
    if changed is None:
        return ""
    days = (now - changed).days
    return f"{days} days old, {old_days} at most" if days > old_days else ""
