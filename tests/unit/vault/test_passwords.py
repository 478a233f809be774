"""Passwords that every vendor takes, and their fingerprints."""

from __future__ import annotations

import stat
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.errors import VaultError
from fleetctl.vault import Fingerprints, fingerprint, generate_password, write_password_file
from fleetctl.vault.passwords import is_good

ALPHABET = set(string.ascii_letters + string.digits + "-_.")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["", "a", "admin", "fleetctl", "Quầy"]), st.integers(8, 32))
def test_a_password_keeps_all_rules(user: str, length: int) -> None:
    told = generate_password(user, length)
    assert len(told) == length
    assert set(told) <= ALPHABET
    kinds = [string.ascii_uppercase, string.ascii_lowercase, string.digits, "-_."]
    assert sum(bool(set(told) & set(kind)) for kind in kinds) >= 3
    assert not user or user.lower() not in told.lower()
    for at in range(length - 2):
        one, two, three = (ord(letter) for letter in told[at : at + 3])
        assert not (two - one == three - two and two - one in (-1, 0, 1))


@pytest.mark.parametrize(
    "password",
    [
        "Aaaa-x9w7k2",
        "x123-Kw7m",
        "x321-Kw7m",
        "xCBa-Kw7m",
        "x-Kwnimda9",
        "xAdMin-9k",
        "xkwmx-qrw",
        "Mật-Kw7m2",
        "-Kw7mx2p",
    ],
)
def test_what_some_vendor_refuses_is_not_good(password: str) -> None:
    assert not is_good(password, "admin")
    assert is_good("Kw7-mx2p", "admin")


def test_passwords_differ() -> None:
    assert len({generate_password() for _ in range(200)}) == 200


@pytest.mark.parametrize("length", [7, 33])
def test_a_length_no_vendor_takes_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="8 to 32"):
        generate_password("", length)


def test_a_fingerprint_tells_logins_apart_and_shows_nothing(tmp_path: Path) -> None:
    prints = Fingerprints(tmp_path / "state" / "fingerprint.key")
    told = prints.of("cam-01", "admin", "secret")
    assert told == Fingerprints(tmp_path / "state" / "fingerprint.key").of("cam-01", "admin", "secret")
    others = [
        prints.of("cam-02", "admin", "secret"),
        prints.of("cam-01", "adm", "insecret"),
        prints.of("cam-01", "admin", "x"),
    ]
    assert told not in others
    assert Fingerprints(tmp_path / "other.key").of("cam-01", "admin", "secret") != told
    assert stat.S_IMODE((tmp_path / "state" / "fingerprint.key").stat().st_mode) == 0o600
    assert "secret" not in told
    assert fingerprint("a", b"k") != fingerprint("a", b"l")


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(VaultError, match="damaged"):
        Fingerprints(tmp_path / "key").of("a", "b", "c")


def test_a_vault_password_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / ".fleetctl" / "vault-password"
    write_password_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) >= 32
    with pytest.raises(VaultError, match="exists already"):
        write_password_file(path)
