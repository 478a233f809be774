"""One site's vault file: `vault_secrets`, an inline block whose plaintext is YAML device -> account -> entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.errors import VaultError
from fleetctl.vault import cipher
from fleetctl.vault.identities import Identities

VARIABLE: Final = "vault_secrets"
_TAGS: Final = ("!vault", "!vault-encrypted")
_HEAD: Final = (
    "# Passwords of this site's devices, encrypted. Written by fleetctl, read by Ansible too.\n"
    "# See them: fleetctl password show DEVICE. Never edit the block by hand.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entry:
    """The passwords of one account; "" where there is none.

    `changed` is when `current` became so, `prepared_at` when `prepared` was made (ISO 8601, UTC); `run` and
    `prepared_run` are the runs that did it, 0 where that was none. Without `prepared` they tell of a `previous` that
    was prepared, sent and did not become the current one.
    """

    current: str = ""
    previous: str = ""
    prepared: str = ""
    changed: str = ""
    run: int = 0
    prepared_at: str = ""
    prepared_run: int = 0

    def __repr__(self) -> str:
        return f"Entry({', '.join(f.name for f in fields(self) if getattr(self, f.name))})"


_FIELDS: Final = frozenset(f.name for f in fields(Entry))
_NUMBERS: Final = ("run", "prepared_run")
Secrets = dict[str, dict[str, Entry]]


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A site's file as it was read: its bytes, the vault text in it, and what that says."""

    content: bytes = b""
    cipher_text: str = ""
    plain: str = ""
    secrets: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)


def read(path: Path, identities: Identities) -> Opened:
    """Open a site's file. Raises VaultError with the file's name."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VaultError(f"{path} cannot be read: {error.strerror}") from None
    return understood(path, content, identities)


def understood(path: Path, content: bytes, identities: Identities) -> Opened:
    """Return what a site's file of that content holds. Raises VaultError with the file's name."""
    found = _block(path, _text(path, content))
    if found is None:
        return Opened(content=content)
    told = found[1].value
    try:
        plain = identities.decrypt(told)
    except VaultError as error:
        raise VaultError(f"{path}: {error}") from None
    return Opened(content=content, cipher_text=told, plain=plain, secrets=_parsed(path, plain))


def written(path: Path, content: bytes, secrets: Mapping[str, Mapping[str, Entry]], identities: Identities) -> bytes:
    """Return the file's new content: only the block is replaced. Raises VaultError for a file it cannot keep."""
    text = _text(path, content)
    found = _block(path, text)
    block = identities.encrypt(_dumped(secrets), "" if found is None else found[1].value)
    told = f"{VARIABLE}: !vault |\n" + "".join(f"  {line}\n" for line in block.splitlines())
    if found is None:
        before = text if not text or text.endswith("\n") else text + "\n"
        return ((before or _HEAD) + told).encode("utf-8")
    key, value = found
    return (text[: key.start_mark.index] + told + text[value.end_mark.index :]).encode("utf-8")


def _text(path: Path, content: bytes) -> str:
    if content.startswith(cipher.HEADER.encode("ascii")):
        raise VaultError(
            f"{path} is encrypted as a whole. Decrypt it (ansible-vault decrypt {path}) and keep its secrets in "
            f"`{VARIABLE}`: fleetctl and ansible-inventory list inventories without the vault password"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise VaultError(f"{path} is not UTF-8 text") from None


def _block(path: Path, text: str) -> tuple[Any, Any] | None:
    """Return key and value of the inline block, None where the file has none."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise VaultError(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise VaultError(f"{path} is not a mapping of variables, each on its own line")
    found = [(key, value) for key, value in root.value if key.value == VARIABLE]
    if not found:
        return None
    if len(found) > 1 or found[0][1].tag not in _TAGS:
        raise VaultError(f"{path}: `{VARIABLE}` should stand there once, as a `!vault` block")
    return found[0]


def _dumped(secrets: Mapping[str, Mapping[str, Entry]]) -> str:
    """Return the plaintext; every word in quotes, so that no reader takes a password for a number."""
    told = {
        device: {account: {k: str(v) for k, v in asdict(entry).items() if v} for account, entry in accounts.items()}
        for device, accounts in secrets.items()
    }
    return str(yaml.dump(told, Dumper=yaml.CSafeDumper, allow_unicode=True, default_style='"', width=4096))


def _parsed(path: Path, plain: str) -> Secrets:
    """Read the plaintext; its own words never reach a message."""
    try:
        told = yaml.load(plain, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        told = None
    found: Secrets = {}
    for device, accounts in (told if isinstance(told, dict) else {"": None}).items():
        if not isinstance(device, str) or not isinstance(accounts, dict):
            raise VaultError(f"{path}: the secrets are not as fleetctl writes them: device, account, current")
        for account, words in accounts.items():
            entry = _entry(words)
            if not isinstance(account, str) or entry is None:
                raise VaultError(f"{path}: the secrets of {device} are not as fleetctl writes them: account, current")
            found.setdefault(device, {})[account] = entry
    return found


def _entry(words: object) -> Entry | None:
    """Return an account's entry, None for what is none."""
    if (
        not isinstance(words, dict)
        or not words.keys() <= _FIELDS
        or not all(isinstance(v, str) for v in words.values())
    ):
        return None
    numbers = {name: words[name] for name in _NUMBERS if name in words}
    if not all(number.isdecimal() for number in numbers.values()):
        return None
    return Entry(**{**words, **{name: int(number) for name, number in numbers.items()}})
