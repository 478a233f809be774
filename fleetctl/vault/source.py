"""Where the vault password comes from: a file, a script as Ansible calls it, the keyring, or a person."""

from __future__ import annotations

import configparser
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fleetctl.errors import VaultError

ENVIRONMENT: Final = "FLEETCTL_VAULT_PASSWORD_FILE"
LABEL: Final = "fleet"
KEYRING: Final = "keyring"
_PROMPTS: Final = ("prompt", "prompt_ask_vault_pass")
_SCRIPT_S: Final = 60.0
_UNKNOWN_ID: Final = 2  # what a client script returns for a vault id it does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSource:
    """A vault identity: its label, and what has its password: a file or script, the keyring, or a person (`ask`)."""

    label: str = LABEL
    file: Path | None = None
    keyring: bool = False
    ask: Callable[[str], str] | None = field(default=None, repr=False)

    @property
    def asks(self) -> bool:
        """Whether a person is asked."""
        return self.file is None and not self.keyring and self.ask is not None

    def password(self) -> bytes:
        """Return the password; raises VaultError when there is none."""
        if self.file is not None:
            told = _script(self.file, self.label) if os.access(self.file, os.X_OK) else _file(self.file)
        elif self.keyring:
            from fleetctl.vault import keyring

            told = keyring.stored(self.label)
        elif self.ask is not None:
            told = self.ask(self.label).encode("utf-8")
        else:
            raise VaultError(
                f"there is no vault password: ansible.cfg names no vault identity and {ENVIRONMENT} is not set"
            )
        if not told:
            raise VaultError(f"the vault password of {self.label} is empty")
        return told


def _file(path: Path) -> bytes:
    if path.is_dir():
        raise VaultError(f"the vault password file {path} is a folder")
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise VaultError(f"the vault password file {path} cannot be read: {error.strerror}") from None


def _script(path: Path, label: str) -> bytes:
    """Run an executable as Ansible does: one whose name ends in -client is told the identity."""
    if path.is_dir():
        raise VaultError(f"the vault password file {path} is a folder")
    command = [str(path.absolute())]
    if path.stem.endswith("-client"):
        command += ["--vault-id", label]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SCRIPT_S, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise VaultError(f"{path} is executable, but cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise VaultError(f"{path} gave no vault password within {_SCRIPT_S:.0f} s") from None
    if done.returncode:
        why = "knows no vault password of" if done.returncode == _UNKNOWN_ID else "failed to give the vault password of"
        told = done.stderr.decode("utf-8", "replace").strip()[:200]
        raise VaultError(f"{path} {why} {label}: {told}".rstrip(": "))
    return done.stdout.strip(b"\r\n")


def source_of(
    workspace: Path,
    *,
    vault_ids: Sequence[str] = (),
    ask: Callable[[str], str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> PasswordSource:
    """Return the main one of `sources_of`."""
    return sources_of(workspace, vault_ids=vault_ids, ask=ask, environ=environ)[0]


def sources_of(
    workspace: Path,
    *,
    vault_ids: Sequence[str] = (),
    ask: Callable[[str], str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[PasswordSource, ...]:
    """Return the sources for a workspace, the main one first: `vault_ids`, else what its ansible.cfg says.

    An identity is `label@source` as Ansible writes it; its source is a file, a script, `prompt`, or `keyring`. The main
    one of ansible.cfg is `fleet@...`, else the first; FLEETCTL_VAULT_PASSWORD_FILE takes the place of its source. Files
    of ansible.cfg are beside it. Nothing is read or run yet. Raises VaultError for an ansible.cfg that cannot be read.
    """
    environ = os.environ if environ is None else environ
    if vault_ids:
        return tuple(_source(*identity(told), Path(), ask) for told in vault_ids)
    (label, told), *others = _identities(workspace / "ansible.cfg")
    named = environ.get(ENVIRONMENT)
    main = PasswordSource(label=label, file=Path(named).expanduser()) if named else _source(label, told, workspace, ask)
    return (main, *(_source(*each, workspace, ask) for each in others))


def identity(told: str) -> tuple[str, str]:
    """Return label and source of `label@source`; one without a label is Ansible's `default`."""
    label, at, source = told.strip().partition("@")
    return (label or "default", source) if at else ("default", label)


def _source(label: str, told: str, folder: Path, ask: Callable[[str], str] | None) -> PasswordSource:
    if told == KEYRING:
        return PasswordSource(label=label, keyring=True)
    if not told or told in _PROMPTS:
        return PasswordSource(label=label, ask=ask)
    return PasswordSource(label=label, file=folder / Path(told).expanduser())


def _identities(config: Path) -> list[tuple[str, str]]:
    """Return label and source of each vault identity that an ansible.cfg names, the main one first; at least one."""
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",), strict=False)
    try:
        parser.read(config, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise VaultError(f"{config} cannot be read: {str(error).splitlines()[0]}") from None
    if not parser.has_section("defaults"):
        return [(LABEL, "")]
    listed = parser["defaults"].get("vault_identity_list", "").replace("\n", ",").split(",")
    found = sorted((identity(each) for each in listed if each.strip()), key=lambda each: each[0] != LABEL)
    return found or [(LABEL, parser["defaults"].get("vault_password_file", "").strip())]
