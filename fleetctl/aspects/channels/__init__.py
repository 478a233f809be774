"""Channels of a recorder: which camera is on which, and with which account the recorder looks at it."""

from fleetctl.aspects.channels import profile_g
from fleetctl.aspects.channels.setting import (
    ASPECT,
    NO_ADDRESSES,
    BoundCamera,
    Channels,
    Credential,
    Speech,
    refused,
    takes_turns,
)

CELLS = (profile_g.CELL,)

__all__ = [
    "ASPECT",
    "CELLS",
    "NO_ADDRESSES",
    "BoundCamera",
    "Channels",
    "Credential",
    "Speech",
    "refused",
    "takes_turns",
]
