"""The acceptance of a site: what it has, every requirement and its proof, a picture of each camera; kept for good.

The record is language-neutral JSON in the journal, with the pictures beside it: the same document can be made of it
again at any time. Reads only.
"""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fleetctl import __version__, converge
from fleetctl.codec import text
from fleetctl.errors import BadAnswer, FleetctlError, Unsupported, UsageError
from fleetctl.executor import Stop
from fleetctl.files import make_folder, replace
from fleetctl.machine import operator
from fleetctl.model import Accepted, Access, Device, DevicePlan, Event, Kind, Outcome, Pictured, Planned
from fleetctl.operations import requirements
from fleetctl.operations.device import Recorder
from fleetctl.operations.diagnosis import CAUSES
from fleetctl.operations.requirements import Finding
from fleetctl.operations.runs import job, recorder_of
from fleetctl.operations.site import Examination, SiteCheck, examined
from fleetctl.operations.workspace import Workspace
from fleetctl.reports import acceptance, wording
from fleetctl.reports.language import Language
from fleetctl.reports.values import plain
from fleetctl.standard.judging import OUTCOMES, Verdict
from fleetctl.standard.requirements import Pack

KIND: Final = "accept"
WIDE: Final = 1280  # pixels; a picture is kept no wider
QUALITY: Final = 82


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One acceptance as the journal has it: `told` is the record, `pictures` are JPEGs by camera."""

    run: int
    digest: str
    told: Mapping[str, Any]
    pictures: Mapping[str, bytes]


class Acceptance:
    """The acceptance of one site: `events` reads and judges, `record` takes the pictures and writes it down."""

    def __init__(self, workspace: Workspace, site: str, packs: Sequence[Pack], stop: Stop | None = None) -> None:
        self.workspace, self.site, self.packs, self.stop = workspace, site, tuple(packs), stop or Stop()
        self.examination: Examination = examined(workspace, site, self.stop)
        self.begun = datetime.now().astimezone()
        self.devices = [d for d in workspace.inventory.devices.values() if d.site == site]
        self._plans: dict[str, DevicePlan] = {}

    def events(self) -> Iterator[Event]:
        """Judge every requirement, then look what is wrong; yields the events of both."""
        judged = requirements.observed(self.workspace, self.packs, self.site, stop=self.stop)
        for event in itertools.chain(judged, self.examination.events()):
            if isinstance(event, Planned):
                self._plans[event.device] = event.plan
            yield event

    def record(self) -> Record:
        """Take a picture of each camera, and keep record and pictures in the journal; returns them."""
        found = requirements.findings(self.workspace, self.packs, self._plans.values(), self.site)
        checked = self.examination.result(self.site)
        pictures: dict[str, bytes] = {}
        missing: dict[str, str] = {}
        with self.workspace.journal.run(KIND, {"site": self.site}) as record:
            run = self.workspace.journal.number
            for camera in (d for d in self.devices if d.kind is Kind.CAMERA):
                try:
                    pictures[camera.name] = self._picture(camera, Recorder(record))
                except FleetctlError as error:
                    missing[camera.name] = converge.told(error)
                else:
                    jpeg = pictures[camera.name]
                    kept = base64.b64encode(jpeg).decode()
                    record(Pictured(device=camera.name, digest=hashlib.sha256(jpeg).hexdigest(), jpeg=kept))
            told = self._told(run, found, checked, pictures, missing)
            body = text(told)
            digest = hashlib.sha256(body.encode()).hexdigest()
            record(Accepted(device=self.site, digest=digest, record=body))
        return Record(run=run, digest=digest, told=told, pictures=pictures)

    def _picture(self, camera: Device, channel: Recorder) -> bytes:
        """Return what a camera sees now: from itself, else from its channel of the recorder."""
        place = next((c for c in self.examination.result(self.site).chains if c.camera == camera.name), None)
        try:
            if not camera.behind:
                return kept(_snapshot(self.workspace, camera, channel, None))
        except (Unsupported, BadAnswer):
            if place is None or not place.recorder:
                raise
        recorder = (
            recorder_of(self.workspace, camera) or self.workspace.inventory.devices[place.recorder if place else ""]
        )
        number = str(camera.channel) if camera.behind else place.channel if place is not None else ""
        return kept(_snapshot(self.workspace, recorder, channel, number))

    def _told(
        self,
        run: int,
        found: Sequence[Finding],
        checked: SiteCheck,
        pictures: Mapping[str, bytes],
        missing: Mapping[str, str],
    ) -> dict[str, Any]:
        cameras = [device for device in self.devices if device.kind is Kind.CAMERA]
        sites = self.workspace.inventory.sites()
        name = sites[self.site].name if self.site in sites else self.site
        return {
            "schema": 1,
            "run": run,
            "site": self.site,
            "site_name": name,
            "area": next((d.area for d in self.devices if d.area), ""),
            "begun": self.begun.isoformat(timespec="seconds"),
            "operator": operator(),
            "fleetctl": __version__,
            "packs": [{"name": p.name, "version": p.version, "title": dict(p.title)} for p in self.packs],
            "equipment": [self._equipment(device) for device in self.devices],
            "requirements": [_finding(each) for each in found],
            "cameras": [self._camera(each, checked, pictures, missing) for each in cameras],
            "recorders": [_recorder(each) for each in checked.recorders],
            "wrong": [
                {"device": w.told.device, "cause": w.told.cause, "values": dict(w.told.values), "along": list(w.along)}
                for w in checked.wrongs
            ],
            "waivers": self._waivers(),
        }  # fmt: skip

    def _equipment(self, device: Device) -> dict[str, Any]:
        plan, facts = self._plans.get(device.name), self.workspace.facts(device.name)
        seen = plan is not None and plan.outcome is None
        return {
            "name": device.name,
            "kind": device.kind.value,
            "desk": device.desk,
            "address": device.endpoint.address,
            "manufacturer": (plan.manufacturer if plan else "") or facts.get("manufacturer", device.vendor),
            "model": (plan.model if plan else "") or facts.get("model", device.model),
            "serial_number": device.serial_number,
            "mac_address": device.mac_address,
            "firmware": (plan.firmware if plan else "") or facts.get("firmware", ""),
            "seen": seen,
        }

    def _camera(
        self, camera: Device, checked: SiteCheck, pictures: Mapping[str, bytes], missing: Mapping[str, str]
    ) -> dict[str, Any]:
        chain = next(c for c in checked.chains if c.camera == camera.name)
        plan = self._plans.get(camera.name)
        time = next((a.actual for a in plan.aspects if a.aspect == "time"), None) if plan else None
        jpeg = pictures.get(camera.name)
        return {
            "name": camera.name,
            "desk": camera.desk,
            "picture": hashlib.sha256(jpeg).hexdigest() if jpeg else "",
            "why_none": missing.get(camera.name, ""),
            "clock_error_s": plain(getattr(time, "clock_error_s", None)),
            "recorder": chain.recorder,
            "channel": chain.channel,
            "online": chain.online,
            "recording": chain.recording,
            "newest": chain.newest,
        }

    def _waivers(self) -> list[dict[str, str]]:
        found = {w for d in self.devices for w in self.workspace.waivers(d) if w.holds(self.workspace.today)}
        told = ({"setting": w.setting, "owner": w.owner, "reason": w.reason, "until": w.until} for w in found)
        return sorted(told, key=lambda each: (each["setting"], each["until"]))


def outcomes(record: Record) -> tuple[Outcome, ...]:
    """Return how the parts of an acceptance count for the exit code."""
    told = record.told
    judged = (OUTCOMES[Verdict(each["verdict"])] for each in told["requirements"])
    wrong = (CAUSES[each["cause"]].outcome for each in told["wrong"])
    unseen = (Outcome.UNKNOWN for each in told["cameras"] if not each["picture"])
    return (*judged, *wrong, *unseen)


def document(record: Record, say: Language) -> acceptance.Document:
    """Return the acceptance as people read it."""
    wrong = []
    for each in record.told["wrong"]:
        cause, values = CAUSES[each["cause"]], wording.said(say, each["values"])
        mend = f"{say(cause.mend, **values)}: " if cause.mend else ""
        along = f" ({', '.join(each['along'])})" if each["along"] else ""
        wrong.append((each["device"], say(cause.text, **values) + along, mend + cause.command.format(**values)))
    return acceptance.document(record.told, record.digest, record.pictures, wrong, say)


def write(told: acceptance.Document, folder: Path, site: str, run: int) -> tuple[tuple[Path, str], ...]:
    """Write PDF and page for their owner's eyes only, for they show people; return each with its SHA-256."""
    from fleetctl.reports import acceptance_pdf, html

    make_folder(folder)
    stem = f"nghiem-thu-{site}-{run}" if told.lang == "vi" else f"acceptance-{site}-{run}"
    written = []
    for suffix, body in (("pdf", acceptance_pdf.pdf(told)), ("html", html.acceptance(told).encode())):
        path = folder / f"{stem}.{suffix}"
        replace(path, body, mode=0o600)
        written.append((path, hashlib.sha256(body).hexdigest()))
    return tuple(written)


