"""SSH tunnels to sites behind a relay: one connection per relay and process, as many TCP streams as needed.

Only public-key logins (agent or the usual key files). A relay whose host key is not on record is refused.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

import paramiko

from fleetctl.errors import FleetctlError, Refused, Unreachable, UsageError
from fleetctl.model import Device
from fleetctl.protocols import hostkeys
from fleetctl.protocols.hostkeys import HostKey, fingerprint

CONNECT_S: Final = 15.0
KEEPALIVE_S: Final = 30
IDLE_S: Final = 300.0  # a stream in which nothing moves that long is closed
REST_S: Final = 5.0  # how long a relay that did not answer is left alone
_PIECE: Final = 32 * 1024
_VIA: Final = re.compile(
    r"(?P<user>[^@\s]+)@(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^@:\s\[\]]+))(?::(?P<port>\d{1,5}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """An SSH host that reaches what we cannot: `user@host[:port]`."""

    user: str
    host: str
    port: int = 22

    @property
    def known_as(self) -> str:
        """Return the relay's name in a known_hosts file."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"


def relay(via: str) -> Relay:
    """Read `user@host[:port]`; raises UsageError."""
    found = _VIA.fullmatch(via.strip())
    if found is None or not 0 < int(found["port"] or 22) < 65536:
        raise UsageError(f"site_via: {via!r} is not user@host or user@host:port")
    return Relay(user=found["user"], host=found["six"] or found["host"], port=int(found["port"] or 22))


