"""How a console is reached, again and again with the same login; its host key, taken in once and checked ever after."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from fleetctl.errors import Refused, Unreachable
from fleetctl.model import Device
from fleetctl.protocols import hostkeys
from fleetctl.protocols.sockets import Dial, dialled
from fleetctl.protocols.ssh import console, platforms
from fleetctl.protocols.ssh.platforms import Platform
from fleetctl.protocols.upload import Upload


def shown_key(device: Device, known_hosts: str) -> Any:
    """Return the host key that a device shows, without a login; raises Unreachable, Refused (a relay)."""
    return Line(device, platforms.of(device), known_hosts, None, "", "").shown_key()


class Line:
    """How the console is reached, again and again with the same login."""

    def __init__(
        self, device: Device, platform: Platform, known_hosts: str, dial: Dial | None, password: str, enable: str
    ) -> None:
        self.device, self._platform, self._known_hosts, self._dial = device, platform, known_hosts, dial
        self._password, self._enable = password, enable
        self.where = f"{device.name} ({device.endpoint.address})"

    def __repr__(self) -> str:
        return f"Line({self.where})"

    def pin(self, adopting: str) -> None:
        """Take in the host key where that is what is asked for; raises Refused where none is on record."""
        name = self.device.name
        if adopting == "replace" or (adopting and not hostkeys.known(self._known_hosts, name)):
            hostkeys.pin(self._known_hosts, name, self.shown_key())
        elif not hostkeys.known(self._known_hosts, name):
            raise Refused(f"{self.where} has no SSH host key on record. Run: fleetctl adopt --limit {name}")

    def socket(self) -> socket.socket:
        """Return a connection; raises Unreachable, Refused (a relay)."""
        point = self.device.endpoint
        dial = self._dial or dialled
        if point.via and self._dial is None:
            from fleetctl.protocols import tunnel

            dial = tunnel.dial_for(point.via, self._known_hosts)
        try:
            sock = dial(point.address, point.ssh_port, point.timeout_s)
        except OSError as error:
            raise Unreachable(f"{self.where}: no connection to port {point.ssh_port}: {error or 'time-out'}") from error
        with suppress(OSError):  # a tunnel's end is no TCP socket
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # lines are short, and each waits for one
        return sock

    def shown_key(self) -> Any:
        """Return the host key that the device shows, without a login; raises Unreachable."""
        import paramiko

        transport = None
        try:
            transport = paramiko.Transport(self.socket())
            transport.start_client(timeout=self.device.endpoint.timeout_s)
            return transport.get_remote_server_key()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(f"{self.where}: SSH does not answer: {error}") from error
        finally:
            if transport is not None:
                transport.close()

    def open(self) -> console.Console:
        """Return a console that is logged in."""
        sock = self.socket()
        try:
            return console.opened(
                self._platform,
                self.where,
                alias=self.device.name,
                sock=sock,
                user=self.device.user,
                password=self._password,
                enable=self._enable,
                known_hosts=self._known_hosts,
                timeout_s=self.device.endpoint.timeout_s,
            )
        except BaseException:
            sock.close()
            raise

    def copy(self, path: str, body: Upload) -> None:
        """Copy a file there, over a connection of its own; raises as `scp.put`."""
        from fleetctl.protocols.ssh import scp

        sock = self.socket()
        try:
            scp.put(
                sock,
                self.where,
                alias=self.device.name,
                user=self.device.user + self._platform.login_suffix,
                password=self._password,
                known_hosts=self._known_hosts,
                timeout_s=self.device.endpoint.timeout_s,
                path=path,
                body=body,
            )
        finally:
            sock.close()

    def fingerprint(self) -> str:
        """Return the fingerprint of the host key on record."""
        return hostkeys.known(self._known_hosts, self.device.name)
