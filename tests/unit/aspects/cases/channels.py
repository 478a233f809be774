"""A recorder's cameras over ONVIF: bound by the address of a stream where the recorder announces it, else told only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fleetctl.aspects.channels import BoundCamera, Channels, Credential, Speech
from fleetctl.model import ABSENT, FrozenMap, SecretRef
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.recorders import BOUND, FIXED, FREE

FIRST = BoundCamera(
    camera="cam-1",
    name="Quầy 1",
    protocol=Speech.RTSP,
    address="10.20.1.11",
    port=554,
    stream_path="/live?x=1",
    user="ghihinh",
    password=SecretRef(device="cam-1", account="ghihinh"),
)
SECOND = replace(FIRST, camera="cam-2", name="Quầy 2", address="10.20.1.12", stream_path="/live")
SETUP = (
    "<tt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
    "</tt:StreamSetup>"
)


def wanted(**items: Any) -> Channels:
    return Channels(cameras=FrozenMap({key.removeprefix("_"): item for key, item in items.items()}))


def fetching(host: str, path: str, secret: str) -> str:
    uri = f"rtsp://ghihinh:{secret}@{host}:554{path}"
    return (
        f"<trv:Configuration><tt:Mode>AutoConnect</tt:Mode><tt:MediaUri>{uri}</tt:MediaUri>{SETUP}</trv:Configuration>"
    )


def configured(token: str, host: str, path: str, secret: str) -> tuple[str, str]:
    told = f"<trv:ReceiverToken>{token}</trv:ReceiverToken>"
    return ("trv:ConfigureReceiver", told + fetching(host, path, secret))


CASES = (
    Case(
        name="a camera is where the receiver of a recording fetches from, and its password is left out",
        answers=BOUND,
        reads={
            "cameras": FrozenMap(
                {
                    "1": replace(
                        FIRST,
                        camera=BoundCamera().camera,
                        password=BoundCamera().password,
                        credential=Credential.ACCEPTED,
                        sets_clock=False,
                    )
                }
            ),
            "used": 1,
        },
    ),
    Case(
        name="fixed recordings tell names and addresses of their sources",
        answers=FIXED,
        reads={
            "cameras": FrozenMap(
                {"1": BoundCamera(name="Quầy 1", address="10.20.1.11"), "2": BoundCamera(name="Quầy 2")}
            ),
            "used": 2,
        },
    ),
    Case(
        name="a recorder that announces no receivers is bound by a person",
        answers=FIXED,
        wanted=replace(wanted(_3=FIRST), auto_add=False),
        gaps=(("auto_add", "", ""), ("cameras", "3", "")),
    ),
    Case(
        name="another way than an address, a place too far, another's and the recorder's own recording are told",
        answers=FREE,
        wanted=wanted(_1=FIRST, _2=replace(SECOND, protocol=Speech.ONVIF), _4=FIRST),
        gaps=(("cameras", "1", ""), ("cameras", "2", ""), ("cameras", "4", "")),
    ),
    Case(
        name="a channel that has another camera is not taken from it without a word",
        answers=BOUND,
        wanted=wanted(_1=SECOND),
        gaps=(("cameras", "1", ""),),
    ),
    Case(
        name="a channel may be taken where the inventory says so",
        answers=BOUND,
        wanted=wanted(_1=replace(SECOND, replaces="10.20.1.11")),
        gaps=(),
    ),
    Case(
        name="a new password goes into the receiver that is there, and nothing else",
        answers=BOUND,
        wanted=wanted(_1=FIRST),
        requests=(configured("V1", "10.20.1.11", "/live?x=1", quote("Mật khẩu <cam-1/ghihinh>", safe="")),),
    ),
    Case(
        name="a camera is taken off and what was recorded stays",
        answers=BOUND,
        wanted=wanted(_1=ABSENT),
        requests=(
            ("trc:DeleteRecordingJob", "<trc:JobToken>J1</trc:JobToken>"),
            ("trv:DeleteReceiver", "<trv:ReceiverToken>V1</trv:ReceiverToken>"),
        ),
    ),
    Case(
        name="a stream that does not come says nothing of the password",
        answers=BOUND
        | {"trv:GetReceiverState": "<trv:ReceiverState><tt:State>NotConnected</tt:State></trv:ReceiverState>"},
        reads={"used": 1},
    ),
)
