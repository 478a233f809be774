"""Commands out of a platform's templates: values are data, never commands of their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fleetctl.protocols.ssh import names
from fleetctl.protocols.ssh.platforms import Platform


@lru_cache(maxsize=256)
def _template(source: str, ports: tuple[tuple[str, str], ...]) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # commands for a console, not HTML
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters["long"] = lambda port: names.written(port, dict(ports))
    return environment.from_string(source)


def rendered(platform: Platform, template: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a template's commands; raises ValueError for a value that would be a command of its own."""
    _plain(values)
    told = _template(platform.templates[template], tuple(platform.port_names.items())).render(values)
    return tuple(line.rstrip() for line in told.splitlines() if line.strip())


def _plain(value: Any) -> None:
    """Raise ValueError for text with a line break or another control character in it."""
    if isinstance(value, str):
        if not value.isprintable():
            raise ValueError(f"{value!r} holds a control character")
    elif isinstance(value, Mapping):
        for each in value.values():
            _plain(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _plain(each)
