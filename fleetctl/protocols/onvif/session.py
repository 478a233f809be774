"""A session with one ONVIF device: what cells and actions use, and what is remembered from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from fleetctl.errors import BadAnswer, Refused, Rejected, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols import identities
from fleetctl.protocols.http import HttpClient
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.onvif import files
from fleetctl.protocols.onvif.login import Login
from fleetctl.protocols.onvif.operations import is_reading
from fleetctl.protocols.onvif.services import Services, path_of
from fleetctl.protocols.onvif.wire import Wire
from fleetctl.protocols.sessions import MAX_PICTURE, HttpSession
from fleetctl.protocols.xml import Element, children, tag, text, words

_FACTS: Final = frozenset(
    {"auth", "protected", "refuses", "nonce", "pre_auth", "content_type", "keep_alive", "services"}
)


class Session(HttpSession[tuple[str, str, str], Element]):
    """One device, one login, one thread. Made by `connect`, which asks for the device's clock; a context manager.

    Answers are elements read by local name (`fleetctl.protocols.xml`); they are shared, so copy before changing one.
    """

    KEEP_ALIVE = "keep_alive"

    def __init__(
        self, device: Device, client: HttpClient, password: str | None, access: Access, facts: Mapping[str, str]
    ) -> None:
        super().__init__(device, client, password, access, facts)
        login = None if password is None else Login(device.user, password)
        self._wire = Wire(client, device.endpoint.path, login, facts)
        self._services = Services(self._wire, device.endpoint.path, facts)
        self._firmware = facts.get("firmware", "")
        self._given = frozenset(k for k in facts if k in _FACTS or k.startswith("path."))

    def meet(self) -> None:
        """Make the first contact; `connect` does it."""
        if (answer := self._wire.meet()) is not None:
            self._memo[("tds", "GetSystemDateAndTime", "")] = answer

    # --- reading and writing ------------------------------------------------------------------------

    def read(self, service: str, operation: str, body: str = "", *, fresh: bool = False) -> Element:
        """Send a reading operation and return the response element (first child of Body).

        `service` is a prefix of `xml.PREFIXES`; `body` is XML written with `xml.tag` and `xml.words`. The answer is
        remembered until the next write; `fresh` asks again. Raises PermissionError for an operation that is not
        known to read, Unsupported, Refused, Rejected, BadAnswer, Unreachable.
        """
        if not is_reading(service, operation):
            raise PermissionError(f"{service}:{operation} is not known to only read")
        key = (service, operation, body)
        if not fresh and (known := self._memo.get(key)) is not None:
            return known
        answer = self._memo[key] = self._call(service, operation, body)
        return answer

    def write(self, service: str, operation: str, body: str = "") -> Element:
        """Send a writing operation and return the response element; everything remembered is forgotten.

        Raises PermissionError in a READ session, else as `read`. Unreachable leaves open whether it was done.
        """
        self._may(f"{service}:{operation}", reading=is_reading(service, operation))
        with self._anew():
            return self._call(service, operation, body)

    def _call(self, service: str, operation: str, body: str) -> Element:
        path, remembered = self._services.path(service)
        if not path:
            raise Unsupported(f"{service}:{operation}: the device does not have this service")
        try:
            return self._wire.call(service, path, operation, body)
        except Unsupported:
            # A path from an earlier session may be gone after an update: ask anew, and try the new one, if it is one.
            again = self._services.path_anew(service) if remembered else path
            if not again or again == path:
                raise
        return self._wire.call(service, again, operation, body)

    def has(self, service: str) -> bool:
        """Tell whether the device offers a service (a prefix of `xml.PREFIXES`)."""
        return bool(self._services.path(service)[0])

    def send_file(self, target: str, make: files.Body, *, body: str = "", timeout_s: float = 900.0) -> None:
        """Send a file: to an address that the device gave, or as part of an operation (`tds:Operation`) with `body`.

        Raises PermissionError in a READ session, else as `files.post` and `files.attached`.
        """
        self._may(target, reading=False)
        with self._anew():
            if not body:
                files.post(self._wire, target, make(b"", b""), timeout_s)
                return
            service, _, operation = target.partition(":")
            path, _ = self._services.path(service)
            files.attached(self._wire, path, (service, operation), body, make, timeout_s)

    def _answers(self) -> bool:
        answer = self._wire.ask_clock()
        return answer.element is not None or answer.fault is not None or answer.unauthorised

    # --- who and when ---------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Return who the device says it is; asked once per session. Junk serial numbers and MACs come as ""."""
        if self._identity is None:
            told = self.read("tds", "GetDeviceInformation")
            serial, firmware = text(told, "SerialNumber"), text(told, "FirmwareVersion")
            if self._firmware and self._firmware != firmware:
                self._services.forget()  # another firmware may have moved or added services
            self._firmware = firmware
            self._identity = Identity(
                manufacturer=text(told, "Manufacturer"),
                model=text(told, "Model"),
                firmware=firmware,
                serial_number=identities.serial(serial),
                hardware_id=text(told, "HardwareId"),
                mac_address=self._mac_address(),
            )
        return self._identity

    def _mac_address(self) -> str:
        try:
            told = self.read("tds", "GetNetworkInterfaces")
        except (Unsupported, Rejected, BadAnswer):
            return ""
        except Refused as error:
            if error.credential:
                raise
            return ""
        found = [
            (text(i, "Enabled").lower() in ("false", "0"), identities.mac(text(i, "Info/HwAddress")))
            for i in children(told, "NetworkInterfaces")
        ]
        return next((mac for _, mac in sorted(found, key=lambda f: f[0]) if mac), "")

    def clock_error_s(self) -> float | None:
        """Return the device's clock minus ours in seconds (to about half a second), None if it tells no time."""
        return self._wire.clock.offset_s if self._wire.clock.told else None

    def utc_now_of_device(self) -> datetime:
        """Return the present time by the device's own clock; ours if it tells none."""
        return self._wire.clock.now()

    # --- the login --------------------------------------------------------------------------------------

    def prove(self) -> None:
        """Log in where the device takes nobody without a login; without one, find out that none is needed.

        Raises Refused: `credential` when the login was rejected, else because the device asks for a login (and there
        is none), takes everybody (so nothing can be proven), or has locked the account; else as `read`.
        """
        self._wire.prove()

    @property
    def credential_proven(self) -> bool:
        """True once the device accepted the login in this session for something it refuses without one."""
        return self._wire.login is not None and self._wire.login.proven

    @property
    def rejected_logins(self) -> int:
        """Return how many presented logins the device rejected in this session: what the budget counts."""
        return 0 if self._wire.login is None else self._wire.login.rejected

    def facts(self) -> dict[str, str]:
        """Return what the next session with this device may start from; holds no secret.

        "" takes back what the session was given and found no longer true.
        """
        told = {**self._wire.facts(), **self._services.facts(), "firmware": self._firmware}
        return {key: told.get(key, "") for key in sorted({*told, *self._given}) if told.get(key) or key in self._given}

    # --- pictures -----------------------------------------------------------------------------------------

    def stream_uri(self, profile_token: str) -> str:
        """Return the RTSP address of a profile, with host and port of the inventory and no login in it."""
        if self.has("tr2"):
            told = self.read("tr2", "GetStreamUri", tag("tr2:Protocol", "RTSP") + _token("tr2", profile_token))
            uri = text(told, "Uri")
        else:
            setup = tag("tt:Stream", "RTP-Unicast") + tag("tt:Transport", tag("tt:Protocol", "RTSP"))
            told = self.read("trt", "GetStreamUri", tag("trt:StreamSetup", setup) + _token("trt", profile_token))
            uri = text(told, "MediaUri/Uri")
        address = self.device.endpoint.address
        host = f"[{address}]" if ":" in address else address
        return f"rtsp://{host}:{self.device.endpoint.rtsp_port}{path_of(uri) or '/'}"

    def _first_profile(self) -> str:
        told = self.read("trt", "GetProfiles") if self.has("trt") else self.read("tr2", "GetProfiles")
        for profile in children(told, "Profiles"):
            if token := str(profile.get("token") or ""):
                return token
        raise Unsupported("the device has no media profile")

    def snapshot_uri(self, profile_token: str) -> str:
        """Return the path of a profile's still picture, for `snapshot`."""
        if self.has("tr2"):
            return path_of(text(self.read("tr2", "GetSnapshotUri", _token("tr2", profile_token)), "Uri"))
        return path_of(text(self.read("trt", "GetSnapshotUri", _token("trt", profile_token)), "MediaUri/Uri"))

    def snapshot(self, path_or_uri: str = "") -> bytes:
        """Fetch a still picture (JPEG or PNG) from the device; only the path of an address is used.

        Without an address it is that of the device's first profile.

        Raises Refused, Unsupported (no picture there), BadAnswer (no picture at all), Unreachable.
        """
        path, login = path_of(path_or_uri or self.snapshot_uri(self._first_profile())), self._wire.login
        if login is not None:
            login.ready()
        if not path:
            raise Unsupported("the device gives no address for a still picture")
        response = self._wire.client.request(
            "GET", path, auth=login.pictures if login else None, repeatable=True, max_body=MAX_PICTURE
        )
        if response.status == 401:
            wrong = login is not None and login.pictures.rejected and not login.proven
            error = Refused(f"{urlsplit(path).path}: the picture is refused to this login", credential=wrong)
            raise login.end(error) if wrong and login is not None else error
        if response.status in (404, 501):
            raise Unsupported(f"{urlsplit(path).path}: no picture there (HTTP {response.status})")
        if response.status != 200 or not response.body.startswith((b"\xff\xd8", b"\x89PNG")):
            raise BadAnswer(f"{urlsplit(path).path}: no picture (HTTP {response.status})", raw=response.body)
        return response.body


def _token(service: str, profile_token: str) -> str:
    return tag(f"{service}:ProfileToken", words(profile_token))


connect = Session.connect
