"""What makers take as a password and how their devices lock logins out: data of the drivers."""

from __future__ import annotations

import enum
import string
from dataclasses import dataclass
from typing import Final

CLASSES: Final = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
"""Upper case, lower case, digits; all else is the fourth class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What a maker's firmware takes as a password.

    `classes` of the four (upper case, lower case, digits, all else) must be in it; `forbidden` are characters that are
    refused, or that no request of its can carry; a `run` of so many neighbours that are the same or follow one another
    (aaa, abc, 321) is refused, 0: any is taken.
    """

    least: int = 8
    most: int = 32
    classes: int = 2
    forbidden: str = ""
    run: int = 0
    user_in_it: bool = True  # whether the user name may be part of it
    user_backwards: bool = True  # whether the user name backwards may

    def breaches(self, password: str, user: str = "") -> tuple[str, ...]:
        """Return what of the policy a password breaks, in words that do not show it; () for one that is taken."""
        low, name = password.lower(), user.lower()
        told = (
            (len(password) < self.least, f"shorter than {self.least} characters"),
            (len(password) > self.most, f"longer than {self.most} characters"),
            (classes_of(password) < self.classes, f"fewer than {self.classes} classes of characters"),
            (bool(set(password) & set(self.forbidden)), "a character that its maker does not take"),
            (bool(self.run) and has_run(low, self.run), "neighbours that are the same or follow one another"),
            (not self.user_in_it and bool(name) and name in low, "the user name is in it"),
            (not self.user_backwards and bool(name) and name[::-1] in low, "the user name is in it backwards"),
        )
        return tuple(reason for broken, reason in told if broken)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLock:
    """How a maker's devices lock logins out, where the device itself does not say otherwise.

    After `refusals` refused logins nobody is let in for `lock_s` seconds: nobody from this address, or (`account`)
    nobody with this account, wherever they come from. `refusals` 0: they never do.
    """

    refusals: int = 5
    lock_s: float = 1800.0
    account: bool = False


USUAL_POLICY: Final = PasswordPolicy()
USUAL_LOCK: Final = LoginLock()
"""The strictest that is known, for makers that do not tell theirs."""


class Trouble(enum.StrEnum):
    """What may be wrong with a password; the worst first."""

    MISSING = "missing"  # there is no password of the account that fleetctl logs in with
    DEFAULT = "default"  # some maker delivers devices with it
    SHARED = "shared"  # another account or device has it, too
    WEAK = "weak"
    PREPARED = "prepared"  # a next password was prepared and never promoted: it may be live
    REFUSED = "refused"  # the device refused it the last time
    UNPROVEN = "unproven"  # no login with it was ever accepted
    OLD = "old"


def classes_of(password: str) -> int:
    """Return how many of the four classes of characters a password has."""
    known = sum(any(letter in kind for letter in password) for kind in CLASSES)
    return known + any(not any(letter in kind for kind in CLASSES) for letter in password)


def has_run(word: str, length: int) -> bool:
    """Tell whether `length` neighbours are the same or follow one another up or down."""
    for at in range(len(word) - length + 1):
        steps = {ord(after) - ord(before) for before, after in zip(word[at:], word[at + 1 : at + length], strict=False)}
        if len(steps) == 1 and steps <= {-1, 0, 1}:
            return True
    return False
