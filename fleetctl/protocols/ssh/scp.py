"""One file to a console over SCP: a connection of its own, the host key checked, the file never whole in memory.

Source: scp's protocol as OpenSSH's scp.c has it (`scp -t`): a line `C0644 SIZE NAME`, the bytes, a zero; each answered
by a zero, or by 1 or 2 and a line that says what is wrong.
"""

from __future__ import annotations

import socket
from typing import Any, Final

import paramiko

from fleetctl.errors import FleetctlError, Refused, Rejected, Unreachable
from fleetctl.protocols.upload import Upload

_LINE: Final = 1000


def put(
    sock: socket.socket,
    where: str,
    *,
    alias: str,
    user: str,
    password: str,
    known_hosts: str,
    timeout_s: float,
    path: str,
    body: Upload,
) -> None:
    """Send a file; raises Refused (host key, login), Rejected (it takes no file, or not this one), Unreachable."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        client.load_host_keys(known_hosts)
        client.connect(
            alias,
            username=user,
            password=password,
            sock=sock,
            look_for_keys=False,
            allow_agent=False,
            timeout=timeout_s,
            banner_timeout=timeout_s,
            auth_timeout=timeout_s,
        )
        transport = client.get_transport()
        if transport is None:
            raise EOFError("closed by the switch")
        channel = transport.open_session(timeout=timeout_s)
        channel.settimeout(timeout_s)
        channel.exec_command(f"scp -t {path}")
        _sent(channel, where, path.rpartition("/")[2].rpartition(":")[2], body)
    except FleetctlError:
        raise
    except paramiko.BadHostKeyException as error:
        raise Refused(f"{where}: it shows another SSH host key than the one on record. Nothing was sent") from error
    except paramiko.AuthenticationException as error:
        raise Refused(f"{where}: SSH refuses the login of {user}. Not retried", credential=True) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Unreachable(f"{where}: the copy broke off: {str(error) or type(error).__name__}") from error
    finally:
        client.close()


def _sent(channel: Any, where: str, name: str, body: Upload) -> None:
    _answered(channel, where)
    channel.sendall(f"C0644 {body.size} {name}\n".encode("ascii"))
    _answered(channel, where)
    for piece in body.pieces():
        channel.sendall(piece)
    channel.sendall(b"\0")
    _answered(channel, where)


def _answered(channel: Any, where: str) -> None:
    """Read the answer to one step; what is not a zero says no."""
    told = channel.recv(1)
    if told == b"\0":
        return
    line = told
    while len(line) < _LINE and not line.endswith(b"\n") and (more := channel.recv(1)):
        line += more
    text = line.lstrip(b"\1\2").decode("utf-8", "replace").strip()
    if not text:
        raise EOFError("closed by the switch")
    raise Rejected(f"{where}: it takes no file over SCP: {text[:200]}", code="scp")
