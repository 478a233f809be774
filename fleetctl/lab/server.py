"""The simulator's process: every device of a lab behind one socket per port.

    python -m fleetctl.lab.server SPEC.json STATE_DIR

One socket bound to the loopback device takes connections to all of 127.0.0.0/8, unprivileged; the local address of a
connection says which device is meant. The ready lab is described in STATE_DIR/lab.json.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import Final

from fleetctl.errors import FleetctlError
from fleetctl.lab import control_server, faults, uploads, vendors
from fleetctl.lab.announcements import Dhip, Sadp
from fleetctl.lab.device import SimDevice
from fleetctl.lab.discovery import Responder
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.groups import Listener
from fleetctl.lab.http import NEVER, Connection
from fleetctl.lab.picturing import Pictures
from fleetctl.lab.recorder.engine import Recorders
from fleetctl.lab.services import After
from fleetctl.lab.services.device_network import protocols_of
from fleetctl.lab.spec import LabSpec, load
from fleetctl.lab.tls import Authority
from fleetctl.lab.world import World, listening

BACKLOG: Final = 4096
MOVE_S: Final = 0.2  # how long a device takes to change its address
AFTER_S: Final = 0.05  # between an answer and what it announced
SILENCE_S: Final = 60.0  # how long an unplugged device's silence is held
_NO_PAGE: Final = b"<html><body>404 Not Found</body></html>"
_ABORT: Final = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger {1, 0}: close with RST


class LabServer:
    """What listens for the devices of a lab."""

    def __init__(self, spec: LabSpec, state_dir: Path) -> None:
        self.spec = spec
        self.state_dir = state_dir
        self.world = World(spec, state_dir, self._cut, asyncio.get_running_loop().call_later)
        self.ports: dict[str, int] = {}
        self.started = time.time()
        self.stopping = asyncio.Event()
        self._open: dict[str, set[Connection]] = {}
        self._sockets: list[socket.socket] = []
        self._authority = Authority(state_dir / "ca")
        self._pictures = Pictures(self.world)
        self._recorders = self.world.recorders = Recorders(self.world, self.ports)
        self._responders: dict[str, Listener] = {}
        self._control: Path | None = None
        self.doors: dict[str, socket.socket] = {}  # of devices that listen at one more port

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bind every port and write STATE_DIR/lab.json; raises OSError."""
        loop = asyncio.get_running_loop()
        for name, port in (("http", self.spec.http_port), ("https", self.spec.https_port)):
            if port >= 0:
                listener = listening(port, self.spec.bind, BACKLOG)
                self._sockets.append(listener)
                self.ports[name] = listener.getsockname()[1]
                loop.add_reader(listener.fileno(), self._accept, listener, name == "https")
        if self.spec.ssh_port >= 0 and self.world.switches:
            self._consoles()
        if self.spec.rtsp_port >= 0:
            self.ports["rtsp"] = await self._pictures.start(self.spec.rtsp_port, self.spec.bind)
        if self.spec.discovery_port >= 0:
            self._responders["discovery"] = Responder(self.world, self.ports, self.spec.discovery_port, self.spec.bind)
        for name, maker, port in (("sadp", Sadp, self.spec.sadp_port), ("dhip", Dhip, self.spec.dhip_port)):
            if port >= 0:
                self._responders[name] = maker(self.world, self.ports.get("http", 80), port, self.spec.bind)
        self.ports |= {name: responder.port for name, responder in self._responders.items()}
        self._recorders.start()
        self._control = control = await control_server.start(self)
        ca_file = str(self._authority.ca_file)
        told = {"pid": os.getpid(), "control": str(control), "ca_file": ca_file, "ports": self.ports}
        part = self.state_dir / "lab.json.part"
        part.write_text(json.dumps(told), encoding="utf-8")
        part.replace(self.state_dir / "lab.json")

    def _consoles(self) -> None:
        """Listen for the consoles of switches."""
        from fleetctl.lab.switch.ssh import Consoles  # paramiko: only where there are switches

        loop = asyncio.get_running_loop()
        consoles = Consoles(self.state_dir / "hostkeys", loop)
        listener = listening(self.spec.ssh_port, self.spec.bind, BACKLOG)
        self._sockets.append(listener)
        self.ports["ssh"] = listener.getsockname()[1]
        for switch in self.world.switches.values():
            switch.hang_up = partial(consoles.hang_up, switch)
            switch.settle()

        def accept() -> None:
            with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
                sock, _ = listener.accept()
                switch = self.world.switch_at.get(sock.getsockname()[0])
                if switch is None or switch.dead():
                    self._turn_away(sock, None)
                else:
                    sock.setblocking(True)
                    consoles.welcome(sock, switch)

        loop.add_reader(listener.fileno(), accept)

    async def run(self) -> None:
        """Serve until told to stop."""
        await self.start()
        await self.stopping.wait()
        await self._recorders.stop()
        await self._pictures.stop()
        for responder in self._responders.values():
            responder.close()
        (self.state_dir / "lab.json").unlink(missing_ok=True)
        if self._control is not None:
            control_server.close(self, self._control)
        for listener in self._sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
            listener.close()
        self.world.disk.close()
        self.world.footage.close()

    # --- connections -----------------------------------------------------------------------------

    def _accept(self, listener: socket.socket, secure: bool) -> None:
        for _ in range(64):
            try:
                sock, peer = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # out of descriptors: those who wait are taken when others have gone
                return
            device = self.world.met(sock.getsockname()[0])
            if device is None or not _listens(device, secure) or not self.world.admits(device, peer[0]):
                self._turn_away(sock, device)
            else:
                self._welcome(sock, device, secure, peer[0])

    @staticmethod
    def _turn_away(sock: socket.socket, device: SimDevice | None) -> None:
        """Nobody is there: refuse as a dead machine's network would, or keep silent."""
        if device is not None and device.faults and device.faults.get("unplug", {}).get("silent"):
            asyncio.get_running_loop().call_later(SILENCE_S, sock.close)
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        sock.close()

    def _welcome(self, sock: socket.socket, device: SimDevice, secure: bool, peer: str) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            broken = device.faults or {}
            days = int(broken["certificate"]["days"]) if "certificate" in broken else None
            sock = self._authority.wrapped(sock, sock.getsockname()[0], old="old-tls" in broken, days=days)
        connection = Connection(asyncio.get_running_loop(), sock, self._request, peer)
        connection.owner = device.name
        connection.breaks = lambda: float((device.faults or {}).get("upload-drop", {"share": NEVER})["share"])
        device.connections += 1
        self._open.setdefault(device.name, set()).add(connection)
        connection.on_close = lambda: self._gone(device, connection)

    def _gone(self, device: SimDevice, connection: Connection) -> None:
        device.connections -= 1
        held = self._open.get(device.name, set())
        held.discard(connection)
        if not held:
            self._open.pop(device.name, None)

    def _cut(self, device: SimDevice, address: str) -> None:
        for connection in list(self._open.get(device.name, ())):
            connection.reset()
        self._pictures.cut(address)
        self._recorders.lost(device, address)

    # --- requests --------------------------------------------------------------------------------

    def _request(self, connection: Connection, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        device = self.world.answering(connection.owner, connection.address)
        if device is None or device.dead():
            connection.reset()
            return
        scheme = "https" if connection.secure else "http"
        incoming = Incoming(
            method=method,
            target=target,
            headers=headers,
            body=body,
            base=f"{scheme}://{connection.address}:{connection.port}",
            rtsp=f"rtsp://{connection.address}:{self.ports.get('rtsp', 554)}",
            source=connection.peer,
            spool=connection.spool,
        )
        if self.spec.latency_ms:
            wait_s = self.spec.latency_ms / 1000
            asyncio.get_running_loop().call_later(wait_s, self._handle, device, connection, incoming)
        else:
            self._handle(device, connection, incoming)

    def _handle(self, device: SimDevice, connection: Connection, incoming: Incoming) -> None:
        vendor = vendors.speaking(device, incoming.path)
        if device.faults:
            if faults.stalled(device.faults):
                return  # the connection stays open, nothing comes
            if faults.lost(device.faults):
                connection.reset()
                return
            asked = incoming.method == "POST" or vendor is not None
            if asked and faults.early(device.faults, connection, onvif=vendor is None):
                return
        if vendor is not None:
            self._send(device, connection, vendor(self.world, device, incoming))
        elif device.upload and incoming.path == device.upload:
            self._send(device, connection, uploads.answer(self.world, device, incoming))
        elif incoming.method == "POST" and _is_service(device, incoming.path):
            incoming = uploads.unpacked(incoming)
            reply = self.world.dispatcher.answer(device, incoming)
            if reply.after is not None and reply.after.wait_s:
                asyncio.get_running_loop().call_later(reply.after.wait_s, self._send, device, connection, reply)
            else:
                self._send(device, connection, reply)
        elif incoming.method == "GET" and self._pictures.is_snapshot(device, incoming.path):
            self._pictures.snapshot(device, connection, incoming)
        else:
            connection.reply(404, _NO_PAGE, "text/html", server=device.personality.server)

    def _send(self, device: SimDevice, connection: Connection, reply: Reply) -> None:
        if device.faults:
            if reply.wrote and "stall" in device.faults:
                device.faults["stall"]["left"] -= 1
            if reply.wrote and "power-cut" in device.faults:
                self.world.power_cut(device)
                return
            if reply.wrote and faults.lost(device.faults):
                connection.reset()
                return
            if faults.late(device.faults, connection, reply):
                self._afterwards(device, reply.after)
                return
        connection.reply(reply.status, reply.body, reply.content_type, reply.headers, device.personality.server)
        if device.personality.closes_idle:
            connection.finish()
        self._afterwards(device, reply.after)

    def _afterwards(self, device: SimDevice, after: After | None) -> None:
        if after is None:
            return
        loop = asyncio.get_running_loop()
        if after.image is not None:
            self.world.flash(device, after.image)
        if after.reset:
            loop.call_later(AFTER_S, self.world.reset, device, after.reset)
        elif after.reboot:
            loop.call_later(AFTER_S, self.world.reboot, device, self.spec.boot_s)
        if after.moved:
            loop.call_later(MOVE_S, self.world.move)


def _listens(device: SimDevice, secure: bool) -> bool:
    if device.dead():
        return False
    told = protocols_of(device.read("network"), device.personality.ports)
    return bool(told.get("HTTPS" if secure else "HTTP", {}).get("enabled"))


def _is_service(device: SimDevice, path: str) -> bool:
    if not device.read("vendor").get("onvif", True):
        return False
    paths = device.personality.paths.values()
    return path in paths or path.rpartition("/sub-")[0] in paths


def _make_room() -> None:
    """Let every device have connections: as many descriptors as this user may have, and no search through garbage."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.collect()
    gc.freeze()


async def _main(spec: LabSpec, state_dir: Path) -> None:
    server = LabServer(spec, state_dir)
    _make_room()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stopping.set)
    await server.run()


def main(arguments: list[str]) -> int:
    """Run a lab in this process; returns the exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m fleetctl.lab.server SPEC.json STATE_DIR\n")
        return 2
    state_dir = Path(arguments[1])
    state_dir.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_main(load(Path(arguments[0])), state_dir))
    except (FleetctlError, OSError) as error:
        sys.stderr.write(f"lab: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
