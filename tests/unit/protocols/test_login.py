"""How often a login is presented, judged by what came over the wire."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from fleetctl.errors import BadAnswer, Refused, Unreachable, Unsupported
from fleetctl.model import Access
from fleetctl.protocols.onvif import connect

from .conftest import ENVELOPE, Camera, Peer, Request, device, fault, http

Make = Callable[..., Peer]


def presented(peer: Peer) -> list[str]:
    return [r.presented for r in peer.seen if r.presented]


def test_a_right_password_is_accepted_with_the_token_in_the_envelope(peers: Make) -> None:
    camera = Camera()
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("tds", "GetUsers")
        session.prove()
        assert session.credential_proven
        assert session.facts()["auth"] == "wsse"
    assert camera.rejected == 0
    assert [r.operation for r in peer.seen][:2] == ["tds:GetSystemDateAndTime", "tds:GetDeviceInformation"]
    assert not peer.seen[0].presented


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_a_right_password_is_accepted_by_http_digest(peers: Make, algorithm: str) -> None:
    camera = Camera(schemes=("digest",), algorithm=algorithm)
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        for _ in range(3):
            session.read("tds", "GetUsers", fresh=True)
        assert session.credential_proven
        assert session.facts()["auth"] == ("digest-sha256" if "256" in algorithm else "digest-md5")
    assert camera.rejected == 0
    assert presented(peer) == ["digest"] * 3


@pytest.mark.parametrize("schemes", [("wsse",), ("digest",), ("wsse", "digest")])
@pytest.mark.parametrize("facts", [{}, {"auth": "wsse"}, {"auth": "digest-md5"}])
def test_a_wrong_password_is_rejected_once_and_never_presented_again(
    peers: Make, schemes: tuple[str, ...], facts: dict[str, str]
) -> None:
    camera = Camera(schemes=schemes)
    peer = peers(camera)
    with connect(device(peer.port), password="wrong", access=Access.WRITE, facts=facts) as session:
        for operation in ("GetUsers", "GetNTP", "GetDNS", "GetUsers"):
            with pytest.raises(Refused) as caught:
                session.read("tds", operation)
            assert caught.value.credential
        with pytest.raises(Refused):
            session.write("tds", "SetHostname", "<tds:Name>x</tds:Name>")
        with pytest.raises(Refused):
            session.snapshot("/snap.jpg")
        with pytest.raises(Refused):
            session.prove()
        assert not session.credential_proven
        assert session.rejected_logins == camera.rejected == 1
    assert len(presented(peer)) <= 1 + (facts != {})


def test_a_wrong_password_costs_one_try_however_often_the_device_calls_the_nonce_stale(peers: Make) -> None:
    def lying(request: object) -> bytes:
        nonce = len(peer.seen)
        challenge = f'WWW-Authenticate: Digest realm="r", nonce="{nonce}", qop="auth", stale=true'
        return http(401, "", challenge)

    camera = Camera()
    peer = peers(lambda r: camera(r) if "DateAndTime" in r.operation else lying(r))
    with connect(device(peer.port), password="wrong", access=Access.READ) as session:
        for _ in range(3):
            with pytest.raises(Refused):
                session.read("tds", "GetUsers")
    assert len(presented(peer)) <= 2  # stale means that the password was right; it is believed once


def test_the_scheme_is_changed_when_the_remembered_one_is_no_longer_asked_for(peers: Make) -> None:
    for schemes, remembered in ((("digest",), "wsse"), (("wsse",), "digest-md5")):
        camera = Camera(schemes=schemes)
        peer = peers(camera)
        facts = {"auth": remembered, "content_type": "action"}
        with connect(device(peer.port), password="right", access=Access.READ, facts=facts) as session:
            session.read("tds", "GetUsers")
            assert session.facts()["auth"].startswith(schemes[0])
        assert camera.rejected == 0


def test_a_digest_challenge_for_the_web_server_alone_leads_to_the_token(peers: Make) -> None:
    camera = Camera(schemes=("wsse",))

    def answer(request: object) -> bytes | None:
        told = camera(request)  # type: ignore[arg-type]
        if told is not None and told.startswith(b"HTTP/1.1 400"):
            return http(401, "", 'WWW-Authenticate: Digest realm="web", nonce="abc", qop="auth"')
        return told

    peer = peers(answer)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("tds", "GetUsers")
        assert session.facts()["auth"] == "wsse"
    assert presented(peer) == ["digest", "wsse"]


def test_the_devices_own_clock_signs_the_request(peers: Make) -> None:
    for offset in (-86400.0 * 365 * 20, 7 * 3600.0):
        camera = Camera(offset_s=offset)
        peer = peers(camera)
        with connect(device(peer.port), password="right", access=Access.READ) as session:
            session.read("tds", "GetUsers")
            error = session.clock_error_s()
            assert error is not None
            assert abs(error - offset) < 30
            assert abs(session.utc_now_of_device().timestamp() - (time.time() + offset)) < 30


def test_a_clock_that_moved_is_measured_again_before_the_password_is_blamed(peers: Make) -> None:
    camera = Camera()
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("tds", "GetUsers")
        camera.offset_s = -3600.0
        session.read("tds", "GetDNS")
    assert camera.rejected == 1  # by the clock
    fresh = Camera()
    peer = peers(fresh)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        fresh.offset_s = 3600.0
        session.read("tds", "GetUsers")  # not even proven yet
    assert fresh.rejected == 1


def test_a_device_that_tells_nobody_the_time_is_signed_for_by_its_date_header(peers: Make) -> None:
    camera = Camera(clock_open=False, offset_s=-7200.0)
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        assert session.clock_error_s() is None
        session.read("tds", "GetUsers")
        session.read("tds", "GetSystemDateAndTime")
        assert session.clock_error_s() == pytest.approx(-7200.0, abs=30)
    assert camera.rejected == 0


def test_impossible_dates_are_an_unknown_clock(peers: Make) -> None:
    camera = Camera(tells_time=False)
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        assert session.clock_error_s() is None
        session.read("tds", "GetUsers")


def test_a_nonce_that_runs_out_is_renewed_without_a_word_about_the_password(peers: Make) -> None:
    for silent in (False, True):
        camera = Camera(schemes=("digest",), stale_after=2, silent_stale=silent)
        peer = peers(camera)
        with connect(device(peer.port), password="right", access=Access.READ) as session:
            for _ in range(5):
                session.read("tds", "GetUsers", fresh=True)
            assert session.credential_proven


def test_a_password_that_ceases_to_be_right_is_presented_a_bounded_number_of_times(
    peers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetctl.protocols.onvif.wire.BACK_OFF_S", (0.01, 0.01))
    camera = Camera(schemes=("digest",))
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("tds", "GetUsers")
        camera.password = "changed"
        for _ in range(3):
            with pytest.raises(Unreachable, match="changed meanwhile"):
                session.read("tds", "GetDNS")
    assert camera.rejected <= 3  # the old nonce, a new one, and once more on a new connection
    camera = Camera(schemes=("wsse",))
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.prove()
        camera.password = "changed"
        for _ in range(3):
            with pytest.raises(Unreachable, match="changed meanwhile"):
                session.read("tds", "GetDNS")
    assert camera.rejected == 2


def test_no_right_is_told_apart_from_a_wrong_password(peers: Make) -> None:
    camera = Camera(not_allowed=frozenset({"tds:SetHostname"}))
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.WRITE) as session:
        session.prove()
        with pytest.raises(Refused, match="may not do it") as caught:
            session.write("tds", "SetHostname", "<tds:Name>x</tds:Name>")
        assert not caught.value.credential
        session.read("tds", "GetUsers")  # the login goes on


def test_a_401_to_everybody_is_want_of_connections_and_not_a_password(
    peers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetctl.protocols.onvif.wire.BACK_OFF_S", (0.01, 0.02))
    camera = Camera()
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.prove()
        camera.exhausted = 2  # the request and the probe; then there is room again
        session.read("tds", "GetDNS")
        camera.exhausted = 10
        with pytest.raises(Unreachable, match="out of connections"):
            session.read("tds", "GetNTP")
    camera.exhausted = 0
    with connect(device(peer.port), password="right", access=Access.READ, facts={"auth": "wsse"}) as session:
        camera.exhausted = 9
        with pytest.raises(Unreachable, match="out of connections"):
            session.read("tds", "GetDNS")
        camera.exhausted = 0
        with pytest.raises(Unreachable):
            session.read("tds", "GetDNS")  # not proven, so not presented again in this session
        assert session.rejected_logins == 0
    assert camera.rejected == 0


def test_a_401_that_says_nothing_is_no_verdict_of_a_device_that_usually_says_more(
    peers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dahua answers so when it is out of connections (field facts, quirk 7); the clock may stay open then."""
    monkeypatch.setattr("fleetctl.protocols.onvif.wire.BACK_OFF_S", (0.01, 0.02))
    for schemes in (("wsse",), ("digest",)):
        camera, bare = Camera(schemes=schemes), [0]

        def answer(request: Request, camera: Camera = camera, bare: list[int] = bare) -> bytes | None:
            if bare[0] and "DateAndTime" not in request.operation:
                bare[0] -= 1
                return http(401, "")
            return camera(request)

        peer = peers(answer)
        bare[0] = 2  # at first contact already
        with connect(device(peer.port), password="right", access=Access.READ) as session:
            session.prove()
            facts = session.facts()
            bare[0] = 2
            session.read("tds", "GetDNS")
            bare[0] = 99
            with pytest.raises(Unreachable, match="out of connections"):
                session.read("tds", "GetNTP")
        with connect(device(peer.port), password="right", access=Access.READ, facts=facts) as session:
            with pytest.raises(Unreachable, match="out of connections"):
                session.read("tds", "GetDNS")
            assert session.rejected_logins == 0
        assert camera.rejected == 0