def again(workspace: Workspace, site: str, run: int) -> Record:
    """Return an acceptance from the journal; raises UsageError where there is none, or it is not whole any more."""
    entries = list(workspace.journal.entries(run=run, events=("Accepted", "Pictured")))
    found = next((e.value() for e in entries if e.event == "Accepted"), None)
    if not isinstance(found, Accepted) or found.device != site:
        there = [r for r in workspace.journal.runs(kind=KIND, last=50) if r.args.get("site") == site]
        known = ", ".join(f"{r.run} ({r.started.astimezone():%Y-%m-%d})" for r in there) or "none"
        raise UsageError(f"run {run} is no acceptance of {site}. There are: {known}")
    if hashlib.sha256(found.record.encode()).hexdigest() != found.digest:
        raise UsageError(f"the record of run {run} was altered in the store: its SHA-256 is not {found.digest}")
    told = _parsed(found.record)
    pictures = {}
    expected = {each["name"]: each["picture"] for each in told["cameras"] if each["picture"]}
    for event in (e.value() for e in entries if e.event == "Pictured"):
        if isinstance(event, Pictured):
            pictures[event.device] = base64.b64decode(event.jpeg)
    wrong = [n for n, digest in expected.items() if hashlib.sha256(pictures.get(n, b"")).hexdigest() != digest]
    if wrong:
        raise UsageError(f"the pictures of {', '.join(wrong)} in run {run} are not those of its record")
    return Record(run=run, digest=found.digest, told=told, pictures=pictures)


