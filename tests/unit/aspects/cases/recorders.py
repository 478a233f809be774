"""Answers of recorders over ONVIF (Profile G), for the cases of several aspects."""

from __future__ import annotations


def capabilities(*, free: bool) -> dict[str, str]:
    """Return what a recorder announces: the service of itself, the device of all its services."""
    told = str(free).lower()
    return {
        "trc:GetServiceCapabilities": f'<trc:Capabilities DynamicRecordings="{told}" DynamicTracks="false"/>',
        "tds:GetCapabilities": "<tds:Capabilities><tt:Extension><tt:Recording>"
        f"<tt:ReceiverSource>{told}</tt:ReceiverSource><tt:MediaProfileSource>false</tt:MediaProfileSource>"
        f"<tt:DynamicRecordings>{told}</tt:DynamicRecordings></tt:Recording></tt:Extension></tds:Capabilities>",
        "trv:GetReceivers": "",
    }


def recording(token: str, retention: str, address: str = "") -> str:
    return (
        f"<trc:RecordingItem><tt:RecordingToken>{token}</tt:RecordingToken><tt:Configuration><tt:Source>"
        f"<tt:SourceId></tt:SourceId><tt:Name>Quầy {token[-1]}</tt:Name><tt:Location></tt:Location>"
        f"<tt:Description></tt:Description><tt:Address>{address}</tt:Address></tt:Source><tt:Content>kept</tt:Content>"
        f"<tt:MaximumRetentionTime>{retention}</tt:MaximumRetentionTime></tt:Configuration></trc:RecordingItem>"
    )


def job(token: str, of: str, mode: str, more: str = "") -> str:
    return (
        f"<trc:JobItem><tt:JobToken>{token}</tt:JobToken><tt:JobConfiguration><tt:RecordingToken>{of}"
        f"</tt:RecordingToken><tt:Mode>{mode}</tt:Mode><tt:Priority>1</tt:Priority>{more}</tt:JobConfiguration></trc:JobItem>"
    )


FREE = {
    **capabilities(free=True),
    "trc:GetRecordings": recording("R1", "P7D", "rtsp://10.20.1.11/live") + recording("R2", "PT0S"),
    "trc:GetRecordingJobs": job("J1", "R1", "Active"),
    "trc:GetRecordingJobState": "<trc:State><tt:RecordingToken>R1</tt:RecordingToken><tt:State>Active</tt:State>"
    "</trc:State>",
}
FIXED = FREE | capabilities(free=False)


def receiver(token: str, uri: str) -> str:
    return (
        f"<trv:Receivers><tt:Token>{token}</tt:Token><tt:Configuration><tt:Mode>AutoConnect</tt:Mode>"
        f"<tt:MediaUri>{uri}</tt:MediaUri></tt:Configuration></trv:Receivers>"
    )


def filled(token: str) -> str:
    """Return the source of a job that a receiver fills."""
    told = f'<tt:SourceToken Type="http://www.onvif.org/ver10/schema/Receiver"><tt:Token>{token}</tt:Token>'
    return f"<tt:Source>{told}</tt:SourceToken></tt:Source>"


# One camera on the first recording, the second without a job; a receiver that nothing uses.
BOUND = FREE | {
    "trc:GetRecordings": recording("R1", "P7D", "rtsp://10.20.1.11:554/live?x=1") + recording("R2", "PT0S"),
    "trc:GetRecordingJobs": job("J1", "R1", "Active", filled("V1")),
    "trv:GetReceivers": receiver("V1", "rtsp://ghihinh:b%2Fc@10.20.1.11:554/live?x=1")
    + receiver("V2", "rtsp://ghihinh:old@10.20.1.12:554/live"),
    "trv:GetReceiverState": "<trv:ReceiverState><tt:State>Connected</tt:State></trv:ReceiverState>",
}
