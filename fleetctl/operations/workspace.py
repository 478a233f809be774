"""A workspace: inventory, standard, vault and state in one folder with one home machine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from fleetctl import catalog, inventory, standard
from fleetctl.errors import UsageError, VaultError
from fleetctl.journal import Journal
from fleetctl.model import Device, Expectation, Kind, SecretRef, Waiver
from fleetctl.operations import wiring
from fleetctl.protocols.ansible import Surroundings
from fleetctl.resources import folder
from fleetctl.store import Store
from fleetctl.vault import Fingerprints, SecretBag, Vault, write_password_file

STATE: Final = ".fleetctl"
PASSWORD_FILE: Final = "vault-password"  # noqa: S105  # a file's name
ANSIBLE_CFG: Final = """\
# Read by Ansible and by fleetctl: both work in this folder with the same inventory and the same vault.
[defaults]
inventory = inventory
vault_identity_list = fleet@{password_file}
host_key_checking = True
interpreter_python = auto_silent
"""


@dataclass
class Workspace:
    """One folder. What a command does not need is not opened: no vault, no store, no inventory."""

    root: Path
    inventory_root: Path
    has_state: bool = True
    reading: bool = False  # only what is on record is asked for: that works away from home, too

    @property
    def state(self) -> Path:
        """The folder that holds store, locks and keys; raises UsageError outside a workspace."""
        if not self.has_state:
            raise UsageError(
                f"{self.inventory_root} is an inventory, but not in a workspace, so nothing can be recorded. "
                "Make one: fleetctl init DIR --from " + str(self.inventory_root)
            )
        return self.root / STATE

    @cached_property
    def registry(self) -> catalog.Registry:
        """The aspects and drivers."""
        return catalog.load()

    @cached_property
    def inventory(self) -> inventory.Inventory:
        """The inventory, checked; raises InventoryError with every fault at once."""
        cache = self.root / STATE / "cache" if self.has_state else None
        aspects = self.registry.aspects
        settings = partial(standard.settings_faults, aspects=aspects)
        waivers = partial(standard.waiver_faults, aspects=aspects)
        return inventory.load(self.inventory_root, aspects, cache=cache, checks=(settings, waivers))

    @cached_property
    def store(self) -> Store:
        """The store; raises UsageError when another machine is the workspace's home."""
        return Store(self.state / "store.db", readonly=self.reading)

    @cached_property
    def journal(self) -> Journal:
        """The append-only record in the store."""
        return Journal(self.store)

    @cached_property
    def vault(self) -> Vault:
        """The vault of this inventory; its password is asked for when a site is opened."""
        return Vault(self.inventory_root, self.root)

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """Keyed fingerprints of passwords, so that a try can be counted without keeping its password."""
        return Fingerprints(self.state / "fingerprint.key")

    @property
    def known_hosts(self) -> str:
        """Path of the SSH host keys this workspace has accepted."""
        return str(self.state / "known_hosts")

    def expectations(self, device: Device, aspects: tuple[str, ...]) -> tuple[Expectation, ...]:
        """Return what the device should be, narrowed to `aspects` (all if empty), with the waivers in force."""
        of_kind = [a for a in self.registry.aspects_for(device) if not aspects or a.name in aspects]
        told = standard.expectations(device, self.inventory, of_kind)
        if device.kind is Kind.SWITCH:
            told = wiring.derived(self.wired(device), told, tuple(a.name for a in of_kind))
        return self._waived(device, told)

    @property
    def today(self) -> str:
        """The day by which waivers are judged, ISO 8601, in this machine's zone."""
        return datetime.fromtimestamp(time.time(), UTC).astimezone().date().isoformat()

    def waivers(self, device: Device) -> tuple[Waiver, ...]:
        """Return the waivers of a device that are in force, or that have expired."""
        return standard.waivers_of(device.name, self.inventory, self.registry.aspects)

    def _waived(self, device: Device, told: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
        """Add the waivers in force. A role is carried out whole, so a Linux host's waivers are for whole aspects."""
        found = [w for w in self.waivers(device) if w.holds(self.today) and not w.is_requirement]
        if device.is_host:
            found = [w for w in found if "." not in w.setting]
        if not found:
            return told
        by_aspect: dict[str, list[Waiver]] = {}
        for waiver in found:
            by_aspect.setdefault(waiver.setting.partition(".")[0], []).append(waiver)
        return tuple(replace(e, waivers=tuple(by_aspect.get(e.aspect, ()))) for e in told)

    def wired(self, device: Device) -> Device:
        """Return a switch with the other devices of its site; any other device as it is."""
        if device.kind is not Kind.SWITCH:
            return device
        return replace(device, neighbours=wiring.neighbours(self.inventory.devices, device))

    def password(self, device: Device, account: str = "") -> str:
        """Return a password of a device; raises VaultError when there is none."""
        ref = SecretRef(device=device.name, account=account or device.user)
        return self.vault.reveal(ref, device, self.inventory)

    def secrets(self, device: Device, referred: tuple[SecretRef, ...]) -> SecretBag:
        """Return what work on a device may need: its login's password, and those referred to; missing ones left out."""
        found: dict[SecretRef, str] = {}
        for ref in dict.fromkeys((SecretRef(device=device.name, account=device.user), *referred)):
            owner = self.inventory.devices.get(ref.device)
            if ref.account and owner is not None:
                try:
                    found[ref] = self.password(owner, ref.account)
                except VaultError as error:
                    if not getattr(error, "missing", False):
                        raise
        return SecretBag(found)

    def around(self, site: str) -> Surroundings:
        """Return what Ansible needs for a host of a site; raises VaultError when the vault does not open."""
        has_vault = any(self.inventory_root.glob("group_vars/*/vault.yml"))
        return Surroundings(
            inventory=str(self.inventory_root.resolve()),
            config=str(self.root.resolve() / "ansible.cfg"),
            known_hosts=self.known_hosts,
            vault_label=self.vault.source.label,
            vault_password=self.vault.source.password().decode("utf-8", "surrogateescape") if has_vault else "",
            hidden=self.vault.every(site),
        )

    def facts(self, device: str) -> Mapping[str, str]:
        """Return what earlier sessions learned of a device."""
        return self.store.facts(device)


def find(start: Path) -> Path | None:
    """Return the workspace that holds `start`, by its `.fleetctl` folder; None outside of any."""
    for candidate in (start, *start.parents):
        if (candidate / STATE).is_dir():
            return candidate
    return None


def open_workspace(start: Path, inventory_dir: Path | None = None, *, reading: bool = False) -> Workspace:
    """Open the workspace around `start` (or around the inventory, when that is named).

    Raises UsageError when there is neither a workspace nor a named inventory.
    """
    if inventory_dir is not None and not inventory_dir.is_dir():
        raise UsageError(f"{inventory_dir} is not a folder. Name the inventory's folder: fleetctl -i DIR ...")
    root = find((inventory_dir or start).resolve()) or find(start.resolve())
    if root is None:
        if inventory_dir is None:
            raise UsageError(
                f"no workspace in {start} or above it. Make one: fleetctl init DIR, then work inside it; "
                "or name an inventory to look at: fleetctl -i DIR inventory check"
            )
        return Workspace(root=inventory_dir, inventory_root=inventory_dir, has_state=False)
    return Workspace(root=root, inventory_root=inventory_dir or root / "inventory", reading=reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What `init` made."""

    root: Path
    password_file: Path
    envelope: Path
    copied: bool


def init(root: Path, source: Path | None = None) -> Initialised:
    """Make a workspace in an empty or missing folder; `source` is an inventory to copy, else a small example.

    Raises UsageError when the folder is a workspace already or holds other files.
    """
    root = root.resolve()
    if (root / STATE).exists():
        raise UsageError(f"{root} is a workspace already")
    if root.exists() and any(root.iterdir()):
        raise UsageError(f"{root} is not empty. Name a new folder, or empty this one first")
    example = source or folder("inventory/pilot")
    if not example.is_dir():
        raise UsageError(f"{example} is not a folder with an inventory")
    state = root / STATE
    state.mkdir(parents=True, mode=0o700)
    shutil.copytree(example, root / "inventory", ignore=shutil.ignore_patterns("*.retry", "__pycache__", "ansible.cfg"))
    password_file = state / PASSWORD_FILE
    write_password_file(password_file)
    (root / "ansible.cfg").write_text(ANSIBLE_CFG.format(password_file=f"{STATE}/{PASSWORD_FILE}"), "utf-8")
    (root / ".gitignore").write_text(f"/{STATE}/\n", "utf-8")
    envelope = _envelope(root, password_file)
    Store(state / "store.db").close()
    return Initialised(root=root, password_file=password_file, envelope=envelope, copied=source is not None)


def _envelope(root: Path, password_file: Path) -> Path:
    """Write the recovery sheet: what to print, seal and put away, then delete."""
    path = root / STATE / "recovery-sheet.txt"
    path.touch(mode=0o600)
    path.write_text(
        "fleetctl: recovery sheet / tờ khôi phục\n\n"
        f"Workspace: {root}\n"
        f"Vault password / mật khẩu kho: {password_file.read_text('utf-8').strip()}\n\n"
        "EN  Print this sheet, seal it in an envelope, keep it in a safe, then delete this file.\n"
        "    Whoever has this password and the inventory folder can log in to every device.\n"
        "VI  In tờ này, niêm phong trong phong bì, cất vào két, rồi xóa tệp này.\n"
        "    Ai có mật khẩu này và thư mục inventory thì đăng nhập được vào mọi thiết bị.\n",
        "utf-8",
    )
    return path
