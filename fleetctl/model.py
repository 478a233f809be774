"""The nouns of fleetctl: frozen values without I/O, all of which pickle."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Protocol, TypeVar

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


class Secrets(Protocol):
    """Gives the value of a secret at the wire, and only there."""

    def reveal(self, ref: SecretRef) -> str:
        """Return the value; raises VaultError when the vault has none."""


# --- settings -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the dataclass of an aspect tells about one of its fields (kept in `field.metadata`)."""

    doc: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""  # whole-string regular expression for str, or for each item of a tuple
    observed: bool = False  # measured, not set: judged by requirements, never compared
    source: str = ""  # specification section or capture


def setting(
    doc: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    pattern: str = "",
    observed: bool = False,
    source: str = "",
) -> Any:
    """Return a dataclass field that defaults to UNSET and carries a `Setting`."""
    told = Setting(
        doc=doc,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        pattern=pattern,
        observed=observed,
        source=source,
    )
    return dataclasses.field(default=UNSET, metadata={"setting": told})


def setting_of(field: dataclasses.Field[Any]) -> Setting:
    """Return the `Setting` of a field made by `setting()`; raises KeyError for any other."""
    told: Setting = field.metadata["setting"]
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """A group of settings that are read and written together.

    `type` is a frozen, slotted, keyword-only dataclass whose fields are made by `setting()`. Field types:
    bool, int, float, str, a StrEnum, tuple[str, ...], or FrozenMap[Item] (a keyed field; Item is such a
    dataclass again, without keyed fields; a secret of an item is a SecretRef field), each `| Unset`.
    """

    name: str
    type: type[Any]
    kinds: frozenset[Kind]
    disruption: Disruption
    doc: str
    after: tuple[str, ...] = ()  # aspects written before this one
    applied_by: str = "apply"  # "firmware roll" for what apply never writes, "" for read only


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A field that cannot be compared or met: unsupported or unknown, and why."""

    field: str
    key: str = ""
    outcome: Outcome = Outcome.UNSUPPORTED
    reason: str
    nearest: str = ""  # the nearest value the device could take


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """Stands in for the actual value of one field that could not be read; `outcome` is unsupported or unknown."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How one protocol reads and writes one aspect. Functions are module-level, so that it pickles.

    read(session) -> T: every field the device tells; UNSET what this protocol cannot tell; `Untold` for a
        single field that failed. Raises Unsupported, BadAnswer, Rejected, Refused, Unreachable.
    write(session, wanted: T, secrets) -> None: `wanted` holds only what differs (all else UNSET; in keyed
        fields only the keys that differ, ABSENT to remove). None: read only.
    limits(session, wanted: T) -> tuple[Gap, ...]: asks the device's own options (reading only) which of the
        differing values are impossible, and what is nearest. None: nothing to ask.
    moves(actual: T, wanted: T) -> (old address, new address) when the write changes where the device answers,
        else None. The engine then makes sure that the new address is free, confirms the device there, and
        undoes the write where it still answers only on the old one.
    """

    aspect: str
    protocol: str
    read: Callable[[Any], Any]
    write: Callable[[Any, Any, Secrets], None] | None = None
    limits: Callable[[Any, Any], tuple[Gap, ...]] | None = None
    moves: Callable[[Any, Any], tuple[str, str] | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something done to a device that is not a setting: reboot, reset, set a password, take a picture."""

    name: str
    protocol: str
    disruption: Disruption
    run: Callable[[Any, Any], Any]  # (session, argument) -> result
    doc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One vendor or platform: how to recognise it and what it does better than the generic way."""

    name: str
    kinds: frozenset[Kind]
    protocols: tuple[str, ...]  # in order of preference
    recognises: Callable[[str, str], bool]  # (manufacturer, model) as the device tells them
    cells: tuple[Cell, ...] = ()  # replace the aspect's own cell of the same protocol
    actions: tuple[Action, ...] = ()
    default_logins: tuple[tuple[str, str], ...] = ()  # factory accounts, public knowledge
    password_max: int = 32


# --- the fleet ----------------------------------------------------------------------------------


class Access(enum.StrEnum):
    """What a session may send. A READ session cannot send a writing request, whatever asks it to."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a device is reached; everything comes from the inventory, nothing from the device."""

    address: str
    port: int = 80
    scheme: Literal["http", "https"] = "http"
    path: str = "/onvif/device_service"
    tls_ca_file: str = ""  # PEM; empty: the system's store
    tls_fingerprint: str = ""  # SHA-256, hex; when given it alone decides
    rtsp_port: int = 554
    ssh_port: int = 22
    via: str = ""  # user@relay[:port]: everything goes through this SSH host
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One piece of equipment as the inventory has it."""

    name: str
    kind: Kind
    site: str
    area: str = ""
    vendor: str = ""
    model: str = ""
    platform: str = ""
    desk: str = ""
    serial_number: str = ""
    mac_address: str = ""
    endpoint: Endpoint
    user: str = ""  # account fleetctl logs in with; its password is SecretRef(name, user)
    behind: str = ""
    channel: int = 0
    audit_only: bool = False
    uplink: str = ""  # devices with the same uplink share its limit; default: the site
    groups: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one aspect of one device should be.

    `value` is the aspect's type; UNSET fields are not managed. `places` tells for "field" or "field.key"
    where it was written. `exclusive` names keyed fields whose unnamed items are to be removed. `needs`
    names the other devices this one waits for.
    """

    aspect: str
    value: Any
    places: Mapping[str, Place] = FrozenMap()
    exclusive: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one aspect of one device is: `value`, or None with the outcome and reason that prevented it."""

    aspect: str
    value: Any = None
    outcome: Outcome | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that is not as expected."""

    device: str
    aspect: str
    field: str
    key: str = ""
    before: Hashable = None  # actual; ABSENT for an item that does not exist
    after: Hashable = None  # expected; ABSENT for an item to remove
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectPlan:
    """What is to be done to one aspect of one device, and what was seen when it was planned."""

    aspect: str
    outcome: Outcome  # PENDING, UNCHANGED, UNSUPPORTED, UNKNOWN, FAILED ...
    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    reason: str = ""
    actual: Any = None  # the reading's value, the aspect's type
    expected: Any = None  # the expectation's value
    exclusive: frozenset[str] = frozenset()
    disruption: Disruption = Disruption.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePlan:
    """The plan of one device; `outcome` is set when the device as a whole could not be planned."""

    device: str
    kind: Kind
    site: str
    aspects: tuple[AspectPlan, ...] = ()
    outcome: Outcome | None = None
    reason: str = ""
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    firmware: str = ""
    needs: tuple[str, ...] = ()


