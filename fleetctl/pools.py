"""Where crews live: in this process, or in worker processes that die with it. Knows no wave and no limit.

A worker is a fresh interpreter and not a fork: a fork of a process with threads (the progress bar has one) may
hang, and would hold the parent's whole inventory. It is not one of multiprocessing's either, which would import
the command line's modules once more in each. Measured (2 workers that load the catalogue, ready after / resident
each): fresh 0.3 s / 31 MB, fork 0.2 s / 28 MB.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Protocol

from fleetctl.crew import Crew, Message, Work, ending
from fleetctl.model import Outcome
from fleetctl.packing import packed, unpacked
from fleetctl.waves import Task

Setup = Callable[[], None] | None

_BATCH: Final = 256
_START_TRIES: Final = 3
_PR_SET_PDEATHSIG: Final = 1
_COMMAND: Final = "import sys; from fleetctl.pools import serve; serve(int(sys.argv[1]), int(sys.argv[2]))"


class Pool(Protocol):
    """What a run needs of whoever does its work."""

    def room(self) -> int:
        """Return how many tasks may be handed in now."""

    def start(self, task: Task, payload: Any) -> None:
        """Hand a task in; only when there is room."""

    def receive(self, timeout_s: float) -> list[Message]:
        """Return the messages that have come, in each task's order; waits when there are none."""

    def answer(self, token: int, go: bool) -> None:
        """Let the work that waits for `token` go on, or have it interrupted."""

    def stop(self) -> None:
        """Have every further confirm() refused."""

    def close(self, grace_s: float) -> None:
        """End everything; what does not end by itself in that time is killed (a thread is left behind)."""


class ThreadPool:
    """One crew in this process."""

    def __init__(self, work: Work, setup: Setup, threads: int) -> None:
        if setup is not None:
            setup()
        self._crew = Crew(work, threads)
        self._room = threads

    def room(self) -> int:
        """See Pool."""
        return self._room

    def start(self, task: Task, payload: Any) -> None:
        """See Pool."""
        self._room -= 1
        self._crew.start(task, payload)

    def receive(self, timeout_s: float) -> list[Message]:
        """See Pool."""
        messages = _drained(self._crew, timeout_s)
        self._room += sum(message.done for message in messages)
        return messages

    def answer(self, token: int, go: bool) -> None:
        """See Pool."""
        self._crew.answer(token, go)

    def stop(self) -> None:
        """See Pool."""
        self._crew.stop()

    def close(self, grace_s: float) -> None:
        """See Pool."""
        self._crew.abandon()
        self._crew.join(time.monotonic() + grace_s)


def _drained(crew: Crew, timeout_s: float | None) -> list[Message]:
    messages: list[Message] = []
    with contextlib.suppress(queue.Empty):
        messages.append(crew.out.get(timeout=timeout_s))
        while len(messages) < _BATCH:
            messages.append(crew.out.get_nowait())
    return messages


# --- the parent's side ------------------------------------------------------------------------------


class _Worker:
    """A worker process as its parent sees it."""

    def __init__(self, work: Work, setup: Setup, threads: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND, str(theirs.fileno()), str(os.getpid())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a library prints must not get between the lines of a result
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MALLOC_ARENA_MAX": "2"},
            )
        self.connection = Connection(ours.detach())
        self.tasks: dict[str, Task] = {}
        self.ready = False
        self.send((work, setup, threads))

    def send(self, message: Any) -> None:
        """Send; that the worker has died is noticed where it is read from."""
        data = packed(message)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send_bytes(data)

    def end(self, until: float) -> str:
        """Wait for its end and kill it when that does not come; returns how it ended."""
        self.connection.close()
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        code = self.process.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


