"""What the vaults of 1,000 sites cost to write, open and check: `python -m benchmarks.vault [SITES]`.

Each site has five devices of two accounts, each with a previous password. One process, no network; seconds of CPU.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fleetctl.vault import PasswordSource, Vault

SITES = 1000
DEVICES = [f"cam-{number}" for number in range(1, 6)]
ACCOUNTS = ("fleetctl", "giamsat")


def main(sites: int) -> None:
    """Write, open and change the vaults of so many sites."""
    root = Path(tempfile.mkdtemp(prefix="fleetctl-vault-"))
    names = [f"site_{number:04}" for number in range(sites)]
    try:
        _told("passwords made and written", sites, lambda: _write(_vault(root), names))
        _told("opened, every password read", sites, lambda: _read(_vault(root), names))
        _told("one site of them opened", 1, lambda: _read(_vault(root), names[:1]))
        _told("one password of each prepared and promoted", sites, lambda: _rotate(_vault(root), names))
    finally:
        shutil.rmtree(root)


def _vault(root: Path) -> Vault:
    return Vault(root, PasswordSource(ask=lambda _label: "open sesame"))


def _write(vault: Vault, names: list[str]) -> None:
    for name in names:
        vault.ensure(name, dict.fromkeys(DEVICES, ACCOUNTS))


def _read(vault: Vault, names: list[str]) -> None:
    for name in names:
        found = [vault.entry(name, device, account).current for device in DEVICES for account in ACCOUNTS]
        if not all(found):
            raise RuntimeError(f"{name}: a password is missing")


def _rotate(vault: Vault, names: list[str]) -> None:
    for name in names:
        vault.prepare(name, DEVICES[0], ACCOUNTS[0])
        vault.promote(name, DEVICES[0], ACCOUNTS[0])


def _told(what: str, sites: int, work: Callable[[], None]) -> None:
    cpu, wall = time.process_time(), time.monotonic()
    work()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    print(f"{what}: {cpu:.2f} s of CPU ({1000 * cpu / sites:.1f} ms for each site), {wall:.2f} s in all")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SITES)
