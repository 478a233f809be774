"""A session with one ONVIF device: what cells and actions use, and what is remembered from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols import identities
from fleetctl.protocols.http import HttpClient
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.onvif import files
from fleetctl.protocols.onvif.login import Login
from fleetctl.protocols.onvif.operations import is_reading
from fleetctl.protocols.onvif.services import Services, path_of
from fleetctl.protocols.onvif.wire import Wire
from fleetctl.protocols.sockets import Dial
from fleetctl.protocols.xml import Element, children, tag, text, words

_FACTS: Final = frozenset(
    {"auth", "protected", "refuses", "nonce", "pre_auth", "content_type", "keep_alive", "services"}
)
MAX_PICTURE: Final = 16 * 1024 * 1024


def connect(
    device: Device,
    *,
    password: str | None,
    access: Access,
    facts: Mapping[str, str] | None = None,
    known_hosts: str = "",
    dial: Dial | None = None,
) -> Session:
    """Ask a device for its clock (without login) and return the session.

    `password` None is anonymous. `facts` is what `Session.facts()` gave the last time, and `login: proven` where this
    very password was accepted before, which a refusal then tells: it counts all the same.
    `known_hosts` is the file with the keys of SSH relays; a device with `via` is reached through its relay only.
    `dial` carries it another way.
    Raises Unreachable, BadAnswer, Unsupported (no ONVIF at that path), Refused (certificate, relay).
    """
    point, known = device.endpoint, facts or {}
    if point.via and dial is None:
        from fleetctl.protocols import tunnel  # paramiko costs 15 MB: only where there is a relay

        dial = tunnel.dial_for(point.via, known_hosts)
    client = HttpClient(
        point.address,
        point.port,
        scheme=point.scheme,
        timeout_s=point.timeout_s,
        ca_file=point.tls_ca_file,
        fingerprint=point.tls_fingerprint,
        dial=dial,
        keep_alive=known.get("keep_alive") != "no",
    )
    login = None if password is None else Login(device.user, password)
    session = Session(device, access, Wire(client, point.path, login, known), known)
    try:
        session.meet()
    except BaseException:
        session.close()
        raise
    return session


class Session:
    """One device, one login, one thread. Made by `connect`; a context manager.

    Answers are elements read by local name (`fleetctl.protocols.xml`); they are shared, so copy before changing one.
    """

    def __init__(self, device: Device, access: Access, wire: Wire, facts: Mapping[str, str]) -> None:
        self.device, self.access = device, access
        self._wire = wire
        self._services = Services(wire, device.endpoint.path, facts)
        self._firmware = facts.get("firmware", "")
        self._given = frozenset(k for k in facts if k in _FACTS or k.startswith("path."))
        self._memo: dict[tuple[str, str, str], Element] = {}
        self._identity: Identity | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._wire.client.close()

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
        if self.access is not Access.WRITE and not is_reading(service, operation):
            raise PermissionError(f"{service}:{operation} writes, and this session only reads")
        self._memo.clear()
        try:
            return self._call(service, operation, body)
        finally:
            self._memo.clear()

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
        if self.access is not Access.WRITE:
            raise PermissionError(f"{target} takes a file, and this session only reads")
        self._memo.clear()
        if not body:
            files.post(self._wire, target, make(b"", b""), timeout_s)
            return
        service, _, operation = target.partition(":")
        path, _ = self._services.path(service)
        files.attached(self._wire, path, (service, operation), body, make, timeout_s)

    def forget(self) -> None:
        """Forget what was read: the next reads ask the device again."""
        self._memo.clear()

    def alive(self) -> bool:
        """Tell whether the device answers now, asked without its login."""
        try:
            answer = self._wire.ask_clock()
        except (Unreachable, BadAnswer):
            return False
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
