"""One device and its firmware: look before, send once, watch it start, judge by what it tells afterwards."""

from __future__ import annotations

from fleetctl.flashing.flash import work
from fleetctl.flashing.order import Earlier, Flash, Timing
from fleetctl.flashing.updates import Update

__all__ = ["Earlier", "Flash", "Timing", "Update", "work"]
