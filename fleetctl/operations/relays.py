"""Relays: the SSH hosts through which sites are reached, taken in once by their host key."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fleetctl.model import Device
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols import tunnel
from fleetctl.protocols.tunnel import HostKey


def unknown(workspace: Workspace, devices: Iterable[Device]) -> tuple[HostKey, ...]:
    """Return the keys of the devices' relays that are not on record, asked of the relays; raises Unreachable.

    A relay whose key is on record is not asked: whether it still bears it is checked at every connection.
    """
    path = Path(workspace.known_hosts)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    known = {line.split(" ", 1)[0] for line in lines}
    vias = dict.fromkeys(device.endpoint.via for device in devices if device.endpoint.via)
    return tuple(tunnel.shown_key(via) for via in vias if tunnel.relay(via).known_as not in known)


def accept(workspace: Workspace, key: HostKey) -> None:
    """Put a key on record that a person has compared."""
    tunnel.record(key, workspace.known_hosts)
