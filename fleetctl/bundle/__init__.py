"""A site that is taken along in one file: sealed, signed, altered by nobody unseen."""

from fleetctl.bundle.container import Container, Issue, State, read, write
from fleetctl.bundle.keys import HomeKeys, Lock, locked_to, unlocked

__all__ = ["Container", "HomeKeys", "Issue", "Lock", "State", "locked_to", "read", "unlocked", "write"]
