"""Binding cameras over ONVIF: receiver, recording, job; what was cut off is taken up where it stands."""

from __future__ import annotations

import pytest

from fleetctl.aspects.channels import profile_g
from fleetctl.drivers.onvif import DRIVER
from fleetctl.errors import Unsupported
from tests.unit.aspects.cases import NEW_CHANNEL
from tests.unit.aspects.cases.channels import SECOND, wanted
from tests.unit.aspects.cases.recorders import BOUND, FIXED
from tests.unit.aspects.fakes import SECRETS, FakeSession


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_g, "ONLINE_S", 0.0)


def written(key: str, **answers: str) -> list[tuple[str, str]]:
    session = FakeSession(BOUND | {name.replace("_", ":"): told for name, told in answers.items()})
    profile_g.write(session, wanted(**{f"_{key}": SECOND}), SECRETS)
    return [(operation, body) for _, operation, body in session.ordered]


def test_a_receiver_that_a_run_left_behind_is_taken_up() -> None:
    told = written("2")
    assert [operation for operation, _ in told] == [
        "ConfigureReceiver", "SetRecordingConfiguration", "CreateRecordingJob",
    ]  # fmt: skip
    assert "<trv:ReceiverToken>V2<" in told[0][1]
    assert "<tt:RecordingToken>R2<" in told[-1][1]
    assert "<tt:Token>V2<" in told[-1][1]


def test_a_new_channel_gets_receiver_recording_and_job() -> None:
    told = written("3", **{name.replace(":", "_"): answer for name, answer in NEW_CHANNEL.items()})
    assert [operation for operation, _ in told] == ["CreateReceiver", "CreateRecording", "CreateRecordingJob"]
    assert "<tt:MediaUri>rtsp://ghihinh:" in told[0][1]
    assert "ghihinh:" not in told[1][1], "the login stands in the receiver alone"
    assert ("R3" in told[2][1], "V9" in told[2][1], "<tt:Mode>Active<" in told[2][1]) == (True, True, True)


def test_nothing_is_written_where_it_is_not_announced() -> None:
    session = FakeSession(FIXED)
    with pytest.raises(Unsupported, match="ReceiverSource"):
        profile_g.write(session, wanted(_1=SECOND), SECRETS)
    assert session.ordered == []


def test_a_channel_is_paused_by_its_receiver_and_no_login_is_sent() -> None:
    session = FakeSession(BOUND)
    (action,) = (a for a in DRIVER.actions if a.name == "pause_channel")
    action.run(session, "1")
    ((_, operation, body),) = session.ordered
    assert (operation, "<trv:Mode>NeverConnect<" in body, "rtsp://" in body) == ("SetReceiverMode", True, False)
    for refusing, key in ((FakeSession(FIXED), "1"), (session, "7")):
        with pytest.raises(Unsupported):
            action.run(refusing, key)
