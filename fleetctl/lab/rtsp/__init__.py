"""RTSP (RFC 2326) as lab cameras serve it: encoded on demand, one encoder per stream, on loopback only."""

from fleetctl.lab.rtsp.server import RtspServer
from fleetctl.lab.rtsp.stream import AudioView, StreamView

__all__ = ["AudioView", "RtspServer", "StreamView"]
