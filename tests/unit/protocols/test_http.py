"""One exchange, bounded in time and bytes, over a socket."""

from __future__ import annotations

import hashlib
import io
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleetctl.errors import BadAnswer, Refused, Unreachable, UsageError
from fleetctl.protocols import tls
from fleetctl.protocols.digest import DigestAuth, challenge_in
from fleetctl.protocols.http import HttpClient, safe_path

from .conftest import Peer, Request, http

Make = Callable[..., Peer]


def client(peer: Peer, **more: object) -> HttpClient:
    return HttpClient("127.0.0.1", peer.port, **{"timeout_s": 20.0, **more})  # type: ignore[arg-type]


def test_a_connection_is_kept_and_used_again(peers: Make) -> None:
    peer = peers()
    one = client(peer)
    for _ in range(3):
        assert one.request("POST", "/a", b"x").body == b"ok"
    one.close()
    assert peer.connections == 1
    assert [r.body for r in peer.seen] == ["x"] * 3


def test_connection_close_from_the_device_is_obeyed(peers: Make) -> None:
    peer = peers(lambda _: http(200, "ok", "Connection: close"))
    one = client(peer)
    for _ in range(2):
        assert one.request("GET", "/").status == 200
    assert peer.connections == 2
    assert one.keep_alive


def test_a_kept_connection_that_was_closed_meanwhile_is_made_anew_for_a_write_as_well(peers: Make) -> None:
    peer = peers()
    one = client(peer)
    one.request("GET", "/")
    peer.drop_connections()
    time.sleep(0.05)
    assert one.request("POST", "/", b"write").body == b"ok"
    assert len(peer.seen) == 2


def closing_second(count: int = 1) -> Callable[[Request], bytes | None]:
    seen: list[Request] = []

    def answer(request: Request) -> bytes | None:
        seen.append(request)
        return None if 1 < len(seen) <= 1 + count else http(200, "ok")

    return answer


def test_a_reading_request_is_repeated_once_when_the_connection_closed_without_a_byte(peers: Make) -> None:
    peer = peers(closing_second())
    one = client(peer)
    one.request("GET", "/")
    bodies = iter((b"first", b"second"))
    assert one.request("POST", "/", lambda: next(bodies), repeatable=True).body == b"ok"
    assert [r.body for r in peer.seen] == ["", "first", "second"]
    assert not one.keep_alive  # learned: this device closes silently
    one.request("GET", "/")
    assert peer.seen[-1].headers["connection"] == "close"


def test_a_writing_request_is_never_sent_twice(peers: Make) -> None:
    peer = peers(closing_second())
    one = client(peer)
    one.request("GET", "/")
    with pytest.raises(Unreachable, match="closed the connection"):
        one.request("POST", "/", b"write")
    assert [r.body for r in peer.seen] == ["", "write"]


def test_a_device_that_always_closes_is_not_asked_a_third_time(peers: Make) -> None:
    peer = peers(closing_second(99))
    one = client(peer)
    one.request("GET", "/")
    with pytest.raises(Unreachable):
        one.request("GET", "/", repeatable=True)
    assert len(peer.seen) == 3


def test_a_first_connection_that_closes_is_no_reason_to_repeat(peers: Make) -> None:
    peer = peers(lambda _: None)
    with pytest.raises(Unreachable):
        client(peer).request("GET", "/", repeatable=True)
    assert len(peer.seen) == 1


def test_redirects_are_answers_and_are_not_followed(peers: Make) -> None:
    other = peers()
    peer = peers(lambda _: http(302, "", f"Location: http://127.0.0.1:{other.port}/"))
    assert client(peer).request("GET", "/").status == 302
    assert not other.connections


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    for address in ("127.0.0.1", "no-such-host.invalid"):
        with pytest.raises(Unreachable):
            HttpClient(address, port, timeout_s=1.0).request("GET", "/")


def test_silence_ends_at_the_deadline(peers: Make) -> None:
    peer = peers(raw=lambda sock: (sock.recv(9999), sock.recv(1)))  # until the client hangs up
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"within 0\.3 s"):
        client(peer, timeout_s=0.3).request("GET", "/")
    assert time.monotonic() - begun < 20


def test_a_response_without_length_ends_with_the_connection(peers: Make) -> None:
    peer = peers(raw=lambda sock: (sock.recv(9999), sock.sendall(b"HTTP/1.0 200 OK\r\n\r\nbody")))
    assert client(peer).request("GET", "/").body == b"body"


