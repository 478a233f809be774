"""Every error fleetctl raises on purpose; a leaf is named by what the caller may do.

FleetctlError
├── UsageError        correct the command line                     exit 2
│   └── InventoryError    edit the file (carries every Fault)      exit 2
├── Unreachable       try later                                    exit 4
├── Refused           do not try again: credential or permission   exit 1
├── Unsupported       leave it: the device cannot                  exit 0
├── Stale             plan again: the device moved since the plan  exit 1
├── BadAnswer         the device answered nonsense (bytes kept)    exit 1
├── Rejected          the device said no to this request (fault)   exit 1
├── Busy              another operator or writer holds the lock    exit 1
├── NotRecorded       the store cannot be written (a full disk)    exit 1
├── VaultError        the vault cannot be opened or written        exit 2
└── Interrupted       a person or the stop rule ended the run      exit 130
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class FleetctlError(Exception):
    """Base of all; `str(error)` says what, where and how to mend."""


class UsageError(FleetctlError):
    """The command cannot be meant as it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a file: `file:line:column: reason. Mend: mend`."""

    file: str
    line: int
    column: int
    reason: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self._said()}"

    def _said(self) -> str:
        stop = "" if self.reason.endswith((".", "?", "!")) else "."
        return self.reason + (f"{stop} Mend: {self.mend}" if self.mend else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFault(Fault):
    """One thing wrong in a spreadsheet: `file, sheet, C7: reason. Mend: mend`."""

    sheet: str = ""

    def __str__(self) -> str:
        letters, left = "", self.column
        while left:
            left, digit = divmod(left - 1, 26)
            letters = chr(ord("A") + digit) + letters
        place = ", ".join(part for part in (self.file, self.sheet, f"{letters}{self.line}") if part)
        return f"{place}: {self._said()}"


class InventoryError(UsageError):
    """The inventory cannot be meant as it stands; `faults` holds all of them at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[type[InventoryError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class Unreachable(FleetctlError):
    """No answer within the bound of time, or no route, or the connection broke."""


class Refused(FleetctlError):
    """A credential was presented and rejected, or it may not do this; never retried.

    `credential` is True when the login itself was rejected (it cost one of the device's tries),
    False when the login is good but lacks the right, or when the device is locked or another device. `tries_left` is
    how many more it says it would reject before it locks, `locked_s` for how long it is locked (0.0: it does not say);
    None where neither is so. `of_enable`: the login is good, the secret of the console's privileged mode is not.
    """

    def __init__(
        self,
        message: str,
        *,
        credential: bool = False,
        tries_left: int | None = None,
        locked_s: float | None = None,
        of_enable: bool = False,
    ) -> None:
        super().__init__(message)
        self.credential = credential
        self.of_enable = of_enable
        self.tries_left = tries_left
        self.locked_s = locked_s

    @property
    def of_login(self) -> bool:
        """Whether the login itself was turned away: no further request with it makes sense."""
        return self.credential or self.locked_s is not None


class Unsupported(FleetctlError):
    """The device does not offer this; `nearest` says what it could do instead."""

    def __init__(self, message: str, *, nearest: str = "") -> None:
        super().__init__(message)
        self.nearest = nearest


class Stale(FleetctlError):
    """The device is no longer as the plan saw it."""


class BadAnswer(FleetctlError):
    """The device answered, but not so that one can tell; `raw` keeps the first bytes of it."""

    def __init__(self, message: str, *, raw: bytes = b"") -> None:
        super().__init__(message)
        self.raw = raw[:4096]


class Rejected(FleetctlError):
    """The device understood the request and said no; `code` is the protocol's own (a SOAP subcode)."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Busy(FleetctlError):
    """Another operator, process or writer holds what this command needs, or a bundle of the site is out."""


class NotRecorded(FleetctlError):
    """The store cannot be read or written: its disk is full, or fails; what a run has found by then is told."""


class VaultError(FleetctlError):
    """The vault cannot be opened, read or written; nothing was sent.

    `missing` is True when the vault is well and holds no such secret.
    """

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class Interrupted(FleetctlError):
    """The run was ended before its work was done; what was done is in the journal."""
