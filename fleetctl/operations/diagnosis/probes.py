"""The layers from the cable up, each looked at only where the one before it is right; the first that is not is told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from fleetctl import converge
from fleetctl.aspects.retention import Retention, held_days
from fleetctl.aspects.storage import Disk, Health, Storage
from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import (
    Access,
    Channel,
    Device,
    Diagnosed,
    Finished,
    Kind,
    Layer,
    Observed,
    Outcome,
    SecretRef,
    Started,
)
from fleetctl.operations.diagnosis import recorders
from fleetctl.operations.diagnosis.causes import found
from fleetctl.operations.diagnosis.patient import Patient
from fleetctl.protocols import rtsp
from fleetctl.reports.values import impersonal

CLOCK_S: Final = 10.0  # a clock that is further off is wrong; measured to half a second
APART_S: Final = 5.0  # two clocks at one address that are so far apart are two devices
HTTP: Final = frozenset({Kind.CAMERA, Kind.NVR})  # kinds that are spoken to over HTTP, unless they are hosts
ALL: Final = frozenset(Kind)
_NO_BAR: Final = (Layer.CLOCK, Layer.DISK, Layer.RETENTION, Layer.VIEWING)  # wrong, and all the rest can be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing that is looked at, of which kinds; `hosts`: of computers too."""

    layer: Layer
    look: Callable[[Patient], Diagnosed | None]
    kinds: frozenset[Kind] = ALL
    hosts: bool = True


def work(name: str, case: Any, channel: Channel) -> None:
    """Examine one device (the executor's work): at most one Diagnosed, then its Finished."""
    device, begun = case.job.device, time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    with converge.linked(case.job, Access.READ, channel) as link, closing(Patient(case, link, channel)) as patient:
        wrong = first(patient)
        if device.kind is Kind.NVR and not device.is_host and (wrong is None or wrong.layer in _NO_BAR):
            _rest(patient)
        channel.emit(Observed(device=name, **patient.observed()))
    if wrong is not None:
        channel.emit(wrong)
    outcome = Outcome.UNCHANGED if wrong is None else wrong.outcome
    seconds = time.monotonic() - begun
    channel.emit(Finished(device=name, site=device.site, outcome=outcome, duration_s=seconds))


def first(patient: Patient) -> Diagnosed | None:
    """Return the first thing that is wrong, None where nothing is."""
    for probe in PROBES:
        device = patient.device
        if device.kind not in probe.kinds or (device.is_host and not probe.hosts):
            continue
        try:
            wrong = probe.look(patient)
        except Refused as error:
            patient.refused(error)
            wrong = _refused(patient, error)
        except FleetctlError as error:
            wrong = _broken(patient, error)
        if wrong is not None:
            return wrong
    return None


def _rest(patient: Patient) -> None:
    """Read what the site's chains are put together from, also of a recorder with a wrong clock or a bad disk."""
    try:
        for aspect in ("state", "retention", "storage"):
            patient.read(aspect)
        if not patient.viewings:
            recorders.view(patient)
    except Refused as error:
        patient.refused(error)
    except FleetctlError:
        return  # what was not read is not told; the first thing that is wrong is


# --- cable, address, port ---------------------------------------------------------------------------


def _cable(patient: Patient) -> Diagnosed | None:
    """Look at the device's port on its switch."""
    port, device = patient.case.port, patient.device
    if port is None:
        return None
    told = {"switch": port.switch, "port": port.port}
    if port.seen:
        return found(device, "wrong-port", **told, seen=port.seen)
    if port.enabled is False:
        return found(device, "port-shut", **told)
    if port.up is False:
        return found(device, "no-power" if port.poe is False else "no-link", **told)
    return found(device, "slow-link", **told, speed=port.speed) if port.speed else None


def _console(patient: Patient) -> Diagnosed | None:
    """See whether the SSH port of a switch or a host answers."""
    by_ssh = patient.device.is_host or patient.device.kind is Kind.SWITCH
    return silent(patient) if by_ssh and not patient.console_answers() else None


def _address(patient: Patient) -> Diagnosed | None:
    """See whether anything answers: the port it is spoken to at, else its video's."""
    try:
        _ = patient.anonymous
    except Unreachable as error:
        if not patient.plays_rtsp:
            return silent(patient)
        number = str(patient.device.endpoint.port)
        return found(patient.device, "port-dead", number=number, reason=converge.told(error))
    return None


