"""Lets a machine reach the lab: sockets that listen inside its network namespace and go on to loopback outside."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.hosts.machines import Machine

_CLONE_NEWNET = 0x40000000
Address = tuple[str, int]


@contextlib.contextmanager
def relayed(machine: Machine, ways: Mapping[Address, Address]) -> Iterator[None]:
    """Let the machine reach each address (given to its own loopback) at the other address on this side."""
    for host in sorted({host for host, _ in ways}):
        command = ["ip", "-n", machine.namespace, "address", "add", f"{host}/32", "dev", "lo"]
        subprocess.run(command, check=False, capture_output=True)  # it may have it already
    listening = _listening(machine.namespace, tuple(ways))
    for sock, way in zip(listening, ways, strict=True):
        threading.Thread(target=_accept, args=(sock, ways[way]), daemon=True).start()
    try:
        yield
    finally:
        for sock in listening:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


def _listening(namespace: str, addresses: tuple[Address, ...]) -> list[socket.socket]:
    """Make the sockets in a thread that enters the namespace and ends there; the sockets stay in it."""
    made: list[socket.socket] = []

    def making() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with (Path("/run/netns") / namespace).open() as file:
            if libc.setns(file.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        made.extend(socket.create_server(address, backlog=16) for address in addresses)

    thread = threading.Thread(target=making)
    thread.start()
    thread.join()
    assert len(made) == len(addresses), f"{namespace}: the relay could not listen"
    return made


def _accept(listening: socket.socket, target: Address) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _ = listening.accept()
            try:
                far = socket.create_connection(target, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(a, b), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
