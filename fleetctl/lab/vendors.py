"""Which of the vendors' own protocols a path of a device belongs to."""

from __future__ import annotations

from collections.abc import Callable

from fleetctl.lab import cgi, isapi, vapix
from fleetctl.lab.cgi import rpc
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.world import World

Answering = Callable[[World, SimDevice, Incoming], Reply]


def speaking(device: SimDevice, path: str) -> Answering | None:
    """Return what answers at a path, None if it is no vendor's page of this device."""
    make = device.personality
    if make.isapi is not None and path.startswith(("/ISAPI/", "/SDK/")):
        return isapi.answer
    if make.cgi is not None and path.startswith("/cgi-bin/"):
        return cgi.answer
    if make.cgi is not None and make.cgi.rpc and path in ("/RPC2", "/RPC2_Login", "/OutsideCmd"):
        return rpc.answer
    if make.capabilities.get("vapix_firmware") and path == vapix.PAGE:
        return vapix.answer
    return None
