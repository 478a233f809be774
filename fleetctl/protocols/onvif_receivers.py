"""Cameras on the recordings of a recorder over ONVIF: a receiver fetches a stream, a job writes it to a recording.

The login stands in the address of the stream; there is no other place for it, and the recorder tells it to whoever may
read its receivers. What is read here leaves the password out.
Source: ONVIF Recording Control and Receiver 26.06; field facts, NVR and vendor protocols, 3 (operations 2 to 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.protocols.onvif_parts import Onvif, own_copy
from fleetctl.protocols.onvif_recordings import job_of
from fleetctl.protocols.xml import Element, child, children, rendered, tag, text, words

RECEIVER: Final = "http://www.onvif.org/ver10/schema/Receiver"
_SETUP: Final = tag("tt:Stream", "RTP-Unicast") + tag("tt:Transport", tag("tt:Protocol", "RTSP"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Where a receiver fetches from; the password is not part of it."""

    address: str
    port: int
    path: str
    user: str

    def uri(self, password: str | None = None) -> str:
        """Return it as an address, with the login in it where a password is given."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        login = "" if password is None else f"{quote(self.user, safe='')}:{quote(password, safe='')}@"
        return f"rtsp://{login}{host}:{self.port}{self.path}"


def receiver_of(session: Onvif, recording: Element) -> Element | None:
    """Return the receiver that fills a recording, None where no job of it has one."""
    _, job = job_of(session, recording)
    reference = child(job, "Source/SourceToken")
    if reference is None or reference.get("Type", RECEIVER) != RECEIVER:
        return None
    token = text(reference, "Token")
    return next((r for r in _receivers(session) if text(r, "Token") == token), None)


def _receivers(session: Onvif) -> list[Element]:
    return list(children(session.read("trv", "GetReceivers"), "Receivers"))


def stream_of(receiver: Element | None) -> Stream | None:
    """Return what a receiver fetches, None where it has no address yet; raises BadAnswer for one that is none."""
    told = text(receiver, "Configuration/MediaUri")
    if not told:
        return None
    try:
        parts = urlsplit(told)
        port = parts.port or 554
    except ValueError:
        raise BadAnswer("GetReceivers: an address that is none") from None
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return Stream(address=parts.hostname or "", port=port, path=path or "/", user=unquote(parts.username or ""))


def is_connected(session: Onvif, receiver: Element) -> bool:
    """Tell whether a receiver has its stream now."""
    told = session.read("trv", "GetReceiverState", tag("trv:ReceiverToken", words(text(receiver, "Token"))))
    return text(told, "ReceiverState/State").lower() == "connected"


def bind(session: Onvif, recording: Element | None, name: str, stream: Stream, password: str) -> None:
    """Let a recording (a new one, where it is None) be filled from a stream; raises as `Session.write`.

    Receiver, recording, job, in that order: what was cut off is found half done, and taken up there.
    """
    held = None if recording is None else receiver_of(session, recording)
    configuration = tag("tt:Mode", "AutoConnect") + tag("tt:MediaUri", words(stream.uri(password)))
    configuration = tag("trv:Configuration", configuration, tag("tt:StreamSetup", _SETUP))
    known = held if held is not None else _spare(session, stream)
    if known is not None:
        receiver = text(known, "Token")
        session.write("trv", "ConfigureReceiver", tag("trv:ReceiverToken", words(receiver)) + configuration)
    else:
        receiver = text(session.write("trv", "CreateReceiver", configuration), "Receiver/Token")
    token = _made(session, name, stream) if recording is None else _named(session, recording, name, stream)
    if held is None:
        session.write("trc", "CreateRecordingJob", tag("trc:JobConfiguration", _job(token, receiver)))


def pause(session: Onvif, recording: Element) -> None:
    """Let the receiver of a recording connect no more until it is bound again; raises Unsupported where it has none."""
    held = receiver_of(session, recording)
    if held is None:
        raise Unsupported("no receiver fills this recording")
    told = tag("trv:ReceiverToken", words(text(held, "Token"))) + tag("trv:Mode", "NeverConnect")
    session.write("trv", "SetReceiverMode", told)


def _spare(session: Onvif, stream: Stream) -> Element | None:
    """Return a receiver of this stream that no job uses: what a run that was cut off has left."""
    jobs = children(session.read("trc", "GetRecordingJobs"), "JobItem")
    used = {text(job, "JobConfiguration/Source/SourceToken/Token") for job in jobs}
    free = (r for r in _receivers(session) if text(r, "Token") not in used)
    return next((r for r in free if stream_of(r) == stream), None)


def _made(session: Onvif, name: str, stream: Stream) -> str:
    source = tag(
        "tt:Source",
        tag("tt:SourceId", words(stream.uri())),
        tag("tt:Name", words(name)),
        tag("tt:Location", ""),
        tag("tt:Description", ""),
        tag("tt:Address", words(stream.uri())),
    )
    told = tag("trc:RecordingConfiguration", source, tag("tt:Content", ""), tag("tt:MaximumRetentionTime", "PT0S"))
    return text(session.write("trc", "CreateRecording", told), "RecordingToken")


def _named(session: Onvif, recording: Element, name: str, stream: Stream) -> str:
    """Put name and address into the recording's own configuration, where they differ."""
    token, configuration = text(recording, "RecordingToken"), child(recording, "Configuration")
    if configuration is None:
        return token
    changed = own_copy(configuration)
    differs = False
    for path, value in (("Source/Name", name), ("Source/Address", stream.uri())):
        found = child(changed, path)
        if found is not None and (found.text or "") != value:
            found.text, differs = value, True
    if differs:
        told = tag("trc:RecordingToken", words(token)) + rendered(changed, "trc:RecordingConfiguration")
        session.write("trc", "SetRecordingConfiguration", told)
    return token


def _job(recording: str, receiver: str) -> str:
    source = f'<tt:SourceToken Type="{RECEIVER}">{tag("tt:Token", words(receiver))}</tt:SourceToken>'
    return (
        tag("tt:RecordingToken", words(recording))
        + tag("tt:Mode", "Active")
        + tag("tt:Priority", "1")
        + tag("tt:Source", source)
    )


def release(session: Onvif, recording: Element) -> None:
    """Take the camera off a recording; what was recorded stays."""
    job, _ = job_of(session, recording)
    held = receiver_of(session, recording)
    session.write("trc", "DeleteRecordingJob", tag("trc:JobToken", words(job)))
    left = {text(r, "Token") for r in _receivers(session)}
    if held is not None and (token := text(held, "Token")) in left:  # one that was made for the job goes with it
        session.write("trv", "DeleteReceiver", tag("trv:ReceiverToken", words(token)))