def test_chunked_answers_and_header_names_in_any_case(peers: Make) -> None:
    told = (
        b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: chunked\r\nx-Foo: 1\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"
    )
    peer = peers(lambda _: told)
    one = client(peer)
    response = one.request("GET", "/")
    assert (response.body, response.headers.get("X-FOO")) == (b"abcde", "1")
    assert one.request("GET", "/").body == b"abcde"
    assert peer.connections == 1


def test_folded_repeated_and_senseless_header_lines_are_read_as_far_as_they_go(peers: Make) -> None:
    told = b"HTTP/1.1 200\r\n x\r\nA: 1\r\n  2\r\nno header\r\na:3\r\nContent-Length : 2\r\n\r\nokHTTP/1.1 500\r\n\r\n"
    response = client(peers(lambda _: told)).request("GET", "/")
    assert (response.status, response.all("A"), response.headers.get("B")) == (200, ["1 2", "3"], "")
    assert response.body == b"ok"


def test_a_reply_that_has_no_body_waits_for_none_and_an_interim_one_is_passed_over(peers: Make) -> None:
    told = b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    response = client(peers(lambda _: told)).request("GET", "/")
    assert (response.status, response.body, response.headers.get("X")) == (204, b"", "")


def test_an_old_device_keeps_its_connection_only_where_it_says_so(peers: Make) -> None:
    for line, connections in (("Connection: keep-alive", 1), ("X: 1", 2)):
        peer = peers(lambda _, line=line: f"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n{line}\r\n\r\n".encode())
        one = client(peer)
        assert [one.request("GET", "/").status for _ in range(2)] == [200, 200]
        assert peer.connections == connections


def test_line_ends_cannot_be_smuggled_into_a_request(peers: Make) -> None:
    peer = peers()
    client(peer).request("GET", "/a\r\nX-Evil: 1 ?q=é #frag")
    assert "x-evil" not in peer.seen[0].headers
    assert peer.seen[0].path.startswith("/a%0D%0AX-Evil:%201%20?q=%C3%A9%20")
    assert "#" not in peer.seen[0].path
    with pytest.raises(ValueError, match="line end"):
        client(peer).request("GET", "/", headers={"X": "1\r\nY: 2"})


def test_paths_of_devices_keep_their_queries() -> None:
    assert safe_path("onvif/snap?channel=1&subtype=0") == "/onvif/snap?channel=1&subtype=0"
    assert safe_path("//10.0.0.9/evil") == "/10.0.0.9/evil"
    assert safe_path("/already%20quoted") == "/already%20quoted"


def test_files_are_streamed_down_and_up(peers: Make) -> None:
    content = b"x" * 300_000
    peer = peers(lambda r: http(200, content) if r.method == "GET" else http(200, str(len(r.body))))
    one = client(peer)
    got = io.BytesIO()
    assert one.request("GET", "/", into=got).body == b""
    assert got.getvalue() == content
    with pytest.raises(BadAnswer, match="more than"):
        one.request("GET", "/", into=io.BytesIO(), max_body=1000)
    assert one.request("POST", "/", content).body == b"300000"


def test_many_tiny_requests_leave_no_socket_behind(peers: Make) -> None:
    peer = peers(lambda _: http(200, "ok", "Connection: close"))
    with pytest.MonkeyPatch.context():
        one = client(peer)
        for _ in range(50):
            one.request("GET", "/")
        assert one._sock is None


# --- digest ---------------------------------------------------------------------------------------------


def test_the_digest_of_the_standards_own_examples() -> None:
    """Source: RFC 7616, section 3.9.1."""
    for algorithm, wanted in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        auth = DigestAuth("Mufasa", "Circle of Life")
        auth.challenged(
            [
                f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
                'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
                'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
            ]
        )
        auth._cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        told = auth.authorization("GET", "/dir/index.html")
        assert f'response="{wanted}"' in told
        assert "nc=00000001" in told
        assert "qop=auth," in told
        assert 'opaque="FQhe' in told


def test_the_strongest_challenge_is_taken_and_unknown_ones_are_left() -> None:
    md5, sha = 'Digest realm="a", nonce="1"', 'Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth"'
    assert challenge_in([md5, sha]).hash_name == "sha256"  # type: ignore[union-attr]
    assert challenge_in([f"{md5}, {sha}"]).nonce == "2"  # type: ignore[union-attr]
    assert challenge_in(['Basic realm="a, Digest b"', md5]).nonce == "1"  # type: ignore[union-attr]
    for told in (
        "",
        "Basic realm=x",
        "Digest",
        'Digest nonce="1", algorithm=SHA-512-256',
        'Digest nonce="1", qop="auth-int"',
    ):
        assert challenge_in([told]) is None


