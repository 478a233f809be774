"""Looks through everything that was written for passwords in clear, and in the ways in which they hide."""

from __future__ import annotations

import base64
import gzip
import sqlite3
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from tests.lab.office import Office

ALLOWED = ("vault-password", "recovery-sheet.txt")  # whose content they are; 0600


def of_office(office: Office) -> set[str]:
    """Return every secret of a workspace: all passwords in its vault, prepared ones too, and the vault's own."""
    workspace = office.workspace
    sites = {device.site for device in workspace.inventory.devices.values() if device.site}
    told = {password for site in sites for password in workspace.vault.every(site)}
    return told | {(office.state / "vault-password").read_text("ascii").strip()}


def in_files(folder: Path, secrets: Iterable[str], besides: Iterable[Path] = ()) -> list[str]:
    """Return where a secret stands in a folder: in a file, packed or not, or in a table of a database.

    Looked for as it is, in base64 at any offset, and as in a URL. `besides`: folders that are not looked into.
    """
    needles = {needle: n for n, secret in enumerate(secrets) for needle in _shapes(secret)}
    skipped = tuple(besides)
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        if path.name in ALLOWED or any(path.is_relative_to(each) for each in skipped):
            continue
        for content in _contents(path):
            found += [f"{path.relative_to(folder)} (secret {n})" for needle, n in needles.items() if needle in content]
    return sorted(set(found))


def _contents(path: Path) -> Iterator[bytes]:
    """Yield a file as it is, unpacked where it is packed, and what a database answers (deleted rows: as it is)."""
    content = path.read_bytes()
    yield content
    if content.startswith(b"\x1f\x8b"):
        with suppress(OSError, EOFError):
            yield gzip.decompress(content)
    if content.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            yield "\n".join(database.iterdump()).encode()


def _shapes(secret: str) -> Iterator[bytes]:
    raw = secret.encode()
    yield raw
    yield urllib.parse.quote(secret, safe="").encode()
    for offset in range(3):
        told = base64.b64encode(b"\0" * offset + raw)
        yield told[4 if offset else 0 : len(told) - 4]  # but the ends, which its neighbours decide
