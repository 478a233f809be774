"""Values everything else is made of: the unset, keyed maps, places, secrets by name, kinds, outcomes."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

V = TypeVar("V")


class Unset(enum.Enum):
    """The type of `UNSET`: a field nobody set (expected), or that was not told (actual)."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET


class Absent(enum.Enum):
    """The type of `ABSENT`: an item of a keyed field that shall not exist (`state: absent`)."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


class FrozenMap(Mapping[str, V]):
    """An immutable, hashable mapping with string keys, in key order; the value of a keyed field."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._items: dict[str, V] = dict(sorted((items or {}).items()))

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"

    def __reduce__(self) -> tuple[type[FrozenMap[V]], tuple[dict[str, V]]]:
        return type(self), (self._items,)


class Kind(enum.StrEnum):
    """What a device is; decides which aspects it has."""

    CAMERA = "camera"
    NVR = "nvr"
    SWITCH = "switch"
    KIOSK = "kiosk"
    DESK = "desk"
    OTHER = "other"


class Disruption(enum.IntEnum):
    """What writing an aspect interrupts; writes are ordered by it, and windows look at it."""

    NONE = 0
    STREAM = 1  # the picture or the recording pauses for seconds
    SERVICE = 2  # a service restarts; sessions drop
    REBOOT = 3
    REACH = 4  # may cut the way to the device: network, services, users


class Outcome(enum.StrEnum):
    """How one aspect of one device ended."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    PENDING = "pending"  # plan and audit only: a difference, not written
    NOT_APPLIED = "not_applied"  # accepted by the device, reads back as before
    UNSUPPORTED = "unsupported"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # it answered, but not so that one can tell
    STALE = "stale"
    BLOCKED = "blocked"  # something it needs failed
    WAIVED = "waived"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def rank(self) -> int:
        """How bad it is, 0 the best; the worst of several stands for all."""
        return _RANK[self]


class Cause(enum.StrEnum):
    """Why something is not as expected."""

    DRIFT = "drift"  # it was as expected, and is not any more
    PENDING = "pending"  # the standard changed, and that has not been applied yet
    NEW = "new"  # it was never brought to the standard


_RANK: Final = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            Outcome.UNCHANGED,
            Outcome.CHANGED,
            Outcome.WAIVED,
            Outcome.UNSUPPORTED,
            Outcome.PENDING,
            Outcome.UNREACHABLE,
            Outcome.BLOCKED,
            Outcome.UNKNOWN,
            Outcome.NOT_APPLIED,
            Outcome.STALE,
            Outcome.REFUSED,
            Outcome.FAILED,
            Outcome.INTERRUPTED,
        )
    )
}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst outcome; UNCHANGED of none."""
    return max(outcomes, key=lambda outcome: outcome.rank, default=Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a value was written down; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """The name of a secret, never its value: the password of `account` on `device`."""

    device: str
    account: str


_PLAIN: Final = frozenset({str, int, float, bool, tuple, Unset})  # what holds no secret


def secrets_in(value: object) -> Iterator[SecretRef]:
    """Yield every secret that a value refers to, however deep."""
    if isinstance(value, SecretRef):
        yield value
    elif isinstance(value, FrozenMap):
        for item in value.values():
            yield from secrets_in(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            if type(item := getattr(value, name)) not in _PLAIN:
                yield from secrets_in(item)


class Secrets(Protocol):
    """Gives the value of a secret at the wire, and only there."""

    def reveal(self, ref: SecretRef) -> str:
        """Return the value; raises VaultError when the vault has none."""
