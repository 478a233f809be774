"""The vault identities of a workspace: which of them opens a text, and which a text is written with.

Source: ansible-core 2.19, docs "Managing vault passwords": the label of a text is a hint, every identity is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fleetctl.errors import VaultError
from fleetctl.vault import cipher
from fleetctl.vault.source import PasswordSource

_LABELLED: Final = 4  # parts of a text's head that names its identity


class Identities:
    """The vault identities, the main one first. Each password is asked for once, when it is first needed."""

    def __init__(self, sources: Sequence[PasswordSource]) -> None:
        self.sources = tuple(sources)
        self._passwords: dict[str, bytes] = {}

    @property
    def main(self) -> PasswordSource:
        """What new files are written with."""
        return self.sources[0]

    def password(self, source: PasswordSource) -> bytes:
        """Return the password of an identity; raises VaultError when there is none."""
        if source.label not in self._passwords:
            self._passwords[source.label] = source.password()
        return self._passwords[source.label]

    def decrypt(self, text: str) -> str:
        """Return the plaintext; raises VaultError where no identity opens it, with what its own one said."""
        return self._opened(text)[1]

    def opens(self, text: str) -> PasswordSource:
        """Return the identity that opens a text; raises VaultError as `decrypt`."""
        return self._opened(text)[0]

    def encrypt(self, plain: str, before: str = "") -> str:
        """Return vault text, of the identity of the text that it replaces, else of the main one."""
        source = self.opens(before) if before else self.main
        return cipher.encrypt(plain, self.password(source), source.label)

    def _opened(self, text: str) -> tuple[PasswordSource, str]:
        said: VaultError | None = None
        for source in self._likelier(text):
            try:
                return source, cipher.decrypt(text, self.password(source))
            except VaultError as error:
                said = said or error
        raise said or VaultError("there is no vault identity")

    def _likelier(self, text: str) -> tuple[PasswordSource, ...]:
        """Return the identities in the order in which they are tried: that of the text's own label first."""
        head = text.lstrip().partition("\n")[0].strip().split(";")
        label = head[_LABELLED - 1] if len(head) == _LABELLED else ""
        return tuple(sorted(self.sources, key=lambda source: source.label != label)) if label else self.sources
