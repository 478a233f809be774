"""ONVIF: one login, one device, requests that only read unless the session may write."""

from fleetctl.protocols.identity import Identity, same_mac, same_serial
from fleetctl.protocols.onvif.session import Session, connect

__all__ = ["Identity", "Session", "connect", "same_mac", "same_serial"]
