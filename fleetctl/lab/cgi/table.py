"""One configuration table: how it is read from the device's state, and kept into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fleetctl.lab.vendor import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`read` returns nested values, `keep` takes them back, changed; it may raise Refused."""

    read: Callable[[Visit], Any]
    keep: Callable[[Visit, Any], None]
