"""A device at the level of operations: given answers, and a record of what was asked and ordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from fleetctl.errors import FleetctlError, Unsupported
from fleetctl.model import Access, Device, Endpoint, Kind, SecretRef
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.onvif.operations import is_reading
from fleetctl.protocols.xml import PREFIXES, Element, child, parse, text

Answer = str | FleetctlError | Callable[[str], str]
_DECLARED = "".join(f' xmlns:{prefix}="{namespace}"' for prefix, namespace in PREFIXES.items())

DEVICE = Device(
    name="viet-hung-cam-01",
    kind=Kind.CAMERA,
    site="viet_hung",
    endpoint=Endpoint(address="10.20.1.11"),
    user="fleetctl",
)


def request(service: str, operation: str, body: str = "") -> Element:
    """Return a request's element as the session would put it into the envelope."""
    return parse(f"<{service}:{operation}{_DECLARED}>{body}</{service}:{operation}>".encode())


class FakeSession:
    """What `fleetctl.protocols.onvif.Session` is to a cell; `answers` by "tds:GetNTP", the inside of the response.

    An operation without an answer is one the device does not know. Services are those that have answers.
    """

    def __init__(
        self,
        answers: Mapping[str, Answer],
        *,
        device: Device = DEVICE,
        identity: Identity | None = None,
        access: Access = Access.WRITE,
        clock_error_s: float | None = 0.0,
    ) -> None:
        self.device, self.access = device, access
        self.asked: list[tuple[str, str, str]] = []
        self.ordered: list[tuple[str, str, str]] = []
        self._answers = dict(answers)
        self._identity = identity or Identity()
        self._clock_error_s = clock_error_s
        self._memo: dict[tuple[str, str, str], Element] = {}

    def __enter__(self) -> FakeSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def has(self, service: str) -> bool:
        return any(name.startswith(f"{service}:") for name in self._answers)

    def read(self, service: str, operation: str, body: str = "", *, fresh: bool = False) -> Element:
        if not is_reading(service, operation):
            raise PermissionError(f"{service}:{operation} does not only read")
        key = (service, operation, body)
        if fresh or key not in self._memo:
            self.asked.append(key)
            self._memo[key] = self._answer(service, operation, body)
        return self._memo[key]

    def forget(self) -> None:
        self._memo.clear()

    def write(self, service: str, operation: str, body: str = "") -> Element:
        if self.access is not Access.WRITE:
            raise PermissionError(f"{service}:{operation} writes")
        assert not is_reading(service, operation), f"{service}:{operation} is a question, not an order"
        self._memo.clear()
        self.ordered.append((service, operation, body))
        if f"{service}:{operation}" not in self._answers:
            return parse(f"<{service}:{operation}Response{_DECLARED}/>".encode())
        return self._answer(service, operation, body)

    def _answer(self, service: str, operation: str, body: str) -> Element:
        told = self._answers.get(f"{service}:{operation}")
        if told is None:
            raise Unsupported(f"{service}:{operation}: Optional Action Not Implemented")
        if isinstance(told, FleetctlError):
            raise told
        inside = told if isinstance(told, str) else told(body)
        return parse(f"<{service}:{operation}Response{_DECLARED}>{inside}</{service}:{operation}Response>".encode())

    def identity(self) -> Identity:
        if "tds:GetDeviceInformation" not in self._answers:
            return self._identity
        told = self.read("tds", "GetDeviceInformation")
        return Identity(
            manufacturer=text(told, "Manufacturer"),
            model=text(told, "Model"),
            firmware=text(told, "FirmwareVersion"),
            serial_number=text(told, "SerialNumber"),
            hardware_id=text(told, "HardwareId"),
            mac_address=text(child(self.read("tds", "GetNetworkInterfaces"), "NetworkInterfaces"), "Info/HwAddress"),
        )

    def clock_error_s(self) -> float | None:
        return self._clock_error_s


class FakeSecrets:
    """A vault in which every account has a password."""

    def reveal(self, ref: SecretRef) -> str:
        return f"Mật khẩu <{ref.device}/{ref.account}>"


SECRETS: Any = FakeSecrets()
