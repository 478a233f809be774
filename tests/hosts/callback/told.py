"""Prints one JSON line for each task of each host, with its diff."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: told
type: stdout
short_description: one JSON line for each task of each host
description: For tests.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Tells what happened."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "told"

    def _tell(self, result: Any, state: str) -> None:
        told = result._result
        failed = [item for item in told.get("results", ()) if isinstance(item, dict) and item.get("failed")]
        diffs = told.get("diff") or [d for item in told.get("results", ()) for d in _listed(item.get("diff"))]
        print(
            json.dumps(
                {
                    "host": result._host.get_name(),
                    "name": result._task.get_name().partition(" : ")[2] or result._task.get_name(),
                    "state": state,
                    "message": "".join(
                        str(t.get(k, "")) for t in [told, *failed] for k in ("msg", "stderr", "exception")
                    )
                    if state in ("failed", "unreachable")
                    else "",
                    "diff": "".join(self._get_diff(diff) for diff in _listed(diffs)),
                }
            ),
            flush=True,
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        self._tell(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._tell(result, "skipped")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._tell(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._tell(result, "unreachable")


def _listed(diff: Any) -> list[Any]:
    return diff if isinstance(diff, list) else [diff] if diff else []
