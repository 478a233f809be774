"""The file of a bundle: words for people first, then what the fleet issued, how far it is, and three sealed parts.

    fleetctl bundle 1
    words for whoever opens it in an editor; no line of them begins with {
    {issue}      what home issued; never changes          signed by the fleet's key
    signature
    {state}      how often it was written, digests of the parts
    signature    of every byte above, by the bundle's own key, which the issue names
    the parts: lock, images, work

Every byte is under a signature or a digest that is signed. Who may open the parts is no matter of this module.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fleetctl.errors import UsageError
from fleetctl.files import replacing

MAGIC: Final = b"fleetctl bundle 1\n"
PARTS: Final = ("lock", "images", "work")
_HEAD: Final = 256 * 1024  # bytes above the parts, at most
_PIECE: Final = 1024 * 1024
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What home issued. Times are ISO 8601 with their zone; keys are Ed25519 public keys, hexadecimal."""

    bundle: str
    fleet: str  # the key that signs what the fleet issues
    key: str  # the key that signs what is done with this bundle
    home: str  # the public key of age to which all is sealed as well, so that home opens what comes back
    site: str
    site_name: str
    made: str
    expires: str
    by: str  # who made it
    host: str  # on which machine
    holder: str  # who took it along

    def expired(self, now: datetime) -> bool:
        """Tell whether work with it has ended; it may be read and returned for ever."""
        return now >= datetime.fromisoformat(self.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How often the file was written (1: as it was issued), when and where; length and SHA-256 of each part."""

    generation: int
    written: str
    host: str
    lock: tuple[int, str]
    images: tuple[int, str]
    work: tuple[int, str]


@dataclass(frozen=True, slots=True)
class Container:
    """A file that was read, its signatures and digests proven."""

    path: Path
    issue: Issue
    state: State
    head: bytes  # words, issue and its signature: what stays as it was issued
    _starts: Mapping[str, int]

    def part(self, name: str) -> bytes:
        """Return a sealed part whole."""
        with self.path.open("rb") as file:
            file.seek(self._starts[name])
            return file.read(self._length(name))

    def reader(self, name: str, file: IO[bytes]) -> Limited:
        """Return what reads a part of the opened file, and not beyond."""
        file.seek(self._starts[name])
        return Limited(file, self._length(name))

    def _length(self, name: str) -> int:
        length, _ = getattr(self.state, name)
        return int(length)


class Limited:
    """Reads so many bytes of a file and then tells that it has ended."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self._file, self._left = file, left

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes (all if negative), b"" at the end."""
        told = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(told)
        return told


# --- reading --------------------------------------------------------------------------------------


def read(path: Path) -> Container:
    """Read a bundle and prove that nobody altered it. Raises UsageError; nothing of it was opened then."""
    try:
        with path.open("rb") as file:
            return _proven(path, file)
    except FileNotFoundError:
        raise UsageError(f"there is no bundle at {path}. Make one at home: fleetctl site bundle SITE") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None


def _proven(path: Path, file: IO[bytes]) -> Container:
    top = file.read(_HEAD)
    if not top.startswith(MAGIC):
        raise UsageError(
            f"{path} is not a bundle of this version of fleetctl, or its beginning was altered or cut off. Nothing was "
            "opened. Mend: copy it again from where it was made"
        )
    lines = top.split(b"\n")
    at = next((n for n, line in enumerate(lines) if line.startswith(b"{")), len(lines))
    if len(lines) < at + 5:
        raise _altered(path, "it was cut off")
    told, fleet_signature, state_line, signature = lines[at : at + 4]
    issue, state = _parsed(path, Issue, told), _parsed(path, State, state_line)
    head = b"\n".join(lines[: at + 2]) + b"\n"
    _check(path, issue.fleet, fleet_signature, told, "what home issued was altered")
    _check(path, issue.key, signature, head + state_line + b"\n", "it was altered")
    start = len(head) + len(state_line) + len(signature) + 2
    starts = {}
    file.seek(start)
    for name in PARTS:
        length, expected = getattr(state, name)
        starts[name] = start
        start += length
        if _digest(file, length) != expected:
            raise _altered(path, f"its part `{name}` was altered or cut off")
    if file.read(1):
        raise _altered(path, "something was added to it")
    return Container(path, issue, state, head, starts)


def _parsed(path: Path, kind: type[_T], line: bytes) -> _T:
    try:
        told: dict[str, Any] = json.loads(line)
        if kind is State:
            told |= {name: (int(told[name][0]), str(told[name][1])) for name in PARTS}
        made = kind(**told)
        if isinstance(made, Issue):
            made.expired(datetime.now().astimezone())
    except (ValueError, TypeError, KeyError, IndexError):
        raise _altered(path, "its head cannot be understood") from None
    return made


def _check(path: Path, key: str, signature: bytes, content: bytes, reason: str) -> None:
    try:
        raw = bytes.fromhex(signature.decode("ascii"))
        if raw.hex().encode("ascii") != signature:
            raise _altered(path, reason)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(raw, content)
    except (ValueError, InvalidSignature):
        raise _altered(path, reason) from None


def _altered(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"{path}: {reason} since fleetctl wrote it. Nothing was opened, nothing was written. Mend: copy it again from "
        "where it came from"
    )


def _digest(file: IO[bytes], length: int) -> str:
    told, left = hashlib.sha256(), length
    while left and (piece := file.read(min(_PIECE, left))):
        told.update(piece)
        left -= len(piece)
    return told.hexdigest() if not left else ""


# --- writing --------------------------------------------------------------------------------------


def head(words: str, issue: Issue, fleet_key: Ed25519PrivateKey) -> bytes:
    """Return what stays as it was issued: words for people, the issue, its signature."""
    lines = [f" {line}" if line.startswith("{") else line for line in words.strip().splitlines()]
    told = _line(dataclasses.asdict(issue))
    text = "\n".join(lines).encode("utf-8") + b"\n"
    return MAGIC + text + told + b"\n" + fleet_key.sign(told).hex().encode("ascii") + b"\n"


def write(
    path: Path,
    top: bytes,
    parts: Mapping[str, bytes | Callable[[IO[bytes]], None]],
    key: Ed25519PrivateKey,
    *,
    generation: int,
    written: str,
    host: str,
) -> str:
    """Write a bundle whole or not at all (0600), on disk on return; returns the digest of its part `work`.

    A part is its bytes, or what writes them into a file. Raises OSError.
    """
    path = path.resolve()
    with tempfile.TemporaryFile(dir=path.parent) as sealed:
        measured = {name: _put(sealed, parts[name]) for name in PARTS}
        state = State(generation=generation, written=written, host=host, **measured)
        signed = top + _line(dataclasses.asdict(state)) + b"\n"
        _place(path, signed + key.sign(signed).hex().encode("ascii") + b"\n", sealed)
    return measured["work"][1]


def _put(file: IO[bytes], part: bytes | Callable[[IO[bytes]], None]) -> tuple[int, str]:
    start = file.tell()
    if callable(part):
        part(file)
    else:
        file.write(part)
    length = file.tell() - start
    file.seek(start)
    return length, _digest(file, length)


def _place(path: Path, top: bytes, sealed: IO[bytes]) -> None:
    with replacing(path, mode=0o600) as file:
        file.write(top)
        sealed.seek(0)
        while piece := sealed.read(_PIECE):
            file.write(piece)


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")