def silent(patient: Patient) -> Diagnosed:
    """Return what it means that a device does not answer at all."""
    port, address = patient.case.port, patient.device.endpoint.address
    if port is not None and port.up:
        return found(patient.device, "hangs", address=address, switch=port.switch, port=port.port)
    return found(patient.device, "no-answer", address=address)


def _two(patient: Patient) -> Diagnosed | None:
    """Ask over two connections: two devices at one address answer by turns, and do not tell the same."""
    with patient.another() as other:
        (one_clock, one_open), (other_clock, other_open) = (_traits(each) for each in (patient.anonymous, other))
    apart = one_clock is not None and other_clock is not None and abs(one_clock - other_clock) > APART_S
    if not apart and one_open is other_open:
        return None
    switch = patient.device.switch or patient.device.site
    return found(patient.device, "two-devices", address=patient.device.endpoint.address, switch=switch)


def _traits(session: Any) -> tuple[float | None, bool]:
    """Return what a device shows without a login: its clock, and whether it takes everybody."""
    return _clock_of(session), _is_open(session)


def _is_open(session: Any) -> bool:
    """Tell whether a device waits for its first password, or takes everybody without one."""
    if getattr(session, "inactive", False):
        return True
    try:
        session.prove()
    except (Refused, Unreachable):
        return False  # it asks for a login, as it should
    return True


def _clock_of(session: Any) -> float | None:
    """Return a clock's error in seconds as it is told without a login, None where it is not."""
    try:
        told: float | None = session.clock_error_s()
    except (Refused, Unsupported):
        return None
    return told


# --- clock, login, identity -------------------------------------------------------------------------


def _clock(patient: Patient) -> Diagnosed | None:
    """Look at the clock, after login and identity: a wrong clock bars neither, and what sets it needs both."""
    error_s = getattr(patient.read("time"), "clock_error_s", None)
    if not isinstance(error_s, int | float) or abs(error_s) <= CLOCK_S:
        return None
    return found(patient.device, "clock", error=f"{error_s:+.0f}")


def _factory(patient: Patient) -> Diagnosed | None:
    return found(patient.device, "factory") if _is_open(patient.anonymous) else None


def _login(patient: Patient) -> Diagnosed | None:
    """Log in once, if that may be tried, and ask who it is."""
    if patient.case.job.barred:
        return found(patient.device, "barred", reason=_first(patient.device, patient.case.job.barred))
    _ = patient.identity
    return None


def _identity(patient: Patient) -> Diagnosed | None:
    try:
        converge.same_device(patient.device, patient.identity, required=False)
    except Refused as error:
        reason = _first(patient.device, converge.told(error))
        return found(patient.device, "other-device", reason=reason.rpartition("another device answers here: ")[2])
    return None


def _refused(patient: Patient, error: Refused) -> Diagnosed:
    device = patient.device
    if error.locked_s is not None:
        return found(device, "locked")
    if error.credential:
        return found(device, "wrong-password", account=device.user)
    if "certificate" in str(error):
        return found(device, "certificate", reason=str(error))
    if device.kind is Kind.SWITCH or device.is_host:
        return found(device, "host-key", reason=_first(device, converge.told(error)))
    return found(device, "refused", reason=_first(device, converge.told(error)))


def _broken(patient: Patient, error: FleetctlError) -> Diagnosed:
    """Return what an error means that no probe judged: the conversation broke."""
    device = patient.device
    reason = _first(device, converge.told(error))
    if isinstance(error, Unreachable):
        return found(device, "turned-away")
    if isinstance(error, Unsupported):
        return found(device, "not-spoken", protocol=patient.protocol, reason=reason)
    if isinstance(error, BadAnswer | Rejected):
        return found(device, "nonsense", protocol=patient.protocol, reason=reason)
    return found(device, "cannot", reason=reason)


def _first(device: Device, reason: str) -> str:
    """Return the first sentence of a reason, without the device's name in front."""
    sentence = re.split(r"\.? Mend: |[.;] ", reason, maxsplit=1)[0]
    return impersonal(sentence, device.name).strip()[:200]


# --- picture and recorder ----------------------------------------------------------------------------


