"""What the options before the command said, handed to every command."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fleetctl.cli.bundled import Bundled
from fleetctl.cli.screen import Screen
from fleetctl.errors import UsageError
from fleetctl.reports.language import Language

if TYPE_CHECKING:
    from fleetctl.cli.follow import Followed
    from fleetctl.operations.workspace import Workspace


@dataclass(slots=True)
class Opened:
    """What one call has opened: bundles, to be closed at its end, and runs, of which an error still tells."""

    bundles: list[Bundled] = field(default_factory=list)
    runs: list[Followed] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The global options of one call, and the screen it prints on."""

    say: Language = field(default_factory=lambda: Language("en"))
    screen: Screen = field(default_factory=Screen)
    json: bool = False
    verbose: bool = False
    inventory: Path | None = None
    workspace: Path | None = None
    vault_ids: tuple[str, ...] = ()
    bundle: Bundled | None = None
    opened: Opened = field(default_factory=Opened)

    def open(self, *, reading: bool = False) -> Workspace:
        """Open the workspace that was named, else the one around the current folder. Raises UsageError.

        `reading`: only what is on record is asked for, which works on another machine than the workspace's home.
        """
        from fleetctl.operations.workspace import open_workspace

        if self.bundle is not None:
            return self.bundle.open(reading=reading)
        start = self.workspace or Path.cwd()
        return open_workspace(start, self.inventory, reading=reading, vault_ids=self.vault_ids, ask=self._ask)

    def only_home(self, what: str) -> None:
        """Raise UsageError where a command that a bundle has no use for was given one."""
        if self.bundle is not None:
            raise UsageError(
                f"fleetctl {what} is for home: a bundle has one site, to work on its devices. Leave --bundle out"
            )

    def _ask(self, label: str) -> str:
        """Ask for the vault password. Raises VaultError where there is no terminal."""
        return self.screen.ask_secret(
            self.say("Vault password of {label}:", label=label), "Name a file or script: --vault-id LABEL@FILE"
        )


def context(ctx: typer.Context) -> Context:
    """Return what the global options said."""
    told: Context = ctx.obj
    return told
