"""What makes one console different from another."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from fleetctl.errors import UsageError

if TYPE_CHECKING:
    from fleetctl.lab.switch.config import Tree
    from fleetctl.lab.switch.unit import SimSwitch


@dataclass
class Shell:
    """One person at the console."""

    user: str
    mode: str = "user"  # user, privileged, config, or a block's header
    page: int = 24  # lines until it waits for a key; 0: never
    closed: bool = False
    asking: str = ""  # a question that was asked: the next line is its answer
    pending: dict[str, str] = field(default_factory=dict)
    safe: bool = False  # RouterOS: what is typed is undone when the session breaks
    before: dict[str, Any] = field(default_factory=dict)


class Dialect(Protocol):
    """One make of console. What it prints comes from the maker's documentation, never from the client."""

    name: str
    mac_prefix: str
    serial_pattern: str
    ports: tuple[str, ...]
    poe_ports: frozenset[str]
    more: str  # what it says when a page is full

    def factory(self, switch: SimSwitch) -> Tree:
        """Return the configuration it comes with, with the login that a technician gave it."""

    def greet(self, switch: SimSwitch, user: str) -> Shell:
        """Return the shell of somebody who has logged in."""

    def prompt(self, switch: SimSwitch, shell: Shell) -> str:
        """Return what stands before the cursor."""

    def run(self, switch: SimSwitch, shell: Shell, line: str) -> str:
        """Do what was typed and return what is printed."""

    def writes(self, shell: Shell, line: str) -> bool:
        """Tell whether a line changes the switch."""

    def left(self, switch: SimSwitch, shell: Shell) -> None:
        """Do what the end of a session does."""

    def start(self, switch: SimSwitch) -> None:
        """Choose the image to start from, where the make has several."""

    def takes_file(self, switch: SimSwitch, user: str, path: str) -> str:
        """Return the name under which a file copied to `path` is kept; raises PermissionError with what it says."""

    def text(self, switch: SimSwitch, tree: Tree) -> str:
        """Return a configuration as it is shown."""

    def accounts(self, switch: SimSwitch) -> Mapping[str, str]:
        """Return the accounts and their passwords."""

    def enabled(self, switch: SimSwitch, port: str) -> bool:
        """Tell whether a port is on."""

    def powers(self, switch: SimSwitch, port: str) -> bool:
        """Tell whether a port gives power."""

    def vlan(self, switch: SimSwitch, port: str) -> int:
        """Return the VLAN of what comes in untagged."""


@lru_cache(maxsize=1)
def known() -> Mapping[str, Dialect]:
    """Scan `lab/switch/dialects` once; each module holds one DIALECT."""
    package = importlib.import_module("fleetctl.lab.switch.dialects")
    found: dict[str, Dialect] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        told = getattr(importlib.import_module(f"{package.__name__}.{info.name}"), "DIALECT", None)
        if told is not None:
            found[told.name] = told
    return found


def of(name: str) -> Dialect:
    """Return the dialect of that name; raises UsageError that lists those there are."""
    try:
        return known()[name]
    except KeyError:
        raise UsageError(f"no switch {name!r}; there are {', '.join(known())}") from None