def test_a_device_that_always_refuses_without_a_word_gets_the_login_once(
    peers: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetctl.protocols.onvif.wire.BACK_OFF_S", (0.01, 0.02))
    camera = Camera()

    def answer(request: Request) -> bytes | None:
        told = camera(request)
        return http(401, "") if told is not None and told.startswith(b"HTTP/1.1 400") else told

    peer = peers(answer)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.prove()
        assert session.facts()["refuses"] == "bare"
    with connect(device(peer.port), password="wrong", access=Access.READ) as session:
        for _ in range(3):
            with pytest.raises(Refused) as caught:
                session.read("tds", "GetUsers")
            assert caught.value.credential
    assert camera.rejected == 1


def test_a_device_with_a_nonce_for_each_request_gets_no_used_one_twice(peers: Make) -> None:
    """Dahua reissues its nonce on every request, and logs a used one as a refused login (rroller/dahua#603)."""
    camera = Camera(schemes=("digest",), stale_after=1, silent_stale=True)
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        for _ in range(4):
            session.read("tds", "GetUsers", fresh=True)
        facts = session.facts()
    assert facts["nonce"] == "once"
    assert camera.rejected == 1
    with connect(device(peer.port), password="right", access=Access.READ, facts=facts) as session:
        for _ in range(4):
            session.read("tds", "GetUsers", fresh=True)
    assert camera.rejected == 1


def test_a_login_that_was_proven_before_and_is_refused_counts_and_tells_what_else_it_may_be(peers: Make) -> None:
    """Out of connections looks like a wrong password on devices that challenge; the budget waits out the lock."""
    camera = Camera(schemes=("digest",))
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.prove()
        facts = session.facts()
    camera.password = "changed"
    known = {**facts, "login": "proven"}
    with connect(device(peer.port), password="right", access=Access.READ, facts=known) as session:
        for _ in range(2):
            with pytest.raises(Refused, match="who was let in before") as caught:
                session.read("tds", "GetUsers")
            assert caught.value.credential
    assert camera.rejected == 1


def test_a_locked_account_is_told_and_left_alone(peers: Make) -> None:
    for schemes in (("wsse",), ("digest",)):
        camera = Camera(schemes=schemes, locked="The user is locked, try again in 1800 s")
        peer = peers(camera)
        with connect(device(peer.port), password="right", access=Access.READ) as session:
            for _ in range(3):
                with pytest.raises(Refused, match="locked") as caught:
                    session.read("tds", "GetUsers")
                assert not caught.value.credential
        assert len(presented(peer)) == 1


def test_without_a_password_nothing_is_presented_and_a_refusal_costs_nothing(peers: Make) -> None:
    peer = peers(Camera(schemes=("digest",)))
    with connect(device(peer.port), password=None, access=Access.READ) as session:
        with pytest.raises(Refused, match="asks for a login") as caught:
            session.prove()
        assert not caught.value.credential
        assert session.facts()["auth"] == "none"
    assert presented(peer) == []


def test_a_factory_fresh_device_gets_no_login_presented(peers: Make) -> None:
    camera = Camera(everybody=True)
    peer = peers(camera)
    with connect(device(peer.port), password="whatever", access=Access.WRITE) as session:
        session.read("tds", "GetUsers")
        session.write("tds", "SetHostname", "<tds:Name>x</tds:Name>")
        assert not session.credential_proven
        with pytest.raises(Refused, match="takes everybody") as caught:
            session.prove()
        assert not caught.value.credential
    with connect(device(peer.port), password=None, access=Access.WRITE) as session:
        session.prove()
    assert presented(peer) == []
    assert camera.rejected == 0


def test_a_device_that_begins_to_ask_for_a_login_gets_it(peers: Make) -> None:
    camera = Camera(everybody=True)
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.WRITE) as session:
        session.read("tds", "GetUsers")
        camera.everybody = False
        session.read("tds", "GetDNS")
        session.prove()
        assert session.credential_proven


