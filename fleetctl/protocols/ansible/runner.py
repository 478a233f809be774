"""One run of ansible-playbook by ansible-runner, ended without leaving anything running.

With ansible-core 2.19 the workers are sessions of their own: ansible-runner's own cancel (SIGKILL to the group of
ansible-playbook) leaves them at work. So ansible-playbook itself is asked to end first, and then what bears the
run's mark is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl.protocols.ansible import leftovers
from fleetctl.protocols.ansible.told import Told, plain, told

_POLL_S: Final = 0.5  # how late a stop is noticed: ansible-runner's pexpect_timeout
_GRACE_S: Final = 5.0  # how long ansible-playbook may take to end by itself
_SAID: Final = 2000
_SETTINGS: Final = {"pexpect_timeout": _POLL_S, "suppress_output_file": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: whether it got as far as a play, and to its end; `said` is what it printed beside tasks."""

    began: bool
    complete: bool
    stopped: bool = False
    timed_out: bool = False
    said: str = ""

    @property
    def cut_off(self) -> bool:
        """Whether it was ended before its end."""
        return self.stopped or self.timed_out


class _Watch:
    """What ansible-runner calls back, and what came of it."""

    def __init__(
        self, folder: Path, tell: Callable[[Told], None], stopped: Callable[[], bool], timeout_s: float
    ) -> None:
        self._folder, self._tell, self._stopped = folder, tell, stopped
        self._deadline = time.monotonic() + timeout_s
        self._asked = 0.0  # when ansible-playbook was asked to end
        self.began = self.complete = self.was_stopped = self.timed_out = False
        self.said = ""

    def event(self, event: Mapping[str, Any]) -> bool:
        """Take an event; False: ansible-runner writes no file of it."""
        if event.get("event") == "playbook_on_play_start":
            self.began = True
        elif event.get("event") == "playbook_on_stats":
            self.complete = True
        if (each := told(event)) is not None:
            if not (self._asked and each.state.value in ("failed", "unreachable")):
                self._tell(each)  # what failed since it was being ended tells nothing
        elif event.get("event") in ("error", "verbose", "warning", "system_warning"):
            self.said = f"{self.said}\n{plain(event.get('stdout', ''))}"[-_SAID:]
        return False

    def cancelled(self) -> bool:
        """Ask ansible-playbook to end when the run is stopped or too slow; True when it does not listen."""
        now = time.monotonic()
        if not self._asked:
            self.was_stopped, self.timed_out = self._stopped(), now > self._deadline
            if self.was_stopped or self.timed_out:
                self._asked = now
                self._ask()
        return bool(self._asked) and now > self._asked + _GRACE_S

    def _ask(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self._folder / "pid").read_text("ascii")), signal.SIGTERM)


def carried_out(
    folder: Path,
    playbook: Path,
    inventory: str,
    tell: Callable[[Told], None],
    *,
    check: bool,
    stopped: Callable[[], bool],
    timeout_s: float,
) -> Ended:
    """Run a playbook to its end, `stopped` or its timeout; nothing of it runs any more on return."""
    import ansible_runner

    watch = _Watch(folder, tell, stopped, timeout_s)
    (folder / "pid").unlink(missing_ok=True)
    (folder / "env").mkdir(exist_ok=True)  # its `settings=` counts only where there is such a file
    (folder / "env" / "settings").write_text(json.dumps(_SETTINGS), "ascii")
    ansible_runner.run(
        private_data_dir=str(folder),
        playbook=str(playbook),
        inventory=inventory,
        cmdline="-v --diff --check" if check else "-v --diff",  # -v: why a task was skipped
        quiet=True,
        event_handler=watch.event,
        cancel_callback=watch.cancelled,
        suppress_env_files=True,
        envvars={
            leftovers.MARK: str(folder),
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        },
    )
    for pid in leftovers.marked(folder) if watch.was_stopped or watch.timed_out else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return Ended(
        began=watch.began,
        complete=watch.complete,
        stopped=watch.was_stopped,
        timed_out=watch.timed_out,
        said=watch.said.strip(),
    )
