"""How to talk to devices; a protocol knows no setting.

Every protocol module has `connect(device, *, password, access, facts, known_hosts) -> session`, and every session
`identity()`, `forget()` (the next reads ask the device again), `facts()`, `credential_proven`, `close()`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def opener(protocol: str) -> Callable[..., Any]:
    """Return the `connect` of a protocol by name; imported only when a device needs it."""
    connect: Callable[..., Any] = importlib.import_module(f"fleetctl.protocols.{protocol}").connect
    return connect
