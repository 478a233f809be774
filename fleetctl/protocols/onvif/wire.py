"""What goes over the wire to one ONVIF device: the kind of request it takes, its clock, the login, and its refusals."""

from __future__ import annotations

from collections.abc import Mapping
from time import sleep, time
from typing import Final

from fleetctl.errors import Refused, Unreachable
from fleetctl.protocols.http import HttpClient
from fleetctl.protocols.onvif import clock, soap
from fleetctl.protocols.onvif.login import Login
from fleetctl.protocols.onvif.operations import PRE_AUTH, is_reading
from fleetctl.protocols.xml import Element, child

CLOCK_MOVED_S: Final = 2.0
BACK_OFF_S: Final = (0.3, 1.0)  # a device out of connections; each entry is one more try

OPEN: Final = "open"  # a login scheme: the device takes everybody

# Asked without a login to learn how the device refuses; cheap cameras leave the first one open.
_PROBES: Final = ("GetDeviceInformation", "GetUsers")


class Wire:
    """Sends single operations and judges refusals. One thread at a time."""

    def __init__(self, client: HttpClient, device_path: str, login: Login | None, facts: Mapping[str, str]) -> None:
        self.client, self.login = client, login
        self.clock = clock.Clock()
        self.content_type = facts.get("content_type", "")
        self._device_path = device_path
        self._protected = facts.get("protected", "")  # "tds:GetUsers": an operation the device refuses without a login
        self._refuses = facts.get("refuses", "")  # how: "fault", "challenge" or "bare" (a 401 and nothing else)
        self._auth = facts.get("auth", "")
        self._proven_before = facts.get("login") == "proven"  # this very password, says who keeps the record
        self._pre_auth_open = facts.get("pre_auth") != "no"
        self._clock_open = False  # the device tells its time without a login
        if login is not None and (scheme := facts.get("auth", "").partition("-")[0]) in ("wsse", "digest"):
            login.scheme = scheme
            login.digest.once = facts.get("nonce") == "once"

    def facts(self) -> dict[str, str]:
        """Return what the next session may start from; "" takes back what an earlier one thought."""
        return {
            "auth": self._auth_fact(),
            "protected": self._protected,
            "refuses": self._refuses,
            "nonce": "once" if self.login is not None and self.login.digest.once else "",
            "pre_auth": "" if self._pre_auth_open else "no",
            "content_type": self.content_type,
            "keep_alive": "" if self.client.keep_alive else "no",
        }

    def _auth_fact(self) -> str:
        """Return the way in; a device that looked at no login at all takes back nothing of what was known."""
        if self.login is None:
            return "none"
        return self._auth if isinstance(self.login.ended, Unreachable) else self.login.fact()

    # --- first contact ----------------------------------------------------------------------------

    def meet(self) -> Element | None:
        """Ask for the clock without login and find out which kind of request the device takes; return the answer.

        None: it tells its time to nobody without a login. Raises Unreachable, BadAnswer, Unsupported, Refused.
        """
        known = [self.content_type] if self.content_type in soap.CONTENT_TYPES else []
        answer = None
        for self.content_type in dict.fromkeys((*known, *soap.CONTENT_TYPES)):
            answer = self.ask_clock()
            if not _wants_another_kind(answer):
                break
        if answer is None or not (answer.unauthorised or answer.element is not None or answer.fault is not None):
            raise soap.raised(answer, self._device_path) if answer else Unreachable("nothing was asked")
        return answer.element

    def ask_clock(self) -> soap.Reply:
        """Ask for the clock without login and measure it."""
        asked = time()
        answer = self.post("tds", self._device_path, "GetSystemDateAndTime", "")
        self._measure(answer, asked)
        self._clock_open = self._clock_open or answer.element is not None
        return answer

    def _measure(self, answer: soap.Reply, asked: float) -> None:
        self.clock = clock.measured(answer.element, answer.http.headers.get("Date"), asked, time())

    # --- sending ----------------------------------------------------------------------------------

    def call(self, service: str, path: str, operation: str, body: str) -> Element:
        """Send one operation, with the login where it takes one; return the response element or raise."""
        what = f"{service}:{operation}"
        open_to_all = (service, operation) in PRE_AUTH and self._pre_auth_open
        if self.login is None or open_to_all:
            answer = self.post(service, path, operation, body)
            if not answer.unauthorised:
                return soap.element_of(answer, what, operation)
            if self.login is None:
                raise Refused(f"{what}: the device asks for a login, and none is given")
            self._pre_auth_open = False
        asked = time()
        answer = self._logged_in(self.login, service, path, operation, body)
        if operation == "GetSystemDateAndTime" and not self.clock.told:
            self._measure(answer, asked)
        return soap.element_of(answer, what, operation)

    def post(self, service: str, path: str, operation: str, body: str, login: Login | None = None) -> soap.Reply:
        """Send one request, presenting the login if one is given, and read the answer."""
        wsse = login if login is not None and login.scheme == "wsse" else None

        def content() -> bytes:  # asked again for a repetition: devices refuse a nonce they have seen
            security = soap.username_token(wsse.user, wsse.password, self.clock.now()) if wsse is not None else ""
            return soap.envelope(service, operation, body, security=security, content_type=self.content_type)

        reading = is_reading(service, operation)
        if not reading:
            self.client.close()  # a kept connection may be closed by now without a word, and an order is sent but once
        return soap.reply(self.client.request(
            "POST",
            path,
            content,
            soap.http_headers(self.content_type, service, operation),
            auth=login.digest if login is not None and login.scheme == "digest" else None,
            repeatable=reading,
        ))  # fmt: skip

    # --- the login --------------------------------------------------------------------------------

    def prove(self) -> None:
        """Log in where the device takes nobody without; without a login, make sure that none is needed."""
        if self.login is None:
            self.call("tds", self._device_path, "GetUsers", "")
            return
        self.login.ready()
        if not self.login.scheme or not self._protected:
            self._find_scheme(self.login)
        if not self._protected:
            raise Refused("the device takes everybody without a login: factory-fresh? The login cannot be proven")
        self.call("tds", self._device_path, self._probe(), "")
        if not self.login.proven:
            raise Refused("the device now takes everybody without a login; the login cannot be proven")

    def _logged_in(self, login: Login, service: str, path: str, operation: str, body: str) -> soap.Reply:
        login.ready()
        if not login.scheme:
            self._find_scheme(login)
        if login.scheme == OPEN:  # factory-fresh: nothing is presented until the device asks for it
            answer = self.post(service, path, operation, body)
            if not answer.unauthorised:
                return answer
            self._learn(login, f"{service}:{operation}", answer)
        answer = self.post(service, path, operation, body, login)
        if answer.unauthorised and login.scheme == "digest" and not login.digest.presented:
            login.scheme = "wsse"  # it used to ask for digest and does no longer; nothing was presented yet
            answer = self.post(service, path, operation, body, login)
        if answer.unauthorised:
            answer = self._judged(login, answer, service, path, operation, body)
        what = f"{service}:{operation}"
        if login.scheme == "wsse" and answer.element is not None and what == self._protected:
            login.wsse_accepted = True
        return answer

    def _find_scheme(self, login: Login) -> None:
        """Ask without a login: how the device refuses that tells which login it wants, and costs no try."""
        login.scheme, self._protected = OPEN, ""
        for operation in _PROBES:
            answer = self._asked_twice(operation)
            if answer.unauthorised:
                self._learn(login, f"tds:{operation}", answer)
                return
            if answer.element is None:
                login.scheme = "wsse"  # it does not offer this, which tells nothing; the common login then

    def _probe(self) -> str:
        """Return an operation of the device service that it refuses without a login, as far as that is known."""
        return self._protected.removeprefix("tds:") if self._protected.startswith("tds:") else "GetUsers"

    def _asked_twice(self, operation: str) -> soap.Reply:
        """Ask without a login; a 401 that says nothing at all may be a device out of connections: ask again later."""
        answer = self.post("tds", self._device_path, operation, "")
        for pause in BACK_OFF_S:
            if answer.refusal != "bare":
                break
            self.client.close()
            sleep(pause)
            answer = self.post("tds", self._device_path, operation, "")
        return answer

    def _learn(self, login: Login, what: str, refusal: soap.Reply) -> None:
        self._refuses, self._protected = refusal.refusal, what
        login.scheme = "digest" if login.digest.challenged(refusal.http.all("WWW-Authenticate")) else "wsse"

    def _judged(
        self, login: Login, answer: soap.Reply, service: str, path: str, operation: str, body: str
    ) -> soap.Reply:
        """Find out why a presented login was refused; return a better answer, or raise.

        Not every refusal is a wrong password: the account may be locked or lack the right, the clock may have moved,
        the device may be out of connections (Dahua answers 401 then) or want the other scheme.
        """
        what = f"{service}:{operation}"
        if soap.locked(answer):
            raise login.end(Refused(f"{what}: the account is locked out for now", locked_s=0.0))
        if not login.proven and self._other_scheme(login, answer):
            answer = self.post(service, path, operation, body, login)
            if not answer.unauthorised:
                return answer
        before, exhausted = self.clock.offset_s, self._out_of_connections(answer)
        if exhausted and not login.proven:
            login.digest.rejected = False  # nobody looked at it
            raise login.end(Unreachable(f"{what}: the device refuses everybody (HTTP 401): out of connections?"))
        moved = abs(self.clock.offset_s - before) > CLOCK_MOVED_S
        if login.scheme == "wsse" and moved and not exhausted:
            answer = self.post(service, path, operation, body, login)
            if not answer.unauthorised:
                return answer
        if exhausted:
            return self._patiently(login, service, path, operation, body)
        if login.proven:
            raise self._taken_back(login, answer, what)
        raise self._rejected(login, what)

    def _rejected(self, login: Login, what: str) -> Refused | Unreachable:
        """Return the refusal of a login that nobody but its password can be blamed for, and end it."""
        login.wsse_rejected += login.scheme == "wsse"
        known = ", who was let in before: changed there, reset, or out of connections?" if self._proven_before else "."
        return login.end(Refused(
            f"{what}: wrong password for {login.user!r}{known} Not retried, to spare the lock-out", credential=True
        ))  # fmt: skip

    def _other_scheme(self, login: Login, answer: soap.Reply) -> bool:
        """Change the scheme, once, where the device did not look at the login in this one; it says what it takes."""
        if login.changed or (login.scheme == "wsse" and (answer.http.status != 401 or not soap.challenge(answer))):
            return False
        told = self.post("tds", self._device_path, "GetServiceCapabilities", "").element
        security = child(told, "Capabilities/Security")
        takes: Mapping[str, str] = {} if security is None else dict(security.attrib)  # type: ignore[arg-type]
        if login.scheme == "wsse" and takes.get("UsernameToken") != "true":
            login.scheme, login.changed = "digest", True
        elif login.scheme == "digest" and takes.get("UsernameToken") == "true" and takes.get("HttpDigest") != "true":
            login.scheme, login.changed = "wsse", True
        return login.changed

    def _out_of_connections(self, answer: soap.Reply | None = None) -> bool:
        """Tell whether the device refuses without looking at the login; asks without it, on a new connection.

        It does when the clock is refused that was open, and when it gives a bare 401 instead of its usual refusal.
        """
        self.client.close()
        if self._clock_open and self.ask_clock().http.status == 401:
            return True
        if self._refuses not in ("fault", "challenge"):
            return False
        if answer is None:
            answer = self.post("tds", self._device_path, self._probe(), "")
        return answer.refusal == "bare"

    def _patiently(self, login: Login, service: str, path: str, operation: str, body: str) -> soap.Reply:
        """A device refuses everybody: wait until it answers again, and only then present the proven login once."""
        for pause in BACK_OFF_S:
            sleep(pause)
            if self._out_of_connections():
                continue
            answer = self.post(service, path, operation, body, login)
            if not answer.unauthorised:
                return answer
            break
        raise login.end(Unreachable(f"{service}:{operation}: the device refuses everybody: out of connections?"))

    def _taken_back(self, login: Login, answer: soap.Reply, what: str) -> Refused | Unreachable:
        """A login that was accepted is refused: tell a missing right from a login that is no longer good.

        What it was proven with is asked once more, on a new connection. Where that is refused as well, nobody can
        tell a changed password from a device in distress: this session presents it no more, the next one may.
        """
        sleep(BACK_OFF_S[0] if answer.http.status == 401 else 0)
        self.client.close()
        login.digest.challenge = None  # ask for a fresh one, so that no old nonce can be to blame
        again = self.post("tds", self._device_path, self._probe(), "", login)
        if again.unauthorised:
            return login.end(Unreachable(
                f"{what}: a login accepted a moment ago is refused now: out of connections, or changed meanwhile?"
            ))  # fmt: skip
        reason = answer.fault.reason if answer.fault is not None and answer.fault.reason else "not authorised"
        return Refused(f"{what}: this login may not do it ({reason})")


def _wants_another_kind(answer: soap.Reply) -> bool:
    """Tell whether another content type or SOAP version may help; refusals and absences are answers."""
    if answer.fault is not None:
        return bool({"VersionMismatch", "MustUnderstand"} & set(answer.fault.codes))
    status = answer.http.status
    return answer.element is None and not (300 <= status < 400 or status in (401, 403, 404, 410, 423, 429, 503))