class Tunnel:
    """One relay. `dial` gives sockets that end at the far side; safe to use from many threads."""

    def __init__(self, via: Relay, known_hosts: str) -> None:
        self.relay, self._known_hosts = via, known_hosts
        self._lock = threading.Lock()
        self._client: paramiko.SSHClient | None = None
        self._failed: FleetctlError | None = None
        self._failed_at = 0.0

    def dial(self, address: str, port: int, timeout_s: float) -> socket.socket:
        """Return a socket to address:port as the relay sees them.

        Raises Unreachable, Refused (the relay's key or our login, or it forwards nothing), OSError, TimeoutError.
        """
        transport = self._transport(timeout_s)
        try:
            channel = transport.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=timeout_s)
        except paramiko.ChannelException as error:
            if error.code == 1:
                raise Refused(f"the relay {self.relay.host} does not forward to {address}:{port}") from error
            raise OSError(None, f"the relay {self.relay.host} gets no connection to {address}:{port}") from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            if "timeout" in str(error).lower():
                raise TimeoutError from error
            raise Unreachable(f"the relay {self.relay.host} broke the connection: {error}") from error
        channel.settimeout(IDLE_S)
        near, far = socket.socketpair()
        for pump in (_outward, _inward):
            threading.Thread(target=pump, args=(far, channel), name=f"tunnel {address}:{port}", daemon=True).start()
        return near

    def open(self, timeout_s: float) -> None:
        """Connect, unless that was done; raises Unreachable, Refused."""
        self._transport(timeout_s)

    def close(self) -> None:
        """Close the connection and every stream in it."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _transport(self, timeout_s: float) -> paramiko.Transport:
        with self._lock:
            transport = self._client.get_transport() if self._client is not None else None
            if transport is not None and transport.is_active():
                return transport
            resting = monotonic() - self._failed_at < REST_S
            if self._failed is not None and (resting or isinstance(self._failed, Refused)):
                raise self._failed
            try:
                return self._connected(min(timeout_s, CONNECT_S))
            except FleetctlError as error:
                self._failed, self._failed_at = error, monotonic()
                raise

    def _connected(self, timeout_s: float) -> paramiko.Transport:
        client, where = paramiko.SSHClient(), f"the relay {self.relay.user}@{self.relay.known_as}"
        client.set_missing_host_key_policy(_Unknown())
        try:
            with contextlib.suppress(FileNotFoundError):
                client.load_host_keys(self._known_hosts)
            client.connect(
                self.relay.host,
                self.relay.port,
                self.relay.user,
                timeout=timeout_s,
                banner_timeout=timeout_s,
                auth_timeout=timeout_s,
            )
        except paramiko.BadHostKeyException as error:
            raise Refused(
                f"{where} shows another host key ({fingerprint(error.key)}) than the one on record "
                f"({fingerprint(error.expected_key)}): reinstalled, or someone in between. Ask who runs it, then "
                f"remove its line from {self._known_hosts} and accept the new key"
            ) from error
        except paramiko.AuthenticationException as error:
            raise Refused(f"{where} does not take our key: put the public key into its authorized_keys") from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(f"{where} cannot be reached: {str(error) or type(error).__name__}") from error
        finally:
            if client.get_transport() is None or not client.get_transport().is_authenticated():  # type: ignore[union-attr]
                client.close()
        transport = client.get_transport()
        if transport is None:
            raise Unreachable(f"{where} closed the connection")
        transport.set_keepalive(KEEPALIVE_S)
        self._client, self._failed = client, None
        return transport


class _Unknown(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, _client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise Refused(
            f"the host key of the relay {hostname} is not on record; it shows {key.get_name()} {fingerprint(key)}. "
            "Compare it with the relay's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then accept it"
        )


def _outward(far: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        while piece := far.recv(_PIECE):
            channel.sendall(piece)
    _end(channel)  # HTTP and TLS clients do not close one half only


def _inward(far: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        while piece := channel.recv(_PIECE):
            far.sendall(piece)
    # The far side ended, or we did: either way nobody reads any more what would still be sent.
    with contextlib.suppress(OSError):
        far.shutdown(socket.SHUT_RDWR)
    far.close()
    _end(channel)


def _end(channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):  # the link itself may have gone first
        channel.close()


# --- one tunnel per relay and process -------------------------------------------------------------

_tunnels: dict[tuple[int, Relay, str], Tunnel] = {}
_tunnels_lock = threading.Lock()


def dial_for(via: str, known_hosts: str) -> Callable[[str, int, float], socket.socket]:
    """Return the dial of the relay `user@host[:port]`; its connection is made when it is first used, and shared."""
    return _shared(via, known_hosts).dial


def reach(via: str, known_hosts: str) -> None:
    """Connect to a relay now; raises Unreachable, Refused (its key or our login), UsageError."""
    _shared(via, known_hosts).open(CONNECT_S)


def _shared(via: str, known_hosts: str) -> Tunnel:
    key = (os.getpid(), relay(via), known_hosts)  # a forked process has none of its parent's connections
    with _tunnels_lock:
        return _tunnels.setdefault(key, Tunnel(key[1], known_hosts))


@atexit.register
def close_all() -> None:
    """Close every tunnel of this process."""
    with _tunnels_lock:
        for (pid, _, _), tunnel in _tunnels.items():
            if pid == os.getpid():
                tunnel.close()
        _tunnels.clear()


# --- the relay's own key ---------------------------------------------------------------------------


def shown_key(via: str, timeout_s: float = CONNECT_S) -> HostKey:
    """Ask a relay for its host key, without logging in; raises Unreachable."""
    there = relay(via)
    return hostkeys.shown(
        there.known_as, lambda: socket.create_connection((there.host, there.port), timeout=timeout_s), timeout_s
    )


# --- devices that speak SSH --------------------------------------------------------------------------


def ssh_to(device: Device, known_hosts: str) -> socket.socket:
    """Return a connection to a device's SSH port, through its relay where it has one; raises OSError, Unreachable."""
    end = device.endpoint
    if end.via:
        return dial_for(end.via, known_hosts)(end.address, end.ssh_port, end.timeout_s)
    return socket.create_connection((end.address, end.ssh_port), timeout=end.timeout_s)


def shown_by(device: Device, known_hosts: str) -> HostKey:
    """Ask a device for its host key, known by its name, without logging in; raises Unreachable."""
    return hostkeys.shown(device.name, lambda: ssh_to(device, known_hosts), device.endpoint.timeout_s)
