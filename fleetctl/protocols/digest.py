"""HTTP digest login (RFC 7616): MD5 and SHA-256, their -sess forms, qop auth or none.

Keeps count of what was presented, so that a refused credential is never presented again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_ALGORITHMS: Final = {"SHA-256": "sha256", "MD5": "md5"}  # in order of preference
_PART: Final = re.compile(r'([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.){0,2048})"|([^\s,"]{1,2048}))')


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a device asked for in WWW-Authenticate."""

    realm: str
    nonce: str
    opaque: str | None
    algorithm: str  # as the device wrote it, "" if it did not
    qop: str  # "auth" or ""
    stale: bool

    @property
    def hash_name(self) -> str:
        """Return "md5" or "sha256"."""
        return _ALGORITHMS[self.algorithm.upper().removesuffix("-SESS") or "MD5"]


def challenge_in(headers: Sequence[str]) -> Challenge | None:
    """Return the strongest digest challenge in WWW-Authenticate headers, None where there is none we can answer."""
    found: list[Challenge] = []
    for header in headers:
        for scheme, rest in _schemes(header[:8192]):
            if scheme.lower() == "digest" and (challenge := _challenge(rest)) is not None:
                found.append(challenge)
    found.sort(key=lambda c: list(_ALGORITHMS.values()).index(c.hash_name))
    return found[0] if found else None


def _schemes(header: str) -> list[tuple[str, str]]:
    """Split `Basic realm="x", Digest realm="x", nonce="y"` (several challenges in one header)."""
    starts = list(re.finditer(r"(?:^|,)\s*(Digest|Basic|Bearer|Negotiate|NTLM)(?=\s|$)", header, re.IGNORECASE))
    ends = [m.start() for m in starts[1:]] + [len(header)]
    return [(m.group(1), header[m.end() : end]) for m, end in zip(starts, ends, strict=False)]


def _challenge(rest: str) -> Challenge | None:
    parts = {m[1].lower(): re.sub(r"\\(.)", r"\1", m[2]) if m[2] is not None else m[3] for m in _PART.finditer(rest)}
    algorithm = parts.get("algorithm", "")
    qops = [q.strip().lower() for q in parts.get("qop", "").split(",") if q.strip()]
    known = (algorithm.upper().removesuffix("-SESS") or "MD5") in _ALGORITHMS
    if not known or "nonce" not in parts or (qops and "auth" not in qops):
        return None
    return Challenge(
        realm=parts.get("realm", ""),
        nonce=parts["nonce"],
        opaque=parts.get("opaque"),
        algorithm=algorithm,
        qop="auth" if qops else "",
        stale=parts.get("stale", "").lower() == "true",  # Hikvision V5.4.5 quotes and shouts it: stale="FALSE"
    )


@dataclass(slots=True)
class DigestAuth:
    """One login of one device. Not for several threads at once."""

    user: str
    password: str = field(repr=False)
    challenge: Challenge | None = None
    accepted: bool = False  # the device took it at least once
    rejected: bool = False  # presented and refused: `authorization` gives nothing any more
    presented: int = 0
    once: bool = False  # each nonce serves one request: a second use is refused, and stands in the device's log
    _fresh: bool = False  # the nonce has not been used yet
    _count: int = 0
    _cnonce: str = ""

    @property
    def scheme(self) -> str:
        """Return "digest-md5" or "digest-sha256", "" before the first challenge."""
        return f"digest-{self.challenge.hash_name}" if self.challenge else ""

    def challenged(self, headers: Sequence[str]) -> bool:
        """Take the challenge of a 401; returns False when there is none that can be answered."""
        challenge = challenge_in(headers)
        if challenge is None:
            return False
        if self.challenge is None or challenge.nonce != self.challenge.nonce:
            self._count, self._cnonce = 0, secrets.token_hex(8)
        self.challenge, self._fresh = challenge, True
        return True

    def authorization(self, method: str, uri: str) -> str:
        """Return the Authorization header for a request; "" where nothing may be presented (now)."""
        challenge = self.challenge
        if challenge is None or self.rejected or (self.once and not self._fresh):
            return ""
        self._fresh = False
        self._count += 1
        self.presented += 1
        count, cnonce = f"{self._count:08x}", self._cnonce

        make = hashlib.sha256 if challenge.hash_name == "sha256" else hashlib.md5

        def hashed(text: str) -> str:
            return make(text.encode(), usedforsecurity=False).hexdigest()

        login = hashed(f"{self.user}:{challenge.realm}:{self.password}")
        if challenge.algorithm.lower().endswith("-sess"):
            login = hashed(f"{login}:{challenge.nonce}:{cnonce}")
        request = hashed(f"{method}:{uri}")
        middle = f"{challenge.nonce}:{count}:{cnonce}:auth" if challenge.qop else challenge.nonce
        told = [
            f'username="{_quoted(self.user)}"',
            f'realm="{_quoted(challenge.realm)}"',
            f'nonce="{_quoted(challenge.nonce)}"',
            f'uri="{uri}"',
            f'response="{hashed(f"{login}:{middle}:{request}")}"',
        ]
        if challenge.algorithm:
            told.append(f"algorithm={challenge.algorithm}")
        if challenge.qop:
            told.append(f'qop=auth, nc={count}, cnonce="{cnonce}"')
        elif challenge.algorithm.lower().endswith("-sess"):
            told.append(f'cnonce="{cnonce}"')
        if challenge.opaque is not None:
            told.append(f'opaque="{_quoted(challenge.opaque)}"')
        return "Digest " + ", ".join(told)

    def may_present_again(self, headers: Sequence[str]) -> bool:
        """Judge a 401 to a presented credential: True only when the nonce was to blame, and there is a new one.

        The nonce is to blame when the device says `stale`, or when it had taken this very login before on a nonce
        that has since served several requests (many devices let a nonce run out without a word). In any other case a
        login that was never accepted counts as refused, for good.
        """
        old, used, was_accepted = self.challenge, self._count, self.accepted
        new = self.challenge if self.challenged(headers) else None
        if new is not None and (old is None or new.nonce != old.nonce) and (new.stale or (was_accepted and used > 1)):
            self.once = self.once or not new.stale
            return True
        self.rejected = not was_accepted
        return False


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
