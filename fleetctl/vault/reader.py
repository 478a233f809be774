"""The vault of an inventory as it is read: site by site, opened when asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

from fleetctl.errors import InventoryError, VaultError
from fleetctl.model import Device, SecretRef
from fleetctl.vault import sites
from fleetctl.vault.identities import Identities
from fleetctl.vault.sites import Entry, Opened
from fleetctl.vault.source import PasswordSource, sources_of

_PROVING: Final = 3  # sites whose vaults are tried
# The standard's own template; what it says is looked up without rendering it (5,000 times in a fleet).
_OWN: Final = re.compile(
    r"\{\{\s*\(\s*vault_secrets\s*\|\s*from_yaml\s*\)\[inventory_hostname\]\[ansible_user\]\.current\s*\}\}"
)


class Fleet(Protocol):
    """What is asked of an inventory."""

    def secret_template(self, device: Device, account: str) -> str | None:
        """Return `ansible_password` as written if it is the account's, else None."""

    def reveal(self, device_name: str, variable: str, decrypt: Callable[[str], str]) -> Any:
        """Return a variable rendered with the vault open."""


class Reader:
    """Secrets by site, device and account, in `group_vars/<site>/vault.yml` of the inventory, opened when asked for.

    `source` is where the vault password comes from (of several identities the first is the main one), or the folder
    whose ansible.cfg says so. Every method raises VaultError when no identity opens a file, or it cannot be understood.
    """

    def __init__(self, inventory_root: Path, source: PasswordSource | Sequence[PasswordSource] | Path) -> None:
        self.root = inventory_root.parent if inventory_root.is_file() else inventory_root
        self._source = source
        self._opened: dict[str, Opened] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r})"

    @cached_property
    def identities(self) -> Identities:
        """The vault identities."""
        if isinstance(self._source, Path):
            return Identities(sources_of(self._source))
        return Identities((self._source,) if isinstance(self._source, PasswordSource) else self._source)

    @property
    def source(self) -> PasswordSource:
        """The main identity."""
        return self.identities.main

    def identity(self, site: str) -> tuple[str, bytes]:
        """Return label and password of the identity that opens a site's file; of the main one where there is none."""
        text = self._open(site).cipher_text
        source = self.identities.opens(text) if text else self.source
        return source.label, self.identities.password(source)

    def entry(self, site: str, device: str, account: str) -> Entry:
        """Return what the vault has of an account; an empty entry where it has nothing."""
        return self._open(site).secrets.get(device, {}).get(account, Entry())

    def accounts(self, site: str, device: str) -> Mapping[str, Entry]:
        """Return all that the vault has of a device, by account."""
        return dict(self._open(site).secrets.get(device, {}))

    def prove(self, sites: Iterable[str]) -> None:
        """Open the vault of one of these sites: a wrong vault password ends a run before anything is sent.

        Raises VaultError when none of the first that have one opens; a single damaged file is for its own devices.
        """
        wrong: VaultError | None = None
        for site in [site for site in dict.fromkeys(sites) if site and self._path(site).exists()][:_PROVING]:
            try:
                self._open(site)
            except VaultError as error:
                wrong = wrong or error
            else:
                return
        if wrong is not None:
            raise wrong

    def every(self, site: str) -> tuple[str, ...]:
        """Return every password of a site, old ones and prepared ones too: what must not be seen anywhere."""
        entries = (entry for accounts in self._open(site).secrets.values() for entry in accounts.values())
        return tuple(p for entry in entries for p in (entry.current, entry.previous, entry.prepared) if p)

    def reveal(self, ref: SecretRef, device: Device, inventory: Fleet | None = None) -> str:
        """Return the password Ansible would use: `ansible_password` for the device's own account, else the vault's.

        `ansible_password` may be plain, a `!vault` block, or any template over `vault_secrets` and other
        variables. Raises VaultError, with `missing` True where there is no such password.
        """
        raw = inventory.secret_template(device, ref.account) if inventory is not None else None
        if inventory is not None and raw is not None and not _OWN.fullmatch(str.__str__(raw).strip()):
            return self._rendered(ref, inventory)
        told = self.entry(device.site, ref.device, ref.account).current if device.site else ""
        if not told:
            raise VaultError(
                f"the vault has no password of {ref.account} on {ref.device} (site {device.site or 'unknown'}). "
                f"Take the device in: fleetctl adopt --limit {ref.device}",
                missing=True,
            )
        return told

    def _rendered(self, ref: SecretRef, inventory: Fleet) -> str:
        try:
            told = inventory.reveal(ref.device, "ansible_password", self.decrypt)
        except InventoryError as error:
            raise VaultError(f"the password of {ref.account} on {ref.device}: {error}", missing=True) from None
        if told is None or told == "":
            raise VaultError(f"ansible_password of {ref.device} is empty", missing=True)
        if not isinstance(told, str):
            raise VaultError(f"ansible_password of {ref.device} is not text. Write it in quotes")
        return told

    def decrypt(self, text: str) -> str:
        """Return the plaintext of a `!vault` block of the inventory."""
        for opened in self._opened.values():
            if opened.cipher_text == text:
                return opened.plain
        return self.identities.decrypt(text)

    def _open(self, site: str) -> Opened:
        if site not in self._opened:
            path = self._path(site)
            self._opened[site] = sites.read(path, self.identities) if path.exists() else Opened()
        return self._opened[site]

    def _path(self, site: str) -> Path:
        if not site or site.startswith(".") or "/" in site or "\0" in site:
            raise VaultError(f"{site!r} is not the key of a site, so it has no vault")
        return self.root / "group_vars" / site / "vault.yml"
