"""One simulated device: its identity, its state over the personality's factory state, its clock and its life."""

from __future__ import annotations

import copy
import hashlib
import re
import sys
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fleetctl.lab.personality import Personality
from fleetctl.lab.spec import DeviceSpec, LabSpec
from fleetctl.lab.state import StateFile

if TYPE_CHECKING:
    from fleetctl.lab.firmware import Flashing
    from fleetctl.lab.recorder.footage import Recording
    from fleetctl.lab.recorder.link import Link

BATTERYLESS_START_S: Final = 946684800.0  # 2000-01-01, where a clock without a battery begins


class Entry(NamedTuple):
    """One line of a device's own log: a change of settings, by whom and from where."""

    time: float
    account: str
    address: str
    what: str


DIARY_SIZE: Final = 500


class SimDevice:
    """A device in the lab. Sections are read through `read`, changed through `change` and kept by `commit`.

    Nothing is copied until it is changed: an untouched device costs its identity only.
    """

    __slots__ = (
        "address",
        "asked_at",
        "challenge",
        "changed",
        "connections",
        "counts",
        "diary",
        "faults",
        "flashing",
        "fresh_clock",
        "knocks",
        "links",
        "locked",
        "log",
        "log_searches",
        "mac_address",
        "made_at",
        "misses",
        "name",
        "nonces",
        "off",
        "overlay",
        "pending",
        "personality",
        "searches",
        "serial_number",
        "sessions",
        "spec",
        "subscriptions",
        "trial",
        "up_at",
        "upload",
    )  # fmt: skip

    def __init__(self, spec: DeviceSpec, personality: Personality, changed: dict[str, Any] | None) -> None:
        self.spec = spec
        self.name = spec.name
        self.address = spec.address
        self.personality = personality
        number = int.from_bytes(hashlib.sha256(spec.name.encode()).digest()[:6], "big")
        tail = ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big")[:3])
        self.mac_address = (spec.mac_address or f"{personality.mac_prefix}:{tail}").lower()
        self.serial_number = spec.serial_number or personality.serial_pattern.format(
            name=spec.name, mac12=self.mac_address.replace(":", ""), number=f"{number % 10**9:09d}"
        )
        self.overlay: Mapping[str, Any] | None = _overlay(spec, personality) or None
        self.changed = changed
        self.pending: dict[str, Any] | None = None
        self.faults: dict[str, dict[str, Any]] | None = None
        self.up_at = 0.0
        self.off = False  # its port gives no power, or is shut
        self.flashing: Flashing | None = None
        self.trial = 0.0  # after so many seconds new firmware is taken back, unless it is kept; 0: it stays
        self.upload = ""  # the path at which it waits for a file
        self.made_at = time.time()
        self.asked_at = 0.0
        self.sessions: dict[str, dict[str, Any]] = {}  # of JSON-RPC, by number
        self.diary: deque[Entry] | None = None
        self.log_searches: dict[int, list[Entry]] = {}
        self.searches: dict[int, list[Recording]] = {}  # of files, under way, by number
        self.challenge = ""  # the secret of an activation under way
        self.links: dict[str, Link] | None = None  # a recorder's connections to its cameras, by channel
        self.knocks = 0  # how often a camera refused its login, since the lab was started
        self.connections = 0
        self.log: deque[tuple[float, str, str, str]] | None = None
        self.counts: dict[str, int] | None = None
        self.nonces: dict[str, float] | None = None
        self.misses: dict[str, int] | None = None
        self.locked: dict[str, float] | None = None
        self.subscriptions: dict[str, float] | None = None
        self.fresh_clock = 0.0

    # --- state -----------------------------------------------------------------------------------

    def read(self, section: str) -> Mapping[str, Any]:
        """Return a section as it is now; never change what is returned."""
        for layer in (self.pending, self.changed, self.overlay):
            if layer is not None and section in layer:
                found: Mapping[str, Any] = layer[section]
                return found
        return self.personality.factory.get(section, {})

    def change(self, section: str) -> dict[str, Any]:
        """Return the device's own copy of a section, to be changed in place and kept by `commit`."""
        if self.pending is None:
            self.pending = {}
        if section not in self.pending:
            self.pending[section] = copy.deepcopy(dict(self.read(section)))
        found: dict[str, Any] = self.pending[section]
        return found

    def sets_password(self) -> bool:
        """Tell whether what was changed since the last commit is the password of an account that is there."""
        for section in ("users", "onvif_users"):
            new = (self.pending or {}).get(section, {})
            old = (self.changed or {}).get(section) or (self.overlay or {}).get(section)
            old = self.personality.factory.get(section, {}) if old is None else old
            if any(name in old and old[name]["password"] != told["password"] for name, told in new.items()):
                return True
        return False

    def commit(self, disk: StateFile | None) -> None:
        """Keep what was changed since the last commit, in memory and on disk."""
        if self.pending:
            if disk is not None:
                disk.save(self.name, self.pending)
            self.changed = {**(self.changed or {}), **self.pending}
        self.pending = None

    def rollback(self) -> None:
        """Forget what was changed since the last commit."""
        self.pending = None

    def reset(self, disk: StateFile | None, *, keep: tuple[str, ...]) -> None:
        """Return to the factory state but for the sections to keep."""
        if disk is not None:
            disk.forget(self.name, keep=keep)
        self.changed = {name: value for name, value in (self.changed or {}).items() if name in keep} or None
        self.pending = None
        self.misses = self.locked = self.nonces = self.links = None

    def hostname(self) -> str:
        """Return the host name; the factory's may hold the MAC."""
        return str(self.read("network").get("hostname", "")).format(mac12=self.mac_address.replace(":", ""))

    # --- clock -----------------------------------------------------------------------------------

    def now(self, lab: LabSpec, true_now: float | None = None) -> float:
        """Return the device's clock in seconds since 1970 (UTC).

        Synchronised with NTP it is right; else it runs on from where it was set, with its drift.
        """
        now = time.time() if true_now is None else true_now
        clock = self.read("clock")
        if self.synchronised(lab, now):
            return now
        if self.fresh_clock:
            return BATTERYLESS_START_S + (now - self.fresh_clock)
        offset = float(clock.get("offset_s", 0.0))
        return now + offset + float(clock.get("drift_ppm", 0.0)) * 1e-6 * (now - float(clock.get("set_at", now)))

    def synchronised(self, lab: LabSpec, now: float) -> bool:
        """Tell whether NTP is on, a server answers, and the device had the time to ask it."""
        told = self.read("time")
        if told.get("type") != "NTP" or (self.faults and "clock" in self.faults):
            return False
        servers = told.get("ntp", ())
        if told.get("ntp_from_dhcp"):
            servers = told.get("ntp_dhcp", ())
        if not servers or (lab.ntp_servers and not set(servers) & set(lab.ntp_servers)):
            return False
        return bool(now >= max(float(told.get("since", 0.0)), self.up_at) + lab.ntp_delay_s)

    def zone_offset_s(self) -> int:
        """Return how far local time is ahead of UTC, by the device's POSIX zone (daylight saving not counted)."""
        found = re.match(
            r"(?:<[^>]*>|[A-Za-z]+)([+-]?)(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?", self.read("time")["tz"]
        )
        if found is None:
            return 0
        sign, hours, minutes, seconds = found.groups()
        size = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        east = sign == "-"
        if self.personality.capabilities.get("inverted_zone"):
            east = not east
        return size if east else -size

    # --- life ------------------------------------------------------------------------------------

    def dead(self) -> bool:
        """Tell whether nothing answers now: it boots, hangs, is unplugged, or has no power."""
        if self.off or time.time() < self.up_at or self.read("info").get("bricked"):
            return True
        return bool(self.faults and ("unplug" in self.faults or "hang" in self.faults))

    def reboot(self, boot_s: float) -> None:
        """Be dead for some seconds; forget what lives in memory, and the clock if there is no battery."""
        now = time.time()
        self.up_at = now + boot_s
        self.nonces = self.misses = self.locked = self.subscriptions = self.links = None
        self.sessions, self.searches, self.challenge, self.upload = {}, {}, "", ""
        if self.personality.loses_clock:
            self.fresh_clock = now

    def wrote(self, moment: float, account: str, address: str, what: str) -> None:
        """Put a change of settings into the device's own log; `moment` is its wall clock, as if it were UTC."""
        if self.diary is None:
            self.diary = deque(maxlen=DIARY_SIZE)
        self.diary.append(Entry(moment, account, address, what))

    def note(self, operation: str, user: str, outcome: str, size: int) -> None:
        """Remember a request for the tests: when, what, who, how it ended."""
        if self.log is None or self.counts is None:
            self.log, self.counts = deque(maxlen=size), {}
        operation = sys.intern(operation)
        self.log.append((time.time(), operation, user, outcome))
        self.counts[operation] = self.counts.get(operation, 0) + 1
        self.asked_at = self.log[-1][0]


def _overlay(spec: DeviceSpec, personality: Personality) -> dict[str, Any]:
    """What the specification says about the factory state of this one device."""
    overlay: dict[str, Any] = {
        name: {**personality.factory.get(name, {}), **section} for name, section in spec.factory.items()
    }
    if spec.network_address:
        network = dict(overlay.get("network", personality.factory.get("network", {})))
        overlay["network"] = network | {"address": spec.network_address}
    if spec.login is not None:
        user, password = spec.login
        overlay["users"] = {user: {"level": "Administrator", "password": password, "fixed": user == "admin"}}
    if spec.clock_offset_s is not None:
        clock = dict(overlay.get("clock", personality.factory.get("clock", {})))
        overlay["clock"] = clock | {"offset_s": spec.clock_offset_s}
    return overlay
