"""Sites behind a relay, over a real sshd: plain, TLS, two sites with the same private addresses."""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleetctl.errors import Refused, Unreachable
from fleetctl.model import Access, Device, Endpoint, Kind
from fleetctl.protocols import hostkeys, tunnel
from fleetctl.protocols.http import HttpClient
from fleetctl.protocols.onvif import connect
from tests.judges.labs import PASSWORD, USER, Place, running

ROOT = Path(__file__).resolve().parents[2]


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.fail(f"{name} is missing. Mend: apt-get install openssh-server iproute2 util-linux")
    return found


def login() -> str:
    """Return the account that sshd runs as, and lets in: never root."""
    return "nobody" if os.getuid() == 0 else getpass.getuser()


@dataclass
class Relay:
    """A running sshd."""

    folder: Path
    address: str
    port: int
    inside: tuple[str, ...] = ()  # the command that enters its network namespace
    process: subprocess.Popen[bytes] | None = None
    options: str = ""

    @property
    def via(self) -> str:
        return f"{login()}@{self.address}:{self.port}"

    def start(self) -> None:
        for name in ("host_key", "other_key"):
            if not (self.folder / name).exists():
                command = [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)]
                subprocess.run(command, check=True)
        config = self.folder / "sshd_config"
        config.write_text(
            f"ListenAddress {self.address}\nPort {self.port}\nHostKey {self.folder}/host_key\n"
            f"UsePAM {'yes' if os.getuid() == 0 else 'no'}\n"  # without PAM, nobody counts as locked
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nStrictModes no\nPidFile none\nLogLevel VERBOSE\n"
            f"PasswordAuthentication no\nKbdInteractiveAuthentication no\n{self.options}\n"
        )
        lower: list[str] = []
        if os.getuid() == 0:
            lower = [program("setpriv"), f"--reuid={login()}", "--regid=nogroup", "--clear-groups"]
            for path in self.folder.iterdir():
                shutil.chown(path, login())
            self.folder.chmod(0o755)
        command = [*self.inside, *lower, program("sshd"), "-D", "-e", "-f", str(config)]
        log = (self.folder / "sshd.log").open("ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 1):
                return
            time.sleep(0.05)
        pytest.fail(f"sshd did not start: {(self.folder / 'sshd.log').read_text()}")

    def stop(self) -> None:
        if self.process is not None:
            # One of a connection whose network is gone would wait for its other end for ever.
            connections = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            self.process.terminate()
            self.process.wait(10)
            self.process = None
            for connection in connections:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(connection), signal.SIGTERM)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def relay_running(address: str = "127.0.0.1", inside: tuple[str, ...] = (), options: str = "") -> Iterator[Relay]:
    folder = Path(tempfile.mkdtemp(prefix="fleetctl-relay-"))  # not pytest's: nobody may not enter those
    made = Relay(folder, address, free_port() if address == "127.0.0.1" else 2222, inside, options=options)
    shutil.copy(Path.home() / ".ssh" / "id_ed25519.pub", folder / "authorized_keys")
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home with one SSH key and no agent; tunnels of one test do not outlive it."""
    folder = tmp_path / "home" / ".ssh"
    folder.mkdir(parents=True)
    key = str(folder / "id_ed25519")
    subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    yield
    tunnel.close_all()


@pytest.fixture
def relay(at_home: None) -> Iterator[Relay]:
    with relay_running() as made:
        yield made


@pytest.fixture
def known_hosts(relay: Relay, tmp_path: Path) -> str:
    path = str(tmp_path / "state" / "known_hosts")
    hostkeys.record(tunnel.shown_key(relay.via), path)
    return path


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with running(tmp_path_factory.mktemp("lab")) as places:
        yield places


def device(place: Place, via: str, **more: object) -> Device:
    scheme = str(more.pop("scheme", "http"))
    point = Endpoint(address=place.address, port=place.ports[scheme], via=via, scheme=scheme, **more)  # type: ignore[arg-type]
    return Device(name="cam", kind=Kind.CAMERA, site="s", user=USER, endpoint=point)


def serial(of: Device, known_hosts: str) -> str:
    with connect(of, password=PASSWORD, access=Access.READ, known_hosts=known_hosts) as session:
        return session.identity().serial_number


def open_connections(relay: Relay) -> int:
    return (relay.folder / "sshd.log").read_text().count("Accepted publickey")


def test_a_camera_behind_a_relay_is_read_through_it(relay: Relay, known_hosts: str, lab: dict[str, Place]) -> None:
    place = lab["bosch-like"]
    assert serial(device(place, relay.via), known_hosts) == place.serial_number
    assert serial(device(place, relay.via, scheme="http"), known_hosts) == place.serial_number
    assert open_connections(relay) == 1


def test_tls_is_verified_through_the_tunnel(relay: Relay, known_hosts: str, lab: dict[str, Place]) -> None:
    from fleetctl.lab import control

    place = lab["bosch-like"]
    ca = str(control.described(place.state_dir).ca_file)
    assert serial(device(place, relay.via, scheme="https", tls_ca_file=ca), known_hosts) == place.serial_number
    with pytest.raises(Refused, match="does not hold"):
        serial(device(place, relay.via, scheme="https"), known_hosts)


def test_many_threads_share_one_connection_to_the_relay(relay: Relay, known_hosts: str, lab: dict[str, Place]) -> None:
    told: list[str] = []
    threads = [
        threading.Thread(target=lambda p=place: told.append(serial(device(p, relay.via), known_hosts)))
        for place in lab.values()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == sorted(place.serial_number for place in lab.values())
    assert open_connections(relay) == 1


def test_a_pictures_worth_of_bytes_comes_through_whole(relay: Relay, known_hosts: str) -> None:
    content = os.urandom(3_000_000)

    def serve(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        dial = tunnel.dial_for(relay.via, known_hosts)
        client = HttpClient("127.0.0.1", listener.getsockname()[1], dial=dial)
        assert client.request("GET", "/", max_body=4_000_000).body == content
        client.close()


def test_threads_of_closed_streams_end(relay: Relay, known_hosts: str, lab: dict[str, Place]) -> None:
    for place in lab.values():
        serial(device(place, relay.via), known_hosts)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(t.name.startswith("tunnel ") for t in threading.enumerate()):
        time.sleep(0.05)
    assert not [t.name for t in threading.enumerate() if t.name.startswith("tunnel ")]


def test_a_relay_whose_key_nobody_compared_is_refused(relay: Relay, tmp_path: Path, lab: dict[str, Place]) -> None:
    shown = tunnel.shown_key(relay.via)
    with pytest.raises(Refused, match="not on record") as caught:
        serial(device(lab["bosch-like"], relay.via), str(tmp_path / "none"))
    assert shown.fingerprint in str(caught.value)
    assert not caught.value.credential
    told = subprocess.run(
        [program("ssh-keygen"), "-lf", str(relay.folder / "host_key.pub")], capture_output=True, text=True, check=True
    )
    assert shown.fingerprint in told.stdout


def test_a_relay_with_another_key_is_refused_and_both_are_told(
    relay: Relay, known_hosts: str, lab: dict[str, Place]
) -> None:
    old = tunnel.shown_key(relay.via).fingerprint
    relay.stop()
    (relay.folder / "other_key").replace(relay.folder / "host_key")
    (relay.folder / "other_key.pub").replace(relay.folder / "host_key.pub")
    relay.start()
    new = tunnel.shown_key(relay.via).fingerprint
    with pytest.raises(Refused, match="another host key") as caught:
        serial(device(lab["bosch-like"], relay.via), known_hosts)
    assert old in str(caught.value)
    assert new in str(caught.value)


def test_a_relay_that_does_not_take_our_key_is_asked_once(
    relay: Relay, known_hosts: str, lab: dict[str, Place]
) -> None:
    (relay.folder / "authorized_keys").write_text("")
    for _ in range(3):
        with pytest.raises(Refused, match="authorized_keys"):
            serial(device(lab["bosch-like"], relay.via), known_hosts)
    log = (relay.folder / "sshd.log").read_text()
    assert log.count("Failed publickey") <= 1


def test_a_relay_that_is_down_is_unreachable_at_once_for_the_next_ones(known_hosts: str, relay: Relay) -> None:
    relay.stop()
    dial = tunnel.dial_for(relay.via, known_hosts)
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(Unreachable, match="cannot be reached"):
            dial("127.0.0.1", 80, 2.0)
    assert time.monotonic() - begun < 2.0


def test_a_device_the_relay_cannot_reach_is_unreachable(relay: Relay, known_hosts: str) -> None:
    client = HttpClient("127.0.0.1", free_port(), dial=tunnel.dial_for(relay.via, known_hosts), timeout_s=3.0)
    with pytest.raises(Unreachable, match="gets no connection"):
        client.request("GET", "/")


def test_a_relay_that_forwards_nothing_is_said_so(at_home: None, tmp_path: Path) -> None:
    with relay_running(options="AllowTcpForwarding no") as closed:
        path = str(tmp_path / "known_hosts")
        hostkeys.record(tunnel.shown_key(closed.via), path)
        with pytest.raises(Refused, match="does not forward"):
            tunnel.dial_for(closed.via, path)("127.0.0.1", 80, 3.0)


def test_a_connection_that_breaks_is_made_anew(relay: Relay, known_hosts: str, lab: dict[str, Place]) -> None:
    place = lab["bosch-like"]
    with connect(device(place, relay.via), password=PASSWORD, access=Access.READ, known_hosts=known_hosts) as session:
        session.identity()
        relay.stop()
        tunnel.close_all()
        with pytest.raises(Unreachable):
            session.read("tds", "GetDNS")
        relay.start()
    assert serial(device(place, relay.via), known_hosts) == place.serial_number


# --- two sites, the same addresses -------------------------------------------------------------------------


@contextlib.contextmanager
def site(number: int, folder: Path) -> Iterator[tuple[Relay, Place]]:
    """A network of its own with a relay at its edge and a camera inside, at the same address at every site."""
    name, near, far = f"fleetctl-{os.getpid()}-{number}", f"192.0.2.{4 * number + 1}", f"192.0.2.{4 * number + 2}"
    ip, link = program("ip"), f"flt{os.getpid() % 10000}n{number}"
    inside = (ip, "netns", "exec", name)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)

    run(ip, "netns", "add", name)
    lab: subprocess.Popen[bytes] | None = None
    try:
        run(ip, "link", "add", link, "type", "veth", "peer", "name", "up0", "netns", name)
        run(ip, "addr", "add", f"{near}/30", "dev", link)
        run(ip, "link", "set", link, "up")
        run(*inside, ip, "addr", "add", f"{far}/30", "dev", "up0")
        run(*inside, ip, "link", "set", "up0", "up")
        run(*inside, ip, "link", "set", "lo", "up")
        folder.mkdir()
        spec = {
            "devices": [{
                "name": f"cam-{number}", "address": "127.93.7.11", "personality": "bosch-like",
                "login": [USER, PASSWORD], "serial_number": f"SITE{number}"
            }],
            "http_port": 18093, "https_port": 0, "rtsp_port": 0,
        }  # fmt: skip
        (folder / "spec.json").write_text(json.dumps(spec))
        server = [sys.executable, "-m", "fleetctl.lab.server", str(folder / "spec.json"), str(folder)]
        log = (folder / "lab.log").open("ab")
        lab = subprocess.Popen([*inside, *server], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not (folder / "lab.json").exists():
            assert time.monotonic() < deadline and lab.poll() is None, (folder / "lab.log").read_text()  # noqa: PT018
            time.sleep(0.05)
        with relay_running(far, inside) as made:
            yield made, Place(folder, f"cam-{number}", "127.93.7.11", {"http": 18093}, f"SITE{number}")
    finally:
        if lab is not None:
            lab.terminate()
            lab.wait(10)
        subprocess.run([ip, "netns", "del", name], check=False)
        subprocess.run([ip, "link", "del", link], check=False, capture_output=True)


@pytest.mark.root
def test_the_same_private_address_at_two_sites_is_two_devices(tmp_path: Path) -> None:
    with site(1, tmp_path / "one") as (one, first), site(2, tmp_path / "two") as (two, second):
        known_hosts = str(tmp_path / "known_hosts")
        for made in (one, two):
            hostkeys.record(tunnel.shown_key(made.via), known_hosts)
        for _ in range(2):
            assert serial(device(first, one.via), known_hosts) == "SITE1"
            assert serial(device(second, two.via), known_hosts) == "SITE2"
        alone = dataclasses.replace(device(first, one.via).endpoint, via="", timeout_s=1.0)
        with pytest.raises(Unreachable):
            serial(dataclasses.replace(device(first, ""), endpoint=alone), known_hosts)
