"""Recorders of Profile G: what they announce, and that a job with a receiver really records (recording.wsdl 26.06)."""

from __future__ import annotations

from fleetctl.lab.dispatch import OPERATIONS
from tests.judges.wsdl import Judge
from tests.lab.boxes import CAMERA, Box, Boxes

CONFIGURATION = (
    "<tt:Source><tt:SourceId>urn:cam-1</tt:SourceId><tt:Name>Quay 1</tt:Name><tt:Location>-</tt:Location>"
    "<tt:Description>-</tt:Description><tt:Address>urn:cam-1</tt:Address></tt:Source><tt:Content>-</tt:Content>"
    "<tt:MaximumRetentionTime>{}</tt:MaximumRetentionTime>"
)
SETUP = (
    "<tt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
    "</tt:StreamSetup>"
)


def receiver(camera: Box, password: str = CAMERA[1]) -> str:
    uri = f"rtsp://{CAMERA[0]}:{password}@{camera.address}:554/Streaming/Channels/101"
    return f"<tt:Mode>AutoConnect</tt:Mode><tt:MediaUri>{uri}</tt:MediaUri>{SETUP}"


def recorded(recorder: Box, camera: Box, password: str = CAMERA[1], retention: str = "P30D") -> tuple[str, str, str]:
    """Make a receiver, a recording and an active job; returns their tokens."""
    made = recorder.ask("trv", "CreateReceiver", f"<trv:Configuration>{receiver(camera, password)}</trv:Configuration>")
    configuration = f"<trc:RecordingConfiguration>{CONFIGURATION.format(retention)}</trc:RecordingConfiguration>"
    token = recorder.ask("trc", "CreateRecording", configuration).text("RecordingToken")
    job = recorder.ask(
        "trc",
        "CreateRecordingJob",
        f"<trc:JobConfiguration><tt:RecordingToken>{token}</tt:RecordingToken><tt:Mode>Active</tt:Mode>"
        "<tt:Priority>1</tt:Priority><tt:Source><tt:SourceToken "
        f'Type="http://www.onvif.org/ver10/schema/Receiver"><tt:Token>{made.text("Token")}</tt:Token></tt:SourceToken>'
        "</tt:Source></trc:JobConfiguration>",
    )
    return made.text("Token") or "", token or "", job.text("JobToken") or ""


def state(recorder: Box, job: str) -> str:
    """The job's own state, which stands in an element of the same name."""
    told = recorder.ask("trc", "GetRecordingJobState", f"<trc:JobToken>{job}</trc:JobToken>")
    return told.texts("State")[1]


def test_what_a_recorder_can_do_is_announced(boxes: Boxes) -> None:
    for make, able in (("onvif-nvr-like", "true"), ("onvif-nvr-fixed-like", "false")):
        recorder = boxes.of(make)
        told = recorder.ask("tds", "GetCapabilities", "<tds:Category>All</tds:Category>")
        assert (told.text("ReceiverSource"), told.text("DynamicRecordings")) == (able, able)
        services = recorder.ask("tds", "GetServices", "<tds:IncludeCapability>true</tds:IncludeCapability>")
        assert f'DynamicRecordings="{able}"' in services.body.decode()
        assert ("http://www.onvif.org/ver10/receiver/wsdl" in services.texts("Namespace")) is (able == "true")


def test_a_job_with_a_receiver_records(boxes: Boxes) -> None:
    recorder, camera = boxes.of("onvif-nvr-like"), boxes.of("hikvision-like")
    token, recording, job = recorded(recorder, camera)
    recorder.until(lambda: state(recorder, job) == "Active")
    told = recorder.ask("trv", "GetReceiverState", f"<trv:ReceiverToken>{token}</trv:ReceiverToken>")
    assert told.text("State") == "Connected", told.body
    assert recorder.state()["held"]["1"] is not None
    listed = recorder.ask("trc", "GetRecordings")
    assert (listed.text("RecordingToken"), listed.text("MaximumRetentionTime")) == (recording, "P30D")
    assert listed.texts("TrackToken") == ["VIDEO001", "AUDIO001", "META001"]


def test_a_wrong_login_in_the_receivers_address_is_an_error_of_the_job_until_it_is_put_right(boxes: Boxes) -> None:
    recorder, camera = boxes.of("onvif-nvr-like"), boxes.of("hikvision-like")
    token, _, job = recorded(recorder, camera, "Wrong-pass-1")
    recorder.until_state(1, "password")
    assert state(recorder, job) == "Error"
    assert camera.state()["misses"][f"admin@{recorder.address}"] > 0
    right = f"<trv:Configuration>{receiver(camera)}</trv:Configuration>"
    recorder.ask("trv", "ConfigureReceiver", f"<trv:ReceiverToken>{token}</trv:ReceiverToken>{right}")
    recorder.until(lambda: state(recorder, job) == "Active")


