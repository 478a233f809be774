"""One device under examination: each thing that is asked of it is asked when first needed, and once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.converge.observe import greet
from fleetctl.errors import FleetctlError, Refused, Unreachable
from fleetctl.model import Access, Channel, Device, Driver, FrozenMap, Reading, Viewing
from fleetctl.protocols import opener, rtsp, ssh

ANSWER_S: Final = 5.0  # how long a device is given that need not be logged in to


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """How a device's port on its switch is, as the switch tells it; None where it does not."""

    switch: str
    port: str
    enabled: bool | None = None
    poe: bool | None = None
    up: bool | None = None
    seen: str = ""  # where the device is seen instead
    speed: str = ""  # of a link that is slow, in the switch's words


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a worker needs to examine one device."""

    job: converge.Job
    port: Port | None = None
    viewers: tuple[converge.Job, ...] = ()  # of a recorder: the accounts that only look
    watched: bool = False  # of a camera: its recorder has its picture, so that it need not be sent once more
    asked_days: float | None = None  # of a recorder
    camera_kbps: int | None = None


class Patient:
    """A device and what was asked of it so far."""

    def __init__(self, case: Case, link: converge.Link, channel: Channel) -> None:
        self.case, self.link, self.channel = case, link, channel
        self.registry = catalog.load()
        self.readings: dict[str, Reading] = {}
        self.viewings: list[Viewing] = []
        self.links: dict[str, bool] = {}
        self._anonymous: Any = None

    @property
    def device(self) -> Device:
        """The device as the inventory has it."""
        return self.case.job.device

    @cached_property
    def protocol(self) -> str:
        """The protocol it is known to speak, else that which its maker speaks; "" where there is none."""
        known = self.case.job.facts.get("protocol", "")
        protocols = self.registry.greetings(self.device)
        return known if known in protocols else next(iter(protocols), "")

    @property
    def anonymous(self) -> Any:
        """A session without a login, made when first asked for; raises what its first contact raises."""
        if self._anonymous is None:
            self._anonymous = self.another()
        return self._anonymous

    def another(self) -> Any:
        """Return one more session without a login, over a connection of its own."""
        endpoint = replace(self.device.endpoint, timeout_s=min(ANSWER_S, self.device.endpoint.timeout_s))
        return opener(self.protocol)(
            replace(self.device, endpoint=endpoint, user=""),
            password=None,
            access=Access.READ,
            facts={},
            known_hosts=self.case.job.known_hosts,
        )

    def console_answers(self) -> bool:
        """Tell whether the SSH port of a switch or a host answers."""
        if self.device.is_host:
            return converge.answers(self.case.job)
        return ssh.answers(self.device, self.case.job.known_hosts)

    @cached_property
    def plays_rtsp(self) -> bool:
        """Whether its video port says anything at all."""
        endpoint = replace(self.device.endpoint, timeout_s=ANSWER_S)
        try:
            return rtsp.answers(replace(self.device, endpoint=endpoint), self.case.job.known_hosts)
        except Unreachable:
            return False
        except FleetctlError:
            return True  # something answers

    @cached_property
    def session(self) -> Any:
        """The session with fleetctl's own login; its one try is counted like any other."""
        return greet(self.link, self.registry)

    @cached_property
    def identity(self) -> Any:
        """Who the device says it is."""
        return self.session.identity()

    @cached_property
    def driver(self) -> Driver:
        """The driver of what answers."""
        return self.registry.driver_of(self.device, self.identity.manufacturer, self.identity.model)

    def read(self, aspect: str) -> Any:
        """Return the value of an aspect, None where it cannot be read; how that ended is in `readings`."""
        if aspect not in self.readings:
            self.readings[aspect] = converge.read(self.registry.cell(self.driver, aspect), aspect, self.link)
        return self.readings[aspect].value

    def ask(self, action: str, argument: object = None) -> Any:
        """Return what an action of the driver that only reads gives, None where there is no such action."""
        known = self.registry.action(self.driver, action)
        return None if known is None else known.run(self.link.session(known.protocol), argument)

    def refused(self, error: Refused) -> None:
        """Count a refusal of fleetctl's own login."""
        self.link.refused(error)

    def observed(self) -> dict[str, Any]:
        """Return what of it others need to put the site together."""
        return {
            "readings": FrozenMap(self.readings),
            "viewings": tuple(self.viewings),
            "links": FrozenMap(self.links),
        }

    def close(self) -> None:
        """End the session without a login."""
        if self._anonymous is not None:
            self._anonymous.close()
