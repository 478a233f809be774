"""Dahua's web interface: CGI pages of key=value lines, and JSON pages. Knows no setting.

Source: field facts, NVR and vendor protocols, 2.
"""

from fleetctl.protocols.dahua.session import Session, connect

__all__ = ["Session", "connect"]
