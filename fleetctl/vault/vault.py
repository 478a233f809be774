"""The vault of an inventory: site by site, opened when asked for, changed under a lock and never blindly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from fleetctl import files
from fleetctl.errors import Busy, VaultError
from fleetctl.model import SecretRef
from fleetctl.vault import sites
from fleetctl.vault.passwords import LENGTH, generate_password
from fleetctl.vault.reader import Reader
from fleetctl.vault.sites import Entry, Opened, Secrets
from fleetctl.vault.source import PasswordSource

KEEP_DAYS: Final = 30
"""How long the previous password of an account is kept, where the inventory does not say otherwise."""


class Vault(Reader):
    """Secrets that are read and changed.

    A previous password goes with the first write of its site later than `keep_days` after the current one took its
    place. Every method raises as `Reader`, and Busy when another fleetctl is writing.
    """

    def __init__(
        self,
        inventory_root: Path,
        source: PasswordSource | Sequence[PasswordSource] | Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        keep_days: Callable[[str], int] = lambda _site: KEEP_DAYS,
        closed: Callable[[str], str] = lambda _site: "",
    ) -> None:
        """`closed` says why nothing of a site is changed here, "" where it may be; every change then raises Busy."""
        super().__init__(inventory_root, source)
        self._clock = clock
        self._keep_days = keep_days
        self._closed = closed
        self.run = 0  # the run that is at work, noted beside what it changes

    def ensure(
        self, site: str, accounts: Mapping[str, Iterable[str]], *, length: int = LENGTH
    ) -> tuple[SecretRef, ...]:
        """Make the passwords that are missing of devices' accounts, on disk on return; return whose were made."""
        wanted = {(device, account) for device, names in accounts.items() for account in names}
        missing = sorted(key for key in wanted if not self.entry(site, *key).current)
        if not missing:
            return ()

        def change(old: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            return {
                key: replace(entry, current=generate_password(key[1], length), changed=self._now(), run=self.run)
                for key, entry in old.items()
                if not entry.current
            }

        made = self._change(site, missing, change)
        return tuple(SecretRef(device=device, account=account) for device, account in made)

    def prepare(self, site: str, device: str, account: str, *, length: int = LENGTH) -> str:
        """Return the password an account is to get next, on disk before it is returned.

        One that was prepared before and never promoted is returned again: it may be live on the device.
        """

        def change(old: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            ((key, entry),) = old.items()
            return {} if entry.prepared else {key: self._prepared(entry, account, length)}

        self._change(site, [(device, account)], change)
        return self.entry(site, device, account).prepared

    def prepare_each(self, site: str, accounts: Mapping[str, Iterable[str]], *, length: int = LENGTH) -> None:
        """Prepare a password for each account that has neither one nor one prepared, all on disk on return."""
        wanted = {(device, account) for device, names in accounts.items() for account in names}
        missing = [k for k in sorted(wanted) if not (e := self.entry(site, *k)).current and not e.prepared]
        if not missing:
            return

        def change(old: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            return {
                key: self._prepared(entry, key[1], length)
                for key, entry in old.items()
                if not entry.current and not entry.prepared
            }

        self._change(site, missing, change)

    def promote(self, site: str, device: str, account: str) -> None:
        """Make the prepared password the current one, and the current one the previous one.

        Raises VaultError when none was prepared.
        """

        def change(old: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            ((key, entry),) = old.items()
            if not entry.prepared:
                raise VaultError(f"no password of {account} on {device} was prepared")
            new = Entry(current=entry.prepared, previous=entry.current, changed=self._now(), run=self.run)
            return {key: new}

        self._change(site, [(device, account)], change)

    def keep(self, site: str, device: str, account: str, new: str, old: str) -> None:
        """Make sure that both passwords that may be live are on disk, whoever edited the file meanwhile."""

        def held(entry: Entry) -> bool:
            return {new, old} <= {entry.current, entry.previous, entry.prepared}

        path = self._path(site)
        if path.exists() and path.read_bytes() == self._open(site).content and held(self.entry(site, device, account)):
            return

        def change(found: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            ((key, entry),) = found.items()
            if held(entry):
                return {}
            if new not in (entry.current, entry.previous):
                entry = replace(entry, prepared=new, prepared_at=self._now(), prepared_run=self.run)
            if old not in (entry.current, entry.prepared):
                entry = replace(entry, previous=old)
            return {key: entry}

        self.reread(site)
        self._change(site, [(device, account)], change)

    def discard(self, site: str, device: str, account: str, password: str, *, sent: bool) -> None:
        """Drop a prepared password that is not live; one that was sent is kept as the previous one.

        A device may have it after all, once it starts again.
        """

        def change(old: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            ((key, entry),) = old.items()
            if entry.prepared != password:
                return {}
            return {key: replace(entry, prepared="", previous=password) if sent else _unprepared(entry)}

        self._change(site, [(device, account)], change)

    def reread(self, site: str) -> None:
        """Take a site's file as it is now, whoever changed it since it was read."""
        self._opened.pop(site, None)

    def set(self, site: str, device: str, account: str, password: str) -> None:
        """Record a password that is known to be live; another current one becomes the previous one."""
        if not password:
            raise VaultError(f"an empty password of {account} on {device} is not kept")

        def change(old: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            ((key, entry),) = old.items()
            prepared = "" if entry.prepared == password else entry.prepared
            if entry.current == password:
                return {} if prepared == entry.prepared else {key: _unprepared(entry)}
            new = replace(entry if prepared else _unprepared(entry), current=password, previous=entry.current)
            return {key: replace(new, changed=self._now(), run=self.run)}

        self._change(site, [(device, account)], change)

    def copy(self, site: str, to: str, device: str) -> None:
        """Give another site what this one has of a device's accounts; raises VaultError where that has others."""
        mine = {(device, account): entry for account, entry in self.accounts(site, device).items()}

        def change(old: Mapping[tuple[str, str], Entry]) -> Mapping[tuple[str, str], Entry]:
            for (_, account), entry in old.items():
                if entry not in (Entry(), mine[device, account]):
                    raise VaultError(
                        f"the vault of {to} has another password of {account} on {device} already; nothing was "
                        "written. Take it out of there if it is an old one"
                    )
            return {key: mine[key] for key, entry in old.items() if entry == Entry()}

        if mine:
            self._change(to, mine, change)

    def put(self, site: str, entries: Mapping[tuple[str, str], Entry]) -> None:
        """Take over entries that were changed elsewhere, as they are; they were compared with what stands here."""
        if entries:
            self._change(site, entries, lambda _old: entries)

    def drop(self, site: str, device: str) -> None:
        """Forget a device that is at another site now."""
        keys = [(device, account) for account in self.accounts(site, device)]
        if keys:
            self._change(site, keys, lambda old: dict.fromkeys(old, Entry()))

    def _prepared(self, entry: Entry, account: str, length: int) -> Entry:
        told = generate_password(account, length)
        return replace(entry, prepared=told, prepared_at=self._now(), prepared_run=self.run)

    def _now(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _change(
        self,
        site: str,
        keys: Iterable[tuple[str, str]],
        change: Callable[[Mapping[tuple[str, str], Entry]], Mapping[tuple[str, str], Entry]],
    ) -> tuple[tuple[str, str], ...]:
        """Change entries of a site in what is on disk now; return which. Entries others changed meanwhile stop it."""
        path = self._path(site)
        if reason := self._closed(site):
            raise Busy(reason)
        seen = self._opened.get(site)
        asked = tuple(keys)
        if not path.exists():
            self._prove_password()
        files.make_folder(path.parent)
        with files.locked(path.parent):
            now = self._fresh(site, path)
            old = {(d, a): now.secrets.get(d, {}).get(a, Entry()) for d, a in asked}
            for (device, account), entry in old.items():
                if seen is not None and seen.secrets.get(device, {}).get(account, Entry()) != entry:
                    raise VaultError(
                        f"{path}: somebody else changed the password of {account} on {device} meanwhile. "
                        "Nothing was written; run the command again"
                    )
            new = change(old)
            if new:
                self._write(site, path, now, new)
        return tuple(new)

    def _fresh(self, site: str, path: Path) -> Opened:
        """Return the site as it is on disk; what is unchanged is not decrypted again."""
        seen = self._opened.get(site)
        if not path.exists():
            if seen is not None and seen.content:
                raise VaultError(f"{path} has vanished since it was read. Nothing was written")
            self._opened[site] = Opened()
        elif seen is None or path.read_bytes() != seen.content:
            self._opened[site] = sites.read(path, self.identities)
        return self._opened[site]

    def _write(self, site: str, path: Path, now: Opened, new: Mapping[tuple[str, str], Entry]) -> None:
        secrets: Secrets = {device: dict(accounts) for device, accounts in now.secrets.items()}
        for (device, account), entry in new.items():
            secrets.setdefault(device, {})[account] = entry
        secrets = self._without_old(site, secrets)
        content = sites.written(path, now.content, secrets, self.identities)
        opened = sites.understood(path, content, self.identities)
        if opened.secrets != secrets:
            raise VaultError(f"{path}: what would be written does not read back as it should. Nothing was written")
        if path.exists() and path.read_bytes() != now.content:
            raise VaultError(f"{path}: somebody edited it at this moment. Nothing was written; run the command again")
        files.replace(path, content, mode=0o600)
        self._opened[site] = opened

    def _without_old(self, site: str, secrets: Secrets) -> Secrets:
        """Drop previous passwords that were kept long enough, and what holds nothing."""
        end = self._clock().astimezone(UTC) - timedelta(days=self._keep_days(site))

        def kept(entry: Entry) -> Entry:
            since = max(entry.changed, entry.prepared_at)  # it became the previous one
            if not entry.previous or not since or datetime.fromisoformat(since) >= end:
                return entry
            return replace(entry if entry.prepared else _unprepared(entry), previous="")

        told = {d: {a: kept(e) for a, e in accounts.items() if e != Entry()} for d, accounts in secrets.items()}
        return {device: accounts for device, accounts in told.items() if accounts}

    def _prove_password(self) -> None:
        """Open some site's file before the first one of another is made: a mistyped password must not make one."""
        if any(opened.cipher_text for opened in self._opened.values()):
            return
        for path in sorted(self.root.glob("group_vars/*/vault.yml")):
            if sites.read(path, self.identities).cipher_text:
                return


def _unprepared(entry: Entry) -> Entry:
    """Return an entry without what was prepared."""
    return replace(entry, prepared="", prepared_at="", prepared_run=0)
