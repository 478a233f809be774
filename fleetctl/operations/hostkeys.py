"""SSH host keys, taken in once: of the relays through which sites are reached, and of devices that speak SSH."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fleetctl.errors import FleetctlError
from fleetctl.model import Device
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols import hostkeys, tunnel
from fleetctl.protocols.hostkeys import HostKey

_AT_ONCE: Final = 16
_OVER_SSH: Final = frozenset({"linux", "ssh"})


def unknown_relays(workspace: Workspace, devices: Iterable[Device]) -> tuple[HostKey, ...]:
    """Return the keys of the devices' relays that are not on record, asked of the relays; raises Unreachable.

    A relay whose key is on record is not asked: whether it still bears it is checked at every connection.
    """
    known = hostkeys.on_record(workspace.known_hosts)
    vias = dict.fromkeys(device.endpoint.via for device in devices if device.endpoint.via)
    return tuple(tunnel.shown_key(via) for via in vias if tunnel.relay(via).known_as not in known)


def unknown_hosts(
    workspace: Workspace, devices: Iterable[Device], *, replaced: bool = False
) -> tuple[tuple[Device, HostKey], ...]:
    """Return the keys of devices that speak SSH and whose keys are not on record; one that does not answer has none.

    `replaced`: another machine stands there on purpose, so that those on record are asked for again, too.
    """
    known = frozenset() if replaced else hostkeys.on_record(workspace.known_hosts)
    asked = [d for d in devices if d.name not in known and _OVER_SSH & set(workspace.registry.protocols_of(d))]

    def ask(device: Device) -> HostKey | None:
        with contextlib.suppress(FleetctlError, OSError):  # adopting it will tell why
            return tunnel.shown_by(device, workspace.known_hosts)
        return None

    if not asked:
        return ()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = list(zip(asked, pool.map(ask, asked), strict=True))
    return tuple((device, key) for device, key in told if key is not None)


def accept(workspace: Workspace, key: HostKey) -> None:
    """Put a key on record, in place of any that stood under its name."""
    hostkeys.record(key, workspace.known_hosts)
