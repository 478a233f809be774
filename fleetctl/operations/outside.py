"""What devices show to whoever knocks, and whether they let in with their maker's default: for requirement packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from fleetctl.executor import Stop
from fleetctl.model import UNSET, Device, Outcome, Result, Untold
from fleetctl.operations.defaults import try_defaults
from fleetctl.operations.passwords import makers_login
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.outside import Outside, look
from fleetctl.standard.requirements import Pack

AT_ONCE: Final = 32  # devices; each is knocked at by one connection at a time

Seen = Mapping[str, Outside]
"""By device."""


def seen(workspace: Workspace, wanted: Iterable[Pack], limit: str = "", *, stop: Stop) -> dict[str, Outside]:
    """Look at the devices that packs judge from outside; what is behind a relay, or a host, is left out."""
    kinds = {kind for pack in wanted for check in pack.checks if check.probe for kind in check.kinds}
    chosen = [d for d in select(workspace, limit) if d.kind in kinds and _reached(d)]

    def knock(device: Device) -> Outside:
        return Outside() if stop.requested else look(device.endpoint)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {device.name: told for device, told in zip(chosen, pool.map(knock, chosen), strict=True)}


def _reached(device: Device) -> bool:
    return not (device.is_host or device.behind or device.endpoint.via)


def with_defaults(workspace: Workspace, found: Seen, limit: str, *, stop: Stop) -> dict[str, Outside]:
    """Add whether devices let in with their maker's default: tried once, within the login budget.

    A device that refused it before is not asked again, and does not let in with it.
    """
    told: dict[str, bool | Untold] = {}
    for event in try_defaults(workspace, limit, stop=stop):
        if isinstance(event, Result):
            known = {Outcome.PENDING: True, Outcome.UNCHANGED: False}
            told[event.device] = known.get(event.outcome, Untold(outcome=event.outcome, reason=event.reason))
    made = {}
    for device in select(workspace, limit):
        if device.name not in told and makers_login(workspace, device) and _reached(device):
            told[device.name] = False
        made[device.name] = replace(found.get(device.name, Outside()), default_login=told.get(device.name, UNSET))
    return made
