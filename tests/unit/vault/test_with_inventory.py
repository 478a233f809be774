"""The vault and the real inventory together: the password is the one Ansible would log in with."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl import catalog, inventory
from fleetctl.errors import VaultError
from fleetctl.model import SecretRef
from fleetctl.vault import PasswordSource, Vault, encrypt

OWN = "{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].current }}"
PREVIOUS = "{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].previous }}"
SHARED = "{{ (vault_secrets | from_yaml)['all'].fleetctl.current }}-{{ suffix }}"


def revealed(root: Path, password: str, account: str = "fleetctl") -> str:
    (root / "group_vars").mkdir()
    (root / "site.yml").write_text(
        "viet_hung:\n"
        "  vars: {ansible_user: fleetctl, suffix: x9}\n"
        "  hosts:\n"
        "    cam-01:\n"
        "      ansible_host: 10.0.0.1\n"
        "      kind: camera\n"
        f"      ansible_password: {password}\n"
    )
    one = Vault(root, PasswordSource(ask=lambda label: "open sesame"))
    one.set("viet_hung", "cam-01", "fleetctl", "before")
    one.set("viet_hung", "cam-01", "fleetctl", "5.10")
    one.set("viet_hung", "cam-01", "xem", "looks only")
    one.set("viet_hung", "all", "fleetctl", "shared")
    found = inventory.load(root, catalog.load().aspects, strict=False)
    device = found.devices["cam-01"]
    again = Vault(root, PasswordSource(ask=lambda label: "open sesame"))
    return again.reveal(SecretRef(device="cam-01", account=account), device, found)


@pytest.mark.parametrize(
    ("raw", "password"),
    [
        (f'"{OWN}"', "5.10"),
        (f'"{PREVIOUS}"', "before"),
        (f'"{SHARED}"', "shared-x9"),
        ("plain-9", "plain-9"),
        ("!unsafe 'a{{b'", "a{{b"),
        (
            "!vault |\n" + "".join(f"        {line}\n" for line in encrypt("alone", b"open sesame").splitlines()),
            "alone",
        ),
    ],
)
def test_every_way_to_write_a_password_gives_the_one_ansible_would_use(tmp_path: Path, raw: str, password: str) -> None:
    assert revealed(tmp_path, raw) == password


def test_another_account_is_looked_up_in_the_vault(tmp_path: Path) -> None:
    assert revealed(tmp_path, "plain", "xem") == "looks only"


def test_a_template_without_its_secret_counts_as_missing(tmp_path: Path) -> None:
    with pytest.raises(VaultError) as caught:
        revealed(tmp_path, "\"{{ (vault_secrets | from_yaml)['gone'].x.current }}\"")
    assert caught.value.missing
    assert "5.10" not in str(caught.value)
