"""The vault password in the desktop's keyring, and the client script by which Ansible takes it from there.

Source: ansible-core 2.19, docs "Managing vault passwords": a script whose name ends in -client is called with
`--vault-id LABEL`, prints the password, and exits with 2 for a label that it does not know.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from fleetctl.errors import VaultError

SERVICE: Final = "fleetctl"
_UNKNOWN: Final = 2


def stored(label: str) -> bytes:
    """Return the vault password of a label. Raises VaultError: `missing` where the keyring has none."""
    import keyring
    from keyring.errors import KeyringError

    try:
        told = keyring.get_password(SERVICE, label)
    except KeyringError as error:
        raise VaultError(f"the keyring does not open: {_first_line(error)}") from None
    if told is None:
        raise VaultError(
            f"the keyring has no vault password of {label}. Put it there: "
            f"fleetctl-keyring-client --vault-id {label} --set",
            missing=True,
        )
    return told.encode("utf-8")


def store(label: str, password: str) -> None:
    """Keep the vault password of a label. Raises VaultError."""
    import keyring
    from keyring.errors import KeyringError

    if not password:
        raise VaultError("an empty vault password is not kept")
    try:
        keyring.set_password(SERVICE, label, password)
    except KeyringError as error:
        raise VaultError(f"the keyring does not open: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def run() -> None:
    """Print the password of `--vault-id LABEL`, or keep the one asked for (or piped in) with --set."""
    parser = argparse.ArgumentParser(
        prog="fleetctl-keyring-client",
        description="Takes the vault password from the keyring, as Ansible and fleetctl ask for it.",
    )
    parser.add_argument("--vault-id", default="fleet", metavar="LABEL", help="whose password (fleet)")
    parser.add_argument("--set", action="store_true", help="keep a password: asked for, or read from stdin")
    asked = parser.parse_args()
    try:
        if asked.set:
            store(asked.vault_id, _typed(asked.vault_id))
        else:
            sys.stdout.write(stored(asked.vault_id).decode("utf-8") + "\n")
    except VaultError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_UNKNOWN if error.missing else 1)


def _typed(label: str) -> str:
    """Return what a person types unseen, or what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    import getpass

    return getpass.getpass(f"Vault password of {label}: ")
