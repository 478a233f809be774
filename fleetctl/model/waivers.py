"""Agreed exceptions: what need not be as expected for a while, who answers for it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetctl.model.values import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An exception from one setting (`time.zone`, `osd`, `privacy.masks.desk`) or requirement (`hardening/telnet`).

    It holds to the end of the day `until` (ISO 8601); after it, what it covered is drift again. `learned`: the device's
    own line expects what it had when it was taken in, so that nothing differs while it holds.
    """

    setting: str
    owner: str
    reason: str
    until: str
    learned: bool = False
    place: Place | None = None

    @property
    def is_requirement(self) -> bool:
        """Whether it is from a requirement, `pack/check`, and not from a setting."""
        return "/" in self.setting

    def holds(self, today: str) -> bool:
        """Return whether it is in force on a day (ISO 8601)."""
        return today <= self.until

    def covers(self, aspect: str, field: str, key: str = "") -> bool:
        """Return whether a difference is within it: its aspect, its field, or one item of that."""
        told = ".".join(part for part in (aspect, field, key) if part)
        return told == self.setting or told.startswith(f"{self.setting}.")

    @property
    def sentence(self) -> str:
        """It in one line for people."""
        return f"waived until {self.until} by {self.owner}: {self.reason}"


def covering(waivers: Sequence[Waiver], aspect: str, field: str, key: str = "") -> Waiver | None:
    """Return the narrowest waiver that covers a difference, None if none does."""
    found = [waiver for waiver in waivers if waiver.covers(aspect, field, key)]
    return max(found, key=lambda waiver: len(waiver.setting), default=None)
