"""A UDP socket of the lab that hears a multicast group on the loopback device, and answers in its devices' names."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from typing import Final

from fleetctl.lab.device import SimDevice
from fleetctl.lab.world import World

SPREAD_S: Final = 0.5  # over which the answers of all are spread when all are asked at once
_IP_PKTINFO: Final = 8  # <linux/in.h>; the socket module does not name it before 3.12
_PKTINFO: Final = struct.Struct("I4s4s")


class Listener:
    """Hears a group and single addresses; `heard` is called with each datagram. Raises OSError."""

    GROUP = ""

    def __init__(self, world: World, port: int, bind: str) -> None:
        self._world = world
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bind.encode() + b"\0")
        self._sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._sock.bind(("0.0.0.0", port))  # noqa: S104 -- bound to the device: loopback only
        # Only now: who listens to the group as well may have the port too, but no other lab got it in the first place.
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        here, number = socket.inet_aton("127.0.0.1"), socket.if_nametoindex(bind)
        member = socket.inet_aton(self.GROUP) + here + struct.pack("i", number)
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
        self._sock.setblocking(False)
        self.port: int = self._sock.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self._readable)

    def close(self) -> None:
        """Stop answering."""
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._sock.close()

    def heard(self, data: bytes, to: str, sender: tuple[str, int]) -> None:
        """Take in a datagram that was sent to the group or to one address."""
        raise NotImplementedError

    def _readable(self) -> None:
        try:
            data, ancillary, _, sender = self._sock.recvmsg(65536, socket.CMSG_SPACE(_PKTINFO.size))
        except OSError:
            return
        told = next((value for level, kind, value in ancillary if kind == _IP_PKTINFO and level == 0), b"")
        if len(told) >= _PKTINFO.size:
            self.heard(data, socket.inet_ntoa(_PKTINFO.unpack(told[: _PKTINFO.size])[2]), sender)

    def alive(self, to: str) -> Iterator[tuple[str, SimDevice]]:
        """Yield whom a datagram reaches, with their addresses: all of the network, or who has the one address."""
        addresses = tuple(self._world.by_address) if to == self.GROUP else (to,)
        for address in addresses:
            for device in self._world.at(address):
                if not device.spec.behind and not device.dead():
                    yield address, device

    def answer(self, address: str, reply: bytes, to: tuple[str, int]) -> None:
        """Send a datagram that comes from an address of the lab."""
        source = [(socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, socket.inet_aton(address), bytes(4)))]
        try:
            self._sock.sendmsg([reply], source, 0, to)
        except OSError:
            return  # the one who asked is gone
