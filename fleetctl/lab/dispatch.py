"""From an HTTP request on a service's path to the device's answer: login, right, shape, operation, state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import IO, Final

from lxml import etree

from fleetctl.lab import access, auth, faults, requests
from fleetctl.lab.device import SimDevice
from fleetctl.lab.personality import Personality, Refusal
from fleetctl.lab.services import (
    After,
    Call,
    Operations,
    capabilities,
    device_network,
    device_system,
    device_users,
    deviceio,
    events,
    imaging,
    media,
    media2,
    recording,
    recording_jobs,
)
from fleetctl.lab.soap import NAMESPACES, SERVICES, WSNT, Request, SoapFault, fault, head, parse
from fleetctl.lab.spec import LabSpec
from fleetctl.lab.state import StateFile
from fleetctl.lab.strict import Judge

_RELAYS: Final = ("GetRelayOutputs", "SetRelayOutputState")  # deviceio.wsdl takes them from devicemgmt.wsdl
SOAP_TYPE: Final = "application/soap+xml; charset=utf-8"
_BOUNDARY: Final = b"==part-of-the-answer=="
_PARTS_TYPE: Final = (
    'multipart/related; type="application/xop+xml"; start="<root@device>"; start-info="application/soap+xml"; '
    f'boundary="{_BOUNDARY.decode()}"'
)
OPERATIONS: Final[dict[str, Operations]] = {
    "tds": {
        **device_system.OPERATIONS,
        **device_network.OPERATIONS,
        **device_users.OPERATIONS,
        **capabilities.OPERATIONS,
    },
    "trt": media.OPERATIONS,
    "tr2": media2.OPERATIONS,
    "timg": imaging.OPERATIONS,
    "tmd": deviceio.OPERATIONS,
    "tev": events.OPERATIONS,
    "trc": {**recording.OPERATIONS, **recording_jobs.OPERATIONS},
    "trv": recording_jobs.RECEIVERS,
}


@dataclass(slots=True, kw_only=True)
class Reply:
    """What goes on the wire, and what happens after it."""

    status: int
    body: bytes
    content_type: str = SOAP_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    after: After | None = None
    wrote: bool = False  # a writing operation was carried out


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One HTTP request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    base: str
    rtsp: str
    source: str = ""  # address of whoever asks
    spool: IO[bytes] | None = None  # a body too long for memory
    attachment: IO[bytes] | None = None  # the file part of a multipart body

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


def _beside(envelope: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Return a multipart body (MTOM): the envelope, and what it names by Content-ID."""
    told = [(b"application/xop+xml; charset=utf-8; type=application/soap+xml", b"root@device", envelope)]
    told += [(b"application/octet-stream", name.encode(), data) for name, data in parts.items()]
    return b"".join(
        b"--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <%s>\r\n\r\n%s\r\n"
        % (_BOUNDARY, kind, name, data)
        for kind, name, data in told
    ) + b"--%s--\r\n" % _BOUNDARY  # fmt: skip


@lru_cache(maxsize=32)
def _head(prefix: str) -> str:
    return head(prefix)


