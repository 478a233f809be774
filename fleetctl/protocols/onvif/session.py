"""A session with one ONVIF device: signs, sends, judges what comes back, remembers how this device likes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from time import sleep, time
from types import TracebackType
from typing import Final

from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols.http import Dial, HttpClient, Response
from fleetctl.protocols.identity import Identity, plain_mac, plain_serial
from fleetctl.protocols.onvif import clock, services, soap
from fleetctl.protocols.onvif.login import Login
from fleetctl.protocols.onvif.operations import PRE_AUTH, is_reading
from fleetctl.protocols.xml import Element, boolean, child, children, text

CLOCK_MOVED_S: Final = 2.0
BACK_OFF_S: Final = (0.3, 1.0)  # a device out of connections; each entry is one more try


def connect(
    device: Device,
    *,
    password: str | None,
    access: Access,
    facts: Mapping[str, str] | None = None,
    dial: Dial | None = None,
) -> Session:
    """Ask a device for its clock (without login) and return the session.

    `password` None is anonymous. `facts` is what `Session.facts()` gave the last time. `dial` is needed for a device
    with `via` (ValueError without: a private address may be another device's here).
    Raises Unreachable, BadAnswer, Unsupported (no ONVIF at that path), Refused (certificate).
    """
    point = device.endpoint
    if point.via and dial is None:
        raise ValueError(f"{device.name} is reached through {point.via}: a tunnel's dial is needed")
    client = HttpClient(
        point.address,
        point.port,
        scheme=point.scheme,
        timeout_s=point.timeout_s,
        ca_file=point.tls_ca_file,
        fingerprint=point.tls_fingerprint,
        dial=dial,
        keep_alive=(facts or {}).get("keep_alive") != "no",
    )
    session = Session(device, client, password=password, access=access, facts=facts or {})
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

    def __init__(
        self, device: Device, client: HttpClient, *, password: str | None, access: Access, facts: Mapping[str, str]
    ) -> None:
        self.device, self.access = device, access
        self._client = client
        scheme = facts.get("auth", "").partition("-")[0]
        self._login = None if password is None else Login(device.user, password, scheme if scheme != "none" else "")
        self._content_type = facts.get("content_type", "")
        self._content_type_sure = False
        self._paths = {k.removeprefix("path."): v for k, v in facts.items() if k.startswith("path.")}
        self._listed = facts.get("services", "")  # how the paths were learned; "" while nobody asked
        self._firmware = facts.get("firmware", "")
        self._clock = clock.Clock()
        self._clock_open = False  # the device tells its time without a login
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
        self._client.close()

    # --- what cells and actions use ---------------------------------------------------------------

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

    def has(self, service: str) -> bool:
        """Tell whether the device offers a service (a prefix of `xml.PREFIXES`)."""
        return bool(self._path(service))

    def identity(self) -> Identity:
        """Return who the device says it is; asked once per session. Junk serial numbers and MACs come as ""."""
        if self._identity is None:
            told = self.read("tds", "GetDeviceInformation")
            serial = text(told, "SerialNumber")
            self._identity = Identity(
                manufacturer=text(told, "Manufacturer"),
                model=text(told, "Model"),
                firmware=text(told, "FirmwareVersion"),
                serial_number=serial if plain_serial(serial) else "",
                hardware_id=text(told, "HardwareId"),
                mac_address=self._mac_address(),
            )
            if self._firmware and self._firmware != self._identity.firmware:
                self._paths, self._listed = {}, ""  # a new firmware may have moved or added services
            self._firmware = self._identity.firmware
        return self._identity

    def clock_error_s(self) -> float | None:
        """Return the device's clock minus ours in seconds (to about half a second), None if it tells no time."""
        return self._clock.offset_s if self._clock.told else None

    def utc_now_of_device(self) -> datetime:
        """Return the present time by the device's own clock; ours if it tells none."""
        return self._clock.now()

    @property
    def credential_proven(self) -> bool:
        """True once the device accepted the login in this session."""
        return self._login is not None and self._login.proven

    @property
    def rejected_logins(self) -> int:
        """Return how many presented logins the device rejected in this session: what the budget counts."""
        return 0 if self._login is None else self._login.rejected

    def facts(self) -> dict[str, str]:
        """Return what the next session with this device may start from; holds no secret."""
        told = {f"path.{prefix}": path for prefix, path in sorted(self._paths.items())}
        told["services"] = self._listed
        told["content_type"] = self._content_type
        told["firmware"] = self._firmware
        told["auth"] = "none" if self._login is None else self._login.fact()
        told["keep_alive"] = "" if self._client.keep_alive else "no"
        return {key: value for key, value in told.items() if value}

    # --- first contact ----------------------------------------------------------------------------

    def meet(self) -> None:
        """Ask for the clock without login, and find out which kind of request the device takes."""
        known = self._content_type
        ladder = dict.fromkeys(([known] if known in soap.CONTENT_TYPES else []) + list(soap.CONTENT_TYPES))
        for self._content_type in ladder:
            answer = self._ask_clock()
            if answer.fault is not None and not {"VersionMismatch", "MustUnderstand"} & set(answer.fault.codes):
                break
            if answer.element is not None or answer.http.status in (401, 403, 404, 429, 503):
                break
            if 300 <= answer.http.status < 400:
                break
        if answer.element is None and not answer.unauthorised and answer.fault is None:
            raise soap.raised(answer, f"{self.device.endpoint.path}")

    def _ask_clock(self) -> soap.Reply:
        asked = time()
        answer = self._post("tds", "GetSystemDateAndTime", "")
        self._clock = clock.measured(answer.element, str(answer.http.headers.get("Date", "")), asked, time())
        if answer.element is not None:
            self._clock_open = True
            self._memo[("tds", "GetSystemDateAndTime", "")] = answer.element
        return answer

    # --- sending ----------------------------------------------------------------------------------

    def _call(self, service: str, operation: str, body: str) -> Element:
        what = f"{service}:{operation}"
        if self._login is None or (service, operation) in PRE_AUTH:
            answer = self._post(service, operation, body)
            if not answer.unauthorised:
                return self._element(answer, what)
            if self._login is None:
                raise Refused(f"{what}: the device asks for a login, and none is given")
        return self._element(self._logged_in(self._login, service, operation, body), what)

    def _element(self, answer: soap.Reply, what: str) -> Element:
        if answer.element is None:
            raise soap.raised(answer, what)
        return answer.element

    def _post(self, service: str, operation: str, body: str, login: Login | None = None) -> soap.Reply:
        """Send one request, presenting the login if one is given, and read the answer."""
        path = self._path(service)
        if not path:
            raise Unsupported(f"{service}:{operation}: the device does not have this service")
        signed = login is not None and login.scheme == "wsse"

        def content() -> bytes:
            security = ""
            if signed and login is not None:
                login.wsse_presented += 1
                security = soap.username_token(login.user, login.password, self._clock.now())
            return soap.envelope(service, operation, body, security=security, content_type=self._content_type)

        response: Response = self._client.request(
            "POST",
            path,
            content,
            soap.http_headers(self._content_type, service, operation),
            auth=login.digest if login is not None and login.scheme == "digest" else None,
            repeatable=is_reading(service, operation),
        )
        return soap.reply(response)

    # --- the login --------------------------------------------------------------------------------

    def _logged_in(self, login: Login, service: str, operation: str, body: str) -> soap.Reply:
        login.ready()
        if not login.scheme:
            self._find_scheme(login)
        answer = self._post(service, operation, body, login)
        if answer.unauthorised and login.scheme == "digest" and not login.digest.presented:
            login.scheme = "wsse"  # it used to ask for digest and does no longer; nothing was presented yet
            answer = self._post(service, operation, body, login)
        if answer.unauthorised:
            answer = self._judged(login, answer, service, operation, body)
        if (service, operation) not in PRE_AUTH and answer.http.status < 500:
            login.proven = True
        return answer

    def _find_scheme(self, login: Login) -> None:
        """Ask for the accounts without a login: how a device refuses that tells which login it wants, at no cost."""
        answer = self._post("tds", "GetUsers", "")
        digest = answer.http.status == 401 and login.digest.challenged(answer.http.all("WWW-Authenticate"))
        login.scheme = "digest" if digest else "wsse"

    def _judged(self, login: Login, answer: soap.Reply, service: str, operation: str, body: str) -> soap.Reply:
        """Find out why a presented login was refused; return a better answer, or raise.

        Not every refusal is a wrong password: the clock may have moved, the device may be out of connections
        (Dahua answers 401 then), the account may be locked or lack the right.
        """
        what = f"{service}:{operation}"
        if soap.locked(answer):
            raise login.refuse(f"{what}: the account is locked out for now", credential=False)
        if login.scheme == "wsse" and not login.proven and self._takes_digest(login, answer):
            login.wsse_rejected += 1
            login.scheme = "digest"
            answer = self._post(service, operation, body, login)
            if not answer.unauthorised:
                return answer
        before, was_open = self._clock.offset_s, self._clock_open
        exhausted = self._anonymous_refused() if was_open else False
        if exhausted and not login.proven:
            login.digest.rejected = False
            raise Unreachable(f"{what}: the device refuses everybody, with a login or without: out of connections?")
        if login.scheme == "wsse" and abs(self._clock.offset_s - before) > CLOCK_MOVED_S and not exhausted:
            answer = self._post(service, operation, body, login)
            if not answer.unauthorised:
                return answer
        if login.proven:
            return self._patiently(login, answer, exhausted, service, operation, body)
        if login.scheme == "wsse":
            login.wsse_rejected += 1
        raise login.refuse(
            f"{what}: wrong password for {login.user!r}. Not retried, to spare the lock-out", credential=True
        )

    def _takes_digest(self, login: Login, answer: soap.Reply) -> bool:
        if answer.http.status != 401 or login.digest.presented:
            return False
        return login.digest.challenged(answer.http.all("WWW-Authenticate"))

    def _anonymous_refused(self) -> bool:
        """Ask for the clock again without login, and tell whether even that is refused."""
        self._client.close()
        return self._ask_clock().http.status == 401

    def _patiently(
        self, login: Login, answer: soap.Reply, exhausted: bool, service: str, operation: str, body: str
    ) -> soap.Reply:
        """A login that was accepted a moment ago is refused: by want of a right, or of connections."""
        if answer.http.status == 401:
            for pause in BACK_OFF_S:
                self._client.close()
                sleep(pause)
                answer = self._post(service, operation, body, login)
                if not answer.unauthorised:
                    return answer
        if answer.fault is not None and not exhausted:
            told = answer.fault.reason or "not authorised"
            raise Refused(f"{service}:{operation}: this login may not do it ({told})")
        raise Unreachable(
            f"{service}:{operation}: the device refuses a login it accepted a moment ago: out of connections?"
        )

    # --- services -----------------------------------------------------------------------------------

    def _path(self, service: str) -> str:
        if service == "tds":
            return self.device.endpoint.path
        if not self._listed:
            self._learn_services()
        if self._listed == "guessed" and service not in self._paths:
            self._paths[service] = self._guess(service)
        path = self._paths.get(service, "")
        return "" if path == "-" else path

    def _learn_services(self) -> None:
        inclusive = "<tds:IncludeCapability>false</tds:IncludeCapability>"
        ways = (
            ("GetServices", inclusive, services.from_services),
            ("GetCapabilities", "<tds:Category>All</tds:Category>", services.from_capabilities),
        )
        for operation, body, read in ways:
            try:
                found = read(self.read("tds", operation, body))
            except (Unsupported, Rejected, BadAnswer):
                continue
            if found:
                self._paths, self._listed = found, operation
                return
        self._paths, self._listed = {}, "guessed"

    def _guess(self, service: str) -> str:
        """Return the first likely path at which the service answers, "-" if none does."""
        for path in services.guessed(service, self.device.endpoint.path):
            self._paths[service] = path
            answer = self._post(service, "GetServiceCapabilities", "")
            if answer.element is not None or answer.unauthorised:
                return path
        return "-"

    def _mac_address(self) -> str:
        try:
            told = self.read("tds", "GetNetworkInterfaces")
        except (Unsupported, Rejected, BadAnswer):
            return ""
        found = [
            (boolean(i, "Enabled") is not False, plain_mac(text(child(i, "Info"), "HwAddress")))
            for i in children(told, "NetworkInterfaces")
        ]
        macs = [mac for enabled, mac in sorted(found, key=lambda f: not f[0]) if mac]
        return macs[0] if macs else ""
