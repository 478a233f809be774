"""The maker's own interface beside the protocol that a device is spoken to in: its account there may be another one."""

from __future__ import annotations

from typing import Any

from fleetctl import converge
from fleetctl.errors import FleetctlError, Refused
from fleetctl.model import Access, Attempt, Channel, Device
from fleetctl.operations.door import judgement, own_account
from fleetctl.protocols import opener


def session(
    device: Device,
    protocol: str,
    *,
    password: str,
    fingerprint: str,
    known_hosts: str,
    channel: Channel,
    proven: bool = False,
) -> Any:
    """Return a reading session whose login was proven; the try is told to the run under the account's name there.

    Whoever calls looks into the login budget first. Raises Refused, Unsupported, BadAnswer, Unreachable.
    """
    attempt = Attempt(
        device=device.name,
        account=own_account(device.user, protocol),
        fingerprint=fingerprint,
        address=device.endpoint.spot,
    )
    made = opener(protocol)(device, password=password, access=Access.READ, facts={}, known_hosts=known_hosts)
    try:
        if not proven:
            channel.confirm(attempt)
        made.prove()
    except FleetctlError as error:
        made.close()
        if isinstance(error, Refused) and error.credential:
            channel.emit(judgement(attempt, accepted=False, tries_left=error.tries_left))
        elif isinstance(error, Refused) and error.locked_s is not None:
            channel.emit(converge.locked(device, error.locked_s))
        raise
    channel.emit(judgement(attempt, accepted=True))
    return made
