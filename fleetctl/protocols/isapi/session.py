"""A session with one device over ISAPI: what cells and actions use. Reads, changes and writes whole documents."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from time import sleep, time
from typing import Final
from urllib.parse import quote

from lxml import etree

from fleetctl.errors import BadAnswer, Refused, Rejected, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols import identities, xml
from fleetctl.protocols.digest import challenge_in
from fleetctl.protocols.http import HttpClient, Response
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.isapi import sealing, status
from fleetctl.protocols.isapi.operations import is_reading
from fleetctl.protocols.sessions import MAX_FILE, MAX_PICTURE
from fleetctl.protocols.upload import Upload
from fleetctl.protocols.web import BACK_OFF_S, Lock, WebSession, lock_seconds
from fleetctl.protocols.xml import Element, local, text

XML: Final = 'application/xml; charset="UTF-8"'
DEVICE_INFO: Final = "/ISAPI/System/deviceInfo"
CAPABILITIES: Final = "/ISAPI/System/capabilities"
SECURITY: Final = "/ISAPI/Security/capabilities"


class Session(WebSession[str, Element]):
    """One device, one login, one thread. Made by `connect`; a context manager.

    Documents are elements read by local name; they are shared, so copy before changing one.
    """

    PROTOCOL = "isapi"
    KEEP_ALIVE = "isapi_keep_alive"
    NEVER_OPENED = "the device was never activated: it has no password yet"

    def __init__(
        self, device: Device, client: HttpClient, password: str | None, access: Access, facts: Mapping[str, str]
    ) -> None:
        super().__init__(device, client, password, access, facts)
        self.reboot_required = False  # something written takes hold after a reboot only
        self._clock_error_s: float | None = None
        self._seal: sealing.Seal | None = None  # passwords are sent encrypted only

    def meet(self) -> None:
        """Ask without a login; `connect` does it. Sets `inactive` where the device waits for its first password."""
        response = self._first(login=False)
        told = status.status_of(response)
        if told is not None and told.token == "notactivated":  # noqa: S105  # a sub-code
            self.inactive = self.met = True
            return
        challenged = response.status == 401 and challenge_in(response.all("WWW-Authenticate")) is not None
        if challenged and _is_cgi(response):
            raise Unsupported("the device does not speak ISAPI")
        open_to_all = response.status == 200 and b"DeviceInfo" in response.body
        if not (challenged or open_to_all or response.status == 401):
            raise Unsupported(f"the device does not speak ISAPI (HTTP {response.status})")
        self.met = True

    # --- reading and writing ------------------------------------------------------------------------

    def read(self, path: str, *, fresh: bool = False) -> Element:
        """Return the document of a page; it is remembered until the next write, `fresh` asks again.

        Raises Unsupported, Refused, Rejected, BadAnswer, Unreachable.
        """
        if not fresh and (known := self._memo.get(path)) is not None:
            return known
        root = self._document(self._sent("GET", path), path)
        self._memo[path] = root
        return root

    def ask(self, path: str, body: str) -> Element:
        """Send a search (a POST that reads) and return its document; raises PermissionError for any other page."""
        if not is_reading("POST", path):
            raise PermissionError(f"POST {path} is not known to only read")
        return self._document(self._sent("POST", path, body.encode(), XML), path)

    def text_page(self, path: str) -> str:
        """Return the text of a page that some firmware gives as text/plain and some as XML."""
        body = self._sent("GET", path).body.strip()
        return text(xml.parse(body)) if body.startswith(b"<") else body.decode("utf-8", "replace").strip()

    def write(self, method: str, path: str, content: Element | str = "", *, content_type: str = XML) -> status.Status:
        """Send an order and return what the device says of it, which is never the proof; all remembered is forgotten.

        Raises PermissionError in a READ session, else as `read`. Unreachable leaves open whether it was done.
        """
        self._may(f"{method} {path}", reading=is_reading(method, path))
        with self._anew():
            response = self._ordered(method, path, content, content_type)
        told = status.status_of(response) or status.Status(code=1, sub_code="ok")
        self.reboot_required = self.reboot_required or told.token in ("rebootrequired", "autoreboot")
        return told

    def send_file(self, method: str, path: str, make: Callable[[], Upload]) -> status.Status:
        """Send a file whole, once, and return what the device says of it; raises as `write`."""
        response = self._file_sent(method, path, make(), "application/octet-stream", page_name(path))
        told = status.status_of(response)
        if told is not None and not told.done:
            raise status.error_of(told, page_name(path))
        if told is None and (error := status.error_of_page(response, page_name(path))) is not None:
            raise error
        return told or status.Status(code=1, sub_code="ok")

    def _ordered(self, method: str, path: str, content: Element | str, content_type: str) -> Response:
        """Send an order; passwords in it are encrypted where the device has refused them readable, and only there."""
        if isinstance(content, str):
            return self._sent(method, path, content.encode(), content_type if content else "")
        secret = sealing.holds_secret(content)
        if self._seal is None or not secret:
            try:
                return self._sent(method, path, document(content), content_type)
            except Rejected as error:
                if not secret or error.code.lower() != sealing.WANTED:
                    raise
            self._seal = self._sealing()
        made, path = self._seal.sealed(content, path)
        return self._sent(method, path, document(made), content_type)

    def _sealing(self) -> sealing.Seal:
        """Ask how the device wants passwords encrypted; older firmware tells it in a part of all it can do only."""
        auth = self._web.auth
        if auth is None:
            raise Refused("the device wants passwords encrypted with the login's own, and none is given")
        try:
            told = self.read(f"{SECURITY}?username={quote(auth.user, safe='')}")
        except (Unsupported, Rejected):
            told = self.read(CAPABILITIES)
        return sealing.seal_of(told, auth.user, auth.password)

    def _sent(self, method: str, path: str, body: bytes = b"", content_type: str = "") -> Response:
        """Send a request, again when the device was busy, and return a reply that is a success by its body."""
        what = page_name(path)
        for pause in (*BACK_OFF_S, None):
            response = self._web.request(method, path, body, content_type, reading=is_reading(method, path), what=what)
            told = status.status_of(response)
            if told is None or not told.busy or pause is None:
                break
            sleep(pause)
        if told is not None:
            if told.done:
                return response
            self.inactive = self.inactive or told.token == "notactivated"  # noqa: S105
            raise status.error_of(told, what)
        if (error := status.error_of_page(response, what)) is not None:
            raise error
        return response

    def _document(self, response: Response, path: str) -> Element:
        try:
            root = xml.parse(response.body)
        except BadAnswer as error:
            raise BadAnswer(f"{page_name(path)}: {error}", raw=error.raw) from None
        if local(root) == "ResponseStatus":
            raise BadAnswer(f"{page_name(path)}: a status where a document should be", raw=response.body)
        return root

    def has(self, path: str) -> bool:
        """Tell whether the device has a page."""
        try:
            self.read(path)
        except Unsupported:
            return False
        return True

    def _first(self, *, login: bool) -> Response:
        return self._web.request("GET", DEVICE_INFO, reading=True, what="deviceInfo", login=login)

    def anonymous(self, method: str, path: str, content: str = "") -> Response:
        """Send a request without the login; for the pages that a device shows before anybody can log in."""
        self._may(f"{method} {path}", reading=is_reading(method, path))
        return self._web.request(
            method,
            path,
            content.encode(),
            XML if content else "",
            reading=is_reading(method, path),
            what=page_name(path),
            login=False,
        )

    # --- who and when ---------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Return who the device says it is; asked once per session. OEM units without a maker's name are Hikvision."""
        if self._identity is None:
            told = self.read(DEVICE_INFO)
            released = text(told, "firmwareReleasedDate")
            self._identity = Identity(
                manufacturer=text(told, "manufacturer") or "Hikvision",
                model=text(told, "model"),
                firmware=" ".join(part for part in (text(told, "firmwareVersion"), released) if part),
                serial_number=identities.serial(text(told, "serialNumber")),
                hardware_id=text(told, "hardwareVersion"),
                mac_address=identities.mac(text(told, "macAddress")),
            )
        return self._identity

    def clock_error_s(self) -> float | None:
        """Return the device's clock minus ours by its digits, in seconds; None if it tells no possible time.

        The offset it writes beside them may be an hour wrong (field facts, 0.6), so its zone decides what they mean.
        """
        asked = time()
        told = self.read("/ISAPI/System/time", fresh=True)
        middle = (asked + time()) / 2
        moment, offset_s = _digits(text(told, "localTime")), zone_offset_s(text(told, "timeZone"))
        if moment is None or offset_s is None:
            return None
        return moment.timestamp() - offset_s - middle

    # --- the login --------------------------------------------------------------------------------------

    def _prove(self) -> None:
        self.read(DEVICE_INFO, fresh=True)

    def _lock(self) -> Lock:
        """Return what the device says of its lock-out, asked without the login.

        Source: field facts, 1.2: userCheck's refusal carries lockStatus, retryLoginTime and unlockTime (seconds).
        """
        path = "/ISAPI/Security/userCheck"
        response = self._web.request("GET", path, reading=True, what="userCheck", login=False)
        if b"lockStatus" not in response.body:
            return Lock()
        told = xml.parse(response.body)
        if text(told, "lockStatus").lower() == "lock":
            return Lock(seconds=lock_seconds(text(told, "unlockTime")))
        left = text(told, "retryLoginTime")
        return Lock(tries_left=int(left) if left.isdecimal() and len(left) < 4 else None)

    def file(self, path: str) -> bytes:
        """Return a page that is a file; raises as `read`."""
        response = self._web.request("GET", path, reading=True, what=page_name(path), max_body=MAX_FILE)
        told = status.status_of(response)
        if told is not None and not told.done:
            raise status.error_of(told, page_name(path))
        if (error := status.error_of_page(response, page_name(path))) is not None:
            raise error
        return response.body

    def picture(self, path: str) -> bytes:
        """Return a still picture (JPEG); raises BadAnswer where it is none, else as `read`."""
        response = self._web.request("GET", path, reading=True, what=page_name(path), max_body=MAX_PICTURE)
        if response.body.startswith(b"\xff\xd8"):
            return response.body
        told = status.status_of(response)
        if told is not None and not told.done:
            raise status.error_of(told, page_name(path))
        raise status.error_of_page(response, page_name(path)) or BadAnswer(f"{page_name(path)}: no picture")


def _is_cgi(response: Response) -> bool:
    """Tell whether a refusal is that of a Dahua unit, whose realm names itself (field facts, 2.2)."""
    challenge = challenge_in(response.all("WWW-Authenticate"))
    return challenge is not None and challenge.realm.startswith("Login to ")


def page_name(path: str) -> str:
    """Return a page as messages name it: its path without query and without the words all pages begin with."""
    return path.partition("?")[0].removeprefix("/ISAPI/")


def document(root: Element) -> bytes:
    """Return a device's own document as bytes: its namespace, order and unknown parts kept."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def zone_offset_s(told: str) -> int | None:
    """Return a zone's offset in seconds east, None where the text is none (`CST-7:00:00` is 7 hours east)."""
    from fleetctl.protocols import zones

    zone = zones.parse(told)
    return None if zone is None else zone.offset_s


def _digits(told: str) -> datetime.datetime | None:
    """Return the wall clock of `2026-01-02T03:04:05+07:00` without its offset, as if it were UTC."""
    try:
        return datetime.datetime.fromisoformat(told[:19]).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


connect = Session.connect
