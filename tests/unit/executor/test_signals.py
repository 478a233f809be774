"""Ctrl-C, SIGTERM and kill -9: what a run does with them, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from fleetctl.executor import Policy, Stop, run
from fleetctl.model import Finished, Learned
from tests.unit.executor import works
from tests.unit.executor.kit import tasks

stop, count = Stop(), 0
with stop.on_ctrl_c():
    policy = Policy(process_threshold=int(sys.argv[1]), processes=2, threads=4, unproven_in_flight=0)
    for event in run(getattr(works, sys.argv[2]), tasks(200), lambda name: 90.0, policy, stop=stop):
        if isinstance(event, Finished):
            count += 1
        elif count == 0:
            print("running", flush=True)
print("finished", count, stop.reason, stop.by_person, flush=True)
sys.exit(130)
"""


@pytest.fixture(params=["threads", "processes"])
def runner(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    threshold = "10000" if request.param == "threads" else "0"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, threshold, "waiting"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def rest(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.read().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_the_run_in_order(runner: subprocess.Popen[str], number: signal.Signals) -> None:
    os.killpg(runner.pid, number)  # as a terminal does it: the workers get it too
    assert rest(runner) == "finished 200 interrupted True"
    assert runner.wait(60) == 130


def test_kill_9_of_the_run_leaves_no_worker_behind(runner: subprocess.Popen[str]) -> None:
    children = psutil.Process(runner.pid).children(recursive=True)
    runner.kill()
    runner.wait()
    until = time.monotonic() + 30
    while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children):
        assert time.monotonic() < until, "workers outlive the run"
        time.sleep(0.02)
