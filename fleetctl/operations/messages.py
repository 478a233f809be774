"""Messages: what waits in the outbox is sent, and stays there until it was taken over."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from fleetctl import files, outbox, standard
from fleetctl.errors import (
    BadAnswer,
    Busy,
    FleetctlError,
    InventoryError,
    Refused,
    Rejected,
    Unreachable,
    UsageError,
    VaultError,
)
from fleetctl.operations.telling import Listener, listeners
from fleetctl.operations.workspace import Workspace
from fleetctl.outbox import Message
from fleetctl.protocols import smtp, webhook
from fleetctl.reports import message as wording
from fleetctl.reports.language import Language
from fleetctl.standard.recipients import SMTP_PASSWORD, WEBHOOK_KEY

CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
"""Where systemd puts the credentials of a unit: a file there, named as the variable, comes before the inventory."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """What became of the messages that were waiting."""

    sent: int = 0
    waiting: int = 0
    troubles: dict[str, FleetctlError] = field(default_factory=dict)  # by recipient


def deliver(workspace: Workspace, now: datetime, *, everything: bool = False) -> Delivery:
    """Send what is due, each recipient's messages in their order; `everything`: also what is not due, or was barred.

    A refused login is not tried again until the password is another one. What another fleetctl is sending just now is
    left to that. Raises InventoryError.
    """
    done = Delivery()
    if outbox.messages(workspace.store, waiting=True):
        folder = workspace.state / "outbox"
        files.make_folder(folder, mode=0o700)
        try:
            with files.locked(folder, 0.0):
                _Postman(workspace, now, done, everything=everything).go()
        except Busy:
            pass
        done.waiting = len(outbox.messages(workspace.store, waiting=True))
    return done


class _Postman:
    """One round through the outbox; who cannot be reached is not tried twice in it."""

    def __init__(self, workspace: Workspace, now: datetime, done: Delivery, *, everything: bool) -> None:
        self.workspace, self.now, self.done, self.everything = workspace, now, done, everything
        self.listeners = listeners(workspace)
        self.waiting = outbox.messages(workspace.store, waiting=True)
        self.barred = set() if everything else {each.barred for each in self.waiting if each.barred}
        self.login = ""  # fingerprint of the login at the mail server that was used last
        self.down: dict[str, Unreachable] = {}  # mail servers that cannot be reached

    def go(self) -> None:
        held = set()  # recipients of whom an earlier message is not due yet
        for message in self.waiting:
            if not self.everything and not _is_due(message, self.now):
                held.add(message.recipient)
            if message.recipient not in self.done.troubles.keys() | held:
                self._try(message)

    def _try(self, message: Message) -> None:
        store, now, self.login = self.workspace.store, self.now.timestamp(), ""
        try:
            listener = self.listeners.get(message.recipient)
            if listener is None:
                raise UsageError(f"{message.recipient} is no recipient any more. See: fleetctl message drop")
            if listener.recipient.email:
                self._mail(listener, message)
            else:
                self._post(listener, message)
        except (Unreachable, Refused, Rejected, BadAnswer, UsageError, VaultError) as error:
            self.done.troubles[message.recipient] = error
            if isinstance(error, Refused) and error.credential:
                self.barred.add(self.login)
            outbox.failed(store, message, now, str(error), self.login if self.login in self.barred else "")
        else:
            outbox.sent(store, message.number, now)
            self.done.sent += 1

    def _mail(self, listener: Listener, message: Message) -> None:
        """Hand an e-mail in, if its server has not been out of reach in this round, or refused this very login."""
        told = standard.server_of(listener.first, self.workspace.inventory)
        if told is None:
            raise UsageError(f"{listener.recipient.name} has an e-mail address, and message_smtp names no server")
        where = f"{told.server}:{told.port}"
        if where in self.down:
            raise self.down[where]
        password = secret(self.workspace, listener.first, SMTP_PASSWORD) if told.user else ""
        self.login = self.workspace.fingerprints.of(where, told.user, password) if told.user else ""
        if self.login in self.barred:
            raise Refused(f"{where} has refused the login of {told.user}; it is not tried again with this password")
        server = smtp.Server(
            address=told.server,
            port=told.port,
            security=told.security,
            user=told.user,
            password=password,
            ca_file=str(self.workspace.inventory_root / told.ca_file) if told.ca_file else "",
        )
        mail = smtp.composed(
            sender=told.sender,
            to=listener.recipient.email,
            subject=message.content["subject"],
            text=message.content["text"],
            made=message.made,
            number=message.number,
        )
        try:
            smtp.send(server, mail)
        except Unreachable as error:
            self.down[where] = error
            raise

    def _post(self, listener: Listener, message: Message) -> None:
        key = secret(self.workspace, listener.first, WEBHOOK_KEY)
        body = json.dumps(dict(message.content), ensure_ascii=False, sort_keys=True).encode()
        time = int(self.now.timestamp())
        told = listener.recipient
        ca_file = str(self.workspace.inventory_root / told.ca_file) if told.ca_file else ""
        webhook.post(told.webhook, body, key=key, number=message.number, time=time, ca_file=ca_file)


def _is_due(message: Message, now: datetime) -> bool:
    """Return whether its pause is over; one that is longer than pauses are was set by a clock that was wrong."""
    left = (message.next_try - now).total_seconds()
    return left <= 0 or left > outbox.LONGEST_PAUSE_S


def secret(workspace: Workspace, device: str, variable: str) -> str:
    """Return a secret that messages need: systemd's credential of that name, else the inventory's variable.

    Raises VaultError when there is none.
    """
    if folder := os.environ.get(CREDENTIALS):
        path = Path(folder) / variable
        if path.is_file():
            return path.read_text("utf-8").strip()
    try:
        told = workspace.inventory.reveal(device, variable, workspace.vault.decrypt)
    except KeyError:
        told = None
    except InventoryError as error:
        raise VaultError(f"{variable}: {error}", missing=True) from None
    if not told or not isinstance(told, str):
        raise VaultError(
            f"there is no {variable}. Write it into the inventory as !vault, or give a credential of that name",
            missing=True,
        )
    return told


def tested(workspace: Workspace, name: str, now: datetime) -> str:
    """Put a message that tells nothing into the outbox of a recipient and return its number. Raises UsageError."""
    found = listeners(workspace)
    if name not in found:
        raise UsageError(f"{name} is no recipient. There are: {', '.join(found) or 'none; see messages.md'}")
    say = Language(found[name].recipient.language)
    content = wording.content(say, new=(), ended=(), open_=(), time=now, site_names={}, kind="test")
    return outbox.tell(workspace.store, name, now=now.timestamp(), changed={}, gone=(), content=content)
