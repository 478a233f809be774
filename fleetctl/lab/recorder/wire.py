"""What a recorder says to cameras: HTTP with digest logins, and ONVIF's tokens; over sockets, from its own address.

Source: RFC 9112, RFC 7616; WS-Security UsernameToken Profile 1.0. Small on purpose; answers are bounded.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BODY_MAX: Final = 256 * 1024
PATIENCE_S: Final = 5.0
_PAIR: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_LENGTH: Final = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


class Unanswered(Exception):
    """Nobody answers there, or not in a way that makes sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One answer."""

    status: int
    head: str
    body: bytes

    def challenge(self) -> Mapping[str, str]:
        """Return the digest challenge that this recorder can answer, MD5 before SHA-256; empty if there is none."""
        found = []
        for line in self.head.split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "www-authenticate" and value.strip().lower().startswith("digest"):
                found.append({key.lower(): quoted or bare for key, quoted, bare in _PAIR.findall(value)})
        return min(found, key=lambda told: told.get("algorithm", "MD5").upper() != "MD5", default={})


def digest(told: Mapping[str, str], method: str, target: str, login: tuple[str, str], count: int = 1) -> str:
    """Return the Authorization value that answers a challenge."""
    user, password = login
    made = hashlib.sha256 if told.get("algorithm", "MD5").upper() == "SHA-256" else hashlib.md5

    def hashed(words: str) -> str:
        return made(words.encode()).hexdigest()

    realm, nonce = told.get("realm", ""), told.get("nonce", "")
    known, asked = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{target}")
    parts = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{target}"'
    if "qop" in told:
        nc, cnonce = f"{count:08x}", os.urandom(4).hex()
        parts += f', qop=auth, nc={nc}, cnonce="{cnonce}"'
        answer = hashed(f"{known}:{nonce}:{nc}:{cnonce}:auth:{asked}")
    else:
        answer = hashed(f"{known}:{nonce}:{asked}")
    if "algorithm" in told:
        parts += f", algorithm={told['algorithm']}"
    return f'{parts}, response="{answer}"'


def token(login: tuple[str, str], created: str) -> str:
    """Return a WS-Security header with a password digest."""
    user, password = login
    nonce = os.urandom(16)
    proof = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
    space = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
    return (
        f'<s:Header><w:Security xmlns:w="{space}wssecurity-secext-1.0.xsd"'
        f' xmlns:u="{space}wssecurity-utility-1.0.xsd"><w:UsernameToken><w:Username>{user}</w:Username>'
        f'<w:Password Type="{space}username-token-profile-1.0#PasswordDigest">{base64.b64encode(proof).decode()}'
        f"</w:Password><w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
        "</w:UsernameToken></w:Security></s:Header>"
    )


class Line:
    """One connection from a recorder to a camera; use as a context. Raises Unanswered."""

    def __init__(self, source: str, address: str, port: int) -> None:
        self._source, self._address, self._port = source, address, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
        self._reader = self._writer = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the connection, opened if it is not."""
        if self._reader is None or self._writer is None:
            try:
                self._reader, self._writer = await asyncio.open_connection(
                    self._address, self._port, local_addr=(self._source, 0), limit=BODY_MAX
                )
            except OSError as error:
                raise Unanswered(str(error)) from None
        return self._reader, self._writer

    async def ask(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Heard:
        """Ask once; a connection that the camera closed meanwhile is opened again."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._address}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        sent = "\r\n".join((*lines, "", "")).encode() + body
        fresh = self._reader is None
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._exchange(sent)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as error:
            self.close()
            if fresh or isinstance(error, TimeoutError):
                raise Unanswered(type(error).__name__) from None
        return await self.ask(method, target, body, headers)

    async def _exchange(self, sent: bytes) -> Heard:
        reader, writer = await self.open()
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        words = head.split(b" ", 2)
        if length is None or int(length[1]) > BODY_MAX or len(words) < 3 or not words[1].isdigit():
            self.close()
            raise Unanswered("no HTTP")
        body = await reader.readexactly(int(length[1]))
        told = head.decode("latin-1")
        if "connection: close" in told.lower():
            self.close()
        return Heard(status=int(words[1]), head=told, body=body)

    async def ask_as(
        self,
        login: tuple[str, str],
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Heard:
        """Ask, answering the digest challenge of a 401 once."""
        first = await self.ask(method, target, body, headers)
        told = first.challenge()
        if first.status != 401 or not told:
            return first
        proof = {"Authorization": digest(told, method, target, login)}
        return await self.ask(method, target, body, {**(headers or {}), **proof})
