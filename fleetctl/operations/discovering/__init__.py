"""Discover: what is on a network, beside what the inventory says is there. Reads, and writes to no device."""

from fleetctl.operations.discovering.asking import MOST_ADDRESSES, Asked, Where, addresses, asked
from fleetctl.operations.discovering.choosing import where
from fleetctl.operations.discovering.joining import Standing, Stranger, joined
from fleetctl.operations.discovering.sightings import Sighting
from fleetctl.operations.discovering.writing import planned

__all__ = [
    "MOST_ADDRESSES",
    "Asked",
    "Sighting",
    "Standing",
    "Stranger",
    "Where",
    "addresses",
    "asked",
    "joined",
    "planned",
    "where",
]
