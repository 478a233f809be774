"""What the vendors' own protocols have in common in the lab: a request on its way, and how its change is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fleetctl.lab import access, faults
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.services import After

if TYPE_CHECKING:
    from fleetctl.lab.world import World


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request to a vendor's page: the device it came to, who asks, and what happens after the answer."""

    world: World
    device: SimDevice
    incoming: Incoming
    user: str = ""
    level: int = access.ANYONE
    after: After = field(default_factory=After)
    pushed: str = ""  # a new password that a recorder brings to its cameras

    @property
    def query(self) -> Mapping[str, str]:
        """The query's values, the last of each name."""
        return dict(parse_qsl(self.incoming.target.partition("?")[2], keep_blank_values=True))

    @property
    def now(self) -> float:
        """The device's own clock, seconds since 1970 (UTC)."""
        return self.device.now(self.world.spec)

    @property
    def local(self) -> float:
        """The device's wall clock, as if it were UTC."""
        return self.now + self.device.zone_offset_s()

    def settle(self, *, wrote: bool) -> bool:
        """Keep what was changed, as far as the device's faults let it; False where it says that it failed at it."""
        device = self.device
        if not wrote:
            device.rollback()
        elif device.faults and "ignore-writes" in device.faults:
            device.rollback()
            self.after = After()
        elif not faults.withheld(device, self.world.disk, befalls := faults.of_password(device)) and not (
            device.faults and "power-cut" in device.faults
        ):
            device.commit(self.world.disk)
            what = self.incoming.target.partition("name=")[2].partition("&")[0] or self.incoming.path.rpartition("/")[2]
            device.wrote(self.local, self.user, self.incoming.source, what)
            return not befalls
        return True

    def note(self, name: str, outcome: str) -> None:
        """Remember the request for the tests."""
        self.device.note(name, self.user, outcome, self.world.spec.log_size)


def strength(password: str) -> int:
    """Return how many kinds of characters a password has, of four."""
    return sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
    )


__all__ = ["After", "Incoming", "Reply", "Visit", "strength"]
