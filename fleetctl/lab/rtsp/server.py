"""The RTSP listener: one socket on the loopback device for every lab camera."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from fleetctl.lab.rtsp.broadcast import Broadcasts
from fleetctl.lab.rtsp.connection import Connection
from fleetctl.lab.rtsp.messages import HEAD_MAX
from fleetctl.lab.rtsp.stream import StreamView


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _realm(_: str) -> str:
    return "IP Camera"


class RtspServer:
    """Serves the streams of all devices; everything here belongs to the event loop's thread.

    resolve(address, path) -> StreamView, or None for 404; asked again every second while somebody watches, so that
        the picture follows the settings, and viewers are cut off where codec, size, rate or sound change.
    authenticate(address, user, proves, source, path) -> bool: finds the user's password and returns proves(password);
        counts failures and locks as the device does, for whoever asks from the address `source`; False, too, for a
        user who may not see what is at that path.
    present(address) -> bool: False ends the connection without an answer (no power, booting, RTSP off).
    realm(address) -> str: of the digest challenge.
    unguarded(address) -> bool: True lets everybody in without a login (a factory-fresh device).
    """

    def __init__(
        self,
        resolve: Callable[[str, str], StreamView | None],
        authenticate: Callable[[str, str, Callable[[str], bool], str, str], bool],
        *,
        present: Callable[[str], bool] = _always,
        realm: Callable[[str], str] = _realm,
        unguarded: Callable[[str], bool] = _never,
        streams_max: int = 16,
    ) -> None:
        self.resolve = resolve
        self.authenticate = authenticate
        self.present = present
        self.realm = realm
        self.unguarded = unguarded
        self.broadcasts = Broadcasts(resolve, streams_max)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int, bind_device: str = "lo") -> int:
        """Listen on every address of one network device; return the port (0 asked for: a free one). Raises OSError."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bind_device.encode() + b"\0")
            listener.bind(("0.0.0.0", port))  # noqa: S104 -- bound to the device: loopback only
            self._server = await asyncio.start_server(self._serve, sock=listener, limit=HEAD_MAX)
        except OSError:
            listener.close()
            raise
        found: int = listener.getsockname()[1]
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.present(writer.get_extra_info("sockname")[0]):
            writer.transport.abort()
            return
        connection = Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    def cut(self, address: str) -> None:
        """End every connection to a device at once: it reboots, is unplugged, locks, or has a new password."""
        self.broadcasts.stop(address)
        for connection in tuple(self._connections):
            if connection.address == address:
                connection.abort()

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        self.broadcasts.stop()
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.sleep(0)
        self._server = None