# --- the stream of events -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of what a run yields; journal, progress bar and reports consume the one stream.

    `durable` kinds are on disk (fsync) before the work that confirms them goes on.
    """

    durable: ClassVar[bool] = False

    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """Work on the device began."""

    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """The device was read and compared (plan and audit)."""

    plan: DevicePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Event):
    """Confirmed on disk before a login that has never been proven is presented."""

    durable: ClassVar[bool] = True

    account: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginJudged(Event):
    """The device accepted or rejected a credential."""

    account: str
    fingerprint: str
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Event):
    """Confirmed on disk before anything of `changes` is sent."""

    durable: ClassVar[bool] = True

    aspect: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Event):
    """How one aspect of one device ended; aspect "" is the device as a whole."""

    kind: Kind
    site: str
    aspect: str
    outcome: Outcome
    reason: str = ""
    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned(Event):
    """What a session found out and the next may use: identity told, quirks, service addresses."""

    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Event):
    """Work on the device ended; `outcome` is the worst of its results."""

    site: str
    outcome: Outcome
    reason: str = ""
    duration_s: float = 0.0


class Channel(Protocol):
    """What work uses to speak to the run that carries it."""

    def emit(self, event: Event) -> None:
        """Hand the event to the run's consumers; does not wait."""

    def confirm(self, event: Event) -> None:
        """Hand a durable event over and wait until the consumers have it on disk.

        Raises Interrupted when the run stops (the event was then not taken, and nothing may be sent),
        ValueError when the event is not of a durable kind.
        """

    def stopped(self) -> bool:
        """Tell whether the run is being ended; long reading work looks now and then and ends early."""
