"""Secrets: Ansible Vault files, one inline block per site, opened lazily and written whole under a lock."""

from fleetctl.vault.cipher import decrypt, encrypt
from fleetctl.vault.passwords import Fingerprints, fingerprint, generate_password, write_password_file
from fleetctl.vault.secrets import SecretBag
from fleetctl.vault.sites import Entry
from fleetctl.vault.source import PasswordSource, source_of, sources_of
from fleetctl.vault.vault import KEEP_DAYS, Vault

__all__ = [
    "KEEP_DAYS",
    "Entry",
    "Fingerprints",
    "PasswordSource",
    "SecretBag",
    "Vault",
    "decrypt",
    "encrypt",
    "fingerprint",
    "generate_password",
    "source_of",
    "sources_of",
    "write_password_file",
]
