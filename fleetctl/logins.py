"""The login budget: which login may be tried at a device now. Kept across commands, by device and by address."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final, NamedTuple

from fleetctl.database import Database
from fleetctl.machine import Process
from fleetctl.model import LoginLock
from fleetctl.model.passwords import USUAL_LOCK

TRIES: Final = 2
"""Refusals of one password after which no command tries it again by itself: the first, and one after the lock."""

SPARED: Final = 2
"""How many of the refusals that a device allows before it locks are left to people and to its recorder."""

LAST: Final = 1
"""How many are left when it is to be settled which password of an account is live: its recorder rests, or has another.

Of all that `SPARED` leaves it takes one more, so that what was killed again and again still ends.
"""


class Budget(NamedTuple):
    """Whether a login may be tried: `barred` is "" when it may; `proven` when it was accepted the last time."""

    barred: str
    proven: bool


def moment(seconds: float) -> datetime:
    """Return a stored time as a time of day with zone."""
    return datetime.fromtimestamp(seconds, UTC)


class Logins(Database):
    """What became of logins: of each password, by its fingerprint, and of each device and address as a whole."""

    def may_try(
        self,
        device: str,
        account: str,
        fingerprint: str,
        now: float | None = None,
        *,
        address: str = "",
        lock: LoginLock = USUAL_LOCK,
        spared: int = SPARED,
    ) -> Budget:
        """Return whether this password may be presented to the device now.

        A refused one is not, nor one that another command is about to present, until the vendor's lock has run out;
        then once more; then not until the vault holds another. `forgive` lifts that. A try whose command was killed
        before it was judged says nothing of the password: it may be repeated, and counts as one refused login of the
        device, which may have refused it.

        Besides, a device that said that it is locked is left alone until it is not, and what was not accepted before
        is not tried where so many logins were refused that one more might lock it: at this device, whatever its
        address, and at this address, whatever the device is called.
        """
        now = time.time() if now is None else now
        if until := self._locked_until(device, account, address, lock, now):
            why = f"{device}: no login is tried before {_clock(until)}: the device said that it is locked"
            mend = f"Mend: wait; or unlock it there, then: fleetctl adopt --again --limit {device}"
            return Budget(f"{why}. {mend}", False)
        one = self._of_password(device, account, fingerprint, lock, now)
        if one.barred or one.proven:
            return one
        spent, until = self._spent(device, account, address, lock, now, spared)
        if until:
            why = f"{spent} were refused lately, and it may lock after {lock.refusals}. Mend: look into it and wait"
            return Budget(f"{device}: no login is tried before {_clock(until)}: {why}", False)
        return one

    def tries(
        self, device: str, account: str, *, address: str = "", lock: LoginLock = USUAL_LOCK, spared: int = SPARED
    ) -> int | None:
        """Return how many passwords that may be wrong can be presented to the device now, None for any number."""
        now = time.time()
        if self._locked_until(device, account, address, lock, now):
            return 0
        if not lock.refusals:
            return None
        spent, until = self._spent(device, account, address, lock, now, spared)
        return 0 if until else max(1, lock.refusals - spared) - spent

    def _of_password(self, device: str, account: str, fingerprint: str, lock: LoginLock, now: float) -> Budget:
        """Return what becomes of this very password."""
        found = self.rows(
            "SELECT proven, refused, pending, time FROM logins WHERE device = ? AND account = ? AND fingerprint = ?",
            (device, account, fingerprint),
        )
        if not found:
            return Budget("", False)
        proven, refused, pending, when = found[0]
        if not refused and (not pending or self._killed(device)):
            return Budget("", bool(proven))
        how = "refused" if refused else "tried by a command that did not end"
        told = f"{device}: the login of {account} was {how} at {_clock(when)}"
        tail = (
            "Not retried, to spare the lock-out. If it was reset, or its password changed by hand: "
            f"fleetctl adopt --again --limit {device}"
        )
        if refused and refused + pending >= TRIES:  # of tries that were never judged none may have been refused
            return Budget(f"{told}, and once before. {tail}", False)
        if now - when < lock.lock_s:
            return Budget(f"{told}. {tail}", False)
        return Budget("", False)

    def _locked_until(self, device: str, account: str, address: str, lock: LoginLock, now: float) -> float:
        """Return until when the device said that it lets this account (or this address of ours) not in; else 0.0."""
        found = self.rows(
            "SELECT max(time + CASE WHEN seconds > 0 THEN seconds ELSE ?1 END) FROM locks"
            " WHERE (device = ?2 OR (address = ?3 AND ?3 <> '')) AND (account = ?4 OR NOT ?5)",
            (lock.lock_s, device, address, account, lock.account),
        )
        until = float(found[0][0] or 0.0)
        return until if until > now else 0.0

    def _spent(
        self, device: str, account: str, address: str, lock: LoginLock, now: float, spared: int
    ) -> tuple[int, float]:
        """Return how many logins were refused lately, and until when that is too many for a further try, else 0.0.

        Tries that nobody judged count, each of them; of several of one password the time of the last is known.
        """
        if not lock.refusals:
            return 0, 0.0
        told = self.rows(
            "SELECT time, tries_left, 1 FROM refusals WHERE (device = ?1 OR (address = ?2 AND ?2 <> ''))"
            " AND (account = ?3 OR NOT ?4) AND time > ?5"
            " UNION ALL SELECT time, NULL, pending FROM logins WHERE device = ?1 AND (account = ?3 OR NOT ?4)"
            " AND pending AND time > ?5 ORDER BY time DESC",
            (device, address, account, lock.account, now - lock.lock_s),
        )
        found = [(when, left) for when, left, count in told for _ in range(count)]
        most = max(1, lock.refusals - spared)
        if len(found) >= most:
            return len(found), float(found[most - 1][0]) + lock.lock_s
        left = found[0][1] if found else None
        return len(found), float(found[0][0]) + lock.lock_s if left is not None and left <= 1 else 0.0

    def _killed(self, device: str) -> bool:
        """Return whether the command that last tried to log in to the device was ended before it could tell more."""
        found = self.rows(
            "SELECT machine, host, boot, pid, began FROM runs WHERE ended IS NULL AND run = (SELECT run FROM journal"
            " WHERE device = ? AND event IN ('Intent', 'Attempt', 'LoginJudged') ORDER BY time DESC LIMIT 1)",
            (device,),
        )
        return any(not Process(machine=r[0], host=r[1], boot=r[2], pid=r[3], began=r[4]).lives() for r in found)

    def proven(self, device: str, account: str) -> bool:
        """Return whether the device accepted a password of the account, and has not refused it since."""
        return bool(self.rows("SELECT 1 FROM logins WHERE device = ? AND account = ? AND proven", (device, account)))

    def was_attempted(self, device: str, account: str, fingerprint: str) -> bool:
        """Return whether this very password was ever about to be presented to, or set on, the device."""
        return bool(
            self.rows(
                "SELECT 1 FROM logins WHERE device = ? AND account = ? AND fingerprint = ?",
                (device, account, fingerprint),
            )
        )

    def was_refused(self, device: str, account: str, fingerprint: str) -> bool:
        """Return whether the device refused this very password the last time, and nobody lifted that."""
        return bool(
            self.rows(
                "SELECT 1 FROM logins WHERE device = ? AND account = ? AND fingerprint = ? AND refused",
                (device, account, fingerprint),
            )
        )

    def forgive(self, device: str, account: str) -> None:
        """Forget refused passwords of an account, and that the device is locked: a person says that it may be tried.

        How many logins the device has refused lately is not forgotten: it counts them itself.
        """
        with self.transaction() as connection:
            connection.execute("DELETE FROM locks WHERE device = ? AND account = ?", (device, account))
            connection.execute(
                "UPDATE logins SET refused = 0, pending = 0 WHERE device = ? AND account = ?", (device, account)
            )


def _clock(seconds: float) -> str:
    return f"{moment(seconds).astimezone():%Y-%m-%d %H:%M}"
