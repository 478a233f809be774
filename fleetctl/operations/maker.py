"""The account that a device comes with: how one may get in by it, and the password that it gets instead."""

from __future__ import annotations

from collections.abc import Sequence

from fleetctl.model import Device
from fleetctl.operations.door import ACTIVATING, RENEWING, Login
from fleetctl.operations.runs import logs_in_by_password
from fleetctl.operations.workspace import Workspace


def factory_logins(workspace: Workspace, device: Device) -> tuple[tuple[str, str], ...]:
    """Return the logins a device may have from the factory: the inventory's (`factory_user`), else its vendor's.

    Its password is `factory_password`, else what the vault has of that account (an import puts it there).
    """
    values = workspace.inventory.values(device.name)
    if "factory_user" in values:
        user = str(values["factory_user"].value)
        if (printed := workspace.revealed(device, "factory_password")) is not None:
            return ((user, printed),)
        if password := workspace.vault.entry(device.site, device.name, user).current:
            return ((user, password),)
    return workspace.registry.driver_of(device, device.vendor, device.model).default_logins


def renews(workspace: Workspace, device: Device) -> str:
    """Return the maker's account that gets a password of the vault when the device is taken in, "" where none does.

    An installer's account keeps its password, which others may log in with: of a device, where the inventory names it
    and its password is in the vault (an import puts it there); of a Linux host always (role `users` locks or removes
    it).
    """
    if device.is_host or device.behind or not logs_in_by_password(workspace, device):
        return ""
    values = workspace.inventory.values(device.name)
    if "factory_user" in values and "factory_password" not in values:
        return ""
    wanted = values.get("factory_password_replaced")
    user = next((user for user, _ in factory_logins(workspace, device)[:1]), "")
    return user if user != device.user and (wanted is None or wanted.value) else ""


def renewed(workspace: Workspace, device: Device) -> tuple[str, str] | None:
    """Return the maker's account with the password that the vault has of it, None where it has none."""
    user = renews(workspace, device)
    password = workspace.vault.entry(device.site, device.name, user).current if user else ""
    return (user, password) if password else None


def prepared(workspace: Workspace, devices: Sequence[Device]) -> dict[str, Login]:
    """Return what makers' accounts are to have: in the vault before anything is sent.

    One that has a password there, of a device that was reset, gets that.
    """
    accounts = {device.name: (device, user) for device in devices if (user := renews(workspace, device))}
    sites: dict[str, dict[str, list[str]]] = {}
    for name, (device, user) in accounts.items():
        sites.setdefault(device.site, {})[name] = [user]
    for site, wanted in sites.items():
        workspace.vault.prepare_each(site, wanted)
    found = {}
    for name, (device, user) in accounts.items():
        entry = workspace.vault.entry(device.site, name, user)
        password = entry.current or entry.prepared
        found[name] = Login(user=user, password=password, fingerprint=workspace.fingerprints.of(name, user, password))
    return found


def tidy(workspace: Workspace, device: Device, makers: Login) -> None:
    """Forget a password that was prepared for a maker's account and never sent."""
    facts = workspace.facts(device.name)
    if makers.user not in (facts.get(RENEWING), facts.get(ACTIVATING)):
        workspace.vault.discard(device.site, device.name, makers.user, makers.password, sent=False)
