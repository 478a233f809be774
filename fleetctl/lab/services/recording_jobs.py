"""Recording jobs (Profile G): what fills a recording from where. One that is active really records.

Source: recording.wsdl, onvif.xsd 26.06.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from fleetctl.lab.device import SimDevice
from fleetctl.lab.recorder import keeping
from fleetctl.lab.services import Call, Operations, receiver
from fleetctl.lab.services.media_parts import argument, own
from fleetctl.lab.services.recording_parts import PROFILE, RECEIVER, TRACKS, days_of, recording_of
from fleetctl.lab.soap import SoapFault, find, text, words


def _job(call: Call) -> tuple[str, dict[str, Any]]:
    token = argument(call, "JobToken")
    found = call.device.read("jobs").get(token)
    if found is None:
        raise SoapFault("ter:InvalidArgVal", "ter:NoRecordingJob", reason="The recording job does not exist")
    return token, dict(found)


def _source(kept: Mapping[str, Any]) -> str:
    tracks = "".join(
        f"<tt:Tracks><tt:SourceTag>{kind.lower()}</tt:SourceTag><tt:Destination>{name}</tt:Destination></tt:Tracks>"
        for name, kind in TRACKS.items()
    )
    return (
        f'<tt:Source><tt:SourceToken Type="{kept["type"]}"><tt:Token>{words(kept["source"])}</tt:Token>'
        f"</tt:SourceToken>{tracks}</tt:Source>"
        if kept["source"]
        else ""
    )


def _job_configuration(kept: Mapping[str, Any]) -> str:
    return (
        f"<tt:RecordingToken>{words(kept['recording'])}</tt:RecordingToken><tt:Mode>{kept['mode']}</tt:Mode>"
        f"<tt:Priority>{kept['priority']}</tt:Priority>{_source(kept)}"
    )


def jobs(call: Call) -> str:
    """GetRecordingJobs."""
    return "".join(
        f"<trc:JobItem><tt:JobToken>{token}</tt:JobToken>"
        f"<tt:JobConfiguration>{_job_configuration(kept)}</tt:JobConfiguration></trc:JobItem>"
        for token, kept in call.device.read("jobs").items()
    )


def job(call: Call) -> str:
    """GetRecordingJobConfiguration."""
    _, kept = _job(call)
    return f"<trc:JobConfiguration>{_job_configuration(kept)}</trc:JobConfiguration>"


def _told_job(call: Call, old: Mapping[str, Any]) -> dict[str, Any]:
    sent = own(call, "JobConfiguration")
    token = text(sent, "RecordingToken")
    recording_of(call, token)
    told = {"recording": token, "mode": text(sent, "Mode"), "priority": int(text(sent, "Priority", default="1"))}
    source = find(sent, "Source")
    reference = find(source, "SourceToken") if source is not None else None
    if reference is not None:
        kind, name = reference.get("Type", RECEIVER), text(reference, "Token")
        _check_source(call, kind, name)
        return {**told, "type": kind, "source": name}
    if source is not None and text(source, "AutoCreateReceiver") in ("true", "1"):
        _check_receivers(call)
        name = old.get("source") or receiver.make(call, auto=True)
        return {**told, "type": RECEIVER, "source": name}
    return {**told, "type": old.get("type", RECEIVER), "source": old.get("source", "")}


def _check_receivers(call: Call) -> None:
    if not call.device.personality.capabilities.get("receiver_source"):
        raise SoapFault("ter:InvalidArgVal", "ter:BadConfiguration", reason="Receivers are no source here")


def _check_source(call: Call, kind: str, name: str) -> None:
    if kind == RECEIVER:
        _check_receivers(call)
        receiver.receiver_of(call, name)
    elif name not in call.device.read("profiles"):
        raise SoapFault("ter:InvalidArgVal", "ter:BadConfiguration", reason="The profile does not exist")


def create_job(call: Call) -> str:
    """CreateRecordingJob, perhaps with a receiver of its own, which still needs an address (ConfigureReceiver)."""
    kept = call.device.change("jobs")
    recorder = call.device.personality.recorder
    if recorder is None or len(kept) >= recorder.channels:
        raise SoapFault("ter:Action", "ter:MaxRecordingJobs", code="Receiver", reason="No room for another job")
    told = _told_job(call, {})
    token = next(f"Job_{n}" for n in range(1, recorder.channels + 1) if f"Job_{n}" not in kept)
    kept[token] = told
    bind(call.device)
    return (
        f"<trc:JobToken>{token}</trc:JobToken><trc:JobConfiguration>{_job_configuration(told)}</trc:JobConfiguration>"
    )


def set_job(call: Call) -> str:
    """SetRecordingJobConfiguration."""
    token, old = _job(call)
    told = _told_job(call, old)
    call.device.change("jobs")[token] = told
    bind(call.device)
    return f"<trc:JobConfiguration>{_job_configuration(told)}</trc:JobConfiguration>"


def set_mode(call: Call) -> str:
    """SetRecordingJobMode."""
    token, kept = _job(call)
    mode = argument(call, "Mode")
    call.device.change("jobs")[token] = kept | {"mode": mode}
    bind(call.device)
    return ""


def delete_job(call: Call) -> str:
    """DeleteRecordingJob: the receiver that was made for it goes with it."""
    token, kept = _job(call)
    del call.device.change("jobs")[token]
    if call.device.read("receivers").get(kept["source"], {}).get("auto"):
        del call.device.change("receivers")[kept["source"]]
    bind(call.device)
    return ""


def job_state(call: Call) -> str:
    """GetRecordingJobState: what really happens: Idle, Active, Error."""
    _, kept = _job(call)
    link = keeping.link_of(call.device, str(kept["recording"]).rpartition("_")[2])
    word, error = "Idle", ""
    if kept["mode"] == "Active":
        recording_now = link.online and link.recording
        word = "Active" if recording_now or kept["type"] == PROFILE else "Error"
        error = "" if word == "Active" else (link.state if not link.online else "not recording")
    told = f"<tt:Error>{words(error)}</tt:Error>" if error else ""
    tracks = (
        "<tt:Tracks><tt:Track><tt:SourceTag>video</tt:SourceTag><tt:Destination>VIDEO001</tt:Destination>"
        f"{told}<tt:State>{word}</tt:State></tt:Track></tt:Tracks>"
    )
    source = (
        f'<tt:Sources><tt:SourceToken Type="{kept["type"]}"><tt:Token>{words(kept["source"])}</tt:Token>'
        f"</tt:SourceToken><tt:State>{word}</tt:State>{tracks}</tt:Sources>"
        if kept["source"]
        else ""
    )
    return (
        f"<trc:State><tt:RecordingToken>{words(kept['recording'])}</tt:RecordingToken><tt:State>{word}</tt:State>"
        f"{source}</trc:State>"
    )


# --- what the recorder does then -----------------------------------------------------------------------


def bind(device: SimDevice) -> None:
    """Bring the recorder's channels in step with jobs and receivers: one for each recording."""
    receivers: Mapping[str, Any] = device.read("receivers")
    channels, settings = device.change("channels"), device.change("recording")
    channels.clear()
    for kept in device.read("jobs").values():
        number = str(kept["recording"]).rpartition("_")[2]
        told = receivers.get(kept["source"])
        recording_kept = device.read("recordings").get(kept["recording"], {})
        settings[number] = {"on": True, "mode": "always", "days": days_of(recording_kept.get("retention", "PT0S"))}
        if told is None or kept["mode"] != "Active" or told["mode"] == "NeverConnect" or not told["uri"]:
            continue
        parts = urlsplit(told["uri"])
        channels[number] = {
            "name": recording_kept.get("source", {}).get("Name", ""),
            "protocol": "RTSP",
            "address": parts.hostname or "",
            "port": parts.port or 554,
            "path": parts.path + (f"?{parts.query}" if parts.query else ""),
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "enabled": True,
        }


def _binding(work: Callable[[Call], str]) -> Callable[[Call], str]:
    """Let a receiver's change reach the recorder's channels."""

    def bound(call: Call) -> str:
        told = work(call)
        bind(call.device)
        return told

    return bound


RECEIVERS: Operations = {
    name: _binding(work) if not name.startswith("Get") else work for name, work in receiver.OPERATIONS.items()
}
OPERATIONS: Operations = {
    "GetRecordingJobs": jobs,
    "CreateRecordingJob": create_job,
    "DeleteRecordingJob": delete_job,
    "GetRecordingJobConfiguration": job,
    "SetRecordingJobConfiguration": set_job,
    "SetRecordingJobMode": set_mode,
    "GetRecordingJobState": job_state,
}
