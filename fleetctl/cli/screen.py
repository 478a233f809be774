"""Results go to stdout, talk to stderr; tables fit the terminal; colours only on a terminal without NO_COLOR."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

from fleetctl.errors import UsageError, VaultError
from fleetctl.model import Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Column = str | tuple[str, dict[str, Any]]
"""A heading, or a heading and rich's options of the column."""

WHOLE: Final = {"no_wrap": True}
"""Options of a column whose cells are not folded: names, times."""

YES_WORDS: Final = ("y", "yes", "c", "co", "có")
WIDTH_UNKNOWN: Final = 160  # of a file or a pipe: wide enough that few lines are folded

STYLES: Final = {
    Outcome.UNCHANGED: "green",
    Outcome.CHANGED: "cyan",
    Outcome.PENDING: "yellow",
    Outcome.NOT_APPLIED: "red",
    Outcome.UNSUPPORTED: "bright_black",
    Outcome.UNREACHABLE: "magenta",
    Outcome.REFUSED: "bold red",
    Outcome.UNKNOWN: "red",
    Outcome.STALE: "red",
    Outcome.BLOCKED: "magenta",
    Outcome.WAIVED: "blue",
    Outcome.FAILED: "bold red",
    Outcome.INTERRUPTED: "bold red",
}


class Screen:
    """Writes lines and tables. A reader that closes the pipe early ends the printing, never the work."""

    def __init__(self) -> None:
        self._begun = False

    def out(self, text: str = "") -> None:
        """Print a line of the result."""
        self._write(sys.stdout, text + "\n")
        self._begun = True

    def gap(self) -> None:
        """Print an empty line between two parts of the result."""
        if self._begun:
            self.out()

    def talk(self, text: str = "") -> None:
        """Print a line that is not the result."""
        self._write(sys.stderr, text + "\n")

    def table(self, table: Table) -> None:
        """Print a rich table as part of the result."""
        drawn = io.StringIO()
        self.console(sys.stdout, drawn).print(table)
        lines = (line.rstrip() for line in drawn.getvalue().splitlines())
        self.out("\n".join(lines))

    def ask(self, question: str, yes: Sequence[str]) -> bool:
        """Ask on the terminal; anything that is not one of the `yes` words is no."""
        sys.stderr.write(f"{question} ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        return answer.strip().lower() in yes

    def ask_secret(self, question: str, mend: str) -> str:
        """Ask on the terminal for what is typed unseen. Raises VaultError, with how to mend it, where there is none."""
        if not sys.stdin.isatty():
            raise VaultError(f"{question} there is no terminal to ask on. {mend}")
        import getpass

        return getpass.getpass(f"{question} ", stream=sys.stderr).strip()

    @property
    def width(self) -> int:
        """How many columns the result may have."""
        return self.console(sys.stdout).width

    @staticmethod
    def console(stream: TextIO, drawn: TextIO | None = None) -> Console:
        """Return rich's console as it suits a stream; `drawn` takes what is printed in the stream's place."""
        from rich.console import Console

        terminal = stream.isatty()
        width = None if terminal or os.environ.get("COLUMNS", "").isdigit() else WIDTH_UNKNOWN
        return Console(
            file=drawn or stream,
            force_terminal=terminal,
            no_color=not terminal or bool(os.environ.get("NO_COLOR")),
            width=width,
            markup=False,
            highlight=False,
            emoji=False,
        )

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def table(*columns: Column, title: str = "") -> Table:
    """Return a plain table: columns are headings, or (heading, options of rich); cells are never markup."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    if title:
        made.title, made.title_justify = title, "left"
    for column in columns:
        name, options = (column, {}) if isinstance(column, str) else column
        made.add_column(name, **{"overflow": "fold", **options})
    return made


def need_answer(
    *,
    yes: bool,
    what: str,
    look: str = "Nothing was sent. Where it is clear what it would do, add --yes",
) -> None:
    """Raise UsageError when something would have to be asked and there is no terminal to ask on."""
    if not yes and not sys.stdin.isatty():
        raise UsageError(f"{what} asks before it writes, and there is no terminal to ask on. {look}")
