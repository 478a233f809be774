"""A session with one Dahua or OEM device over its CGI and JSON pages: what cells and actions use."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from time import time
from typing import Any, Final

from fleetctl.errors import BadAnswer, Refused, Rejected, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols import identities
from fleetctl.protocols.dahua import keyvalue, tables
from fleetctl.protocols.dahua.initialising import UNINITIALISED, initialise, is_factory_new
from fleetctl.protocols.dahua.operations import FORBIDDEN, calls_only, is_asking, is_reading
from fleetctl.protocols.dahua.rpc import LOCKED, Rpc
from fleetctl.protocols.digest import challenge_in
from fleetctl.protocols.http import HttpClient, Response
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.sessions import MAX_FILE, MAX_PICTURE
from fleetctl.protocols.upload import Upload
from fleetctl.protocols.web import WebSession, lock_seconds

_FIRST: Final = ("magicBox", "getSystemInfo")


class Session(WebSession[str, dict[str, str]]):
    """One device, one login, one thread. Made by `connect`; a context manager."""

    PROTOCOL = "dahua"
    KEEP_ALIVE = "dahua_keep_alive"
    NEVER_OPENED = UNINITIALISED

    def __init__(
        self, device: Device, client: HttpClient, password: str | None, access: Access, facts: Mapping[str, str]
    ) -> None:
        super().__init__(device, client, password, access, facts)
        self._rpc = Rpc(self._web)

    def close(self) -> None:
        """Log out where there was a login of its own, and close the connection."""
        self._rpc.close()
        super().close()

    def meet(self) -> None:
        """Ask without a login; `connect` does it. The realm of the refusal names the maker's way and the serial."""
        response = self._first(login=False)
        challenge = challenge_in(response.all("WWW-Authenticate"))
        named = challenge is not None and challenge.realm.lower().startswith("login to ")
        refused = response.status == 401 and (named or b"Invalid Authority" in response.body)
        if _uninitialised(response) or (refused and self._web.auth is None and is_factory_new(self._rpc)):
            self.inactive = self.met = True
            return
        open_to_all = response.status == 200 and b"serialNumber=" in response.body
        if not (open_to_all or (refused and named)):
            raise Unsupported(f"the device does not speak Dahua's CGI (HTTP {response.status})")
        self.met = True

    # --- reading and writing ------------------------------------------------------------------------

    def read(self, page: str, action: str, query: str = "", *, fresh: bool = False) -> dict[str, str]:
        """Return what a reading action of a CGI page tells, by key; remembered until the next write.

        `query` is made of `keyvalue.escaped` parts and begins with &. Raises PermissionError for an action that is
        not known to read, Unsupported, Refused, Rejected, BadAnswer, Unreachable.
        """
        if not is_reading(page, action):
            raise PermissionError(f"{page}.cgi {action} is not known to only read")
        key = f"{page}?{action}{query}"
        if not fresh and (known := self._memo.get(key)) is not None:
            return known
        told = self._memo[key] = keyvalue.parsed(self._sent(page, action, query).body)
        return told

    def table(self, name: str, *, fresh: bool = False) -> dict[str, str]:
        """Return a table of the configuration by the keys that `store` takes; raises as `read`."""
        told = self.read("configManager", "getConfig", f"&name={name}", fresh=fresh)
        found = {key.removeprefix("table."): value for key, value in told.items() if key.startswith("table.")}
        if not found:
            raise Unsupported(f"{name}: the device has no such table")
        return found

    def store(self, values: Mapping[str, object], *, secret: bool = False) -> None:
        """Set keys of the configuration; those that fit into one request are applied together.

        A text with & in it cannot stand in a page's address and goes over JSON-RPC, as its whole table.
        `secret`: a value stands in the address of the request, and so maybe in the device's own log; raises
        Unsupported over plain HTTP then. Raises Rejected when the device does not say OK.
        """
        if secret and self.device.endpoint.scheme != "https":
            raise Unsupported(
                "this firmware takes passwords in the address of a page only, and that is not done over plain HTTP",
                nearest="onvif_scheme: https, if the device offers it",
            )
        odd = {key: value for key, value in values.items() if "&" in str(value)}
        if odd and not self.takes_any_text():
            raise Unsupported("the device cannot take a text with & in it")
        for query in keyvalue.queries({key: value for key, value in values.items() if key not in odd}):
            self.order("configManager", "setConfig", query)
        for name, changes in tables.by_table(odd).items():
            told = self.call("configManager.getConfig", {"name": name}).get("table")
            table = tables.changed(name, told, changes)
            self.call("configManager.setConfig", {"name": name, "table": table, "options": []})

    def takes_any_text(self) -> bool:
        """Tell whether there is a way for a text with & in it; asked without a login."""
        return self._rpc.offered()

    def order(self, page: str, action: str, query: str = "") -> dict[str, str]:
        """Send a writing action of a CGI page; all remembered is forgotten.

        Raises PermissionError in a READ session, Rejected when the answer is not OK, else as `read`.
        """
        self._may(f"{page}.cgi {action}", reading=is_reading(page, action))
        with self._anew():
            return keyvalue.parsed(self._sent(page, action, query).body)

    def send_file(self, page: str, action: str, content: Upload, content_type: str) -> str:
        """Send a file whole, once, to a writing action of a CGI page; returns what is said of it, raises as `order`."""
        what = f"{page} {action}"
        response = self._file_sent("POST", _path(page, action), content, content_type, what)
        return self._judged(response, what).body.decode("utf-8", "replace").strip()

    def ask(self, page: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a reading JSON page answers; raises PermissionError for any other page, else as `read`."""
        if not is_asking(page):
            raise PermissionError(f"api/{page} is not known to only read")
        return self._api(page, content)

    def tell(self, page: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Send an order to a JSON page; raises PermissionError in a READ session, else as `read`."""
        self._may(f"api/{page}", reading=is_asking(page))
        with self._anew():
            return self._api(page, content)

    # --- the other interface: JSON-RPC -------------------------------------------------------------------

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a method of JSON-RPC and return its `params`; one that writes makes all that is remembered forgotten.

        Raises PermissionError for a writing one in a READ session, Unsupported where it is not offered, else as `read`.
        """
        return self._called(method, params, sealed=False)

    def call_sealed(self, method: str, content: Any) -> dict[str, Any]:
        """Call a method of JSON-RPC whose parameters only the device can read; raises as `call`."""
        return self._called(method, content, sealed=True)

    def _called(self, method: str, content: Any, *, sealed: bool) -> dict[str, Any]:
        reading = calls_only(method)
        self._may(method, reading=reading)
        if not self._web.proven:
            self._prove()  # the pages judge the login first, so that a wrong one costs one try
        call = self._rpc.sealed if sealed else self._rpc.call
        if reading:
            return call(method, content)
        with self._anew():
            return call(method, content)

    def initialise(self, account: str, password: str) -> None:
        """Give a factory-new device its first account; raises as `initialising.initialise`."""
        self._may("DevInit.account", reading=False)
        initialise(self._rpc, account, password)
        self.inactive = False
        self.forget()

    def _sent(self, page: str, action: str, query: str = "", *, max_body: int = 2 * 1024 * 1024) -> Response:
        if page in FORBIDDEN:
            raise PermissionError(f"{page}.cgi restarts some units and is never sent")
        what = f"{page} {action}".strip()
        response = self._web.request(
            "GET", _path(page, action, query), reading=is_reading(page, action), what=what, max_body=max_body
        )
        return self._judged(response, what)

    def _api(self, page: str, content: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(content, ensure_ascii=False).encode()
        response = self._web.request(
            "POST", f"/cgi-bin/api/{page}", body, "application/json", reading=is_asking(page), what=page
        )
        self._judged(response, page)
        told = _json(response.body)
        if told is None:
            raise BadAnswer(f"{page}: the answer is no JSON object", raw=response.body)
        if told.get("result") is False:
            raise Rejected(f"{page}: the device says no ({_reason(told)})", code=_reason(told))
        failed = [code for code in _list(told.get("failedCode")) if code not in (0, "0")]
        if failed:
            raise Rejected(f"{page}: the device says no (code {failed[0]})", code=str(failed[0]))
        return told

    def _judged(self, response: Response, what: str) -> Response:
        """Return a reply that is a success by its body; raise what it means otherwise (field facts, 2.1)."""
        body = response.body.strip()
        if response.status == 403:
            told = _json(body) or {}
            if told.get("ErrorCode") == LOCKED or "RmLock" in told:
                seconds = lock_seconds(told.get("RmLock"))
                error = Refused(f"{what}: the account is locked out for now: {seconds:.0f} s left", locked_s=seconds)
                self._web.ended = error
                raise error
            if _uninitialised(response):
                self.inactive = True
                raise Refused(f"{what}: {UNINITIALISED}")
            raise Rejected(f"{what}: this login has no right to it, or the device does not have it", code="403")
        if response.status in (400, 404, 501):
            raise Unsupported(f"{what}: not offered, or not with this value (HTTP {response.status})")
        if response.status != 200:
            raise Rejected(f"{what}: the device fails at it (HTTP {response.status})", code=str(response.status))
        if body.startswith(b"Error"):
            said = body.split(b"\n")[0][:120].decode("utf-8", "replace").strip()
            if b"getting param" in body:
                raise Unsupported(f"{what}: the device has no such table ({said})")
            raise Rejected(f"{what}: the device says no ({said})", code=said)
        return response

    def _first(self, *, login: bool) -> Response:
        return self._web.request("GET", _path(*_FIRST), reading=True, what="getSystemInfo", login=login)

    # --- who and when ---------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Return who the device says it is; asked once per session.

        The type may be "31" or "IP Camera"; `updateSerial` names the model then (field facts, 2.6).
        """
        if self._identity is None:
            system = self.read(*_FIRST)
            told = system.get("deviceType", "").strip()
            model = system.get("updateSerial", "").strip() if told.isdecimal() or " " in told or not told else told
            self._identity = Identity(
                manufacturer=self._told("getVendor", "vendor") or "Dahua",
                model=model or told,
                firmware=self._told("getSoftwareVersion", "version"),
                serial_number=identities.serial(system.get("serialNumber", "") or self._told("getSerialNo", "sn")),
                hardware_id=system.get("hardwareVersion", ""),
                mac_address=self._mac_address(),
            )
        return self._identity

    def _told(self, action: str, key: str) -> str:
        try:
            return self.read("magicBox", action).get(key, "").strip()
        except (Unsupported, Rejected, BadAnswer):
            return ""

    def _mac_address(self) -> str:
        try:
            table = self.table("Network")
        except (Unsupported, Rejected, BadAnswer):
            return ""
        first = table.get("Network.DefaultInterface", "eth0")
        return identities.mac(table.get(f"Network.{first}.PhysicalAddress", ""))

    def clock_error_s(self) -> float | None:
        """Return the device's clock minus ours in seconds, None if it tells no possible time or zone."""
        from fleetctl.protocols.dahua.zones import offset_s

        east = offset_s(self.table("NTP").get("NTP.TimeZone", ""))
        asked = time()
        told = self.read("global", "getCurrentTime", fresh=True).get("result", "")
        middle = (asked + time()) / 2
        try:
            moment = datetime.datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.UTC)
        except ValueError:
            return None
        return None if east is None else moment.timestamp() - east - middle

    # --- the login --------------------------------------------------------------------------------------

    def _prove(self) -> None:
        self.read(*_FIRST, fresh=True)

    @property
    def rejected_logins(self) -> int:
        """Return how many presented logins the device rejected in this session, on its pages and over JSON-RPC."""
        return self._web.rejected + self._rpc.rejected

    def configuration(self) -> bytes:
        """Return the whole configuration as the device keeps it, secrets and all; raises as `read`."""
        what = "Config.backup"
        path = "/cgi-bin/Config.backup?action=All"
        return self._judged(self._web.request("GET", path, reading=True, what=what, max_body=MAX_FILE), what).body

    def picture(self, channel: int) -> bytes:
        """Return a still picture (JPEG) of a channel, counted from 1; raises BadAnswer where it is none."""
        response = self._sent("snapshot", "", f"&channel={channel}", max_body=MAX_PICTURE)
        if not response.body.startswith(b"\xff\xd8"):
            raise BadAnswer("snapshot: no picture", raw=response.body)
        return response.body


def _path(page: str, action: str, query: str = "") -> str:
    asked = f"action={action}{query}" if action else query.lstrip("&")
    return f"/cgi-bin/{page}.cgi?{asked}"


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [] if told is None else [told]


def _reason(told: Mapping[str, Any]) -> str:
    error = told.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or error.get("code") or "")[:120]
    return str(told.get("ErrorCode", ""))[:120]


def _uninitialised(response: Response) -> bool:
    """Tell whether the device waits for its first account."""
    told = _json(response.body.strip()) or {}
    error = told.get("error")
    message = str(error.get("message", "")) if isinstance(error, dict) else ""
    return response.status == 403 and "init" in message.lower()


connect = Session.connect
