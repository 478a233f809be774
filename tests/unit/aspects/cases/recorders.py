"""Answers of recorders over ONVIF (Profile G), for the cases of several aspects."""

from __future__ import annotations


def capabilities(*, free: bool) -> str:
    told = str(free).lower()
    return f'<trc:Capabilities DynamicRecordings="{told}" DynamicTracks="false" ReceiverSource="{told}"/>'


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
    "trc:GetServiceCapabilities": capabilities(free=True),
    "trc:GetRecordings": recording("R1", "P7D", "rtsp://10.20.1.11/live") + recording("R2", "PT0S"),
    "trc:GetRecordingJobs": job("J1", "R1", "Active"),
    "trc:GetRecordingJobState": "<trc:State><tt:RecordingToken>R1</tt:RecordingToken><tt:State>Active</tt:State>"
    "</trc:State>",
}
FIXED = FREE | {"trc:GetServiceCapabilities": capabilities(free=False)}
