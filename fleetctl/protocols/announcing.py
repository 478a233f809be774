"""What answers a question over UDP: asked at a measured pace, taken in within bounds. Knows no protocol's words.

What comes is believed as little as possible: the address is the sender's, never the one it writes about itself.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Final

from fleetctl.errors import Unreachable

MAX_FOUND: Final = 4096
"""Devices after which nothing more is taken in: a flood of answers ends there."""

PACE: Final = 200
"""Datagrams in a second: a probe is 700 bytes, so that a site's line of 2 Mb/s keeps half of itself."""

ROUND_S: Final = 0.6
"""Between two questions to all: devices spread their answers over half a second (APP_MAX_DELAY of WS-Discovery)."""

_REPEATS: Final = 3  # UDP loses
_AT_ONCE: Final = 1024  # datagrams that are held unread by us: 16 MB at worst
_LONGEST: Final = 64  # characters of a name that is believed
_MAX_ANSWERS: Final = 4 * MAX_FOUND  # of which most may be doubled, or nonsense
_MAX_DATAGRAM: Final = 16 * 1024  # an announcement has 1 to 3 KB
_BUFFER: Final = 4 * 1024 * 1024  # all of a network answers a multicast within half a second

Question = tuple[bytes, str]
"""What is sent, and the address to send it to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a maker's device tells everybody of itself. `factory_new` is None where it does not say."""

    address: str  # the sender's
    vendor: str
    own_address: str = ""  # what it writes as its own
    port: int = 80
    model: str = ""
    serial_number: str = ""
    mac_address: str = ""
    firmware: str = ""
    factory_new: bool | None = None
    recorder: bool | None = None


@contextlib.contextmanager
def asking(interface: str = "", *, group: str = "", port: int = 0) -> Iterator[socket.socket]:
    """Give a socket for questions. `interface` is an own address ("": the system's choice).

    With a `group` answers to that group are heard too, on its `port` where that is free. Raises OSError.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        if interface:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        if group:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):  # the maker's own tool has it: what comes to us alone is heard
                sock.bind(("", port))
            member = socket.inet_aton(group) + socket.inet_aton(interface or "0.0.0.0")  # noqa: S104 -- any interface
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        elif interface:
            sock.bind((interface, 0))
        yield sock


def answers(
    sock: socket.socket,
    questions: Iterator[Question | None],
    port: int,
    wait_s: float,
    enough: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[str, bytes]]:
    """Send the questions at `PACE` and yield (sender, datagram) of what comes until `wait_s` after the last one.

    None among the questions is a pause in which all that were asked by one multicast have answered. Ends early when
    `enough` says so. Raises OSError where not one question can be sent.
    """
    sent, failed = 0, None
    taken = 0
    due = monotonic()
    end: float | None = None
    while taken < _MAX_ANSWERS and not enough():
        now = monotonic()
        if end is None and now >= due:
            try:
                question = next(questions)
            except StopIteration:
                end = now + wait_s
                if failed is not None and not sent:
                    raise failed from None
            else:
                due = max(due, now - 0.1) + (1 / PACE if question is not None else ROUND_S)
                if question is not None:
                    try:
                        sock.sendto(question[0], (question[1], port))
                        sent += 1
                    except OSError as error:
                        failed = error
        left = (due if end is None else end) - monotonic()
        if end is not None and left <= 0:
            return
        for answer in _drained(sock, max(0.0, left)):
            taken += 1
            yield answer
            if enough():
                return


def _drained(sock: socket.socket, within_s: float) -> list[tuple[str, bytes]]:
    """Return what waits to be read, taken in before any of it is looked at: the system keeps a few hundred KB only."""
    found: list[tuple[str, bytes]] = []
    while len(found) < _AT_ONCE and select.select([sock], [], [], 0.0 if found else within_s)[0]:
        try:
            told, sender = sock.recvfrom(_MAX_DATAGRAM)
        except OSError:  # one of those asked has nobody at that port
            continue
        found.append((str(sender[0]), told))
    return found


def announced(
    what: str,
    question: bytes,
    read: Callable[[bytes, str], Announced | None],
    *,
    group: str,
    interface: str,
    port: int,
    wait_s: float,
    aloud: bool = False,
) -> tuple[Announced, ...]:
    """Ask a group, and return each device that answers once: known by its MAC address, else by address and serial.

    `what` names the protocol; `aloud`: devices answer the whole group. Raises Unreachable when nothing can be sent.
    """
    found: dict[str, Announced] = {}
    questions: Iterator[Question | None] = iter([(question, group), None] * _REPEATS)
    try:
        with asking(interface, group=group if aloud else "", port=port) as sock:
            for address, told in answers(sock, questions, port, wait_s, lambda: len(found) >= MAX_FOUND):
                if (one := read(told, address)) is not None:
                    found.setdefault(one.mac_address or f"{address} {one.serial_number}", one)
    except OSError as error:
        raise Unreachable(f"{what}: nobody can be asked from here: {error.strerror or error}") from error
    return tuple(found.values())


def short(told: str) -> str:
    """Return a name as far as it is believed."""
    return "".join(c for c in told if c.isprintable()).strip()[:_LONGEST]
