"""The recording control service (Profile G): recordings and how long they are kept.

Source: recording.wsdl, onvif.xsd 26.06; field facts on vendor protocols, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab.services import Call, Operations
from fleetctl.lab.services.media_parts import argument, own
from fleetctl.lab.services.recording_jobs import bind
from fleetctl.lab.services.recording_parts import TRACKS, days_of, recording_of
from fleetctl.lab.soap import Element, SoapFault, text, words

_PARTS: Final = ("SourceId", "Name", "Location", "Description", "Address")


def _configuration(kept: Mapping[str, Any]) -> str:
    source = "".join(f"<tt:{name}>{words(kept['source'].get(name, ''))}</tt:{name}>" for name in _PARTS)
    return (
        f"<tt:Source>{source}</tt:Source><tt:Content>{words(kept['content'])}</tt:Content>"
        f"<tt:MaximumRetentionTime>{kept['retention']}</tt:MaximumRetentionTime>"
    )


def _track(kind: str) -> str:
    return f"<tt:TrackType>{kind}</tt:TrackType><tt:Description>{kind}</tt:Description>"


def recordings(call: Call) -> str:
    """GetRecordings."""
    tracks = "".join(
        f"<tt:Track><tt:TrackToken>{name}</tt:TrackToken><tt:Configuration>{_track(kind)}</tt:Configuration></tt:Track>"
        for name, kind in TRACKS.items()
    )
    return "".join(
        f"<trc:RecordingItem><tt:RecordingToken>{words(token)}</tt:RecordingToken>"
        f"<tt:Configuration>{_configuration(kept)}</tt:Configuration><tt:Tracks>{tracks}</tt:Tracks></trc:RecordingItem>"
        for token, kept in call.device.read("recordings").items()
    )


def recording(call: Call) -> str:
    """GetRecordingConfiguration."""
    kept = recording_of(call, argument(call, "RecordingToken"))
    return f"<trc:RecordingConfiguration>{_configuration(kept)}</trc:RecordingConfiguration>"


def _told(configuration: Element) -> dict[str, Any]:
    retention = text(configuration, "MaximumRetentionTime")
    days_of(retention)
    return {
        "source": {name: text(configuration, "Source", name) for name in _PARTS},
        "content": text(configuration, "Content"),
        "retention": retention,
    }


def create(call: Call) -> str:
    """CreateRecording: with its three tracks."""
    recorder = call.device.personality.recorder
    if recorder is None or not call.device.personality.capabilities.get("dynamic_recordings"):
        raise SoapFault("ter:ActionNotSupported", "ter:NotImplemented", code="Receiver", reason="Recordings are fixed")
    kept = call.device.change("recordings")
    if len(kept) >= recorder.channels:
        raise SoapFault("ter:Action", "ter:MaxRecordings", code="Receiver", reason="No room for another recording")
    token = next(f"Recording_{n}" for n in range(1, recorder.channels + 1) if f"Recording_{n}" not in kept)
    kept[token] = _told(own(call, "RecordingConfiguration"))
    return f"<trc:RecordingToken>{token}</trc:RecordingToken>"


def set_recording(call: Call) -> str:
    """SetRecordingConfiguration: the retention is the most, what the disk cannot hold goes sooner."""
    token = argument(call, "RecordingToken")
    kept = recording_of(call, token)
    call.device.change("recordings")[token] = kept | _told(own(call, "RecordingConfiguration"))
    bind(call.device)
    return ""


def delete(call: Call) -> str:
    """DeleteRecording: with the jobs that write to it."""
    if not call.device.personality.capabilities.get("dynamic_recordings"):
        raise SoapFault("ter:ActionNotSupported", "ter:NotImplemented", code="Receiver", reason="Recordings are fixed")
    token = argument(call, "RecordingToken")
    recording_of(call, token)
    del call.device.change("recordings")[token]
    jobs_kept = call.device.change("jobs")
    for name in [name for name, job in jobs_kept.items() if job["recording"] == token]:
        del jobs_kept[name]
    bind(call.device)
    return ""


def track(call: Call) -> str:
    """GetTrackConfiguration."""
    recording_of(call, argument(call, "RecordingToken"))
    kind = TRACKS.get(argument(call, "TrackToken"))
    if kind is None:
        raise SoapFault("ter:InvalidArgVal", "ter:NoTrack", reason="The track does not exist")
    return f"<trc:TrackConfiguration>{_track(kind)}</trc:TrackConfiguration>"


def options(call: Call) -> str:
    """GetRecordingOptions."""
    recording_of(call, argument(call, "RecordingToken"))
    recorder = call.device.personality.recorder
    spare = max(0, (recorder.channels if recorder else 0) - len(call.device.read("jobs")))
    return (
        f'<trc:Options><trc:Job Spare="{spare}"/><trc:Track SpareTotal="0" SpareVideo="0" SpareAudio="0"'
        ' SpareMetadata="0"/></trc:Options>'
    )


OPERATIONS: Operations = {
    "GetRecordings": recordings,
    "CreateRecording": create,
    "DeleteRecording": delete,
    "GetRecordingConfiguration": recording,
    "SetRecordingConfiguration": set_recording,
    "GetTrackConfiguration": track,
    "GetRecordingOptions": options,
}
