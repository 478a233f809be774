"""A command that is killed (SIGKILL) at a step of its work: after a commit, before or after an order at the wire."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fleetctl import files
from fleetctl.journal import Journal
from fleetctl.model import Event, Rotation
from fleetctl.protocols import dahua, isapi, linux
from fleetctl.protocols.onvif import files as onvif_files
from fleetctl.protocols.onvif.operations import is_reading
from fleetctl.protocols.onvif.wire import Wire
from fleetctl.protocols.ssh import console
from tests.lab.office import Office

KINDS: Final = ("commit", "sending", "sent", "file")
"""A transaction is on disk · an order is about to be sent · it was sent and answered · a file was replaced.

`uploaded`, of firmware only: a device has the whole image, and nobody has noted it yet. `turned`: a step of a
password's rotation is on disk. `ordered`: an order in a maker's own protocol, on a console or at a host, was sent and
answered.
"""


class Steps:
    """Counts the steps of this process, and ends it at one of them."""

    def __init__(self, kind: str = "", number: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        self._kind, self._number = kind, number
        self._lock = threading.Lock()

    def step(self, kind: str) -> None:
        with self._lock:
            self.counts[kind] += 1
            if (kind, self.counts[kind]) == (self._kind, self._number):
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Put the steps where the work is; for a process that is its own."""
        flush, post, replace, upload = Journal.flush, Wire.post, files.replace, onvif_files.post
        note, turning = Journal.note, []

        def noted(journal: Journal, event: Event) -> None:
            turning.extend([event] * isinstance(event, Rotation))
            note(journal, event)

        def flushed(journal: Journal) -> None:
            due, turned = bool(journal._noted), bool(turning)
            flush(journal)
            turning.clear()
            for kind in ["commit"] * due + ["turned"] * turned:
                self.step(kind)

        def posted(wire: Wire, service: str, path: str, operation: str, body: str, login: Any = None) -> Any:
            order = not is_reading(service, operation)
            if order:
                self.step("sending")
            answer = post(wire, service, path, operation, body, login)
            if order:
                self.step("sent")
            return answer

        def replaced(path: Path, content: bytes, *, mode: int | None = None) -> None:
            replace(path, content, mode=mode)
            self.step("file")

        def uploaded(*arguments: Any) -> None:
            upload(*arguments)
            self.step("uploaded")

        onvif_files.post = uploaded
        Journal.note = noted  # type: ignore[method-assign]
        Journal.flush = flushed  # type: ignore[method-assign]
        for session, orders in (
            (isapi.Session, ("write",)),
            (dahua.Session, ("store", "tell", "call_sealed", "order")),
            (console.Console, ("configure", "converse")),
            (linux.Session, ("set_password",)),
        ):
            for name in orders:
                setattr(session, name, self._ordered(getattr(session, name)))
        Wire.post = posted  # type: ignore[method-assign]
        files.replace = replaced

    def _ordered(self, send: Callable[..., Any]) -> Callable[..., Any]:
        def sent(*arguments: Any, **named: Any) -> Any:
            answer = send(*arguments, **named)
            self.step("ordered")
            return answer

        return sent


def _forked(work: Callable[[], None]) -> int:
    """Do work in a process of its own and return how that ended, as `waitpid` tells it."""
    gc.collect()  # no store stays open in the copy
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(99)
    return os.waitpid(pid, 0)[1]


def steps_of(office: Office, *arguments: str) -> dict[str, int]:
    """Carry a command out in a process of its own; return how many steps of each kind it has."""
    told = office.state / "steps.json"

    def work() -> None:
        steps = Steps()
        steps.watch()
        code = office.run(*arguments).code
        told.write_text(json.dumps(steps.counts))
        os._exit(code)

    status = _forked(work)
    assert os.waitstatus_to_exitcode(status) == 0
    found: dict[str, int] = json.loads(told.read_text())
    told.unlink()
    return found


def died(work: Callable[[], None]) -> bool:
    """Do work in a process of its own; return whether it was killed (SIGKILL)."""
    status = _forked(work)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def killed(office: Office, kind: str, number: int, *arguments: str) -> bool:
    """Carry a command out and kill it at a step; False when it came to its end before that."""

    def work() -> None:
        Steps(kind, number).watch()
        os._exit(office.run(*arguments).code)

    return died(work)
