"""What the cells of recorders over ONVIF (Profile G) share: recordings, their jobs, and whether they may be changed.

Source: ONVIF Recording Control 26.06; field facts, NVR and vendor protocols, 3: no device was seen that lets a client
bind a camera, so that nothing is written unless it announces receivers and recordings at will.
"""

from __future__ import annotations

import re
from typing import Final

from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.protocols.onvif_parts import Onvif, attribute
from fleetctl.protocols.xml import Element, child, children, tag, text, words

FIXED: Final = (
    "the recorder announces over ONVIF that its recordings are fixed or take no cameras from afar "
    "(ReceiverSource, DynamicRecordings); set it at the recorder"
)
_DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")


def recordings(session: Onvif) -> dict[str, Element]:
    """Return the recordings in the order in which they are told, as channels from "1"; raises Unsupported."""
    if not session.has("trc"):
        raise Unsupported("the recorder does not offer its recordings over ONVIF (Profile G)")
    found = children(session.read("trc", "GetRecordings"), "RecordingItem")
    return {str(number): item for number, item in enumerate(found, start=1)}


def job_of(session: Onvif, recording: Element) -> tuple[str, Element | None]:
    """Return token and configuration of the first job that writes to a recording; ("", None) where there is none."""
    token = text(recording, "RecordingToken")
    for item in children(session.read("trc", "GetRecordingJobs"), "JobItem"):
        if text(item, "JobConfiguration/RecordingToken") == token:
            return text(item, "JobToken"), child(item, "JobConfiguration")
    return "", None


def is_active(session: Onvif, job: str) -> bool:
    """Tell whether a job records now."""
    told = session.read("trc", "GetRecordingJobState", tag("trc:JobToken", words(job)))
    return text(child(told, "State"), "State").lower() in ("active", "partiallyactive")


def writable(session: Onvif) -> bool:
    """Tell whether the recorder announces that cameras may be bound and recordings made from afar.

    Source: `DynamicRecordings` is told in both places, `ReceiverSource` in GetCapabilities of the device only (ONVIF
    Core 26.06, RecordingCapabilities; field facts, NVR and vendor protocols, 3).
    """
    if not session.has("trv"):
        return False
    told = session.read("tds", "GetCapabilities", tag("tds:Category", "All"))
    able = child(told, "Capabilities/Extension/Recording")
    own = child(session.read("trc", "GetServiceCapabilities"), "Capabilities")
    dynamic = attribute(own, "DynamicRecordings") or text(able, "DynamicRecordings")
    return all(said.lower() in ("true", "1") for said in (text(able, "ReceiverSource"), dynamic))


def most_of(session: Onvif) -> int:
    """Return how many recordings there may be, 0 where it is not told."""
    told = attribute(child(session.read("trc", "GetServiceCapabilities"), "Capabilities"), "MaxRecordings")
    return int(float(told)) if re.fullmatch(r"\d{1,5}(?:\.\d{1,6})?", told) else 0


def days_of(duration: str) -> int:
    """Return the whole days of an xs:duration, 0 for no limit; raises BadAnswer for what is none."""
    match = _DURATION.fullmatch(duration.strip())
    if match is None or duration.strip() in ("P", ""):
        raise BadAnswer(f"MaximumRetentionTime: {duration[:40]!r} is no duration")
    years, months, days, hours = (int(part or 0) for part in match.groups()[:4])
    return years * 365 + months * 30 + days + hours // 24