class Dispatcher:
    """Answers requests of all devices of a lab."""

    def __init__(self, lab: LabSpec, disk: StateFile | None, judge: Judge | None) -> None:
        self.lab = lab
        self.disk = disk
        self.judge = judge

    def answer(self, device: SimDevice, incoming: Incoming) -> Reply:
        """Answer one SOAP request to a device."""
        rule = device.personality
        name, user = "?", ""
        try:
            if "soap+xml" not in incoming.headers.get("content-type", ""):
                raise SoapFault(reason="application/soap+xml is required", status=415)
            request = parse(incoming.body)
            name = f"{request.service or '?'}:{request.operation}"
            needed = self._needed(device, request)
            if needed > access.ANYONE and crowded(device):  # turned away at the door: no challenge, no fault
                device.note(name, user, "no connection left", self.lab.log_size)
                return Reply(status=401, body=b"", content_type="text/html")
            login = self._login(device, request, incoming, needed)
            user = login.user
            if (refused := self._refused(device, login, needed)) is not None:
                device.note(name, user, "refused", self.lab.log_size)
                return refused
            reply = self._carry_out(device, request, incoming, user, name)
        except SoapFault as error:
            device.rollback()
            device.note(name, user, f"{error}: {error.reason}", self.lab.log_size)
            return self._fault(rule, error, name)
        device.note(name, user, "ok", self.lab.log_size)
        return reply

    def _login(self, device: SimDevice, request: Request, incoming: Incoming, needed: int) -> auth.Login:
        header = incoming.headers.get("authorization", "")
        if header and "digest" in device.personality.schemes:
            section = auth.onvif_accounts(device)
            return auth.http_digest(device, header, incoming.method, incoming.target, incoming.source, section)
        if request.security is not None and needed > access.ANYONE:
            return auth.username_token(device, request.security, self.lab, incoming.source)
        return auth.NOBODY

    @staticmethod
    def _needed(device: SimDevice, request: Request) -> int:
        if request.operation == "GetSystemDateAndTime" and device.personality.time_needs_login:
            return access.USER
        return access.level_needed(request.service, request.operation)

    def _refused(self, device: SimDevice, login: auth.Login, needed: int) -> Reply | None:
        """Return the refusal of a login or a right that does not suffice, None if it does."""
        if login.level >= needed or access.anonymous_allowed(device):
            return None
        told = device.personality.unauthorised
        if login.user:
            told = replace(told, reason="The user has not the right")
        elif login.locked:
            told = replace(told, reason="The account is locked, try again later")
        elif device.personality.fresh == "activation" and not device.read("users"):
            told = replace(told, reason="The device is not activated")
        return self._unauthorised(device, told, login)

    @staticmethod
    def _unauthorised(device: SimDevice, told: Refusal, login: auth.Login) -> Reply:
        """A 401 with the challenge where HTTP digest is spoken; the SOAP fault alone to a token that was judged."""
        judged = login.user or (login.presented and not login.digest)
        challenges = () if judged else auth.challenges(device, stale=login.stale)
        error = SoapFault(*told.subcodes, reason=told.reason, code=told.code, status=401 if challenges else told.status)
        body = fault(device.personality.prefix, error)
        return Reply(status=error.status, body=body, headers=tuple(("WWW-Authenticate", told) for told in challenges))

    def _carry_out(self, device: SimDevice, request: Request, incoming: Incoming, user: str, name: str) -> Reply:
        rule = device.personality
        self._offered(rule, request, incoming, name)
        if self.judge is not None and (wrong := self.judge.request(request.element)):
            raise SoapFault("ter:InvalidArgVal", reason=wrong)
        grammar = (
            requests.SUBSCRIPTION
            if request.operation in ("Renew", "Unsubscribe")
            else requests.GRAMMARS[request.service]
        )
        grammar.check(request.operation, request.element)
        call = Call(
            device=device,
            request=request,
            lab=self.lab,
            user=user,
            path=incoming.path,
            base=incoming.base,
            rtsp=incoming.rtsp,
            attachment=incoming.attachment,
        )
        if request.operation == "GetServiceCapabilities":
            inner = capabilities.of_service(request.service)(call)
        else:
            try:
                inner = OPERATIONS[request.service][request.operation](call)
            except ValueError as error:  # an attribute that is no number: the grammar looks at elements only
                raise SoapFault("ter:InvalidArgVal", reason=str(error)) from None
        wrote = access.writes(request.operation)
        if wrote:
            if name in rule.ignored or (device.faults and "ignore-writes" in device.faults):
                device.rollback()
                call.after = After()
            elif not faults.withheld(device, self.disk, befalls := faults.of_password(device)) and not (
                device.faults and "power-cut" in device.faults
            ):
                device.commit(self.disk)
                device.wrote(device.now(self.lab) + device.zone_offset_s(), user, incoming.source, request.operation)
                if befalls:
                    raise SoapFault("ter:Action", reason="Action Failed", code="Receiver")
        body = self._envelope(rule, request, inner)
        if call.parts:
            return Reply(status=200, body=_beside(body, call.parts), content_type=_PARTS_TYPE, after=call.after)
        return Reply(status=200, body=body, after=call.after, wrote=wrote)

    def _offered(self, rule: Personality, request: Request, incoming: Incoming, name: str) -> None:
        """Raise the fault for a service or an operation that is not there, or not at this path."""
        path = incoming.path if request.service != "tev" else incoming.path.rpartition("/sub-")[0] or incoming.path
        known = request.service in rule.paths and rule.paths[request.service] == path
        known = known or (path == rule.paths.get("tmd") and request.operation in _RELAYS)
        known = known and (
            request.operation in OPERATIONS[request.service] or request.operation == "GetServiceCapabilities"
        )
        if not known or name in rule.unsupported:
            told = rule.not_supported
            raise SoapFault(
                *told.subcodes, reason=told.reason.format(operation=name), code=told.code, status=told.status
            )

    def _envelope(self, rule: Personality, request: Request, inner: str) -> bytes:
        s = rule.prefix
        header = ""
        if request.service == "tev":
            header = _addressing(request)
        if rule.echoes_security and request.security is not None:
            header += etree.tostring(request.security, encoding="unicode")
        if header:
            header = f"<{s}:Header>{header}</{s}:Header>"
        prefix = request.service if request.operation not in ("Renew", "Unsubscribe") else "wsnt"
        name = f"{prefix}:{request.operation}Response"
        content = f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"
        reply = f"{_head(s)}{header}<{s}:Body>{content}</{s}:Body></{s}:Envelope>".encode()
        if self.judge is not None and (wrong := self.judge.reply(reply)):
            raise SoapFault("ter:Action", reason=f"the simulator's own reply is not valid: {wrong}", code="Receiver")
        return reply

    @staticmethod
    def _fault(rule: Personality, error: SoapFault, name: str) -> Reply:
        if error.subcodes == ("ter:InvalidArgVal",) and rule.invalid.subcodes != error.subcodes:
            told = rule.invalid
            error = SoapFault(*told.subcodes, reason=told.reason, code=told.code, detail=error.reason)
        elif (
            rule.capabilities.get("generic_faults")
            and name.split(":")[-1].startswith(("Create", "Set", "Delete"))
            and not error.subcodes
        ):
            error = SoapFault("ter:Action", code="Receiver", reason="Action Failed")
        body = fault(rule.prefix, error, misspelt=rule.misspelt_receiver)
        return Reply(status=error.status, body=body)


def crowded(device: SimDevice) -> bool:
    """Tell whether the device has no connection left, so that it answers 401 without looking at the login."""
    most = device.personality.max_connections
    return bool((most and device.connections > most) or (device.faults and "connections" in device.faults))


def _addressing(request: Request) -> str:
    """WS-Addressing headers, which event replies carry."""
    port = (
        "PullPointSubscription" if request.operation in ("PullMessages", "SetSynchronizationPoint") else "EventPortType"
    )
    action = f"{SERVICES['tev']}/{port}/{request.operation}Response"
    if request.operation in ("Renew", "Unsubscribe"):
        action = f"{WSNT.replace('b-2', 'bw-2')}/SubscriptionManager/{request.operation}Response"
    relates = f"<wsa:RelatesTo>{request.message_id}</wsa:RelatesTo>" if request.message_id else ""
    return f"<wsa:Action>{action}</wsa:Action>{relates}"


__all__ = ["NAMESPACES", "OPERATIONS", "Dispatcher", "Incoming", "Reply"]