def test_hikvisions_challenge_without_algorithm_and_with_a_shouted_stale() -> None:
    """Source: DS-2CD2155FWD-I V5.4.5, captures/hikvision."""
    told = challenge_in(['Digest qop="auth", realm="IP Camera(83813)", nonce="4d57", stale="FALSE"'])
    assert told is not None
    assert (told.algorithm, told.stale, told.realm) == ("", False, "IP Camera(83813)")


def test_a_password_is_in_no_repr() -> None:
    assert "secret" not in repr(DigestAuth("u", "secret"))


def test_a_challenge_without_qop_is_answered_the_old_way() -> None:
    auth = DigestAuth("u", "p")
    auth.challenged(['Digest realm="r", nonce="n"'])
    told = auth.authorization("GET", "/")

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  # as RFC 2069 has it

    wanted = md5(f"{md5('u:r:p')}:n:{md5('GET:/')}")
    assert f'response="{wanted}"' in told
    assert "nc=" not in told


def test_a_repeated_request_has_a_count_of_its_own(peers: Make) -> None:
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
    counts: list[str] = []

    def answer(request: Request) -> bytes | None:
        if "authorization" not in request.headers:
            return http(401, "", challenge)
        counts.append(request.headers["authorization"].partition("nc=")[2][:8])
        return None if len(counts) == 2 else http(200, "ok")

    one, auth = client(peers(answer)), DigestAuth("u", "p")
    for _ in range(2):
        assert one.request("GET", "/", auth=auth, repeatable=True).status == 200
    assert counts == ["00000001", "00000002", "00000003"]


# --- TLS --------------------------------------------------------------------------------------------------


Made = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def certificate(folder: Path, name: str, *, address: str = "", issuer: Made | None = None) -> tuple[Path, *Made]:
    """Write NAME.pem (key and certificate); a CA unless it has an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if address:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path, made, key


def wrapping(path: Path) -> Callable[[socket.socket], socket.socket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return lambda sock: context.wrap_socket(sock, server_side=True)


def test_a_certificate_of_nobody_we_trust_is_refused_before_a_request_is_sent(peers: Make, tmp_path: Path) -> None:
    path, _, _ = certificate(tmp_path, "cam", address="127.0.0.1")
    peer = peers(wrap=wrapping(path))
    with pytest.raises(Refused, match="tls_fingerprint") as caught:
        client(peer, scheme="https").request("POST", "/", b"secret")
    assert not caught.value.credential
    assert not peer.seen


def test_a_sites_own_ca_is_trusted_for_the_address_in_its_certificates(peers: Make, tmp_path: Path) -> None:
    ca, signer, key = certificate(tmp_path, "ca")
    good, _, _ = certificate(tmp_path, "good", address="127.0.0.1", issuer=(signer, key))
    other, _, _ = certificate(tmp_path, "other", address="127.0.0.9", issuer=(signer, key))
    peer = peers(wrap=wrapping(good))
    assert client(peer, scheme="https", ca_file=str(ca)).request("GET", "/").body == b"ok"
    peer = peers(wrap=wrapping(other))
    with pytest.raises(Refused, match="does not hold"):
        client(peer, scheme="https", ca_file=str(ca)).request("GET", "/")
    assert not peer.seen


def test_a_pinned_certificate_needs_neither_name_nor_chain_and_another_is_refused(peers: Make, tmp_path: Path) -> None:
    path, made, _ = certificate(tmp_path, "cam")
    pin = made.fingerprint(hashes.SHA256()).hex()
    shown = ":".join(pin[i : i + 2] for i in range(0, 64, 2)).upper()
    peer = peers(wrap=wrapping(path))
    assert client(peer, scheme="https", fingerprint=shown).request("GET", "/").body == b"ok"
    with pytest.raises(Refused, match=pin) as caught:
        client(peer, scheme="https", fingerprint="0" * 64).request("GET", "/")
    assert not caught.value.credential
    assert len(peer.seen) == 1


def test_what_is_no_fingerprint_or_no_ca_file_is_said_so(peers: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        tls.plain_fingerprint("abc")
    (tmp_path / "no.pem").write_text("nothing")
    for name in ("no.pem", "missing.pem"):
        peer = peers()
        with pytest.raises(UsageError, match="cannot be read"):
            client(peer, scheme="https", ca_file=str(tmp_path / name)).request("GET", "/")


def test_a_port_that_speaks_no_tls_is_said_so(peers: Make) -> None:
    peer = peers(raw=lambda sock: (sock.recv(9999), sock.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")))
    with pytest.raises(BadAnswer, match="TLS"):
        client(peer, scheme="https", fingerprint="0" * 64).request("GET", "/")
