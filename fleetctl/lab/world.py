"""The devices of a lab and what happens to them: they move, start again, fall back to the factory's state."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fleetctl.errors import UsageError
from fleetctl.lab import firmware
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Dispatcher
from fleetctl.lab.personality import of
from fleetctl.lab.recorder.footage import Footage
from fleetctl.lab.spec import LabSpec
from fleetctl.lab.state import StateFile
from fleetctl.lab.strict import Judge
from fleetctl.lab.switch import dialect
from fleetctl.lab.switch.unit import SimSwitch

if TYPE_CHECKING:
    from fleetctl.lab.recorder.engine import Recorders

KEPT: Final = {  # what a reset leaves as it is
    "Hard": (),
    "Soft": ("network",),  # Core 26.06, SetSystemFactoryDefault
    "Basic": ("network", "users", "onvif_users", "lock"),  # ISAPI, factoryReset?mode=basic
}


def place(device: SimDevice) -> str:
    """Return where a device answers: at its own address if that is on loopback, else where the lab put it (NAT)."""
    own = str(device.read("network").get("address", ""))
    return own if own.startswith("127.") else device.address


class World:
    """All devices of a lab, by name and by the address they answer at; `cut` breaks a device's connections."""

    def __init__(
        self,
        spec: LabSpec,
        state_dir: Path,
        cut: Callable[[SimDevice, str], None],
        later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        self.spec = spec
        self.disk = StateFile(state_dir / "state.sqlite")
        self.footage = Footage(state_dir)
        self.judge = Judge(Path(spec.wsdl_dir)) if spec.strict else None
        self.dispatcher = Dispatcher(spec, self.disk, self.judge)
        kept = self.disk.load()
        self.devices = {d.name: SimDevice(d, of(d.personality), kept.get(d.name)) for d in spec.devices}
        self.by_address: dict[str, SimDevice] = {}
        self._shared: dict[str, list[SimDevice]] = {}  # addresses that several devices believe to be theirs
        self._turns: dict[str, int] = {}
        self._swapped: dict[str, SimDevice] = {}  # addresses at which `swap` put another device
        self.recorders: Recorders | None = None  # set by whoever lets them work
        self._doubles: dict[str, str] = {}  # a device whose address is there twice -> the other one
        self._cut, self._later = cut, later
        self.switches: dict[str, SimSwitch] = {
            s.name: SimSwitch(s, dialect.of(s.dialect), spec, self.disk, kept.get(s.name), later) for s in spec.switches
        }
        for switch in self.switches.values():
            switch.devices, switch.cut = self.devices, self.cut
        self.switch_at = {switch.address: switch for switch in self.switches.values()}
        self.move()

    def find(self, name: str) -> SimDevice:
        """Return a device by name; raises UsageError."""
        if name not in self.devices:
            raise UsageError(f"no device {name!r} in this lab")
        return self.devices[name]

    def address(self, device: SimDevice) -> str:
        """Return where a device answers now, "" if another has its address."""
        return next((address for address, there in self.by_address.items() if there is device), "")

    def at(self, address: str) -> tuple[SimDevice, ...]:
        """Return who has an address: nobody, one, or several; who has no power does not count beside others."""
        device = self.by_address.get(address)
        if device is None:
            return ()
        if address in self._shared:
            return tuple(each for each in self._shared[address] if not each.off) or (device,)
        other = self._doubles.get(device.name)
        return (device,) if other is None else (device, self.devices[other])

    def reached(self, asking: SimDevice, told: str) -> str:
        """Return where the lab serves what a device knows as an address, "" if nobody is there.

        Cameras behind a recorder of their own network are found by that recorder only, and by it first.
        """
        if told in self.by_address:
            return told
        found = [
            (device.spec.behind == asking.name, address)
            for address, device in self.by_address.items()
            if str(device.read("network").get("address", "")) == told and device.spec.behind in ("", asking.name)
        ]
        return max(found)[1] if found else ""

    def met(self, address: str) -> SimDevice | None:
        """Return who answers a new connection to an address; several with the same address do so by turns."""
        there = self.at(address)
        if len(there) < 2:
            return there[0] if there else None
        turn = self._turns[address] = self._turns.get(address, -1) + 1
        return there[turn % len(there)]

    def answering(self, owner: str, address: str) -> SimDevice | None:
        """Return who answers a request on a connection that `owner` took."""
        return next((device for device in self.at(address) if device.name == owner), self.by_address.get(address))

    def duplicate(self, target: SimDevice, *, same_login: bool) -> None:
        """Let a stranger of the same make have the device's address too."""
        self._doubles[target.name] = self._stranger(target, same_login, "double").name

    def unduplicate(self, target: SimDevice) -> None:
        """End `duplicate`."""
        there = self.devices.pop(self._doubles.pop(target.name))
        self._cut(there, self.address(target))

    def admits(self, device: SimDevice, source: str) -> bool:
        """Tell whether a device is on the network of whoever asks: behind a recorder it is on that one's only."""
        if not device.spec.behind:
            return True
        there = self.by_address.get(source)
        return there is not None and there.name == device.spec.behind

    def cut(self, device: SimDevice) -> None:
        """Break every connection of a device, as when its power goes."""
        self._cut(device, self.address(device))

    def reboot(self, device: SimDevice, boot_s: float) -> None:
        """Cut every connection and be dead for some seconds; while firmware is written, for good."""
        if device.flashing is not None:
            firmware.break_off(device)
            device.commit(self.disk)
        device.reboot(boot_s)
        self.cut(device)

    def reset(self, device: SimDevice, kind: str) -> None:
        """Return to the factory state and start again; `kind`, see `KEPT`. Its firmware stays, unless it is broken."""
        told = device.read("info")
        device.reset(self.disk, keep=KEPT[kind])
        if told.get("firmware") and not told.get("bricked"):
            device.change("info")["firmware"] = told["firmware"]
            device.commit(self.disk)
        self.move()
        self.reboot(device, self.spec.boot_s)

    def flash(self, device: SimDevice, image: firmware.Image) -> None:
        """Write an image that came whole, then start with it; raises firmware.NotForUs."""
        device.note(f"firmware:image {image.version}", "", "taken", self.spec.log_size)
        if not firmware.begin(device, image, self.spec.flash_s):
            return
        if device.faults and "flash-power-cut" in device.faults:
            self._later(self.spec.flash_s / 2, lambda: self.reboot(device, self.spec.boot_s))
        else:
            self._later(self.spec.flash_s, lambda: self._flashed(device))

    def _flashed(self, device: SimDevice) -> None:
        if device.flashing is None:
            return
        image = device.flashing.image
        firmware.finish(device, self.spec.boot_s)
        device.commit(self.disk)
        if image.happens("factory_new", device):
            self.reset(device, "Hard")
            return
        self.reboot(device, self.spec.boot_s)
        if device.trial:
            self._later(self.spec.boot_s + device.trial, lambda: self._take_back(device, image.version))

    def _take_back(self, device: SimDevice, version: str) -> None:
        if firmware.take_back(device, version):
            device.commit(self.disk)
            self.reboot(device, self.spec.boot_s)

    def power_cut(self, device: SimDevice) -> None:
        """End the fault `power-cut`, whose moment has come: the pending change is kept or lost, the device dead."""
        told = (device.faults or {}).pop("power-cut")
        device.faults = device.faults or None
        if told["applied"]:
            device.commit(self.disk)
        else:
            device.rollback()
        self.reboot(device, float(told["boot_s"]))

    def move(self) -> None:
        """Bring the addresses up to date; of several that have one, the first to have it stands for them."""
        placed: dict[str, list[SimDevice]] = {}
        for device in self.devices.values():
            if "~" not in device.name:  # strangers are where a fault put them
                placed.setdefault(place(device), []).append(device)
        wanted = {
            address: next((each for each in there if self.by_address.get(address) is each), there[0])
            for address, there in placed.items()
        }
        wanted.update(self._swapped)
        self._shared = {a: there for a, there in placed.items() if len(there) > 1 and a not in self._swapped}
        left = [(device, a) for a, device in self.by_address.items() if wanted.get(a) is not device]
        self.by_address = wanted
        for device, address in left:
            self._cut(device, address)

    def swap(self, target: SimDevice, other: str, *, same_login: bool, personality: str = "") -> None:
        """Let another device answer at this one's address: one of the lab's, or a stranger of some make."""
        address = self.address(target)
        if not address:
            raise UsageError(f"{target.name} answers nowhere")
        if other:
            there = self.find(other)
            self._swapped[self.address(there)] = target
            self._swapped[address] = there
            self.cut(there)
        else:
            self._swapped[address] = self._stranger(target, same_login, personality=personality)
        self.by_address.update(self._swapped)
        self._cut(target, address)

    def _stranger(
        self, target: SimDevice, same_login: bool, word: str = "stranger", *, personality: str = ""
    ) -> SimDevice:
        number = f"{target.name}~{word}"
        stranger = SimDevice(target.spec.renamed(number), of(personality) if personality else target.personality, None)
        if same_login:
            stranger.changed = {"users": dict(target.read("users"))}
        self.devices[number] = stranger
        return stranger

    def unswap(self, target: SimDevice, other: str) -> None:
        """End `swap`."""
        there = self.find(other or f"{target.name}~stranger")
        here, elsewhere = self.address(there), self.address(target)
        del self._swapped[here]
        self.by_address[here] = target
        if other:
            del self._swapped[elsewhere]
            self.by_address[elsewhere] = there
            self._cut(target, elsewhere)
        else:
            del self.devices[there.name]
        self._cut(there, here)


def listening(port: int, bind: str, backlog: int) -> socket.socket:
    """Return a listening socket on all addresses of one network device; raises UsageError, OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bind.encode() + b"\0")
        listener.bind(("0.0.0.0", port))  # noqa: S104 -- bound to the device: loopback only
        listener.listen(backlog)
        listener.setblocking(False)
    except PermissionError:
        listener.close()
        raise UsageError(
            f"port {port} on {bind}: not allowed. Ports below 1024 need root, and so does binding to a network device"
            " before Linux 5.7"
        ) from None
    except OSError:
        listener.close()
        raise
    return listener
