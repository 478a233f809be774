"""Every test of this room runs over threads and over processes, unless it says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

THREADS = {"process_threshold": 10_000}
PROCESSES = {"process_threshold": 0, "processes": 2, "threads": 8}


@pytest.fixture(autouse=True)
def _workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3]))


@pytest.fixture(params=["threads", "processes"])
def how(request: pytest.FixtureRequest) -> dict[str, Any]:
    return THREADS if request.param == "threads" else PROCESSES
