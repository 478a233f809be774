"""Kinds of work that the tests hand to the executor; in a module of their own, so that worker processes find them."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleetctl.errors import Interrupted, Unreachable
from fleetctl.model import (
    Attempt,
    Channel,
    Finished,
    Intent,
    Kind,
    Learned,
    LoginJudged,
    Outcome,
    Result,
    SecretRef,
    Started,
)


@dataclass(frozen=True)
class Bag:
    """A payload with a secret in it."""

    secrets: dict[SecretRef, str] = field(repr=False)


def finish(name: str, channel: Channel, outcome: Outcome = Outcome.CHANGED) -> None:
    channel.emit(Finished(device=name, site="", outcome=outcome))


def simple(name: str, payload: Any, channel: Channel) -> None:
    """Payload: the outcome, None for CHANGED."""
    channel.emit(Started(device=name))
    finish(name, channel, payload or Outcome.CHANGED)


def chatty(name: str, payload: Any, channel: Channel) -> None:
    channel.emit(Started(device=name))
    for number in range(200):
        result = Result(device=name, kind=Kind.CAMERA, site="", aspect=f"a{number}", outcome=Outcome.UNCHANGED)
        channel.emit(result)
    finish(name, channel, Outcome.UNCHANGED)


def writing(name: str, payload: Any, channel: Channel) -> None:
    """Confirm, then send: a line in the file that the payload names stands for the wire."""
    channel.emit(Started(device=name))
    for aspect in ("time", "video", "network"):
        channel.confirm(Intent(device=name, aspect=aspect, changes=()))
        with Path(payload).open("a") as wire:
            wire.write(f"{name} {aspect}\n")
        time.sleep(random.random() * 0.002)  # noqa: S311  # no secret
        channel.emit(Result(device=name, kind=Kind.CAMERA, site="", aspect=aspect, outcome=Outcome.CHANGED))
    finish(name, channel)


def failing(name: str, payload: Any, channel: Channel) -> None:
    channel.emit(Started(device=name))
    if isinstance(payload, Bag):
        raise RuntimeError(f"cannot log in with {next(iter(payload.secrets.values()))}")  # noqa: TRY004
    if isinstance(payload, Exception):
        raise payload
    if payload == "silent":
        return
    if payload == "exit":
        raise SystemExit(3)
    if payload == "unpicklable":
        channel.emit(Learned(device=name, facts={"lock": threading.Lock()}))  # type: ignore[dict-item]
    if payload == "twice":
        finish(name, channel, Outcome.UNCHANGED)
    if payload == "not durable":
        channel.confirm(Started(device=name))
    finish(name, channel)


def dying(name: str, payload: Any, channel: Channel) -> None:
    """Payload True: the whole process dies while others are at work in it."""
    channel.emit(Started(device=name))
    time.sleep(0.05)
    if payload:
        os._exit(7)
    finish(name, channel)


def waiting(name: str, payload: Any, channel: Channel) -> None:
    """Confirm again and again until interrupted; the payload is the longest time."""
    until = time.monotonic() + payload
    try:
        while time.monotonic() < until:
            channel.confirm(Intent(device=name, aspect="time", changes=()))
            time.sleep(0.005)
    except Interrupted:
        channel.emit(
            Result(device=name, kind=Kind.CAMERA, site="", aspect="time", outcome=Outcome.INTERRUPTED, reason="stopped")
        )
        finish(name, channel, Outcome.INTERRUPTED)
        return
    finish(name, channel)


def seen_through(name: str, payload: Any, channel: Channel) -> None:
    """Begin, be seen through from there, and confirm once more when the run is being ended."""
    channel.confirm(Intent(device=name, aspect="begun", changes=()))
    stopped = channel.stopped
    until = time.monotonic() + payload
    while not stopped() and time.monotonic() < until:
        time.sleep(0.005)
    channel.see_through()
    assert not channel.stopped()
    channel.confirm(Intent(device=name, aspect="ended", changes=()))
    finish(name, channel)


def reading(name: str, payload: Any, channel: Channel) -> None:
    """Read until the run is ended."""
    until = time.monotonic() + payload
    while time.monotonic() < until:
        if channel.stopped():
            raise Interrupted("ended while reading")
        time.sleep(0.005)
    finish(name, channel, Outcome.UNCHANGED)


def logging_in(name: str, payload: Any, channel: Channel) -> None:
    """Payload: accepted, refused, anonymous or unreachable."""
    channel.emit(Started(device=name))
    if payload == "unreachable":
        raise Unreachable(f"{name}: no answer")
    if payload != "anonymous":
        channel.confirm(Attempt(device=name, account="admin", fingerprint="f"))
        time.sleep(0.005)
        channel.emit(LoginJudged(device=name, account="admin", fingerprint="f", accepted=payload == "accepted"))
    finish(name, channel, Outcome.REFUSED if payload == "refused" else Outcome.CHANGED)


def telling_pid(name: str, payload: Any, channel: Channel) -> None:
    """Tell the process; ends when two have, which leave their marks in the folder that the payload names."""
    channel.emit(Learned(device=name, facts={"pid": str(os.getpid()), "setup": os.environ.get("WORKS_SETUP", "")}))
    (Path(payload) / str(os.getpid())).touch()
    until = time.monotonic() + 60
    while len(list(Path(payload).iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    finish(name, channel)


def setup() -> None:
    os.environ["WORKS_SETUP"] = os.environ.get("WORKS_SETUP", "") + "x"


def broken_setup() -> None:
    os._exit(9)


class Jittery:
    """Work of random length and outcome, the same for the same seed and name; counts who is in it at once."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, name: str, payload: Any, channel: Channel) -> None:
        chance = random.Random(f"{self.seed}{name}")  # noqa: S311  # no secret
        channel.emit(Started(device=name))
        time.sleep(chance.random() * 0.003)
        if chance.random() < 0.3:
            channel.confirm(Intent(device=name, aspect="time", changes=()))
        if chance.random() < 0.1:
            raise RuntimeError("by chance")
        finish(name, channel, chance.choice(payload))


def together(name: str, payload: Any, channel: Channel) -> None:
    """A batch: {task: payload} where the payload is how the task ends; alone: as `simple`."""
    if not isinstance(payload, dict):
        simple(name, payload, channel)
        return
    for each, how in payload.items():
        channel.emit(Started(device=each))
        channel.emit(Learned(device=each, facts={"with": ",".join(sorted(payload))}))
        if how == "raise":
            raise Unreachable(f"{each}: no answer")
        if how == "die":
            os._exit(7)
        if how == "confirm":
            channel.confirm(Intent(device=each, aspect="time", changes=()))
        if how != "silent":
            outcome = how if isinstance(how, Outcome) else Outcome.CHANGED
            channel.emit(Finished(device=each, site="", outcome=outcome))
    finish(name, channel, Outcome.UNCHANGED)
