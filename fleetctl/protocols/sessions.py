"""What the sessions over HTTP share: opening and closing, what is remembered, what may be sent. Knows no protocol."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final, Generic, TypeVar

from fleetctl.errors import BadAnswer, Unreachable
from fleetctl.model import Access, Device
from fleetctl.protocols.closing import Closing
from fleetctl.protocols.http import HttpClient
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.sockets import Dial

MAX_PICTURE: Final = 16 * 1024 * 1024  # bytes of a still picture
MAX_FILE: Final = 16 * 1024 * 1024  # bytes of a configuration that a device gives as a whole

Key = TypeVar("Key")
Told = TypeVar("Told")
Opened = TypeVar("Opened", bound="HttpSession[Any, Any]")


class HttpSession(Closing, Generic[Key, Told]):
    """One device, one login, one thread. Made by `connect`; a context manager."""

    KEEP_ALIVE: ClassVar[str]  # the fact that says "no" of a device which closes kept connections without a word

    def __init__(
        self, device: Device, client: HttpClient, password: str | None, access: Access, facts: Mapping[str, str]
    ) -> None:
        del password, facts  # each protocol's own
        self.device, self.access, self.client = device, access, client
        self.met = False  # what answers is known to speak this protocol
        self._memo: dict[Key, Told] = {}
        self._identity: Identity | None = None

    @classmethod
    def connect(
        cls: type[Opened],
        device: Device,
        *,
        password: str | None,
        access: Access,
        facts: Mapping[str, str] | None = None,
        known_hosts: str = "",
        dial: Dial | None = None,
    ) -> Opened:
        """Find out without a login that the device speaks the protocol, and return the session.

        `password` None is anonymous. `facts` is what `facts()` gave the last time, and `login: proven` where this very
        password was accepted before, which a refusal then tells: it counts all the same.
        `known_hosts` is the file with the keys of SSH relays; a device with `via` is reached through its relay only.
        `dial` carries it another way.
        Raises Unreachable, BadAnswer, Unsupported (it does not speak it there), Refused (certificate, relay).
        """
        known = facts or {}
        client = client_of(device, known_hosts, dial, keep_alive=known.get(cls.KEEP_ALIVE) != "no")
        session = cls(device, client, password, access, known)
        try:
            if not session.met or password is None:
                session.meet()
        except BaseException:
            session.close()
            raise
        return session

    @abstractmethod
    def meet(self) -> None:
        """Make the first contact, without a login; `connect` does it."""

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def forget(self) -> None:
        """Forget what was read: the next reads ask the device again."""
        self._memo.clear()

    @contextmanager
    def _anew(self) -> Iterator[None]:
        """Forget before and after: what is sent within may change anything."""
        self._memo.clear()
        try:
            yield
        finally:
            self._memo.clear()

    def _may(self, what: str, *, reading: bool) -> None:
        """Raise PermissionError for an order in a READ session."""
        if not reading and self.access is not Access.WRITE:
            raise PermissionError(f"{what} writes, and this session only reads")

    def alive(self) -> bool:
        """Tell whether the device answers now, asked without its login."""
        try:
            return self._answers()
        except (Unreachable, BadAnswer):
            return False

    @abstractmethod
    def _answers(self) -> bool:
        """Ask without the login."""


def client_of(device: Device, known_hosts: str, dial: Dial | None, *, keep_alive: bool) -> HttpClient:
    """Return the HTTP client of a device; one with `via` is reached through its relay only."""
    point = device.endpoint
    if point.via and dial is None:
        from fleetctl.protocols import tunnel  # paramiko costs 15 MB: only where there is a relay

        dial = tunnel.dial_for(point.via, known_hosts)
    return HttpClient(
        point.address,
        point.port,
        scheme=point.scheme,
        timeout_s=point.timeout_s,
        ca_file=point.tls_ca_file,
        fingerprint=point.tls_fingerprint,
        dial=dial,
        keep_alive=keep_alive,
    )
