"""One simulated switch: what it is, what it holds, what is plugged in, and what it powers."""

from __future__ import annotations

import datetime
import hashlib
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleetctl.errors import UsageError
from fleetctl.lab.spec import LabSpec, SwitchSpec
from fleetctl.lab.switch.config import Tree

if TYPE_CHECKING:
    from fleetctl.lab.device import SimDevice
    from fleetctl.lab.state import StateFile
    from fleetctl.lab.switch.dialect import Dialect

LLDP: Final = ("axis", "bosch")  # makes that send LLDP; the cheap ones do not
GATEWAY: Final = "00:0c:42"
_HAPPENS: Final = frozenset(
    (
        "slow-link",
        "stranger",
        "unplug",
        "slow",
        "half-reply",
        "cut-output",
        "lockout",
        "ignore-writes",
        "loss",
        "clock",
        "disk-full",
        "upload-drop",
        "flash-ignored",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An address on a port."""

    port: str
    mac_address: str
    vlan: int


class SimSwitch:
    """A switch in the lab. All of it happens in the lab's own loop; a console only asks."""

    def __init__(
        self,
        spec: SwitchSpec,
        dialect: Dialect,
        lab: LabSpec,
        disk: StateFile | None,
        kept: Mapping[str, Any] | None,
        later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        self.spec, self.dialect, self.lab = spec, dialect, lab
        self.name, self.address = spec.name, spec.address
        number = int.from_bytes(hashlib.sha256(spec.name.encode()).digest()[:6], "big")
        tail = ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big")[:3])
        self.mac_address = (spec.mac_address or f"{dialect.mac_prefix}:{tail}").lower()
        self.serial_number = spec.serial_number or dialect.serial_pattern.format(number=f"{number % 10**9:09d}")
        self.faults: dict[str, dict[str, Any]] = {}
        self.log: deque[tuple[float, str, str, str]] = deque(maxlen=lab.log_size)
        self.counts: dict[str, int] = {}
        self.diary: deque[tuple[datetime.datetime, str, str]] = deque(maxlen=200)  # settings were typed: when, by whom
        self.wiring = dict(spec.wiring)
        self.up_at = time.time()
        self.files: dict[str, dict[str, Any]] = dict((kept or {}).get("files", {}))  # see `storage`
        self.version = str((kept or {}).get("version", {"told": ""})["told"])  # "": what it came with
        self.bricked = False
        self.key_number = int((kept or {}).get("key", {"number": 0})["number"])
        self.devices: Mapping[str, SimDevice] = {}
        self.cut: Callable[[SimDevice], None] = lambda _: None
        self.hang_up: Callable[[], None] = lambda: None
        self._disk, self._later = disk, later
        self._timer: Any = None
        self._powered: dict[str, bool] = {}
        self.startup = Tree.of(kept["startup"]) if kept and "startup" in kept else dialect.factory(self)
        self.running = self.startup.copy()

    # --- what it holds ----------------------------------------------------------------------------

    def save(self) -> None:
        """Keep what is in force for the next start."""
        if "ignore-writes" in self.faults:
            return
        self.startup = self.running.copy()
        if self._disk is not None:
            self._disk.save(self.name, {"startup": self.startup.plain()})

    def _keep(self, what: str, told: dict[str, Any]) -> None:
        if self._disk is not None:
            self._disk.save(self.name, {what: told})

    def store(self, file: str, told: dict[str, Any]) -> None:
        """Keep a file that was copied there."""
        self.files[file] = told
        self._keep("files", self.files)
        self.note(f"firmware:image {file}" if told["image"] else "firmware:file", "", "taken")
        self.counts[f"firmware:image {file}"] = self.counts.get(f"firmware:image {file}", 0) + bool(told["image"])

    def lose_files(self) -> None:
        """Lose what was copied: it lay in memory."""
        self.files = {}
        self._keep("files", self.files)

    def unsaved(self) -> bool:
        """Tell whether a start would lose something."""
        return self.running != self.startup

    def new_key(self) -> None:
        """Show another host key from now on."""
        self.key_number += 1
        if self._disk is not None:
            self._disk.save(self.name, {"key": {"number": self.key_number}})

    def login(self, user: str, password: str) -> bool:
        """Tell whether an account is let in."""
        right = "lockout" not in self.faults and self.dialect.accounts(self).get(user) == password
        self.note("login", user, "ok" if right else "wrong-login")
        return right

    def note(self, command: str, user: str, outcome: str) -> None:
        """Remember what was typed for the tests."""
        self.log.append((time.time(), f"cli:{command}", user, outcome))
        self.counts[f"cli:{command}"] = self.counts.get(f"cli:{command}", 0) + 1

    # --- life -------------------------------------------------------------------------------------

    def dead(self) -> bool:
        """Tell whether nothing answers: it starts, it is unplugged, or its way out is cut."""
        return self.bricked or time.time() < self.up_at or "unplug" in self.faults or not self.way_out()

    def way_out(self) -> bool:
        """Tell whether the port to the rest of the network is on."""
        uplink = self.spec.uplink
        return not uplink or self.dialect.enabled(self, uplink)

    def reload(self) -> None:
        """Start again with what was saved; everything it powers loses power meanwhile."""
        self.disarm()
        self.running = self.startup.copy()
        if "flash-ignored" not in self.faults:
            self.dialect.start(self)
        self._keep("version", {"told": self.version})
        self.up_at = time.time() + self.lab.boot_s
        self.hang_up()
        self.settle()
        self._later(self.lab.boot_s, self.settle)

    def arm(self, minutes: float) -> None:
        """Start again in some minutes, unless told otherwise."""
        self.disarm()
        self._timer = self._later(minutes * self.lab.minute_s, self.reload)

    def disarm(self) -> bool:
        """Forget the start that was planned; False if there was none."""
        if self._timer is None:
            return False
        self._timer.cancel()
        self._timer = None
        return True

    @property
    def armed(self) -> bool:
        """Tell whether a start is planned."""
        return self._timer is not None

    # --- ports ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Give and take power and links as the configuration says."""
        starting = time.time() < self.up_at
        for port, name in self.wiring.items():
            device = self.devices.get(name)
            if device is None:
                continue
            linked = not starting and self.dialect.enabled(self, port)
            powered = linked and (port not in self.dialect.poe_ports or self.dialect.powers(self, port))
            if not powered and not device.off:
                device.off = True
                self.cut(device)
            elif powered and device.off:
                device.off = False
                device.faults = {n: told for n, told in (device.faults or {}).items() if n != "hang"} or None
                device.reboot(self.lab.boot_s)
        if not self.way_out():
            self.hang_up()

    def up(self, port: str) -> bool:
        """Tell whether a port has a link."""
        if not self.dialect.enabled(self, port):
            return False
        device = self.devices.get(self.wiring.get(port, ""))
        if device is not None:
            return not device.off and "unplug" not in (device.faults or {})
        return port == self.spec.uplink or any(told["port"] == port for told in self._of("stranger"))

    def _of(self, fault: str) -> list[dict[str, Any]]:
        return [self.faults[fault]] if fault in self.faults else []

    def speed(self, port: str) -> tuple[int, bool]:
        """Return a link's megabits per second, and whether it is full duplex."""
        for told in self._of("slow-link"):
            if told["port"] == port:
                return int(told["mbps"]), not told["half"]
        return (1000, True) if port == self.spec.uplink else (100, True)

    def seen(self) -> list[Seen]:
        """Return the addresses on each port, as the table has them."""
        found = []
        for port, name in sorted(self.wiring.items()):
            device = self.devices.get(name)
            if device is not None and self.up(port):
                found.append(Seen(port=port, mac_address=device.mac_address, vlan=self.dialect.vlan(self, port)))
        for told in self._of("stranger"):
            mac = f"de:ad:be:{hashlib.sha256(self.name.encode()).hexdigest()[:6]}"
            mac = ":".join(mac.replace(":", "")[i : i + 2] for i in range(0, 12, 2))
            found.append(Seen(port=told["port"], mac_address=mac, vlan=self.dialect.vlan(self, told["port"])))
        if self.spec.uplink and self.up(self.spec.uplink):
            found.append(Seen(port=self.spec.uplink, mac_address=self.gateway(), vlan=1))
        return found

    def gateway(self) -> str:
        """Return the address of the site's router."""
        return f"{GATEWAY}:{self.mac_address[9:]}"

    def neighbours(self) -> list[tuple[str, str, str, str]]:
        """Return what LLDP tells: port, chassis, name, abilities."""
        found = []
        for port, name in sorted(self.wiring.items()):
            device = self.devices.get(name)
            if device is not None and self.up(port) and device.personality.name.startswith(LLDP):
                found.append((port, device.mac_address, name, ""))
        if self.spec.uplink and self.up(self.spec.uplink):
            found.append((self.spec.uplink, self.gateway(), "router", "B,R"))
        return found

    def clock(self, zone_s: float = 0.0) -> datetime.datetime:
        """Return what its clock shows in a zone so many seconds east of Greenwich."""
        zone = datetime.timezone(datetime.timedelta(seconds=zone_s))
        off_s = sum(float(told["offset_s"]) for told in self._of("clock"))
        return datetime.datetime.fromtimestamp(time.time() + off_s, zone)

    # --- what may happen to it ---------------------------------------------------------------------

    def break_(self, fault: str, told: dict[str, Any]) -> None:
        """Let something happen; raises UsageError for what cannot happen to a switch."""
        if fault == "swap-cables":
            one, other = told["one"], told["other"]
            ports = {name: port for port, name in self.wiring.items()}
            if one not in ports or other not in ports:
                raise UsageError(f"{self.name}: {one or 'one'} and {other or 'other'} are not both plugged in here")
            self._swap(ports[one], ports[other])
        elif fault == "host-key":
            self.new_key()
            self.hang_up()
        elif fault == "reset":
            self.startup = self.dialect.factory(self)
            self.running = self.startup.copy()
            if self._disk is not None:
                self._disk.forget(self.name)
            self.reload()
            return
        elif fault in ("slow-link", "stranger") and told["port"] not in self.dialect.ports:
            raise UsageError(f"{self.name} has no port {told['port']!r}; it has {', '.join(self.dialect.ports)}")
        elif fault not in _HAPPENS:
            raise UsageError(f"{fault} does not happen to switches")
        self.faults[fault] = told
        if fault == "unplug":
            self.hang_up()

    def _swap(self, one: str, other: str) -> None:
        self.wiring[one], self.wiring[other] = self.wiring[other], self.wiring[one]
        self.settle()

    def mend(self, fault: str = "") -> list[str]:
        """End one fault, or all; returns which."""
        ended = [name for name in self.faults if fault in ("", name)]
        for name in ended:
            told = self.faults.pop(name)
            if name == "swap-cables":
                ports = {device: port for port, device in self.wiring.items()}
                self._swap(ports[told["one"]], ports[told["other"]])
        return ended

    def loses(self) -> bool:
        """Throw the dice of `loss`."""
        told = self.faults.get("loss")
        return bool(told) and random.Random().random() < float((told or {})["rate"])

    def state(self) -> dict[str, Any]:
        """Return everything it holds, for the tests."""
        return {
            "identity": {
                "name": self.name,
                "serial_number": self.serial_number,
                "mac_address": self.mac_address,
                "personality": self.dialect.name,
                "address": self.address,
            },
            "running": self.dialect.text(self, self.running),
            "startup": self.dialect.text(self, self.startup),
            "held": [*self.running.top.items(), *self.running.blocks.items()],
            "unsaved": self.unsaved(),
            "armed": self.armed,
            "version": self.version,
            "wiring": self.wiring,
            "faults": sorted(self.faults),
            "dead": self.dead(),
            "misses": {},
            "locked": {},
            "now": time.time(),
        }