def test_open_operations_of_a_cheap_camera_do_not_prove_a_login(peers: Make) -> None:
    camera = Camera(open_operations=frozenset({"tds:GetDeviceInformation", "tds:GetServices"}))
    peer = peers(camera)
    with connect(device(peer.port), password="wrong", access=Access.READ) as session:
        with pytest.raises(Refused) as caught:
            session.prove()
        assert caught.value.credential
    assert camera.rejected == 1
    peer = peers(camera := Camera(open_operations=camera.open_operations))
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("tds", "GetDeviceInformation")
        assert not session.credential_proven
        session.read("tds", "GetUsers")
        assert session.credential_proven


def test_the_answer_decides_when_the_first_try_got_no_word_at_all(peers: Make) -> None:
    """A kept connection that the device closed is made anew with a new nonce: an old one would be a replay."""
    camera = Camera()
    closed = []

    def answer(request: object) -> bytes | None:
        if request.presented and not closed:  # type: ignore[attr-defined]
            closed.append(request)
            camera.wsse(request.body)  # type: ignore[attr-defined]
            return None
        return camera(request)  # type: ignore[arg-type]

    peer = peers(answer)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("tds", "GetUsers")
        assert session.facts()["keep_alive"] == "no"
    assert camera.rejected == 0


def test_the_picture_has_a_login_of_its_own(peers: Make) -> None:
    camera = Camera(schemes=("wsse", "digest"))
    camera.answers["GET /snap.jpg"] = http(200, b"\xff\xd8picture", "Content-Type: image/jpeg")
    camera.answers["GET /page"] = http(200, b"<html>", "Content-Type: text/html")
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        assert session.snapshot("http://10.9.9.9:99/snap.jpg") == b"\xff\xd8picture"
        with pytest.raises(BadAnswer, match="no picture"):
            session.snapshot("/page")


def test_faults_with_misspelt_or_swapped_codes_are_understood(peers: Make) -> None:
    camera = Camera(schemes=("wsse",))
    peer = peers(
        lambda r: (
            http(200, ENVELOPE.format(fault("env:Reveiver", "ter:InvalidDot11", "ter:ActionNotSupported")))
            if r.presented
            else camera(r)
        )
    )
    with (
        connect(device(peer.port), password="right", access=Access.READ) as session,
        pytest.raises(Unsupported, match="does not offer"),
    ):
        session.read("tds", "GetDot11Capabilities")
