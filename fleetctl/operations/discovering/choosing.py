"""Whom a call of `discover` asks: from its options, the site's networks, and the lab that is up."""

from __future__ import annotations

from collections.abc import Sequence

from fleetctl.errors import UsageError
from fleetctl.model import Kind
from fleetctl.operations import lab
from fleetctl.operations.discovering.asking import Where, addresses
from fleetctl.operations.discovering.joining import network
from fleetctl.operations.importing import listed_so_far
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace

_LOOPBACK = "127.0.0.1"


def where(
    workspace: Workspace,
    ranges: Sequence[str],
    *,
    site: str = "",
    interface: str = "",
    port: int = 80,
    switches: str = "",
) -> Where:
    """Return whom to ask: the given ranges, else the networks of the site's devices; besides, everybody near by.

    A site behind a relay is asked address by address through it, since questions to all do not pass there. Where the
    workspace's lab is up, it is asked. Raises UsageError.
    """
    found = select(workspace, switches) if switches else ()
    if switches and not any(device.kind is Kind.SWITCH for device in found):
        raise UsageError(
            f"--switches {switches}: no switch among them. See: fleetctl inventory list --limit {switches}"
        )
    there = [d for d in listed_so_far(workspace).devices.values() if d.site == site and not d.behind]
    via = next((device.endpoint.via for device in there if device.endpoint.via), "")
    if not ranges:
        ranges = tuple(dict.fromkeys(net for d in there if (net := network(d.endpoint.address))))
    if via and not ranges:
        raise UsageError(f"{site} is reached through {via}: say which addresses to ask, --range 10.20.1.0/24")
    ports = lab.ports(workspace) if workspace.has_state else {}
    return Where(
        interface=None if via else interface or (_LOOPBACK if ports else ""),
        addresses=addresses(ranges),
        port=ports.get("http", port),
        via=via,
        switches=tuple(device for device in found if device.kind is Kind.SWITCH),
        ports=ports,
    )
