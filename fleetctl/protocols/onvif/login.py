"""The login of one device in one session: which way it is presented, and how often it was refused.

Hard rule: a credential that was rejected is never presented again, whatever is asked of the session later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetctl.errors import Refused
from fleetctl.protocols.digest import DigestAuth


@dataclass(slots=True)
class Login:
    """`scheme` is "wsse" or "digest", "" while nobody knows; `refusal` ends every later attempt."""

    user: str
    password: str = field(repr=False)
    scheme: str = ""
    digest: DigestAuth = field(init=False, repr=False)
    proven: bool = False  # accepted in this session, for an operation that asks for a login
    wsse_presented: int = 0
    wsse_rejected: int = 0
    refusal: Refused | None = None

    def __post_init__(self) -> None:
        self.digest = DigestAuth(self.user, self.password)

    @property
    def rejected(self) -> int:
        """Return how many presentations the device rejected."""
        return self.wsse_rejected + self.digest.rejected

    def ready(self) -> None:
        """Raise the earlier refusal, if there was one: nothing is sent any more with this login."""
        if self.refusal is not None:
            raise self.refusal

    def refuse(self, message: str, *, credential: bool) -> Refused:
        """Note the refusal for good and return it."""
        self.refusal = Refused(message, credential=credential)
        return self.refusal

    def fact(self) -> str:
        """Return what to remember of the way in: "wsse", "digest-md5", "digest-sha256", or "" if nothing is sure."""
        if self.scheme == "digest":
            return self.digest.scheme
        return self.scheme