def _parsed(body: str) -> dict[str, Any]:
    import json

    told: dict[str, Any] = json.loads(body)
    return told


def kept(picture: bytes) -> bytes:
    """Return a device's picture written anew as a JPEG of at most WIDE pixels, whatever bytes it came in.

    Raises BadAnswer for what is no picture.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
            image.draft("RGB", (WIDE, WIDE))
            plainly = image.convert("RGB")
            plainly.thumbnail((WIDE, WIDE))
            out = io.BytesIO()
            plainly.save(out, "JPEG", quality=QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadAnswer(f"what it gives is no picture: {error}", raw=picture) from None
    return out.getvalue()


def _snapshot(workspace: Workspace, device: Device, channel: Recorder, argument: str | None) -> bytes:
    """Return a picture from a device's own session; raises Unsupported where it has no such action."""
    with converge.linked(job(workspace, device), Access.READ, channel) as link:
        driver, _ = converge.recognise(link.job, link, workspace.registry, required=False)
        action = workspace.registry.action(driver, "snapshot")
        if action is None:
            raise Unsupported(f"{device.name}: fleetctl takes no pictures of {driver.name} devices")
        picture: bytes = action.run(link.session(action.protocol), argument)
    return picture


def _finding(each: Finding) -> dict[str, Any]:
    check = each.requirement
    return {
        "id": check.id,
        "clause": check.clause,
        "severity": check.severity,
        "text": dict(check.text),
        "remedy": dict(check.remedy),
        "subject": each.subject,
        "rule": "attested" if check.attested else check.rule or "at_least",
        "value": plain(check.value),
        "proof": check.proof,
        "actual": plain(each.judged.actual),
        "verdict": each.judged.verdict.value,
        "reason": each.judged.reason,
    }


def _recorder(each: Any) -> dict[str, Any]:
    return {
        "name": each.recorder,
        "disks": plain(each.disks) or {},
        "oldest_days": each.oldest_days,
        "holds_days": each.holds_days,
        "asked_days": each.asked_days,
        "viewers": [{"account": v.account, "sees": v.sees, "reason": v.reason} for v in each.viewers],
    }
