"""What flashing one device is told: the image, how long things may take, and what an earlier run did already."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.converge import Job
from fleetctl.model import Image, Noted

ASPECT = "firmware"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long things may take, in seconds. Source: field facts, NVR and vendor protocols, 5.6 (start values)."""

    upload_s: float = 900.0
    flash_s: float = 600.0  # from the last byte until it goes down to start again
    boot_s: float = 600.0  # from there until it answers
    late_s: float = 120.0  # from its answer until it tells its new version
    alive_s: float = 180.0  # from there until a recorder's cameras are back and recorded, a switch's links up
    clock_s: float = 60.0  # how far off its clock may be
    settled_s: float = 300.0  # for how long it has to be up before, where it tells

    @property
    def poll_s(self) -> float:
        """How often a device is asked meanwhile."""
        return max(0.2, min(5.0, self.flash_s / 120))


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What the journal has of an earlier try that was cut off: when it began, and whether the device had it all."""

    began: float  # seconds since 1970
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """All that work on one device needs; made at dispatch, pickled to a worker, never written down.

    `job` carries what the inventory expects of the device: what is compared before and after.
    """

    job: Job
    image: Image
    path: str  # of the image's bytes
    before: str  # the version that the roll-out was made for
    timing: Timing = Timing()
    earlier: Earlier | None = None
    noted: Noted | None = None  # how it stood before, where an earlier run has that on record
    again: bool = False  # nothing is sent: a canary is looked at again after its soak
