"""Whoever logs in to a device past fleetctl: named in the inventory, given new passwords by hand or by its command."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from fleetctl.errors import UsageError
from fleetctl.model import Device
from fleetctl.operations.rotation.turns import Holder, Login, Patience, Stands
from fleetctl.operations.workspace import Workspace

VARIABLE: Final = "password_consumers"
TIMEOUT_S: Final = 60.0
_KEYS: Final = {"accounts", "command", "timeout_s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One of them: the accounts that it uses, and the command (argv) that gives it another password, () for none."""

    name: str
    accounts: tuple[str, ...]
    command: tuple[str, ...] = ()
    timeout_s: float = TIMEOUT_S

    @property
    def holder(self) -> Holder:
        """It as a holder of a login."""
        return Holder(recorder=self.name, channel="", command=self.command, timeout_s=self.timeout_s)


def told(workspace: Workspace, device: Device) -> tuple[Consumer, ...]:
    """Return who else logs in to a device; raises UsageError for what is not told as it should be."""
    known = workspace.inventory.values(device.name).get(VARIABLE)
    value: Any = {} if known is None else known.value
    if not isinstance(value, Mapping):
        raise _wrong(device)
    return tuple(_consumer(device, str(name), each) for name, each in value.items())


def _consumer(device: Device, name: str, each: Any) -> Consumer:
    of = each if isinstance(each, Mapping) else {"accounts": each}
    accounts, command, timeout_s = of.get("accounts"), of.get("command", []), of.get("timeout_s", TIMEOUT_S)
    timed = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool) and timeout_s > 0
    if of.keys() - _KEYS or not (_words(accounts) and _words(command) and timed):
        raise _wrong(device)
    return Consumer(name=name, accounts=tuple(accounts), command=tuple(command), timeout_s=float(timeout_s))


def _words(value: Any) -> TypeGuard[Sequence[str]]:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(word, str) for word in value)


def _wrong(device: Device) -> UsageError:
    return UsageError(
        f"{device.name}: password_consumers should be {{name: [account, ...]}}, or {{name: {{accounts: [account, ...], "
        "command: [program, argument, ...], timeout_s: 60}}. Correct it"
    )


class CommandConsumer:
    """A consumer whose command takes a login on its standard input. Its output is kept nowhere: it may tell it."""

    pauses: Final = True  # there is nothing to be paused: it is told at once

    def __init__(self, holder: Holder, device: Device) -> None:
        self.name = holder.recorder
        self._argv, self._timeout_s, self._device = holder.command, holder.timeout_s, device

    def trouble(self, _camera: Device, _channel: str, _account: str) -> str:
        """Return why its command cannot be run, "" when it can."""
        return "" if shutil.which(self._argv[0]) else f"the command of {self.name} is not there: {self._argv[0]}"

    def standing(self, _channel: str) -> Stands:
        """Return that nothing is recorded there."""
        return Stands(records=False)

    def pause(self, _channel: str, _patience: Patience) -> None:
        """Nothing."""

    def hand(self, _channel: str, login: Login, _camera: str, _port: int, _patience: Patience, _recorded: bool) -> str:
        """Run the command with the login; returns what is wrong, "" where it ended with exit code 0."""
        device = self._device
        given = {
            "consumer": self.name, "device": device.name, "site": device.site, "address": device.endpoint.address,
            "account": login.user, "password": login.password,
        }  # fmt: skip
        try:
            ran = subprocess.Popen(
                self._argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return f"the command of {self.name} could not be run: {error.strerror}"
        try:
            ran.communicate(json.dumps(given).encode(), timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(ran.pid, signal.SIGKILL)
            ran.communicate()
            return f"the command of {self.name} did not end within {self._timeout_s:.0f} s"
        return f"the command of {self.name} ended with exit code {ran.returncode}" if ran.returncode else ""
