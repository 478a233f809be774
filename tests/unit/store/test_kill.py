"""kill -9 at any instant: what was sent is in the journal, and the next run finishes what was left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fleetctl.journal import Journal
from fleetctl.store import Store

ROOT = Path(__file__).parents[3]
ASPECTS = ("time", "video", "network")
DEVICES = [f"cam-{number}" for number in range(40)]
SCRIPT = """
import sys
from pathlib import Path
from fleetctl.executor import Policy, run
from fleetctl.journal import Journal
from fleetctl.store import Store
from tests.unit.executor import works
from fleetctl.executor import Task

folder, how, together, names = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "together", sys.argv[4:]
policy = Policy(process_threshold=0 if how == "processes" else 1000, processes=2, threads=4)
with Store(folder / "store.db") as store:
    journal = Journal(store)
    what = [Task(name=name, site=name[-1]) for name in names]
    with journal.run("apply", {}, tasks=names) as record:
        wire = str(folder / "wire")
        sync = journal.flush if together else None
        for event in run(works.writing, what, lambda name: wire, policy, sync=sync):
            (journal.note if together else record)(event)
            if type(event).__name__ == "Started":
                print("started", flush=True)
"""


def started(folder: Path, how: str, together: str, names: tuple[str, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), how, together, *names],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )


@pytest.mark.parametrize("together", ["together", "each"])
@pytest.mark.parametrize("how", ["threads", "processes"])
def test_a_run_killed_at_any_instant_is_finished_by_those_after_it(tmp_path: Path, how: str, together: str) -> None:
    wire = tmp_path / "wire"
    wire.touch()
    left: tuple[str, ...] = tuple(DEVICES)
    kills = 0
    chance = random.Random(f"{how}{together}")  # noqa: S311  # no secret
    for attempt in range(30):
        with started(tmp_path, how, together, left) as process:
            if attempt < 4:
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(chance.random() * 0.06)
                process.kill()
            code = process.wait()
        kills += code == -9
        time.sleep(0.05 if how == "processes" else 0)  # the workers' own end
        with Store(tmp_path / "store.db") as store:
            journal = Journal(store)
            assert store.check() == "ok"
            assert store.holder() == ""
            intents = {f"{e.device} {e.aspect}" for e in journal.entries(events=("Intent",))}
            assert set(wire.read_text().splitlines()) <= intents, "sent, and not in the journal"
            assert [run.run for run in journal.open_runs()] == [run.run for run in journal.runs() if run.ended is None]
            found = journal.unfinished()
            if found is None:
                break
            left = found[1]
            done = {e.device for e in journal.entries(events=("Finished",))}
            assert set(left) == set(DEVICES) - done
    assert kills
    assert set(wire.read_text().splitlines()) == {f"{device} {aspect}" for device in DEVICES for aspect in ASPECTS}
