"""A client of the lab that knows nothing of fleetctl's own: envelopes, tokens and digests from the specifications."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from fleetctl.lab import control
from fleetctl.lab.personality import Personality
from fleetctl.lab.soap import SERVICES, SOAP, TT

_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_DIGEST = _SECURITY + "username-token-profile-1.0#PasswordDigest"
TYPE = "application/soap+xml; charset=utf-8"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def codes(self) -> list[str]:
        """A fault's values from outer to inner."""
        return [(found.text or "").strip() for found in self.root.iter(f"{{{SOAP}}}Value")]

    @property
    def reason(self) -> str:
        return self.root.findtext(f".//{{{SOAP}}}Text") or ""

    def text(self, name: str) -> str | None:
        """The text of the first element of that local name."""
        found = next((e for e in self.root.iter(etree.Element) if etree.QName(e).localname == name), None)
        return None if found is None else (found.text or "")

    def texts(self, name: str) -> list[str]:
        return [e.text or "" for e in self.root.iter(etree.Element) if etree.QName(e).localname == name]

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Camera:
    """One simulated camera and how to log in to it."""

    state_dir: Path
    name: str
    address: str
    ports: dict[str, int]
    rule: Personality
    login: tuple[str, str] | None = None
    authority: Path | None = None
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    # --- asking ------------------------------------------------------------------------------------

    def ask(self, service: str, operation: str, body: str = "", **other: Any) -> Answer:
        """Ask as the camera wants to be asked: with a token, with HTTP digest, or as nobody."""
        envelope = self.envelope(f"<{service}:{operation}>{body}</{service}:{operation}>", **other)
        path = self.rule.paths[service]
        if self.login is None or "wsse" in self.rule.schemes:
            return self.post(path, envelope)
        first = self.post(path, envelope)
        if first.status != 401:
            return first
        return self.post(path, envelope, {"Authorization": self.answer(first, "POST", path)})

    def envelope(self, body: str, **other: Any) -> bytes:
        security = ""
        if self.login is not None and "wsse" in self.rule.schemes:
            security = f"<s:Header>{self.token(**other)}</s:Header>"
        spaces = "".join(f' xmlns:{prefix}="{name}"' for prefix, name in SERVICES.items())
        return (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:tt="{TT}"{spaces}>{security}<s:Body>{body}</s:Body></s:Envelope>'
        ).encode()

    def token(self, *, offset_s: float | None = None, nonce: bytes | None = None, zone: str = "Z") -> str:
        """A WS-UsernameToken signed with the camera's own clock, or one that is off."""
        assert self.login is not None
        user, password = self.login
        moment = self.now() if offset_s is None else time.time() + offset_s
        created = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + zone
        nonce = nonce or os.urandom(16)
        digest = base64.b64encode(
            hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False).digest()
        ).decode()
        return (
            f'<w:Security xmlns:w="{_SECURITY}wssecurity-secext-1.0.xsd"'
            f' xmlns:u="{_SECURITY}wssecurity-utility-1.0.xsd">'
            f'<w:UsernameToken><w:Username>{user}</w:Username><w:Password Type="{_DIGEST}">{digest}</w:Password>'
            f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
            "</w:UsernameToken></w:Security>"
        )

    def answer(self, refusal: Answer, method: str, path: str, count: int = 1) -> str:
        """Answer the last challenge of a 401."""
        assert self.login is not None
        user, password = self.login
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', refusal.header("www-authenticate")[-1]))
        algorithm = told.get("algorithm", "MD5")
        made = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

        def h(words: str) -> str:
            return made(words.encode()).hexdigest()

        nc, cnonce = f"{count:08x}", os.urandom(4).hex()
        realm, nonce = told["realm"], told["nonce"]
        response = h(f"{h(f'{user}:{realm}:{password}')}:{nonce}:{nc}:{cnonce}:auth:{h(f'{method}:{path}')}")
        return (
            f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{path}", '
            f'qop=auth, nc={nc}, cnonce="{cnonce}", response="{response}", algorithm={algorithm}'
        )

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        return self.send("POST", path, body, {"Content-Type": TYPE, **(headers or {})})

    def send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """One request on a connection of its own."""
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def connect(self, *, secure: bool = False) -> http.client.HTTPConnection:
        if secure:
            context = ssl.create_default_context(cafile=self.authority)
            return http.client.HTTPSConnection(self.address, self.ports["https"], timeout=10, context=context)
        return http.client.HTTPConnection(self.address, self.ports["http"], timeout=10)

    # --- what the lab knows ------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return control.state(self.state_dir, self.name)

    def now(self) -> float:
        return float(self.state()["now"])

    def break_(self, fault: str, **arguments: Any) -> None:
        control.break_(self.state_dir, self.name, fault, **arguments)

    def mend(self) -> None:
        control.mend(self.state_dir, self.name)

    def wait(self, wanted: bool = True, within_s: float = 5.0) -> None:
        """Wait until the camera answers, or does not."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            try:
                there = self.post("/", b"").status > 0
            except OSError:
                there = False
            except http.client.HTTPException:
                there = False
            if there is wanted:
                return
            time.sleep(0.01)
        raise AssertionError(f"{self.name} {'does not come back' if wanted else 'is still there'}")
