"""One site at a glance: camera -> channel -> recording -> days kept, and whether the leaders see it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

from fleetctl import converge
from fleetctl.aspects.channels import BoundCamera, Channels
from fleetctl.aspects.retention import Retention, held_days
from fleetctl.aspects.state import ChannelState, State
from fleetctl.aspects.storage import Disk, Storage
from fleetctl.aspects.users import Level, Users
from fleetctl.errors import FleetctlError, Refused, Unreachable, UsageError
from fleetctl.model import (
    UNSET,
    Access,
    Attempt,
    Device,
    Expectation,
    Kind,
    LoginJudged,
    Outcome,
    Reading,
    SecretRef,
    Unset,
)
from fleetctl.operations.device import Recorder
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols import opener, rtsp
from fleetctl.protocols.identities import same_serial

_ANSWER_S: Final = 3.0
_READ: Final = ("state", "retention", "storage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One camera and what becomes of its picture; None and "" where nothing is told."""

    camera: str
    answers: bool | None  # None: only its recorder reaches it
    recorder: str = ""
    channel: str = ""
    online: bool | None = None
    recording: bool | None = None
    newest: str = ""
    trouble: str = ""

    @property
    def outcome(self) -> Outcome:
        """How the chain stands: unchanged is whole."""
        if not self.channel or self.online is False or self.recording is False:
            return Outcome.UNREACHABLE if self.answers is False and self.channel else Outcome.FAILED
        if self.answers is False:
            return Outcome.UNREACHABLE
        return Outcome.UNKNOWN if self.trouble or self.online is None or self.recording is None else Outcome.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """An account that is to look and nothing else, and whether it does: `sees` None where that cannot be told."""

    account: str
    sees: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderCheck:
    """One recorder: its disks, how long it keeps, and who looks."""

    recorder: str
    outcome: Outcome
    reason: str = ""
    disks: Mapping[str, Disk] | None = None
    oldest_days: float | None = None
    holds_days: float | None = None
    asked_days: int | None = None
    viewers: tuple[Viewer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCheck:
    """A site's chains and recorders."""

    site: str
    chains: tuple[Chain, ...]
    recorders: tuple[RecorderCheck, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of all parts."""
        return (*(c.outcome for c in self.chains), *(r.outcome for r in self.recorders))


def check(workspace: Workspace, site: str) -> SiteCheck:
    """Ask the recorders of a site and its cameras, and put together what becomes of each picture.

    Raises UsageError for a site that is not in the inventory, or has neither cameras nor recorders.
    """
    devices = [d for d in workspace.inventory.devices.values() if d.site == site]
    cameras = [d for d in devices if d.kind is Kind.CAMERA]
    recorders = [d for d in devices if d.kind is Kind.NVR and not d.is_host]
    if not cameras and not recorders:
        known = ", ".join(sorted({d.site for d in workspace.inventory.devices.values() if d.site})[:10])
        raise UsageError(f"{site} is no site with cameras or recorders. There are: {known}")
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = dict(zip((c.name for c in cameras), pool.map(_answers(workspace), cameras), strict=True))
    checks: list[RecorderCheck] = []
    links: dict[str, Chain] = {}
    with workspace.journal.run("site check", {"site": site}) as record:
        for recorder in recorders:
            told, found = _recorder(workspace, recorder, Recorder(record))
            checks.append(told)
            links.update({link.camera: link for link in _links(workspace, recorder, found, told)})
    chains = [replace(links.get(c.name, Chain(camera=c.name, answers=None)), answers=answers[c.name]) for c in cameras]
    return SiteCheck(site=site, chains=tuple(chains), recorders=tuple(checks))


def _answers(workspace: Workspace) -> Any:
    def ask(device: Device) -> bool | None:
        """Return whether a camera answers, asked without its login."""
        if device.behind:
            return None
        endpoint = replace(device.endpoint, timeout_s=min(_ANSWER_S, device.endpoint.timeout_s))
        asked = replace(device, endpoint=endpoint, user="")
        protocol = workspace.registry.protocols_of(device)[0]
        try:
            opener(protocol)(
                asked, password=None, access=Access.READ, facts={}, known_hosts=workspace.known_hosts
            ).close()
        except Unreachable:
            return False
        except FleetctlError:
            return True  # something answers
        return True

    return ask


def _recorder(workspace: Workspace, device: Device, channel: Recorder) -> tuple[RecorderCheck, Mapping[str, Reading]]:
    """Read one recorder; what is wrong with it as a whole is its outcome."""
    expected = {e.aspect: e for e in workspace.expectations(device, ())}
    try:
        with converge.linked(job(workspace, device), Access.READ, channel) as link:
            driver, _ = converge.recognise(link.job, link, workspace.registry, required=False)
            found = {name: converge.read(workspace.registry.cell(driver, name), name, link) for name in _READ}
            first = next((k for k, now in _channels(found).items() if now.online is True), "")
            live = workspace.registry.action(driver, "live_path") if first else None
            path = str(live.run(link.session(live.protocol), first)) if live is not None else ""
        viewers = tuple(_viewers(workspace, device, expected.get("users"), channel, path))
    except FleetctlError as error:
        reason = converge.told(error)
        return RecorderCheck(recorder=device.name, outcome=converge.outcome_of(error), reason=reason), {}
    return _judged(device, found, expected.get("retention"), viewers), found


def _channels(found: Mapping[str, Reading]) -> Mapping[str, ChannelState]:
    told = found["state"].value if "state" in found else None
    return told.channels if isinstance(told, State) and not isinstance(told.channels, Unset) else {}


def _judged(
    device: Device,
    found: Mapping[str, Reading],
    wanted: Expectation | None,
    viewers: Sequence[Viewer],
) -> RecorderCheck:
    retention, storage = found["retention"].value, found["storage"].value
    expected = wanted.value if wanted is not None else None
    disks = storage.disks if isinstance(storage, Storage) and not isinstance(storage.disks, Unset) else None
    bad = any(v.sees is False for v in viewers) or any(str(d.health) != "ok" for d in (disks or {}).values())
    return RecorderCheck(
        recorder=device.name,
        outcome=Outcome.FAILED if bad else Outcome.UNCHANGED,
        disks=disks,
        oldest_days=_number(retention.oldest_days) if isinstance(retention, Retention) else None,
        holds_days=_holds(retention, expected),
        asked_days=_asked(expected),
        viewers=tuple(viewers),
    )


def _asked(expected: Any) -> int | None:
    if not isinstance(expected, Retention):
        return None
    return next((d for d in (expected.at_least_days, expected.days) if isinstance(d, int) and d), None)


def _number(told: Any) -> float | None:
    return float(told) if isinstance(told, int | float) else None


def _holds(retention: Any, expected: Any) -> float | None:
    if not isinstance(retention, Retention):
        return None
    kbps = retention.bitrate_kbps or (expected.camera_kbps if isinstance(expected, Retention) else UNSET)
    if isinstance(kbps, Unset) or not isinstance(retention.capacity_gb, float):
        return _number(retention.holds_days)
    return _number(held_days(retention.capacity_gb, kbps))


def _links(workspace: Workspace, device: Device, found: Mapping[str, Reading], told: RecorderCheck) -> Iterator[Chain]:
    """Yield what becomes of each camera that the inventory puts on a channel of the recorder."""
    expected = next((e.value for e in workspace.expectations(device, ("channels",))), None)
    wanted = expected.cameras if isinstance(expected, Channels) and not isinstance(expected.cameras, Unset) else {}
    there = _channels(found)
    behind = {c.name: c for c in workspace.inventory.devices.values() if c.behind == device.name}
    places = {c.name: (str(c.channel), "") for c in behind.values()}
    for key, item in wanted.items():
        if isinstance(item, BoundCamera) and isinstance(item.camera, str):
            places.setdefault(item.camera, (key, item.address or ""))
    for camera, (key, address) in places.items():
        link = Chain(camera=camera, answers=None, recorder=device.name, channel=key)
        now = there.get(key)
        if not found:
            yield replace(link, trouble=f"{told.outcome.value}: {told.reason}")
        elif now is None:
            yield replace(link, online=False, recording=False, trouble="the channel has no camera")
        elif other := _another(now, address, behind.get(camera)):
            yield replace(link, online=False, recording=False, trouble=f"the channel has another camera: {other}")
        else:
            yield _standing(link, now)


def _another(now: ChannelState, address: str, behind: Device | None) -> str:
    """Return what tells that a channel has another camera than the inventory's, "" where it has that one."""
    if address and now.address != address:
        return str(now.address)
    expected, told = behind.serial_number if behind is not None else "", now.serial_number
    if expected and isinstance(told, str) and not same_serial(expected, told):
        return f"serial number {told}, expected {expected}"
    return ""


def _standing(link: Chain, now: ChannelState) -> Chain:
    online, recording = _flag(now.online), _flag(now.recording)
    trouble = "" if online else str(now.told or "offline")
    newest = now.last_segment if isinstance(now.last_segment, str) else ""
    return replace(link, online=online, recording=recording, newest=newest, trouble=trouble)


def _flag(told: Any) -> bool | None:
    return told if isinstance(told, bool) else None


def _viewers(
    workspace: Workspace, device: Device, wanted: Expectation | None, channel: Recorder, path: str
) -> Iterator[Viewer]:
    """Log in with each account that is only to look, and ask for a picture with it: the proof that it sees."""
    accounts = wanted.value.accounts if wanted is not None and isinstance(wanted.value, Users) else UNSET
    for name, account in {} if isinstance(accounts, Unset) else accounts.items():
        if getattr(account, "level", None) is not Level.USER:
            continue
        task = job(workspace, replace(device, user=name))
        if task.barred:
            yield Viewer(account=name, sees=None, reason=task.barred)
        elif not path:
            yield Viewer(account=name, sees=None, reason="there is no picture to prove it with")
        else:
            yield _viewer(task, channel, path)


def _viewer(task: converge.Job, channel: Recorder, path: str) -> Viewer:
    """Ask for the stream with an account; its login is counted like any other."""
    device, spot = task.device, task.device.endpoint.spot
    if not task.proven:
        channel.confirm(Attempt(device=device.name, account=device.user, fingerprint=task.fingerprint, address=spot))
    password = task.secrets.reveal(SecretRef(device=device.name, account=device.user))
    sees: bool | None = None
    reason, accepted = "", True
    try:
        rtsp.describe(device, path, password, task.known_hosts)
        sees = True
    except Refused as error:
        sees, reason, accepted = False, str(error), not error.credential
    except FleetctlError as error:
        return Viewer(account=device.user, sees=None, reason=str(error))
    channel.emit(
        LoginJudged(
            device=device.name, account=device.user, fingerprint=task.fingerprint, accepted=accepted, address=spot
        )
    )
    return Viewer(account=device.user, sees=sees, reason=reason)
