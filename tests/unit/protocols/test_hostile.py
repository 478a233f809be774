"""Hostile and broken answers end as a clear error, within a bound of time and memory."""

from __future__ import annotations

import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.errors import BadAnswer, FleetctlError, Unreachable
from fleetctl.model import Access
from fleetctl.protocols import digest, xml
from fleetctl.protocols.http import MAX_BODY, HttpClient
from fleetctl.protocols.onvif import connect, soap

from .conftest import ENVELOPE, Camera, Peer, Request, device, fault, http

Make = Callable[..., Peer]
MIB = 1024 * 1024


def resident() -> int:
    """Return the memory of this process in bytes, libxml2's included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@contextmanager
def bounded(seconds: float = 2.0, mib: float = 24.0) -> Iterator[None]:
    """Fail when what is done inside takes more time of a processor, or leaves or needs more memory."""
    before, begun = resident(), time.process_time()
    tracemalloc.start()
    try:
        yield
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert time.process_time() - begun < seconds
    assert peak < mib * MIB, f"{peak / MIB:.0f} MiB of Python objects"
    assert resident() - before < 2 * mib * MIB, f"{(resident() - before) / MIB:.0f} MiB more resident"


def ask(peers: Make, told: bytes | Callable[[Request], bytes | None], timeout_s: float = 20.0) -> FleetctlError | None:
    """Return the error that an answer to GetDNS ends with; None when it is taken for one."""
    camera = Camera(everybody=True)
    camera.answers["tds:GetDNS"] = told
    peer = peers(camera)
    with connect(device(peer.port, timeout_s=timeout_s), password=None, access=Access.READ) as session:
        try:
            session.read("tds", "GetDNS")
        except FleetctlError as error:
            return error
    return None


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
ANSWER = ENVELOPE.format("<tds:GetDNSResponse><tds:X>{}</tds:X></tds:GetDNSResponse>")


@pytest.mark.parametrize(
    "body",
    [
        BOMB + ANSWER.format("&j;").partition("?>")[2],
        BOMB + ANSWER.format("&j;").partition("?>")[2].replace("<tds:X>", '<tds:X a="&j;">'),
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + ANSWER.format("").partition("?>")[2],
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + ANSWER.format("&f;").partition("?>")[2],
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]>' + ANSWER.format("").partition("?>")[2],
        "<!-- " + "-" * 100 + " --><!DOCTYPE x []>" + ANSWER.format("").partition("?>")[2],
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7", "utf-32"])
def test_document_types_and_entities_are_refused_in_any_encoding(peers: Make, body: str, encoding: str) -> None:
    declared = body if body.startswith("<?xml") else f'<?xml version="1.0" encoding="{encoding}"?>{body}'
    with bounded():
        error = ask(peers, http(200, declared.replace('"1.0"?>', f'"1.0" encoding="{encoding}"?>').encode(encoding)))
    assert isinstance(error, BadAnswer), error


def deep(levels: int) -> bytes:
    return ANSWER.format("<a>" * levels + "</a>" * levels).encode()


@pytest.mark.parametrize("levels", [62, 250, 3000, 200_000])
def test_deep_nesting_ends(peers: Make, levels: int) -> None:
    with bounded(mib=32):
        error = ask(peers, http(200, deep(levels)))
    assert isinstance(error, BadAnswer)


def test_ordinary_depth_is_taken(peers: Make) -> None:
    assert ask(peers, http(200, deep(40))) is None


@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * MIB])
def test_an_answer_longer_than_it_may_be_is_not_read_to_its_end(peers: Make, size: int) -> None:
    filler = ANSWER.format("x" * size).encode()
    for told in (
        http(200, filler),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + filler,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(filler) + filler + b"\r\n0\r\n\r\n",
    ):
        with bounded(mib=8):
            error = ask(peers, told)
        assert isinstance(error, BadAnswer), error
        assert "more than" in str(error)


def test_an_announced_length_beyond_all_bounds_is_refused_at_once(peers: Make) -> None:
    for length in (b"99999999999999999999", b"10485760", b"-1", b"1_0", b"0x10", b"a"):
        with bounded(seconds=1.9):
            error = ask(peers, b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n<a/>", timeout_s=0.3)
        assert isinstance(error, (BadAnswer, Unreachable)), (length, error)


def endless(*, start: bytes, piece: bytes, pause_s: float = 0.0) -> Callable[[socket.socket], None]:
    def pour(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(start)
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            sock.sendall(piece)
            time.sleep(pause_s)

    return pour


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b"x" * 65535 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 9000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"f" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"Trailer: x\r\n" * 5000),
        (b"HTTP/1.1 200 OK\r\n", b"X-Flood: " + b"y" * 1000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
        (b"HTTP/1.1 200 ", b"y" * 65536),
        (b"", b"z" * 65536),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    ],
)
def test_endless_answers_end(peers: Make, start: bytes, piece: bytes) -> None:
    peer = peers(raw=endless(start=start, piece=piece))
    with bounded(seconds=3.0), pytest.raises((BadAnswer, Unreachable)):
        HttpClient("127.0.0.1", peer.port, timeout_s=2.0).request("GET", "/")


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"<"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    ],
)
def test_a_slow_drip_ends_at_the_deadline_of_the_whole_exchange(peers: Make, start: bytes, piece: bytes) -> None:
    peer = peers(raw=endless(start=start, piece=piece, pause_s=0.02))
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="within"):
        HttpClient("127.0.0.1", peer.port, timeout_s=0.4).request("GET", "/")
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    "told",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<a>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1",
        b"HTTP/9.9 abc\r\n\r\n",
        b"\r\n\r\n",
        b"SSH-2.0-dropbear\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"H%d: x\r\n" % i for i in range(500)) + b"\r\n<a/>",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n<a/>",
        b"HTTP/1.1 999999 OK\r\n\r\n<a/>",
    ],
)
def test_broken_http_ends_as_an_error(peers: Make, told: bytes) -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(told)

    peer = peers(raw=speak)
    with bounded(seconds=1.0), pytest.raises((BadAnswer, Unreachable)):
        HttpClient("127.0.0.1", peer.port, timeout_s=0.5).request("GET", "/")


def test_a_reset_in_the_middle_is_unreachable(peers: Make) -> None:
    def speak(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<a>")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    peer = peers(raw=speak)
    with pytest.raises(Unreachable):
        HttpClient("127.0.0.1", peer.port, timeout_s=0.5).request("POST", "/", b"x" * 100)


def test_broken_utf_8_and_forbidden_letters_are_read_as_far_as_they_go(peers: Make) -> None:
    for letters in (b"Ph\xff\xfeng", b"a\x01b\x0bc", b"\xed\xa0\x80", b"a & b", b"a&nbsp;b", b"&#0;", b"&#xFFFFFF;"):
        body = ANSWER.encode().replace(b"{}", letters)
        assert ask(peers, http(200, body)) is None, letters


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/jpeg", "", "application/json; charset=\xff", "multipart/related"]
)
def test_the_body_decides_and_not_its_content_type(peers: Make, content_type: str) -> None:
    body = ANSWER.format("x").encode()
    error = ask(peers, b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (content_type.encode("latin-1"), len(body)) + body)  # fmt: skip # noqa: E501
    assert error is None or content_type.startswith("multipart")


def test_an_answer_that_is_cut_off_is_never_taken_for_a_shorter_one() -> None:
    whole = ANSWER.format("<a>1</a><a>2</a>").encode()
    for cut in range(len(whole) - 1):
        with pytest.raises(BadAnswer):
            xml.parse(whole[:cut])
    with pytest.raises(BadAnswer, match="do not match"):
        xml.parse(whole.replace(b"</a><a>", b"</b><a>"))


def test_garbage_after_the_answer_does_no_harm() -> None:
    whole = ANSWER.format("x").encode()
    for tail in (b"\0\0\0", b"\r\n\r\n", b"  junk"):
        assert xml.local(xml.parse(whole + tail)) == "Envelope"


@pytest.mark.parametrize(
    "piece",
    [
        "<a",
        "<a>",
        "&",
        "</x>",
        "<a b='1' b='2'>",
        "<x:y z:w='1'/>",
        "<!--",
        "<![CDATA[",
        "<?p ?>",
        " a='1'",
        "<a xmlns:b='c'/>",
    ],
)
def test_megabytes_of_nonsense_take_no_time(piece: str) -> None:
    body = ANSWER.replace("{}", piece * (1_900_000 // len(piece))).encode()
    # Two million bytes of `<x:y/>` are an honest tree of 300,000 elements.
    with bounded(seconds=3.0, mib=120.0), suppress(BadAnswer):
        xml.parse(body)


def test_a_thousand_attributes_and_namespaces_are_bounded_in_time() -> None:
    many = "".join(f" a{i}='1' xmlns:n{i}='u{i}'" for i in range(20_000))
    with bounded(seconds=3.0, mib=60.0), suppress(BadAnswer):
        xml.parse(ANSWER.replace("{}", f"<a{many}/>").encode())


def test_what_comes_after_an_answer_is_not_taken_for_the_next_one(peers: Make) -> None:
    peer = peers(lambda r: http(200, f"to {r.path}") + http(200, "stale"))
    one = HttpClient("127.0.0.1", peer.port, timeout_s=20.0)
    for path in ("/1", "/2", "/3"):
        assert one.request("GET", path).body == f"to {path}".encode()
        time.sleep(0.02)


def test_a_flood_of_challenges_takes_no_time() -> None:
    with bounded(seconds=1.0):
        for told in (
            "Digest " * 50_000,
            'Digest realm="' + "\\" * 60_000,
            "Digest " + "a=" * 60_000,
            ",Digest" * 60_000,
        ):
            digest.challenge_in([told] * 20)


def test_a_multipart_bomb_is_an_error(peers: Make) -> None:
    parts = b"--b\r\n\r\n" * 100_000
    with bounded(seconds=3.0, mib=120.0):
        error = ask(peers, http(200, parts, "Content-Type: multipart/related; boundary=b"))
    assert isinstance(error, BadAnswer)
    nested = b"".join(b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (i, i + 1) for i in range(5000))
    with bounded(seconds=3.0, mib=60.0):
        error = ask(peers, http(200, nested, "Content-Type: multipart/related; boundary=0"))
    assert isinstance(error, BadAnswer)


# --- anything at all -------------------------------------------------------------------------------------


WHOLE = [
    ANSWER.format("x").encode(),
    ENVELOPE.format(fault("e:Sender", "ter:NotAuthorized", reason="no")).encode(),
    b'<e:Envelope xmlns:e="u"><e:Body><e:Fault><faultcode>x</faultcode></e:Fault></e:Body></e:Envelope>',
    b"--b\r\nContent-ID: <1>\r\n\r\n<E><Body><X/></Body></E>\r\n--b--",
    b'<?xml version="1.0" encoding="gb2312"?><Envelope><Body><a b="1">\xd6\xd0</a></Body></Envelope>',
]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """An answer with pieces cut out, doubled, or replaced by anything."""
    body = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body)))
        end = draw(st.integers(at, min(len(body), at + 40)))
        body = body[:at] + draw(st.binary(max_size=12) | st.sampled_from([b"<", b"&", b"]]>", b"<!DOCTYPE a>", b"\0", body[at:end] * 2])) + body[end:]  # fmt: skip # noqa: E501
    return body


@settings(max_examples=400, deadline=None)
@given(body=mangled() | st.binary(max_size=300), status=st.sampled_from([200, 400, 401, 403, 404, 500, 999]))
def test_whatever_a_device_sends_the_parser_knows_no_error_but_ours(body: bytes, status: int) -> None:
    from fleetctl.protocols.http import Response
    from fleetctl.protocols.replies import Headers

    lines = ["Content-Type: multipart/related; boundary=b"] if body.startswith(b"--") else []
    answer = soap.reply(Response(status, Headers(lines), body))
    soap.locked(answer)
    with suppress(FleetctlError):
        xml.rendered(soap.element_of(answer, "tds:GetDNS", "GetDNS"))
    xml.redacted(body)


@settings(max_examples=300, deadline=None)
@given(header=st.text(max_size=200) | st.from_regex(r'Digest (realm|nonce|qop|algorithm|stale|opaque)="?[^"]*"?, .*'))
def test_whatever_a_challenge_says_it_is_answered_or_left(header: str) -> None:
    auth = digest.DigestAuth("u", "p")
    if auth.challenged([header]):
        told = auth.authorization("GET", "/")
        assert told.startswith("Digest ")


@settings(max_examples=60, deadline=None)
@given(told=st.binary(max_size=200) | st.binary(max_size=80).map(lambda b: b"HTTP/1.1 200 OK\r\n" + b))
def test_whatever_comes_over_the_wire_the_client_knows_no_error_but_ours(told: bytes) -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(told)

    peer = Peer(lambda _: None, raw=speak)
    try:
        HttpClient("127.0.0.1", peer.port, timeout_s=0.5).request("GET", "/")
    except FleetctlError:
        pass
    finally:
        peer.close()
