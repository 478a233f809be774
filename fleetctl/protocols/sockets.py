"""Sockets with bounds: connected within a time, read until a deadline and not beyond a number of bytes."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from time import monotonic
from typing import Final

Dial = Callable[[str, int, float], socket.socket]

MAX_HEAD: Final = 64 * 1024


class TooLong(Exception):
    """More bytes came than the exchange may have."""


class Reader(io.RawIOBase):
    """A socket's bytes until the deadline, and not more than the budget; also the socket http.client asks for."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock, self.deadline = sock, deadline
        self.received, self.budget, self.in_head = 0, MAX_HEAD, True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is wider
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        received = self.sock.recv_into(buffer)
        if not received and self.in_head:
            raise ConnectionResetError("it ended before its answer began")
        self.received += received
        if self.received > self.budget:
            raise TooLong
        return received

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, 16 * 1024)


def dialled(address: str, port: int, timeout_s: float) -> socket.socket:
    """Return a TCP connection made within the timeout, names that have several addresses included; raises OSError."""
    deadline, problem = monotonic() + timeout_s, OSError("the name has no address")
    for family, kind, protocol, _, target in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM):
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(left)
            sock.connect(target)
        except OSError as error:
            sock.close()
            problem = error
            continue
        return sock
    raise problem
