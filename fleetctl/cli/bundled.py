"""`--bundle FILE`: a site that was taken along, opened for one command and put back into its file at its end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleetctl.cli.screen import Screen
from fleetctl.errors import UsageError
from fleetctl.reports.language import Language

if TYPE_CHECKING:
    from fleetctl.bundle import Container
    from fleetctl.operations.bundling.opening import Opened
    from fleetctl.operations.workspace import Workspace

KEY_FILE: Final = "FLEETCTL_BUNDLE_KEY_FILE"


class Bundled:
    """The bundle that a command was given; opened when the command asks for its workspace."""

    def __init__(self, path: Path, key: Path | None, fleet: str, screen: Screen, say: Language) -> None:
        self.path, self._key, self._fleet, self._screen, self.say = path, key, fleet, screen, say
        self._opened: Opened | None = None

    def open(self, *, reading: bool) -> Workspace:
        """Return the site as a workspace. Raises UsageError, Busy; nothing was written then."""
        from fleetctl.operations.bundling.opening import open_bundle

        if self._opened is None:
            self._opened = open_bundle(self.path, self._ask, fleet=self._fleet)
            for news in self._opened.news:
                self._screen.talk(f"{self.path}: {self.say.reason(news)}")
        return self._opened.workspace(reading=reading)

    def _ask(self, container: Container) -> str:
        from fleetctl.bundle.keys import is_passphrase

        named = self._key or (Path(os.environ[KEY_FILE]) if os.environ.get(KEY_FILE) else None)
        if named is not None:
            return key_of(named)
        if not is_passphrase(container.part("lock")):
            raise UsageError(f"{self.path} is sealed to a key. Name the file of its private key: --bundle-key FILE")
        return self._screen.ask_secret(
            self.say("Passphrase of the bundle of {site}:", site=container.issue.site),
            "Name a file that holds it: --bundle-key FILE",
        )

    def close(self) -> None:
        """Put what was done into the file. Raises UsageError where that cannot be written."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


def key_of(path: Path) -> str:
    """Return a passphrase or private key as its file has it. Raises UsageError."""
    try:
        return path.expanduser().read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', '') or 'it is not text'}") from None
