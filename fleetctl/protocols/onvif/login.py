"""The login of one device in one session: which way it is presented, and how often it was refused.

Hard rule: a credential that was rejected is never presented again, whatever is asked of the session later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetctl.errors import Refused, Unreachable
from fleetctl.protocols.digest import DigestAuth


@dataclass(slots=True)
class Login:
    """`scheme` is "wsse", "digest", "open" (takes everybody) or "" while nobody knows.

    `ended` ends every later attempt.
    """

    user: str
    password: str = field(repr=False)
    scheme: str = ""
    digest: DigestAuth = field(init=False, repr=False)
    pictures: DigestAuth = field(init=False, repr=False)  # plain GETs have a realm of their own
    wsse_accepted: bool = False  # for an operation which the device refuses without a login
    wsse_rejected: int = 0
    changed: bool = False  # the scheme was changed after a presentation
    ended: Refused | Unreachable | None = None

    def __post_init__(self) -> None:
        self.digest = DigestAuth(self.user, self.password)
        self.pictures = DigestAuth(self.user, self.password)

    @property
    def proven(self) -> bool:
        """Tell whether the device took the login in this session where it takes nobody without one."""
        return self.wsse_accepted or self.digest.accepted

    @property
    def rejected(self) -> int:
        """Return how many presentations the device rejected."""
        return self.wsse_rejected + self.digest.rejected + self.pictures.rejected

    def ready(self) -> None:
        """Raise what ended this login, if something did: nothing is sent with it any more."""
        if self.ended is not None:
            raise self.ended

    def end(self, error: Refused | Unreachable) -> Refused | Unreachable:
        """Note for good that this login is not presented again, and return the error."""
        self.ended = error
        return error

    def fact(self) -> str:
        """Return what to remember of the way in: wsse, digest-md5, digest-sha256, none, or "" if nothing is sure."""
        if self.ended is not None:
            return ""
        if self.scheme == "digest":
            return self.digest.scheme
        return {"wsse": "wsse", "open": "none"}.get(self.scheme, "")
