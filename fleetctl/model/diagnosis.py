"""What is wrong first with a device, layer by layer from the cable up."""

from __future__ import annotations

import enum


class Layer(enum.StrEnum):
    """What has to be right before the next one can be, in the order in which it is looked at."""

    LINK = "link"
    ADDRESS = "address"
    PORT = "port"
    TLS = "tls"
    INTERFACE = "interface"
    LOGIN = "login"
    IDENTITY = "identity"
    CLOCK = "clock"
    STREAM = "stream"
    DISK = "disk"
    RETENTION = "retention"
    VIEWING = "viewing"
    CHANNEL = "channel"
    RECORDING = "recording"
