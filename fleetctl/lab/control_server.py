"""The lab's own door: a Unix socket in the state folder, one JSON object per line each way."""

from __future__ import annotations

import asyncio
import json
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fleetctl.errors import FleetctlError, UsageError
from fleetctl.lab import access, faults
from fleetctl.lab.firmware import model_of
from fleetctl.lab.recorder.keeping import recorder_state

if TYPE_CHECKING:
    from fleetctl.lab.device import SimDevice
    from fleetctl.lab.server import LabServer
    from fleetctl.lab.switch.unit import SimSwitch

_LONGEST_PATH: Final = 100  # a Unix socket's path has room for 107 bytes
SECTIONS: Final = (
    "info", "time", "clock", "network", "scopes", "users", "relays", "video_sources", "encoders", "profiles",
    "audio_sources", "audio_encoders", "metadata", "imaging", "osds", "masks", "vendor", "lock", "onvif_users",
)  # fmt: skip


async def start(lab: LabServer) -> Path:
    """Open the socket; returns its path, which is elsewhere when the state folder's is too long."""
    path = lab.state_dir / "control.sock"
    if len(str(path.resolve())) > _LONGEST_PATH:
        path = Path(tempfile.mkdtemp(prefix="fleetctl-lab-")) / "control.sock"
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(json.dumps(answer(lab, line), ensure_ascii=False).encode() + b"\n")
            await writer.drain()
            if lab.stopping.is_set():
                break
        writer.close()

    await asyncio.start_unix_server(serve, path, limit=1 << 20)
    path.chmod(0o600)
    return path


def close(lab: LabServer, path: Path) -> None:
    """Take the socket away, and its folder if it was made for it."""
    path.unlink(missing_ok=True)
    if path.parent != lab.state_dir:
        path.parent.rmdir()


def answer(lab: LabServer, line: bytes) -> dict[str, Any]:
    """Carry out one command; {"ok": value} or {"error": words}."""
    try:
        told = json.loads(line)
        command = COMMANDS.get(told.pop("command", ""))
        if command is None:
            raise UsageError(f"commands: {', '.join(COMMANDS)}")
        return {"ok": command(lab, **told)}
    except (FleetctlError, ValueError, TypeError, KeyError) as error:
        return {"error": str(error)}


def _status(lab: LabServer) -> dict[str, Any]:
    everything = _everything(lab)
    broken = {device.name: sorted(device.faults) for device in everything if device.faults}
    return {
        "devices": len(everything),
        "ports": lab.ports,
        "up_s": round(time.time() - lab.started, 3),
        "broken": broken,
        "requests": sum(sum((device.counts or {}).values()) for device in everything),
        "invalid": lab.world.judge.wrong[:20] if lab.world.judge else [],
    }


