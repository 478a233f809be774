"""Finds every text of the commands' help, as the command line itself has it, and the words of its library."""

from __future__ import annotations

from collections.abc import Iterator

import typer.main

from fleetctl.cli.helping import SENTENCES, WORDS, translate
from fleetctl.cli.main import app


def helps() -> Iterator[tuple[str, str]]:
    """Yield each text once, with "": none has a plural."""
    found: dict[str, str] = {}

    def heard(text: str) -> str:
        found[text] = ""
        return text

    translate(typer.main.get_command(app), heard)
    yield from (found | dict.fromkeys((*WORDS, *SENTENCES), "")).items()
