"""The services a device offers: one file per subject, each a table of operations.

An operation is a function of a `Call`; it returns what stands inside `<prefix:OperationResponse>` and raises
SoapFault to say no. Changes to the device are made with `device.change` and kept by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from fleetctl.lab.device import SimDevice
from fleetctl.lab.soap import Request
from fleetctl.lab.spec import LabSpec

if TYPE_CHECKING:
    from fleetctl.lab.firmware import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What happens once the reply is on the wire."""

    reboot: bool = False
    reset: str = ""  # "Hard" or "Soft"
    moved: bool = False  # the network address changed
    image: Image | None = None  # firmware that came whole
    wait_s: float = 0.0  # the reply itself is held back (PullMessages)


@dataclass(slots=True, kw_only=True)
class Call:
    """One request on its way: the device it came to, what it asks, who asks, and where it came in."""

    device: SimDevice
    request: Request
    lab: LabSpec
    user: str
    path: str = ""
    base: str  # scheme://host:port the caller used
    rtsp: str  # rtsp://host:port
    attachment: IO[bytes] | None = None  # a file that came with it
    after: After = After()
    parts: dict[str, bytes] = field(default_factory=dict)  # what goes beside the envelope (MTOM), by Content-ID


Operation = Callable[[Call], str]
Operations = Mapping[str, Operation]
