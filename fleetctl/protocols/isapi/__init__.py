"""Hikvision's ISAPI: XML pages over HTTP with a digest login. Knows no setting.

Source: field facts, NVR and vendor protocols, 1.
"""

from fleetctl.protocols.isapi.session import Session, connect

__all__ = ["Session", "connect"]
