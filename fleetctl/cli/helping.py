"""Help and usage errors in the reader's language; imported only where that is not English.

The texts of the commands are translated when a page of help or a usage line is made, and only then: no other command
reads their catalogue. The words of the command line's library stand here; what it says of wrong input is recognised,
as reasons are (docs/decisions/0011-language-of-reasons.md).
"""

from __future__ import annotations

import inspect
import io
import os
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import typer

from fleetctl.cli.screen import Screen
from fleetctl.reports.catalogues import place, read_po
from fleetctl.reports.reasons import Reasons

WORDS: Final = (
    "Usage",
    "Arguments",
    "Options",
    "Commands",
    "Show this message and exit.",
    "default",
    "required",
)
SENTENCES: Final = (
    "Error: {0}",
    "Try {0} for help.",
    "No such command {0}.",
    "No such command {0}. Did you mean {1}?",
    "No such option: {0}",
    "No such option: {0} (Possible options: {1})",
    "Missing command.",
    "Missing argument {0}.",
    "Missing option {0}.",
    "Option {0} requires an argument.",
    "Option {0} requires {1} arguments.",
    "Option {0} does not take a value.",
    "Argument {0} takes {1} values.",
    "Got unexpected extra argument(s) ({0})",
    "Invalid value for {0}: {1}",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than or equal to {0}",
    "Input should be less than or equal to {0}",
    "path {0} is not readable.",
)
COMPLETION: Final = "_FLEETCTL_COMPLETE"  # set where a shell asks how a line may go on, and what that means
_EXAMPLES: Final = re.compile(r"(Examples?): (.*)", re.DOTALL)
_NOTE: Final = re.compile(r"(.*) \(([a-z ]+)\)")
_BETWEEN: Final = "    "  # stands between two examples
_EXTRA: Final = "  ["  # what the library adds to an option's help begins so


def speak(root: Any, code: str) -> None:  # typer does not export the type of its commands
    """Let a command and those below it make their help, once it is asked for, in a language."""

    class Page(typer.Context):
        """A call of a command; its help and its usage line are written in the language."""

        formatter_class = _writer(code)

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            if COMPLETION in os.environ:
                self.make_formatter()

        def make_formatter(self) -> Any:
            """Translate the commands' texts, and return what writes the page."""
            translate(root, _tell(code))
            option = self.command.get_help_option(self)
            if option is not None:
                option.help = _tell(code)(option.help or "")
            return super().make_formatter()

    for command in _all(root):
        command.context_class = Page


def translate(root: Any, tell: Callable[[str], str]) -> None:
    """Replace each text of a command and of those below it by what `tell` returns for it."""
    for command in _all(root):
        command.help = _paragraphs(command.help, tell)
        command.short_help = _paragraphs(command.short_help, tell)
        command.epilog = _epilog(command.epilog, tell)
        command.options_metavar = command.options_metavar and tell(command.options_metavar)
        if hasattr(command, "subcommand_metavar"):
            command.subcommand_metavar = tell(command.subcommand_metavar)
        for param in command.params:
            param.help = _paragraphs(param.help, tell)


def usage(show: Callable[[io.StringIO], object], code: str, screen: Screen) -> None:
    """Tell a usage error, which `show` writes in English, in a language. Whole help goes past it to the screen."""
    told = io.StringIO()
    show(told)
    for line in told.getvalue().splitlines():
        screen.talk(_sentences(code)(line))


def _all(command: Any) -> list[Any]:
    return [command, *(each for inner in getattr(command, "commands", {}).values() for each in _all(inner))]


def _paragraphs(text: str | None, tell: Callable[[str], str]) -> str | None:
    """Translate a text paragraph by paragraph, each as one line: how it is broken in the source is no matter."""
    if not text:
        return text
    return "\n\n".join(tell(" ".join(each.split())) for each in inspect.cleandoc(text).split("\n\n"))


def _epilog(text: str | None, tell: Callable[[str], str]) -> str | None:
    """Translate what stands below the options. Of examples the commands stay as they are."""
    if not text or (examples := _EXAMPLES.fullmatch(text)) is None:
        return _paragraphs(text, tell)
    told = (
        f"{note[1]} ({tell(note[2])})" if (note := _NOTE.fullmatch(each)) else each
        for each in examples[2].split(_BETWEEN)
    )
    return f"{tell(examples[1])}: {_BETWEEN.join(told)}"


@lru_cache
def _writer(code: str) -> type[Any]:
    """Return what writes a page of help in a language: the headings and what is added to options are its own."""
    base: Any = typer.Context.formatter_class
    tell = _tell(code)

    class Writer(base):  # type: ignore[misc]  # typer does not export the type
        """Writes a page of help."""

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            """Write the usage line."""
            super().write_usage(prog, args, prefix or f"{tell('Usage')}: ")

        def write_heading(self, heading: str) -> None:
            """Write the heading of a part."""
            super().write_heading(tell(heading))

        def write_dl(self, rows: Sequence[tuple[str, str]], *given: Any, **named: Any) -> None:
            """Write options or commands, each with its help."""
            super().write_dl([(name, _extra(text, tell)) for name, text in rows], *given, **named)

    return Writer


def _extra(text: str, tell: Callable[[str], str]) -> str:
    """Translate what the library has added to an option's help: `[default: 3; required]`."""
    helped, begin, extra = text.rpartition(_EXTRA)
    if not begin or not extra.endswith("]"):
        return text
    pieces = []
    for piece in extra[:-1].split("; "):
        word, colon, value = piece.partition(": ")
        pieces.append(f"{tell(word)}{colon}{value}")
    return f"{helped}{begin}{'; '.join(pieces)}]"


@lru_cache
def _tell(code: str) -> Callable[[str], str]:
    texts: dict[str, tuple[str, ...]] = {}

    def tell(text: str) -> str:
        if not texts:
            texts.update(read_po(place(code, "help")))
        return texts.get(text, ("",))[0] or text

    return tell


@lru_cache
def _sentences(code: str) -> Reasons:
    return Reasons(((text, _tell(code)(text)) for text in SENTENCES), {})