def _break(lab: LabServer, device: str, fault: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    told = faults.checked(fault, arguments or {})
    if device in lab.world.switches:
        lab.world.switches[device].break_(fault, told)
        return {name: value for name, value in told.items() if name != "chance"}
    target = lab.world.find(device)
    if fault in faults.OF_SWITCHES:
        raise UsageError(f"{fault} happens to switches, {device} is none")
    if fault == "reset":
        lab.world.reset(target, "Hard" if told["hard"] else "Soft")
        return told
    if fault == "swap":
        kind = str(told["personality"])
        lab.world.swap(target, told["other"], same_login=bool(told["same_login"]), personality=kind)
    if fault == "duplicate-address":
        lab.world.duplicate(target, same_login=bool(told["same_login"]))
    if fault == "open-port":
        lab.doors[device] = socket.create_server((lab.world.address(target), int(told["port"])))
    target.faults = {**(target.faults or {}), fault: told}
    if fault == "clock":
        target.change("clock").update(offset_s=float(told["offset_s"]), set_at=time.time())
        target.commit(lab.world.disk)
    if fault in ("unplug", "onvif-off"):
        lab.world.cut(target)
    return {name: value for name, value in told.items() if name not in ("chance", "left")}


def _mend(lab: LabServer, device: str, fault: str = "") -> list[str]:
    """End one fault, or all of them; returns which."""
    if device in lab.world.switches:
        return lab.world.switches[device].mend(fault)
    target = lab.world.find(device)
    ended = [name for name in (target.faults or {}) if fault in ("", name)]
    for name in ended:
        told = (target.faults or {}).pop(name)
        if name == "swap":
            lab.world.unswap(target, told["other"])
        if name == "duplicate-address":
            lab.world.unduplicate(target)
        if name == "open-port":
            lab.doors.pop(target.name).close()
        if name == "stall":
            lab.world.cut(target)
        if name == "clock":
            target.change("clock").update(offset_s=0.0, set_at=time.time())
            target.commit(lab.world.disk)
        if name == "lockout":
            target.locked = target.misses = None
    target.faults = target.faults or None
    return ended


def _everything(lab: LabServer) -> list[SimDevice | SimSwitch]:
    return [*lab.world.devices.values(), *lab.world.switches.values()]


def _any(lab: LabServer, device: str) -> SimDevice | SimSwitch:
    """Return a device or a switch by name; raises UsageError."""
    return lab.world.switches[device] if device in lab.world.switches else lab.world.find(device)


def _state(lab: LabServer, device: str) -> dict[str, Any]:
    if device in lab.world.switches:
        return lab.world.switches[device].state()
    target = lab.world.find(device)
    told: dict[str, Any] = {name: target.read(name) for name in SECTIONS}
    told["network"] = {**told["network"], "hostname": target.hostname()}
    told["identity"] = {
        "name": target.name,
        "serial_number": target.serial_number,
        "mac_address": target.mac_address,
        "personality": target.personality.name,
        "model": model_of(target),
        "address": lab.world.address(target),
    }
    told["now"] = target.now(lab.spec)
    told["faults"] = sorted(target.faults or ())
    told["misses"] = target.misses or {}
    told["locked"] = target.locked or {}
    told["subscriptions"] = len(target.subscriptions or ())
    told["dead"] = target.dead()
    if target.personality.recorder is not None:
        told |= recorder_state(lab.world, target)
    return told


def _set(lab: LabServer, device: str, section: str, values: dict[str, Any], by: Sequence[str] = ()) -> None:
    """Change a section as somebody at the device's own web page would; `by`: account and address, for its log."""
    target = lab.world.find(device)
    if by:
        target.wrote(target.now(lab.spec) + target.zone_offset_s(), by[0], by[1], section)
    target.change(section).update(values)
    target.commit(lab.world.disk)
    if section == "network":
        lab.world.move()


def _drop(lab: LabServer, device: str, section: str, key: str) -> None:
    """Take one entry out of a section, as an account or a profile that is gone."""
    target = lab.world.find(device)
    del target.change(section)[key]
    target.commit(lab.world.disk)


def _footage(lab: LabServer, device: str, channel: str, start: float, end: float, kb: float = 0.0) -> None:
    """Put a recording of the past onto a recorder's disk; times in its own clock."""
    target = lab.world.find(device)
    if target.personality.recorder is None or not start < end:
        raise UsageError(f"{device} is no recorder, or the recording ends before it begins")
    lab.world.footage.put(device, channel, start, end, kb)


def _log(lab: LabServer, device: str) -> list[dict[str, Any]]:
    return [
        {"time": moment, "operation": operation, "user": user, "outcome": outcome}
        for moment, operation, user, outcome in _any(lab, device).log or ()
    ]


def _counts(lab: LabServer, device: str = "") -> dict[str, int]:
    """Requests by operation, of one device or of all together."""
    devices = [_any(lab, device)] if device else _everything(lab)
    total: dict[str, int] = {}
    for target in devices:
        for operation, count in (target.counts or {}).items():
            total[operation] = total.get(operation, 0) + count
    return total


def _writes(lab: LabServer, device: str = "") -> dict[str, int]:
    """Writing requests by operation, carried out or not."""
    return {name: n for name, n in _counts(lab, device).items() if _is_writing(name)}


_FINDER: Final = frozenset(  # of recordings, and of the log
    ("factory.create", "findFile", "findNextFile", "close", "destroy", "startFind", "doFind", "stopFind")
)
_BACKUP: Final = "All"  # Config.backup?action=All
_SEARCHES: Final = ("search", "logSearch", "dailyDistribution", "test")  # last words of POSTs that only ask


def _is_writing(name: str) -> bool:
    """Tell whether a noted request writes: by its method over ISAPI, by its verb over CGI, else by its operation."""
    protocol, _, asked = name.partition(":")
    if protocol == "cli":
        return asked == "write"
    if protocol == "isapi":
        method, _, page = asked.partition(" ")
        return method != "GET" and not (method == "POST" and page.rpartition("/")[2] in _SEARCHES)
    if protocol == "rpc" and asked.rpartition(".")[2].startswith("get"):
        return False
    if protocol == "cgi":
        return not asked.startswith("get") and asked not in (*_FINDER, _BACKUP)
    return access.writes(name.rpartition(":")[2])


def _forget(lab: LabServer, device: str = "") -> None:
    """Empty the logs and counts."""
    for target in lab.world.devices.values():
        if device in ("", target.name):
            target.log = target.counts = None
    for switch in lab.world.switches.values():
        if device in ("", switch.name):
            switch.log.clear()
            switch.counts.clear()


def _reboot(lab: LabServer, device: str, boot_s: float | None = None) -> None:
    if device in lab.world.switches:
        lab.world.switches[device].reload()
        return
    lab.world.reboot(lab.world.find(device), lab.spec.boot_s if boot_s is None else boot_s)


def _stop(lab: LabServer) -> None:
    lab.stopping.set()


COMMANDS: Final[dict[str, Callable[..., Any]]] = {
    "status": _status,
    "break": _break,
    "mend": _mend,
    "state": _state,
    "set": _set,
    "drop": _drop,
    "footage": _footage,
    "log": _log,
    "counts": _counts,
    "writes": _writes,
    "forget": _forget,
    "reboot": _reboot,
    "stop": _stop,
}
