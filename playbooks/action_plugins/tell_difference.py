"""Tells what differs on a host where no module can: of secrets, of accounts, of things that are plugged in.

    - name: Tell which accounts are not as they should be
      ansible.legacy.tell_difference:
        what: level of lanhdao
        before: administrator
        after: user

It writes nothing and asks nothing: `before` is what an earlier task read. Differing values come back as `changed` with
a diff, in check mode as in earnest. `mendable: false` is for what no role can put right (a reader that is unplugged):
in check mode it is a difference, in earnest a failure with `reason`.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """Compare two values that are no secrets."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return `changed` and `diff` of `before` and `after`; fail where nothing mends it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, told = self.validate_argument_spec(
            argument_spec={
                "what": {"type": "str", "required": True},
                "before": {"type": "raw", "required": True},
                "after": {"type": "raw", "required": True},
                "mendable": {"type": "bool", "default": True},
                "reason": {"type": "str", "default": ""},
            }
        )
        differs = told["before"] != told["after"]
        result["changed"] = differs
        if not differs:
            return result
        result["diff"] = {
            "before": _lines(told["before"]),
            "after": _lines(told["after"]),
            "before_header": told["what"],
            "after_header": told["what"],
        }
        if not told["mendable"] and not self._task.check_mode:
            raise AnsibleActionFail(told["reason"] or f"{told['what']}: {told['before']}", result=result)
        return result


def _lines(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"{key}: {value[key]}\n" for key in sorted(value))
    if isinstance(value, (list, tuple)):
        return "".join(f"{item}\n" for item in value)
    return f"{value}\n"
