"""A year of nightly audits in the store: how big it gets, how long a night takes to record, how fast it answers.

`python -m benchmarks.history [--devices 5000] [--nights 365]`. The clock is made up; what is told is what an audit of
cameras tells, with all the pilot's settings: some drift and are mended, some devices cannot be reached.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

from fleetctl import catalog, standard
from fleetctl.inventory import load
from fleetctl.journal import Journal
from fleetctl.model import (
    AspectPlan,
    Change,
    DevicePlan,
    Event,
    Expectation,
    Finished,
    Kind,
    Outcome,
    Planned,
    Result,
    Started,
)
from fleetctl.operations.history import TURNS
from fleetctl.store import Store

DRIFTS, MENDS, OFF = 0.01, 0.3, 0.05  # of devices a night: one setting moves; one that moved is mended; out of reach
DAY_S = 86400.0


def expectations() -> tuple[Expectation, ...]:
    """Return what the pilot's standard expects of a camera."""
    registry = catalog.load()
    pilot = load(Path(__file__).parents[1] / "inventory" / "pilot", registry.aspects)
    camera = next(device for device in pilot.devices.values() if device.kind is Kind.CAMERA)
    return standard.expectations(camera, pilot, registry.aspects_for(camera))


def night(
    names: list[str], expected: tuple[Expectation, ...], moved: dict[str, str], chance: random.Random, *, whole: bool
) -> Iterator[Event]:
    """Yield the events of one night's audit; else than `whole`, what is as it was the night before is not compared."""
    for name in names:
        site = name[:9]
        yield Started(device=name, site=site)
        if chance.random() < OFF:
            outcome, reason = Outcome.UNREACHABLE, f"{name}: no answer in 10 s"
            yield Result(device=name, kind=Kind.CAMERA, site=site, aspect="", outcome=outcome, reason=reason)
            yield Finished(device=name, site=site, outcome=outcome, reason=reason)
            continue
        before = moved.get(name)
        if name in moved and chance.random() < MENDS:
            del moved[name]
        elif chance.random() < DRIFTS:
            moved[name] = chance.choice(("9.9.9.9", "8.8.8.8", "1.1.1.1"))
        if not whole and before is None and name not in moved:
            yield Finished(device=name, site=site, outcome=Outcome.UNCHANGED)
            continue
        aspects = tuple(_aspect(name, each, moved.get(name, "")) for each in expected)
        yield Planned(device=name, plan=DevicePlan(device=name, kind=Kind.CAMERA, site=site, aspects=aspects))
        yield Finished(device=name, site=site, outcome=Outcome.PENDING if name in moved else Outcome.UNCHANGED)


def _aspect(name: str, expected: Expectation, moved: str) -> AspectPlan:
    changes: tuple[Change, ...] = ()
    if moved and expected.aspect == "time":
        after = expected.value.ntp_servers
        changes = (Change(device=name, aspect="time", field="ntp_servers", before=(moved,), after=after),)
    return AspectPlan(
        aspect=expected.aspect,
        outcome=Outcome.PENDING if changes else Outcome.UNCHANGED,
        changes=changes,
        expected=expected.value,
        actual=expected.value,
    )


def year(store: Store, names: list[str], nights: int, *, quick: bool) -> float:
    """Record the nights; returns the made-up time at their end. `quick`: only the first and the last as a whole."""
    journal, chance, now = Journal(store), random.Random(1), 1_800_000_000.0
    expected, moved = expectations(), dict[str, str]()
    took = []
    for number in range(nights):
        whole = not quick or number in (0, nights - 1)
        begun = time.process_time()
        with mock.patch("time.time", lambda at=now: at), journal.run("audit", {}, tasks=names):
            for event in night(names, expected, moved, chance, whole=whole):
                journal.note(event)
        took.append(time.process_time() - begun)
        now += DAY_S
    print(f"a night: {statistics.median(took):.2f} s of CPU, {max(took):.2f} s at most ({len(expected)} aspects)")
    return now


def ask(store: Store, names: list[str], now: float) -> None:
    """Print how long the store takes for its answers."""
    questions: dict[str, Callable[[], Sequence[object]]] = {
        "what is not as expected": lambda: store.drift(lasting=True),
        "all that ever was not": lambda: store.drift(),
        "turns of the year, the latest 10,000": lambda: store.turns(last=TURNS),
        "turns of the year, all of them (no command asks so)": lambda: store.turns(),
        "turns of one device": lambda: store.turns(devices=names[7:8], last=TURNS),
        "turns of one site": lambda: store.turns(devices=names[8:16], last=TURNS),
        "turns of half of the fleet": lambda: store.turns(devices=names[: len(names) // 2], last=TURNS),
        "turns of one aspect in the year": lambda: store.turns(aspect="time", last=TURNS),
        "all that ever was not, of one site": lambda: store.drift(devices=names[8:16]),
        "turns of one aspect in a month": lambda: store.turns(aspect="time", since=now - 30 * DAY_S),
        "how all aspects stand": lambda: store.latest(),
    }
    for what, answer in questions.items():
        begun = time.perf_counter()
        rows = len(answer())
        print(f"{what}: {rows} rows in {time.perf_counter() - begun:.3f} s")


def main() -> None:
    """Record a year, then ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument(
        "--quick", action="store_true", help="what is in step is compared in the first and last night only"
    )
    told = parser.parse_args()
    names = [f"site-{number // 8:04}-cam-{number % 8}" for number in range(told.devices)]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store.db") as store:
        now = year(store, names, told.nights, quick=told.quick)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"{told.devices} devices, {told.nights} nights: {size / 1e6:.0f} MB with the write-ahead log")
        ask(store, names, now)


if __name__ == "__main__":
    main()