class ProcessPool:
    """Crews in worker processes; one that dies is replaced, and its tasks end as failed."""

    def __init__(self, work: Work, setup: Setup, processes: int, threads: int) -> None:
        self._make = functools.partial(_Worker, work, setup, threads)
        self._threads = threads
        self._tokens = itertools.count(1)
        self._asked: dict[int, tuple[_Worker, int]] = {}
        self._failures = 0
        self._inbox: list[Message] = []  # kept here, so that a KeyboardInterrupt loses nothing
        self._stopping = False
        self._workers = [self._make() for _ in range(processes)]

    def room(self) -> int:
        """See Pool."""
        return sum(self._threads - len(worker.tasks) for worker in self._workers if worker.ready)

    def start(self, task: Task, payload: Any) -> None:
        """See Pool. Raises what pickling the payload raises."""
        worker = min((w for w in self._workers if w.ready), key=lambda w: len(w.tasks))
        worker.send(("task", task, payload))
        worker.tasks[task.name] = task

    def receive(self, timeout_s: float) -> list[Message]:
        """See Pool. Raises RuntimeError when workers die before they are ready, again and again."""
        connections = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(connections), timeout_s):
            worker = connections[connection]  # type: ignore[index]  # wait() returns what it was given
            try:
                received = unpacked(worker.connection.recv_bytes())
            except (EOFError, OSError):
                self._inbox += self._died(worker)
                continue
            if received is None:
                worker.ready, self._failures = True, 0
                continue
            self._inbox += [self._known(worker, message) for message in received]
        messages, self._inbox = self._inbox, []
        return messages

    def answer(self, token: int, go: bool) -> None:
        """See Pool."""
        worker, remote = self._asked.pop(token)
        worker.send(("answer", remote, go))

    def stop(self) -> None:
        """See Pool."""
        self._stopping = True
        for worker in self._workers:
            worker.send(("stop",))

    def close(self, grace_s: float) -> None:
        """See Pool."""
        until = time.monotonic() + grace_s
        for worker in self._workers:
            worker.send(("end", grace_s))
        open_ = {worker.connection: worker for worker in self._workers}
        while open_ and (ready := wait(list(open_), max(0.0, until - time.monotonic()))):
            for connection in ready:
                try:
                    open_[connection].connection.recv_bytes()  # type: ignore[index]
                except (EOFError, OSError):
                    del open_[connection]  # type: ignore[arg-type]
        for worker in self._workers:
            worker.end(until + 0.5)
        self._workers.clear()

    def _known(self, worker: _Worker, message: Message) -> Message:
        if message.done:
            worker.tasks.pop(message.task, None)
        token = next(self._tokens) if message.token else 0
        if token:
            self._asked[token] = (worker, message.token)
        events = unpacked(message.events)
        return message._replace(events=events, token=token)

    def _died(self, worker: _Worker) -> list[Message]:
        """End the tasks of a worker that is gone, and put another one in its place."""
        how = worker.end(time.monotonic() + 1.0)
        self._workers.remove(worker)
        if not worker.ready:
            self._failures += 1
            if self._failures >= _START_TRIES:
                raise RuntimeError(f"worker processes end before they are ready ({how})")
        self._workers.append(self._make())
        if self._stopping:
            self._workers[-1].send(("stop",))
        messages: list[Message] = []
        reason = f"its worker process died ({how}); what had been begun is in the journal"
        for task in worker.tasks.values():
            result, finished = ending(task, Outcome.FAILED, reason)
            messages.append(Message(task.name, [result, finished], done=True))
        return messages


# --- the worker's side --------------------------------------------------------------------------------


def serve(handle: int, parent: int) -> None:
    """Be a worker process: read tasks and answers from the socket `handle`, until it closes or the parent dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of the terminal; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection = Connection(handle)
    work, setup, threads = unpacked(connection.recv_bytes())
    if setup is not None:
        setup()
    crew = Crew(work, threads, pack=packed)
    connection.send_bytes(packed(None))
    threading.Thread(target=_send_all, args=(crew, connection), daemon=True).start()
    grace_s = 0.0
    with contextlib.suppress(EOFError, OSError):
        while True:
            order = unpacked(connection.recv_bytes())
            if order[0] == "task":
                crew.start(order[1], order[2])
            elif order[0] == "answer":
                crew.answer(order[1], order[2])
            elif order[0] == "stop":
                crew.stop()
            else:
                grace_s = order[1]
                break
    crew.abandon()
    crew.join(time.monotonic() + grace_s)
    os._exit(0)


def _send_all(crew: Crew, connection: Connection) -> None:
    """Send what the crew posts, as much at once as there is."""
    while True:
        messages = _drained(crew, None)
        try:
            connection.send_bytes(packed(messages))
        except OSError:
            os._exit(1)  # the parent is gone
