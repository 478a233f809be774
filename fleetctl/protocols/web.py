"""A device's own web pages behind a digest login: what the vendors' protocols share. Knows no vendor.

Hard rule: a credential that was rejected is never presented again, whatever is asked of the session later.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import sleep
from typing import ClassVar, Final

from fleetctl.errors import Refused, Unreachable, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols.digest import DigestAuth, challenge_in
from fleetctl.protocols.http import MAX_BODY, HttpClient, Response
from fleetctl.protocols.sessions import HttpSession, Key, Told
from fleetctl.protocols.upload import Upload

BACK_OFF_S: Final = (0.5, 1.0, 2.0)
UPLOAD_S: Final = 1800.0  # field facts, NVR and vendor protocols, 5.6: a recorder stores it while it takes it
LONGEST_LOCK_S: Final = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What a device says of its lock-out: seconds left (0.0: not how many; None: not locked), tries left."""

    seconds: float | None = None
    tries_left: int | None = None


def lock_seconds(told: object) -> float:
    """Return how long a device says it is locked: 0.0 for what is no possible time, a day at most."""
    try:
        seconds = float(str(told))
    except ValueError:
        return 0.0
    return min(seconds, LONGEST_LOCK_S) if seconds > 0 else 0.0


@dataclass(slots=True)
class Web:
    """One device, one login. `lock` asks the device, without the login, how its lock-out stands."""

    client: HttpClient
    auth: DigestAuth | None
    lock: Callable[[], Lock]
    proven_before: bool = False
    ended: Refused | Unreachable | None = field(default=None, init=False)

    @property
    def proven(self) -> bool:
        """Tell whether the device accepted the login in this session."""
        return self.auth is not None and self.auth.accepted

    @property
    def rejected(self) -> int:
        """Return how many presented logins the device rejected in this session."""
        return 0 if self.auth is None else int(self.auth.rejected)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Upload = b"",
        content_type: str = "",
        *,
        reading: bool,
        what: str,
        login: bool = True,
        max_body: int = MAX_BODY,
        timeout_s: float | None = None,
    ) -> Response:
        """Send one request and return the reply; `what` names it in messages, without anything secret.

        Raises Refused (the login, or that there is none), Unsupported (Basic only), Unreachable, BadAnswer.
        """
        if login and self.ended is not None:
            raise self.ended
        if not reading:
            self.client.close()  # a kept connection may be closed by now, and an order is sent but once
        auth = self.auth if login else None
        response = self.client.request(
            method,
            path,
            body,
            {"Content-Type": content_type} if content_type else None,
            auth=auth,
            repeatable=reading,
            max_body=max_body,
            timeout_s=timeout_s,
        )
        if response.status != 401 or not login:
            return response
        raise self._judged(response, what)

    def _judged(self, response: Response, what: str) -> Exception:
        """Return what a 401 means; one that says a presented login is wrong ends it for good."""
        auth = self.auth
        if auth is None:
            return Refused(f"{what}: the device asks for a login, and none is given")
        if not auth.presented:
            if challenge_in(response.all("WWW-Authenticate")) is None and response.all("WWW-Authenticate"):
                return Unsupported(
                    f"{what}: the device offers no digest login, and a password is not sent readable",
                    nearest="switch its web login to digest",
                )
            return Unreachable(f"{what}: the device refuses everybody (HTTP 401): out of connections?")
        lock = self.lock()
        if lock.seconds is not None:
            left = f"{lock.seconds:.0f} s left" if lock.seconds else "the device does not say how long"
            told = f"{what}: the account is locked out for now: {left}"
            return self._end(Refused(told, locked_s=lock.seconds))
        if auth.accepted:
            sleep(BACK_OFF_S[0])
            return self._end(
                Unreachable(
                    f"{what}: a login accepted a moment ago is refused now: out of connections, or changed meanwhile?"
                )
            )
        known = ", who was let in before: changed there, reset, or out of connections?" if self.proven_before else "."
        return self._end(
            Refused(
                f"{what}: wrong password for {auth.user!r}{known} Not retried, to spare the lock-out",
                credential=True,
                tries_left=lock.tries_left,
            )
        )

    def _end(self, error: Refused | Unreachable) -> Refused | Unreachable:
        self.ended = error
        return error


class WebSession(HttpSession[Key, Told]):
    """A session over a vendor's own pages. What differs is how the device is met, and what proves a login."""

    PROTOCOL: ClassVar[str]  # names the fact that the device speaks it
    NEVER_OPENED: ClassVar[str]  # what to tell of a device that waits for its first password

    def __init__(
        self, device: Device, client: HttpClient, password: str | None, access: Access, facts: Mapping[str, str]
    ) -> None:
        super().__init__(device, client, password, access, facts)
        self.inactive = False  # it has no password yet
        self.met = facts.get(self.PROTOCOL) == "yes"
        auth = None if password is None else DigestAuth(device.user, password)
        self._web = Web(client, auth, self._lock, proven_before=facts.get("login") == "proven")

    @abstractmethod
    def _first(self, *, login: bool) -> Response:
        """Ask for the page that every device of the kind has, and that it shows to whoever is logged in only."""

    def _lock(self) -> Lock:
        """Return what the device says of its lock-out, asked without the login."""
        return Lock()

    def _answers(self) -> bool:
        return self._first(login=False).status > 0

    def _file_sent(self, method: str, path: str, content: Upload, content_type: str, what: str) -> Response:
        """Send a file as an order; the challenge is asked for first, so that it goes but once. Returns the reply."""
        self._may(what, reading=False)
        if self._web.auth is not None:
            self._web.auth.challenged(self._first(login=False).all("WWW-Authenticate"))
        with self._anew():
            return self._web.request(method, path, content, content_type, reading=False, what=what, timeout_s=UPLOAD_S)

    @abstractmethod
    def _prove(self) -> None:
        """Read something with the login."""

    def prove(self) -> None:
        """Log in; raises Refused: `credential` when the login was rejected, else because there is none, or a lock."""
        if self.inactive:
            raise Refused(self.NEVER_OPENED)
        self._prove()
        if not self._web.proven:
            raise Refused("the device takes everybody without a login; the login cannot be proven")

    @property
    def credential_proven(self) -> bool:
        """True once the device accepted the login in this session."""
        return self._web.proven

    @property
    def rejected_logins(self) -> int:
        """Return how many presented logins the device rejected in this session: what the budget counts."""
        return self._web.rejected

    def facts(self) -> dict[str, str]:
        """Return what the next session with this device may start from; holds no secret."""
        told = {self.PROTOCOL: "yes" if self.met else ""}
        return told if self.client.keep_alive else {**told, self.KEEP_ALIVE: "no"}
