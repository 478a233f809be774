"""Renders values as Ansible's templating does: native types, strict about the undefined, lazily recursive.

What a template says about an undefined or broken variable is carried in a `Marker` until somebody needs the
value: `default` heals an undefined one, everything else passes it on. A value out of the vault is a marker
as well, so nothing derived from it is ever rendered unless the caller can open the vault.
Source: ansible-core 2.19 templating, checked by tests against it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from jinja2 import TemplateError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.utils import missing

from fleetctl.inventory.environment import ENVIRONMENT, compiled
from fleetctl.inventory.markers import Broken, Locked, Tripped
from fleetctl.inventory.scalars import is_template
from fleetctl.inventory.values import Unsafe, Vaulted

_RENDERING: Final = threading.RLock()  # one for all hosts: hosts refer to each other through hostvars
_FAILURES: Final = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError)


class Scope:
    """The variables of one host, as a template sees them; a variable is rendered when it is asked for.

    `find(name)` returns the value as written, or `missing`; `opened` maps a vault text to its plaintext, when
    the caller may open it.
    """

    __slots__ = ("_busy", "_done", "find", "opened")

    def __init__(self, find: Callable[[str], Any], opened: Callable[[str], str] | None = None) -> None:
        self.find = find
        self.opened = opened
        self._done: dict[str, Any] = {}
        self._busy: set[str] = set()

    def get(self, name: str) -> Any:
        """Return a variable rendered, a marker in the place of what failed, or jinja2's `missing`."""
        done = self._done.get(name, missing)
        if done is not missing:
            return done
        raw = self.find(name)
        if raw is missing:
            return missing
        with _RENDERING:
            return self._get(name, raw)

    def _get(self, name: str, raw: Any) -> Any:
        if name in self._busy:
            return Broken(hint=f"{name} refers to itself")
        self._busy.add(name)
        try:
            value = self.rendered(raw)
        finally:
            self._busy.discard(name)
        if not self._busy or not isinstance(value, Broken):
            self._done[name] = value
        return value

    def rendered(self, raw: Any) -> Any:
        """Render a value as written, and what is nested in it; failures become markers in their places."""
        kind = type(raw)
        if kind is str:
            return self._text(raw) if is_template(raw) else raw
        if kind is dict:
            return {key: self.rendered(value) for key, value in raw.items()}
        if kind is list:
            return [self.rendered(value) for value in raw]
        if kind is Vaulted:
            return self._unlocked(raw)
        return str(raw) if kind is Unsafe else raw

    def _unlocked(self, raw: Vaulted) -> Any:
        if self.opened is None:
            return Locked(hint="it is in the vault")
        return self.opened(str.__str__(raw))

    def _text(self, text: str) -> Any:
        template = compiled(text)
        if isinstance(template, str):
            return Broken(hint=template)
        context = _Context(ENVIRONMENT, {}, None, {}, globals=None)
        context.scope = self
        result = _joined(template.root_render_func(context))
        if type(result) is str and text.endswith("\n"):
            result += "\n" * (_newlines(text) - _newlines(result))
        return result

    def evaluated(self, expression: str) -> Any:
        """Evaluate a bare expression (as the constructed plug-in does); failures become markers."""
        return self._text("{{ " + expression + " }}")


def _newlines(text: str) -> int:
    return len(text) - len(text.rstrip("\n"))


class _Context(Context):
    scope: Scope

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        value = self.scope.get(key)
        return ENVIRONMENT.globals.get(key, missing) if value is missing else value

    def derived(self, locals: dict[str, Any] | None = None) -> Context:  # noqa: A002 - Jinja2's own name
        context = _Context(self.environment, {}, self.name, {}, globals=None)
        context.scope = self.scope
        context.vars.update(self.vars)
        context.vars.update({key: value for key, value in (locals or {}).items() if value is not missing})
        context.eval_ctx = self.eval_ctx
        return context


def _joined(told: Iterable[Any]) -> Any:
    """Return the single node of a template as it is, several as one string, none as None."""
    iterator = iter(told)
    parts: list[Any] = []
    try:
        parts.extend(part for part in iterator if part is not None)
        if len(parts) == 1:
            return parts[0]
        return "".join([str(part) for part in parts]) if parts else None
    except Tripped as tripped:
        return tripped.marker
    except SecurityError as error:
        return Broken(hint=f"not allowed in a template: {error}")
    except _FAILURES as error:
        return Broken(hint=f"{error}" or type(error).__name__)
