"""Channels of a recorder over ONVIF (Profile G): recordings, and the receivers that fill them.

Source: ONVIF Recording Control and Receiver 26.06; field facts, NVR and vendor protocols, 3: no recorder was seen that
lets a client bind a camera, so that nothing is written unless it announces receivers and recordings at will.
"""

from __future__ import annotations

import unicodedata
from time import monotonic, sleep
from typing import Any, Final
from urllib.parse import urlsplit

from fleetctl.aspects.channels.setting import BoundCamera, Channels, Credential, Speech
from fleetctl.errors import Rejected, Unsupported, VaultError
from fleetctl.model import ABSENT, UNSET, Absent, Cell, FrozenMap, Gap, Outcome, SecretRef, Secrets, Unset, Untold
from fleetctl.protocols.onvif_parts import Onvif, tried
from fleetctl.protocols.onvif_receivers import Stream, bind, is_connected, receiver_of, release, stream_of
from fleetctl.protocols.onvif_recordings import FIXED, job_of, most_of, recordings, writable
from fleetctl.protocols.xml import Element, child, text

BY_HAND: Final = (
    "this recorder takes no cameras over ONVIF (it does not announce ReceiverSource and DynamicRecordings); bind them "
    "at the recorder itself, or by its maker's own tool"
)
OTHER_WAY: Final = "over ONVIF a recorder fetches a stream by its address: write protocol: rtsp and stream_path"
ONLINE_S: Final = 60.0  # how long a recording may take to come to life after it was bound


def read(session: Onvif) -> Channels:
    """Read where each recording is filled from; of a recorder with fixed recordings only what it calls their source.

    Source: ONVIF Recording Control 26.06, GetRecordings, GetRecordingJobs; Receiver 26.06, GetReceivers.
    """
    free = tried(writable, session) is True
    there = recordings(session)
    items = {key: (_bound if free else _named)(session, recording) for key, recording in there.items()}
    found = {key: item for key, item in items.items() if item is not None}
    most = tried(most_of, session)
    return Channels(cameras=FrozenMap(found), used=len(found), most=most or UNSET)


def _named(_session: Onvif, recording: Element) -> BoundCamera | None:
    source = child(recording, "Configuration/Source")
    address = (urlsplit(text(source, "Address")).hostname or "") if text(source, "Address") else ""
    if not address and not text(source, "Name"):
        return None
    return BoundCamera(name=text(source, "Name"), address=address or UNSET)


def _bound(session: Onvif, recording: Element) -> BoundCamera | None:
    stream = stream_of(receiver_of(session, recording))
    if stream is None:
        return None
    return BoundCamera(
        name=unicodedata.normalize("NFC", text(recording, "Configuration/Source/Name")),
        protocol=Speech.RTSP,
        address=stream.address,
        port=stream.port,
        stream_path=stream.path,
        user=stream.user,
        credential=_credential(session, recording),
        sets_clock=False,  # it fetches a stream and asks nothing else
    )


def _credential(session: Onvif, recording: Element) -> Any:
    """Return what became of the login: a stream that comes proves it; one that does not says nothing of why."""
    receiver = receiver_of(session, recording)
    told = False if receiver is None else tried(is_connected, session, receiver)
    if isinstance(told, Untold):
        return told
    if told:
        return Credential.ACCEPTED
    reason = "the recorder does not have the stream, and does not say why; look at the camera, its path and password"
    return Untold(outcome=Outcome.UNREACHABLE, reason=reason, elsewhere=True)


def limits(session: Onvif, wanted: Channels) -> tuple[Gap, ...]:
    """Tell what is not set over ONVIF, recordings there is no room for, and those that have another camera."""
    switches = [n for n in ("auto_add", "sync_password", "sync_settings") if getattr(wanted, n) is not UNSET]
    gaps = [Gap(field=name, reason=BY_HAND) for name in switches]
    cameras = {} if isinstance(wanted.cameras, Unset) else dict(wanted.cameras)
    if tried(writable, session) is not True:
        return (*gaps, *(Gap(field="cameras", key=key, reason=BY_HAND) for key in cameras))
    there, most = recordings(session), most_of(session)
    for key, item in cameras.items():
        if item is ABSENT or isinstance(item, Absent):
            continue
        missing = next((n for n in range(1, int(key)) if str(n) not in there and str(n) not in cameras), 0)
        if item.protocol is not Speech.RTSP:
            gaps.append(Gap(field="cameras", key=key, reason=OTHER_WAY))
        elif most and int(key) > most:
            gaps.append(Gap(field="cameras", key=key, reason=f"the recorder has {most} recordings"))
        elif missing:
            reason = f"recordings are counted in the order in which they are made; channel {missing} comes first"
            gaps.append(Gap(field="cameras", key=key, reason=reason))
        elif key in there and (reason := _conflict(session, there[key], key, item, cameras)):
            gaps.append(Gap(field="cameras", key=key, outcome=Outcome.FAILED, reason=reason))
    return tuple(gaps)


def _conflict(session: Onvif, recording: Element, key: str, item: BoundCamera, all_wanted: dict[str, Any]) -> str:
    """Return why a recording may not simply be filled from elsewhere, "" where it may."""
    stream = stream_of(receiver_of(session, recording))
    if stream is None:
        return "a job of the recorder's own fills this recording" if job_of(session, recording)[0] else ""
    stays = any(isinstance(i, BoundCamera) and k != key and i.address == stream.address for k, i in all_wanted.items())
    if stream.address in (item.address, item.replaces) or stays:
        return ""
    return (
        f"the channel has another camera, {stream.address}; a person decides: write replaces: {stream.address} beside "
        "the camera of this channel, or give it another channel"
    )


def write(session: Onvif, wanted: Channels, secrets: Secrets) -> None:
    """Take cameras off, then bind and correct them one by one; then wait until their streams have come.

    Raises Unsupported where the recorder does not announce that it takes them.
    """
    if not writable(session):
        raise Unsupported(FIXED)
    cameras = {} if isinstance(wanted.cameras, Unset) else dict(wanted.cameras)
    for key, recording in recordings(session).items():
        if cameras.get(key) is ABSENT:
            release(session, recording)
    written = sorted((key for key, item in cameras.items() if item is not ABSENT), key=int)
    for key in written:
        item = cameras[key]
        if not isinstance(item, BoundCamera) or not isinstance(item.password, SecretRef):
            raise Rejected(f"channel {key}: nothing says with which account the recorder fetches the stream")
        port = item.port if isinstance(item.port, int) else 554
        stream = Stream(address=str(item.address), port=port, path=str(item.stream_path), user=str(item.user))
        try:
            password = secrets.reveal(item.password)
        except VaultError as error:
            raise Rejected(f"channel {key}: {error}") from None
        bind(session, recordings(session).get(key), str(item.name or item.camera or ""), stream, password)
    _wait(session, written)


def _wait(session: Onvif, keys: list[str]) -> None:
    begun, left = monotonic(), set(keys)
    while left and monotonic() < begun + ONLINE_S:
        session.forget()
        there = recordings(session)
        told = {key: _credential(session, there[key]) for key in left if key in there}
        left = {k for k, c in told.items() if isinstance(c, Untold) and c.outcome is Outcome.UNREACHABLE}
        if left:
            sleep(0.5)


CELL = Cell(aspect="channels", protocol="onvif", read=read, write=write, limits=limits)