def _picture(patient: Patient) -> Diagnosed | None:
    """Look at the camera's stream with fleetctl's own login, until the first packet of video.

    Where its recorder has the picture the stream is described only: the line to a site is thin.
    """
    path = patient.ask("stream_path")
    if not path:
        return None
    device, job = patient.link.device, patient.case.job
    password = job.secrets.reveal(SecretRef(device=device.name, account=device.user)) if device.user else ""
    try:
        (rtsp.describe if patient.case.watched else rtsp.plays)(device, path, password, job.known_hosts)
    except Refused as error:
        return found(device, "video-refused", account=device.user, reason=_first(device, converge.told(error)))
    except (Unreachable, BadAnswer, Unsupported) as error:
        return found(device, "video-dead", reason=_first(device, converge.told(error)))
    return None


def _disks(patient: Patient) -> Diagnosed | None:
    storage = patient.read("storage")
    disks = storage.disks if isinstance(storage, Storage) else None
    if not hasattr(disks, "items"):
        return None
    if not disks:
        return found(patient.device, "disk-none")
    return next((wrong for key, disk in disks.items() if (wrong := _disk(patient, key, disk)) is not None), None)


def _disk(patient: Patient, key: str, disk: Disk) -> Diagnosed | None:
    if disk.health is Health.UNFORMATTED:
        return found(patient.device, "disk-unformatted", disk=key)
    if disk.health is Health.FAILED:
        return found(patient.device, "disk-failed", disk=key, told=str(disk.told or disk.health))
    return None


def _days(patient: Patient) -> Diagnosed | None:
    """Hold the days that the disks can hold against those asked for; tell disks that are full for good."""
    told, case = patient.read("retention"), patient.case
    _ = patient.read("state")
    if recorders.is_full(patient.readings):
        return found(patient.device, "disk-full")
    if not isinstance(told, Retention) or case.asked_days is None or not isinstance(told.capacity_gb, float):
        return None
    kbps = told.bitrate_kbps or case.camera_kbps
    holds = held_days(told.capacity_gb, kbps) if isinstance(kbps, int) else None
    if not isinstance(holds, float) or holds >= case.asked_days:
        return None
    return found(patient.device, "retention", holds=f"{holds:g}", asked=f"{case.asked_days:g}")


def _viewers(patient: Patient) -> Diagnosed | None:
    """Look at a live channel with each account that is only to look."""
    recorders.view(patient)
    bad = next((each for each in patient.viewings if each.sees is False), None)
    return None if bad is None else found(patient.device, "viewer", account=bad.account, reason=bad.reason)


def _wires(patient: Patient) -> Diagnosed | None:
    """Read a switch's ports, links and addresses, for the devices behind it."""
    for aspect in ("ports", "wiring"):
        patient.read(aspect)
    patient.links = dict(patient.ask("links") or {})
    return None


_CONSOLES: Final = frozenset({Kind.SWITCH})
PROBES: Final[tuple[Probe, ...]] = (
    Probe(layer=Layer.LINK, look=_cable),
    Probe(layer=Layer.ADDRESS, look=_console),
    Probe(layer=Layer.ADDRESS, look=_address, kinds=HTTP, hosts=False),
    Probe(layer=Layer.ADDRESS, look=_two, kinds=HTTP, hosts=False),
    Probe(layer=Layer.LOGIN, look=_factory, kinds=HTTP, hosts=False),
    Probe(layer=Layer.LOGIN, look=_login),
    Probe(layer=Layer.IDENTITY, look=_identity),
    Probe(layer=Layer.CLOCK, look=_clock, kinds=HTTP | _CONSOLES, hosts=False),
    Probe(layer=Layer.STREAM, look=_picture, kinds=frozenset({Kind.CAMERA}), hosts=False),
    Probe(layer=Layer.DISK, look=_disks, kinds=frozenset({Kind.NVR}), hosts=False),
    Probe(layer=Layer.RETENTION, look=_days, kinds=frozenset({Kind.NVR}), hosts=False),
    Probe(layer=Layer.VIEWING, look=_viewers, kinds=frozenset({Kind.NVR}), hosts=False),
    Probe(layer=Layer.LINK, look=_wires, kinds=_CONSOLES),
)
"""Of a switch the ports come last: what is behind it wants them, and they are no trouble of its own."""
