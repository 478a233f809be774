"""Where the files lie that are not Python: playbooks, roles, templates, the example inventory."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return a data folder by its name in the repository ("playbooks", "inventory/pilot").

    In a wheel they are inside the package, in a checkout beside it. Raises FileNotFoundError.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"fleetctl was installed without its folder {name}; install it again")
