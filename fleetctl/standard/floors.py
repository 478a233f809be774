"""Firmware that is known to be open to anybody: what a device must at least have, by its maker.

Source: field facts, NVR and vendor protocols, 5.1 and 5.2, which say themselves: to be held against the makers' own
advisories. Judged where the inventory says `firmware_known_floors: true`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fleetctl.model import release_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """One hole: firmware of these makers from `first` on, before `fixed` or of a build before `build`, has it."""

    makers: tuple[str, ...]
    advisory: str
    doc: str
    first: str = ""
    fixed: str = ""
    build: str = ""  # as the maker counts builds, digits only

    def open_in(self, maker: str, firmware: str) -> bool | None:
        """Return whether this firmware has the hole; None where its version cannot be told."""
        if not maker.strip().lower().startswith(self.makers):
            return False
        release = release_of(firmware)
        if release is None:
            return None
        if self.build:
            if len(release.build) != len(self.build):
                return None
            return release.build < self.build
        first, fixed = release_of(self.first), release_of(self.fixed)
        return first is not None and fixed is not None and first.numbers <= release.numbers < fixed.numbers


FLOORS: Final = (
    Floor(
        makers=("hikvision", "hilook", "hiwatch"),
        advisory="CVE-2021-36260",
        doc="commands from anybody, without a login",
        build="210628",
    ),
    Floor(
        makers=("hikvision", "hilook", "hiwatch"),
        advisory="CVE-2024-29947, CVE-2024-29948, CVE-2024-29949",
        doc="recorders of V5.00.000 to V5.02.005",
        first="V5.00.000",
        fixed="V5.02.006",
    ),
    Floor(
        makers=("dahua", "kbvision", "general", "intelbras", "amcrest", "lorex"),
        advisory="CVE-2025-31700, CVE-2025-31701",
        doc="memory overwritten from the network",
        build="20250416",
    ),
)