def test_an_idle_job_records_nothing(boxes: Boxes) -> None:
    recorder, camera = boxes.of("onvif-nvr-like"), boxes.of("hikvision-like")
    _, _, job = recorded(recorder, camera)
    recorder.until(lambda: state(recorder, job) == "Active")
    recorder.ask("trc", "SetRecordingJobMode", f"<trc:JobToken>{job}</trc:JobToken><trc:Mode>Idle</trc:Mode>")
    recorder.until(lambda: recorder.links() == {})
    assert state(recorder, job) == "Idle"


def test_fixed_recordings_take_another_retention_and_nothing_else(boxes: Boxes) -> None:
    recorder = boxes.of("onvif-nvr-fixed-like")
    configuration = f"<trc:RecordingConfiguration>{CONFIGURATION.format('P7D')}</trc:RecordingConfiguration>"
    refused = recorder.ask("trc", "CreateRecording", configuration)
    assert refused.codes[1:] == ["ter:ActionNotSupported", "ter:NotImplemented"]
    named = f"<trc:RecordingToken>Recording_2</trc:RecordingToken>{configuration}"
    assert recorder.ask("trc", "SetRecordingConfiguration", named).status == 200
    assert recorder.ask("trc", "GetRecordings").texts("MaximumRetentionTime") == ["PT0S", "P7D"]
    missing = "<trc:RecordingToken>Recording_9</trc:RecordingToken>"
    assert recorder.ask("trc", "GetRecordingConfiguration", missing).codes[-1] == "ter:NoRecording"


def test_a_retention_that_is_none_is_refused(boxes: Boxes) -> None:
    recorder = boxes.of("onvif-nvr-fixed-like")
    configuration = CONFIGURATION.format("seven days")
    named = "<trc:RecordingToken>Recording_1</trc:RecordingToken>"
    told = recorder.ask(
        "trc",
        "SetRecordingConfiguration",
        f"{named}<trc:RecordingConfiguration>{configuration}</trc:RecordingConfiguration>",
    )
    assert told.codes[-1] in ("ter:InvalidArgVal", "ter:BadConfiguration")


def test_every_operation_of_recordings_jobs_and_receivers_is_carried_out_as_onvif_has_it(
    boxes: Boxes, judge: Judge
) -> None:
    recorder, camera = boxes.of("onvif-nvr-like"), boxes.of("hikvision-like")
    done: set[tuple[str, str]] = set()

    def ask(service: str, operation: str, body: str = "", field: str = "") -> str:
        judge.request(service, recorder.envelope(f"<{service}:{operation}>{body}</{service}:{operation}>"))
        told = recorder.ask(service, operation, body)
        assert told.status == 200, (operation, told.body)
        judge.reply(service, told.body, operation)
        done.add((service, operation))
        return told.text(field) or "" if field else ""

    receiving = ask("trv", "CreateReceiver", f"<trv:Configuration>{receiver(camera)}</trv:Configuration>", "Token")
    kept = f"<trc:RecordingConfiguration>{CONFIGURATION.format('P30D')}</trc:RecordingConfiguration>"
    recording = ask("trc", "CreateRecording", kept, "RecordingToken")
    named, received = (
        f"<trc:RecordingToken>{recording}</trc:RecordingToken>",
        f"<trv:ReceiverToken>{receiving}</trv:ReceiverToken>",
    )
    job = (
        f"<trc:JobConfiguration><tt:RecordingToken>{recording}</tt:RecordingToken><tt:Mode>Idle</tt:Mode>"
        '<tt:Priority>1</tt:Priority><tt:Source><tt:SourceToken Type="http://www.onvif.org/ver10/schema/Receiver">'
        f"<tt:Token>{receiving}</tt:Token></tt:SourceToken></tt:Source></trc:JobConfiguration>"
    )
    working = f"<trc:JobToken>{ask('trc', 'CreateRecordingJob', job, 'JobToken')}</trc:JobToken>"
    for operation in ("GetReceiver", "GetReceiverState"):
        ask("trv", operation, received)
    ask("trv", "GetReceivers")
    ask("trv", "ConfigureReceiver", f"{received}<trv:Configuration>{receiver(camera)}</trv:Configuration>")
    ask("trv", "SetReceiverMode", f"{received}<trv:Mode>NeverConnect</trv:Mode>")
    for operation in ("GetRecordingConfiguration", "GetRecordingOptions"):
        ask("trc", operation, named)
    for operation in ("GetRecordings", "GetRecordingJobs"):
        ask("trc", operation)
    ask("trc", "GetTrackConfiguration", f"{named}<trc:TrackToken>VIDEO001</trc:TrackToken>")
    ask("trc", "SetRecordingConfiguration", named + kept)
    for operation in ("GetRecordingJobConfiguration", "GetRecordingJobState"):
        ask("trc", operation, working)
    ask("trc", "SetRecordingJobConfiguration", working + job)
    ask("trc", "SetRecordingJobMode", f"{working}<trc:Mode>Idle</trc:Mode>")
    ask("trc", "DeleteRecordingJob", working)
    ask("trc", "DeleteRecording", named)
    ask("trv", "DeleteReceiver", received)
    assert done == {(service, operation) for service in ("trc", "trv") for operation in OPERATIONS[service]}
