"""What a device's own log tells of changes to its settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One change of settings that a device has in its log, in its own words.

    `time` is its own wall clock, as if it were UTC; `address` is "" where it does not tell from where.
    """

    time: datetime
    account: str
    address: str
    what: str

    @property
    def plain(self) -> dict[str, str]:
        """The change as JSON has it; the time has no zone, since it is the device's own."""
        time = f"{self.time:%Y-%m-%dT%H:%M:%S}"
        return {"time": time, "account": self.account, "address": self.address, "what": self.what}
