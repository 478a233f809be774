"""A store and its journal in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.journal import Journal
from fleetctl.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state" / "store.db") as opened:
        yield opened


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)
