"""Recorders at the level of pages: given answers, and a record of what was asked and ordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from fleetctl.errors import FleetctlError, Unsupported
from fleetctl.model import Access, Device, Endpoint, Kind, SecretRef
from fleetctl.protocols.dahua import keyvalue
from fleetctl.protocols.dahua.operations import is_asking
from fleetctl.protocols.dahua.operations import is_reading as cgi_reads
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.isapi.operations import is_reading
from fleetctl.protocols.isapi.status import Status
from fleetctl.protocols.xml import Element, parse

RECORDER = Device(
    name="viet-hung-nvr",
    kind=Kind.NVR,
    site="viet_hung",
    endpoint=Endpoint(address="10.20.1.2"),
    user="fleetctl",
)
Page = str | FleetctlError | Callable[[str], str]


class Secrets:
    """A vault in which every account has a password."""

    def reveal(self, ref: SecretRef) -> str:
        return f"secret-of-{ref.device}/{ref.account}"


SECRETS: Any = Secrets()


class FakeIsapi:
    """What `fleetctl.protocols.isapi.Session` is to a cell; `pages` by their path, searches by "POST path"."""

    def __init__(
        self, pages: Mapping[str, Page], *, device: Device = RECORDER, clock_error_s: float | None = 0.0
    ) -> None:
        self.device, self.access = device, Access.WRITE
        self.pages = dict(pages)
        self.asked: list[str] = []
        self.ordered: list[tuple[str, str, str]] = []
        self._clock_error_s = clock_error_s

    def read(self, path: str, *, fresh: bool = False) -> Element:
        self.asked.append(path)
        return self._told(path, "")

    def ask(self, path: str, body: str) -> Element:
        assert is_reading("POST", path)
        self.asked.append(f"POST {path}")
        return self._told(f"POST {path}", body)

    def write(self, method: str, path: str, content: Element | str = "", **_: Any) -> Status:
        assert not is_reading(method, path)
        body = content if isinstance(content, str) else etree.tostring(content).decode()
        self.ordered.append((method, path, body))
        told = self.pages.get(f"{method} {path}", "")
        if isinstance(told, FleetctlError):
            raise told
        return Status(code=1, sub_code="ok")

    def _told(self, path: str, body: str) -> Element:
        told = self.pages.get(path)
        if told is None:
            raise Unsupported(f"{path}: not offered (HTTP 403)")
        if isinstance(told, FleetctlError):
            raise told
        return parse((told if isinstance(told, str) else told(body)).encode())

    def forget(self) -> None:
        return None

    def identity(self) -> Identity:
        return Identity(manufacturer="Hikvision", model="DS-7608NI-K2", serial_number="DS-7608NI-K2123")

    def clock_error_s(self) -> float | None:
        return self._clock_error_s


class FakeDahua:
    """What `fleetctl.protocols.dahua.Session` is to a cell; `tables` by name, `pages` by "page action"."""

    def __init__(
        self,
        tables: Mapping[str, str | FleetctlError],
        pages: Mapping[str, Page] | None = None,
        apis: Mapping[str, dict[str, Any]] | None = None,
        *,
        device: Device = RECORDER,
        calls: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        self.device, self.access = device, Access.WRITE
        self.calls = dict(calls or {})  # what methods of JSON-RPC answer; none: it is not offered
        self.called: list[tuple[str, Any]] = []
        self.tables, self.pages, self.apis = dict(tables), dict(pages or {}), dict(apis or {})
        self.stored: list[dict[str, object]] = []
        self.ordered: list[tuple[str, ...]] = []

    def table(self, name: str, *, fresh: bool = False) -> dict[str, str]:
        told = self.tables.get(name)
        if told is None:
            raise Unsupported(f"{name}: the device has no such table")
        if isinstance(told, FleetctlError):
            raise told
        parsed = keyvalue.parsed(told.encode())
        return {key.removeprefix("table."): value for key, value in parsed.items()}

    def read(self, page: str, action: str, query: str = "", *, fresh: bool = False) -> dict[str, str]:
        assert cgi_reads(page, action)
        told = self.pages.get(f"{page} {action}")
        if told is None:
            raise Unsupported(f"{page} {action}: not offered (HTTP 501)")
        if isinstance(told, FleetctlError):
            raise told
        return keyvalue.parsed((told if isinstance(told, str) else told(query)).encode())

    def ask(self, page: str, content: Mapping[str, Any]) -> dict[str, Any]:
        assert is_asking(page)
        if page not in self.apis:
            raise Unsupported(f"{page}: not offered (HTTP 501)")
        return self.apis[page]

    def store(self, values: Mapping[str, object], *, secret: bool = False) -> None:
        if secret and self.device.endpoint.scheme != "https":
            raise Unsupported("not over plain HTTP")
        if values:
            self.stored.append(dict(values))

    def order(self, page: str, action: str, query: str = "") -> dict[str, str]:
        assert not cgi_reads(page, action)
        self.ordered.append((page, action, query))
        return {}

    def tell(self, page: str, content: Mapping[str, Any]) -> dict[str, Any]:
        assert not is_asking(page)
        if page not in self.apis:
            raise Unsupported(f"{page}: not offered (HTTP 501)")
        self.ordered.append((page, repr(content)))
        return {"result": True}

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if method not in self.calls:
            raise Unsupported(f"{method}: not offered (268894210)")
        self.called.append((method, params))
        return self.calls[method]

    def call_sealed(self, method: str, content: Any) -> dict[str, Any]:
        return self.call(method, content)

    def takes_any_text(self) -> bool:
        return bool(self.calls)

    def forget(self) -> None:
        return None

    def identity(self) -> Identity:
        return Identity(manufacturer="Dahua", model="NVR5216", serial_number="8J00001PAZ")

    def clock_error_s(self) -> float | None:
        return 0.0
