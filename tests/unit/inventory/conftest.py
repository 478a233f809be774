"""Fixtures of the inventory's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the tests' own helpers: fleets, ansible_says

from fleetctl import catalog, inventory
from fleetctl.inventory import Inventory

ASPECTS = catalog.load().aspects


@pytest.fixture
def load(tmp_path: Path):
    """Write an inventory and load it without refusing its faults."""
    from fleets import write

    def loaded(files: dict[str, str]) -> Inventory:
        return inventory.load(write(tmp_path / "inventory", files), ASPECTS, strict=False)

    return loaded
