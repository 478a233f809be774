"""Consoles over SSH, for switches: netmiko carries the lines, a file per platform says what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fleetctl.model import Access, Device
    from fleetctl.protocols.ssh.session import Session

__all__ = ["ENABLE", "ENABLED", "answers", "connect"]

ENABLE: Final = "enable"  # the vault's name for the secret of a switch's privileged mode
ENABLED: Final = "enabled"  # a fact of a session: the privileged mode took its secret


def connect(device: Device, *, password: str | None, access: Access, **more: Any) -> Session:
    """Log in and return the session (see `session.connect`); netmiko is loaded only now."""
    from fleetctl.protocols.ssh import session

    return session.connect(device, password=password, access=access, **more)


def answers(device: Device, known_hosts: str) -> bool:
    """Tell whether a console answers at all, asked without a login."""
    from fleetctl.errors import Unreachable
    from fleetctl.protocols.ssh import line

    try:
        line.shown_key(device, known_hosts)
    except Unreachable:
        return False
    return True
