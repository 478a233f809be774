"""What people read in Vietnamese or English. The English text is the key; `locale/*/LC_MESSAGES/*.po` has the rest."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from fleetctl.errors import Fault, FleetctlError, InventoryError, UsageError
from fleetctl.reports.catalogues import Catalogue, place, read_po
from fleetctl.reports.reasons import Reasons

LANGUAGES: Final = ("en", "vi")


def N_(text: str) -> str:  # noqa: N802 gettext's own name: it marks a text that is translated later
    """Mark a text as one to translate; returns it as it is."""
    return text


IN_VAULT: Final = N_("(in the vault)")
STANDING: Final = (N_("as it came"), N_("of the vault"), N_("(not shown)"))
"""What stands where a secret would."""


class Language:
    """Turns an English text into the reader's language: `say("{n} devices", n=3)`."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._texts = catalogue(code)

    def __call__(self, text: str, **values: object) -> str:
        """Return the text in the reader's language with its values filled in."""
        told = self._texts.gettext(text)
        return told.format(**self._told(values)) if values else told

    def many(self, one: str, many: str, n: int, **values: object) -> str:
        """Return the text for `n` things; `{n}` is filled in."""
        return self._texts.ngettext(one, many, n).format(n=n, **self._told(values))

    def _told(self, values: Mapping[str, object]) -> dict[str, object]:
        return {name: self.error(v) if isinstance(v, FleetctlError) else v for name, v in values.items()}

    def reason(self, text: str) -> str:
        """Return the reason of an outcome, or an error's message, in the reader's language."""
        return text if self.code == "en" else _reason(self.code, text)

    def value(self, text: str) -> str:
        """Return a value as it is shown, with the words that stand for a secret in the reader's language."""
        if self.code == "en":
            return text
        return next((self(word) for word in STANDING if word == text), text.replace(IN_VAULT, self(IN_VAULT)))

    def error(self, error: FleetctlError) -> str:
        """Return what an error says; of an inventory all its faults, a line for each."""
        if isinstance(error, InventoryError):
            return "\n".join(self.fault(fault) for fault in error.faults)
        return self.reason(str(error))

    def fault(self, fault: Fault) -> str:
        """Return a fault of a file with its place: `file:line:column: reason. Mend: mend`."""
        if self.code == "en":
            return str(fault)
        place, _, _ = str(fault).partition(f": {fault.reason}")
        said = self.reason(fault.reason)
        if not fault.mend:
            return f"{place}: {said}"
        stop = "" if said.endswith((".", "?", "!")) else "."
        return f"{place}: {said}{stop} {self('Mend:')} {self.reason(fault.mend)}"


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(code: str) -> gettext.NullTranslations:
    """Return a language's catalogue; English needs none."""
    if code == "en":
        return gettext.NullTranslations()
    return Catalogue(dict(read_po(place(code, "fleetctl"))))


@lru_cache(maxsize=len(LANGUAGES))
def reasons(code: str) -> Reasons:
    """Return what says errors and reasons in a language."""
    from fleetctl.reports.wording import OUTCOMES

    told = read_po(place(code, "reasons"))
    say = catalogue(code).gettext
    words = {outcome.value: say(word) for outcome, word in OUTCOMES.items()} | {"Mend:": say("Mend:")}
    return Reasons(((text, said[0]) for text, said in told if said[0]), words)


@lru_cache(maxsize=8192)
def _reason(code: str, text: str) -> str:
    """Return a reason in a language; the same few come over and over."""
    return reasons(code)(text)


def choose(asked: str, environment: Mapping[str, str]) -> str:
    """Return the language asked for, else the locale's, else English. Raises UsageError."""
    if asked and asked not in LANGUAGES:
        raise UsageError(f"--lang {asked}: fleetctl speaks {' and '.join(LANGUAGES)}")
    told = asked or next((v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := environment.get(k))), "")
    return "vi" if told.lower().startswith("vi") else "en"
