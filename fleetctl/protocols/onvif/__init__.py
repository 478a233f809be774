"""ONVIF: one login, one device, requests that only read unless the session may write."""

from fleetctl.protocols.identities import Identity
from fleetctl.protocols.onvif.session import Session, connect

__all__ = ["Identity", "Session", "connect"]
