"""A workspace: inventory, standard, vault and state in one folder with one home machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from fleetctl import catalog, codec, inventory, standard
from fleetctl.bundle import Issue, register
from fleetctl.errors import UsageError, VaultError
from fleetctl.inventory import SEALED
from fleetctl.journal import Journal
from fleetctl.logins import LAST, SPARED, Budget
from fleetctl.model import UNSET, Device, Driver, Expectation, Kind, SecretRef, Waiver
from fleetctl.operations import cutoff, wiring
from fleetctl.protocols.ansible import Surroundings
from fleetctl.store import Store
from fleetctl.vault import KEEP_DAYS, Fingerprints, SecretBag, Vault, sources_of

STATE: Final = ".fleetctl"


@dataclass
class Workspace:
    """One folder. What a command does not need is not opened: no vault, no store, no inventory."""

    root: Path
    inventory_root: Path
    has_state: bool = True
    reading: bool = False  # only what is on record is asked for: that works away from home, too
    vault_ids: tuple[str, ...] = ()  # label@source, as Ansible writes it; none: what ansible.cfg says
    ask: Callable[[str], str] | None = None  # asks a person for the vault password of a label
    bundle: Issue | None = None  # of a site that was taken along, opened here
    fetch: Callable[[], None] | None = None  # puts the firmware images of a bundle in their place

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
    def types(self) -> Mapping[str, type]:
        """The types by name that occur in the aspects: what the store has is read with them."""
        return codec.types_of(self.registry.types.values())

    @cached_property
    def inventory(self) -> inventory.Inventory:
        """The inventory, checked; raises InventoryError with every fault at once.

        A move in it that was cut off between two files is finished first: a device would stand at two sites.
        """
        cut_off = self.has_state and cutoff.written(self.state, self.inventory_root)
        cache = self.root / STATE / "cache" if self.has_state else None
        aspects = self.registry.aspects
        settings = partial(standard.settings_faults, aspects=aspects)
        waivers = partial(standard.waiver_faults, aspects=aspects)
        checks = (settings, waivers, standard.recipient_faults)
        found = inventory.load(self.inventory_root, aspects, cache=cache, checks=checks)
        if cut_off and not self.vault.source.asks:  # nobody is asked for a password by a command that needs none
            self.__dict__["inventory"] = found
            cutoff.dropped(self.state, self.vault.drop)
        return found

    def reread(self) -> None:
        """Read the inventory again when it is next asked for: a file of it was written."""
        self.__dict__.pop("inventory", None)

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
        """The vault of this inventory; its password is asked for when a site is opened. Raises VaultError."""
        sources = sources_of(self.root, vault_ids=self.vault_ids, ask=self.ask)
        return Vault(self.inventory_root, sources, keep_days=self.keep_days, closed=self.closed)

    @property
    def outside(self) -> Path:
        """Where documents for people go: the workspace, or the current folder where that is a bundle."""
        return self.root if self.bundle is None else Path.cwd()

    @cached_property
    def _out(self) -> Mapping[str, register.Taken]:
        return register.out(self.store) if self.has_state and self.state.joinpath("store.db").exists() else {}

    def closed(self, site: str) -> str:
        """Return why nothing is written to a site from here, "" where something may be.

        At home: a bundle of it is out. In a bundle: it has expired.
        """
        if self.bundle is not None:
            return register.over(self.bundle) if self.bundle.expired(datetime.now(UTC)) else ""
        taken = self._out.get(site)
        return register.away(taken) if taken is not None else ""

    def unlock(self) -> None:
        """Ask for the vault password now where a person has to be asked, before anything is drawn on the screen."""
        if self.vault.source.asks:
            self.vault.identities.password(self.vault.source)

    def keep_days(self, site: str) -> int:
        """Return how long a site's previous passwords are kept: `vault_keep_days` of its first device that says so."""
        for device in self.inventory.devices.values():
            if device.site == site and (told := self.inventory.values(device.name).get("vault_keep_days")):
                return int(told.value)
        return KEEP_DAYS

    def revealed(self, device: Device, variable: str) -> str | None:
        """Return a variable as text, opened where it is `!vault`; None where it is not set. Raises VaultError."""
        values = self.inventory.values(device.name)
        if variable not in values:
            return None
        value = values[variable].value
        return str(self.inventory.reveal(device.name, variable, self.vault.decrypt) if value is SEALED else value)

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
        if device.is_host:
            told = tuple(each for e in told if (each := self._of_role(e)) is not None)
        return self._waived(device, told)

    def _of_role(self, told: Expectation) -> Expectation | None:
        """Return what is expected of a role; of one that `apply` does not run only what it offers, and only told."""
        aspect, role = self.registry.of_hosts[told.aspect], self.registry.roles[told.aspect]
        if aspect.applied_by == "apply":
            return told
        kept = {n: v for n in sorted(role.offered) if (v := getattr(told.value, n)) is not UNSET}
        return replace(told, value=aspect.type(**kept), left_to=f"fleetctl {aspect.applied_by}") if kept else None

    @property
    def today(self) -> str:
        """The day by which waivers are judged, ISO 8601, in this machine's zone."""
        return datetime.fromtimestamp(time.time(), UTC).astimezone().date().isoformat()

    def waivers(self, device: Device) -> tuple[Waiver, ...]:
        """Return the waivers of a device that are in force, or that have expired."""
        return standard.waivers_of(device.name, self.inventory, self.registry.aspects)

    def _waived(self, device: Device, told: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
        """Add the waivers in force. A role is carried out whole, so a Linux host's waivers are for whole aspects.

        One that was learned covers nothing: the device's own line expects what it has; when it is over that is told.
        """
        found = [w for w in self.waivers(device) if not w.is_requirement and (w.learned or w.holds(self.today))]
        if device.is_host:
            found = [w for w in found if "." not in w.setting]
        if not found:
            return told
        held: dict[str, list[Waiver]] = {}
        ended: dict[str, list[Waiver]] = {}
        for waiver in found:
            if not waiver.learned:
                held.setdefault(waiver.setting.partition(".")[0], []).append(waiver)
            elif not waiver.holds(self.today):
                ended.setdefault(waiver.setting.partition(".")[0], []).append(waiver)
        return tuple(
            replace(e, waivers=tuple(held.get(e.aspect, ())), ended=tuple(ended.get(e.aspect, ()))) for e in told
        )

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
        label, password = self.vault.identity(site) if has_vault else (self.vault.source.label, b"")
        return Surroundings(
            inventory=str(self.inventory_root.resolve()),
            config=str(self.root.resolve() / "ansible.cfg"),
            known_hosts=self.known_hosts,
            vault_label=label,
            vault_password=password.decode("utf-8", "surrogateescape"),
            hidden=self.vault.every(site),
        )

    def driver(self, device: Device) -> Driver:
        """Return the driver of what the device said it is, else of what the inventory says."""
        facts = self.facts(device.name)
        maker, model = facts.get("manufacturer", device.vendor), facts.get("model", device.model)
        return self.registry.driver_of(device, maker, model)

    def budget(self, device: Device, account: str, password: str, *, settling: bool = False) -> tuple[str, Budget]:
        """Return the fingerprint of a login and whether it may be tried now; `settling`: even the last try but one."""
        mark, lock = self.fingerprints.of(device.name, account, password), self.driver(device).lock
        spot, spared = device.endpoint.spot, LAST if settling else SPARED
        return mark, self.store.may_try(device.name, account, mark, address=spot, lock=lock, spared=spared)

    def tries(self, device: Device, account: str) -> int | None:
        """Return how many logins that may be wrong can be presented to settle what is live; None for any number."""
        lock = self.driver(device).lock
        return self.store.tries(device.name, account, address=device.endpoint.spot, lock=lock, spared=LAST)

    def facts(self, device: str) -> Mapping[str, str]:
        """Return what earlier sessions learned of a device."""
        return self.store.facts(device)


def find(start: Path) -> Path | None:
    """Return the workspace that holds `start`, by its `.fleetctl` folder; None outside of any."""
    for candidate in (start, *start.parents):
        if (candidate / STATE).is_dir():
            return candidate
    return None


def open_workspace(
    start: Path,
    inventory_dir: Path | None = None,
    *,
    reading: bool = False,
    vault_ids: tuple[str, ...] = (),
    ask: Callable[[str], str] | None = None,
) -> Workspace:
    """Open the workspace around `start` (or around the inventory, when that is named).

    `vault_ids` and `ask` say where its vault password comes from, where that is not as its ansible.cfg says. Raises
    UsageError when there is neither a workspace nor a named inventory.
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
    inventory_root = inventory_dir or root / "inventory"
    return Workspace(root=root, inventory_root=inventory_root, reading=reading, vault_ids=vault_ids, ask=ask)
