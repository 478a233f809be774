"""Rotation at a real Linux recorder: sshd, sudo, Ansible and motion are real; the camera is the lab's."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import paramiko
import pytest
import yaml

from fleetctl.lab import control
from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from tests.hosts import machines, relay
from tests.hosts.counter import KINDS, STANDARD
from tests.hosts.machines import Machine
from tests.lab.killed import killed
from tests.lab.office import PILOT, Office

CAMERA, REC = "kho-cam", "kho-rec"
TURNS: Final = {"recorder_account": "ghihinh", "recorder_standby_account": "ghihinh_2"}
ROTATE: Final = ("password", "rotate", "--yes", "--limit")
OWN: Final = (*ROTATE, REC, "--account", "fleetctl")


@dataclass
class Site:
    """The workspace, and the recorder's machine."""

    office: Office
    machine: Machine

    def password(self, device: str, account: str) -> str:
        """What the vault has now."""
        workspace = self.office.workspace
        return workspace.vault.entry(workspace.inventory.devices[device].site, device, account).current

    def root(self, command: str) -> str:
        """Run a shell line on the recorder as root, with what opens sudo now."""
        self.machine.password = self.password(REC, "fleetctl") or self.machine.password
        return self.machine.must(command)

    def lets_in(self, password: str) -> bool:
        """Log in with a password at the recorder's sshd, and become root with it."""
        with paramiko.SSHClient() as client:
            client.load_host_keys(str(self.machine.known_hosts))
            try:
                client.connect(
                    self.machine.address, username="fleetctl", password=password, allow_agent=False, look_for_keys=False
                )
            except paramiko.AuthenticationException:
                return False
            stdin, stdout, _ = client.exec_command("sudo -S -k -p '' true")
            stdin.write(f"{password}\n")
            stdin.channel.shutdown_write()
            return stdout.channel.recv_exit_status() == 0

    def recordings(self) -> set[Path]:
        """Return the files of the camera that are on the recorder."""
        return set((self.machine.root / f"var/lib/motion/{CAMERA}").rglob("*.m*"))

    def records_anew(self, before: set[Path]) -> None:
        """Wait until a file that was not there `before` has pictures in it, as ffprobe sees them."""
        deadline = time.monotonic() + 60
        while not any(_pictures(str(path)) for path in self.recordings() - before):
            assert time.monotonic() < deadline, self.root("journalctl -u motion -n 20 --no-pager")
            time.sleep(0.5)

    def opens(self, account: str, password: str) -> bool:
        """Ask the camera for its stream with a login, as a recorder does."""
        device = self.office.workspace.inventory.devices[CAMERA]
        port = control.described(self.office.lab_dir).ports["rtsp"]
        return _pictures(f"rtsp://{account}:{password}@{device.endpoint.address}:{port}/Streaming/Channels/102")

    def told_motion(self) -> str:
        """Return the login that motion has, as it stands in its file."""
        return self.root(f"sed -n 's/^netcam_userpass //p' /etc/motion/cameras/{CAMERA}.conf").strip()

    def set(self, **values: Any) -> None:
        """Give the recorder variables of its own."""
        self.office.device_vars({REC: values})


def _pictures(source: str) -> bool:
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp"][: 5 if source.startswith("rtsp") else 3]
    asked = [*command, "-select_streams", "v", "-show_entries", "stream=codec_name", "-of", "csv=p=0", source]
    return subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout.strip().startswith("h264")


@contextmanager
def _opened(root: Path, network: machines.Network, repo: Path) -> Iterator[Site]:
    with machines.booted([REC], network, repo=repo) as up:
        source = root / "source"
        source.mkdir(parents=True)
        (source / "zzz_kinds.yml").write_text((PILOT / "zzz_kinds.yml").read_text("utf-8"), "utf-8")
        hosts: dict[str, Any] = {
            CAMERA: {"ansible_host": "10.41.1.11", "kind": "camera", "vendor": "hikvision", "desk": "Kho"},
            REC: {"ansible_host": up[REC].address, "kind": "nvr", "platform": "linux"},
        }
        viewers = {name: {"level": "user"} for name in TURNS.values()}
        hosts[CAMERA] |= {
            "users_accounts": {"fleetctl": {"level": "administrator"}} | viewers,
            "recorder_stream_path": "/Streaming/Channels/102",  # the smaller one: the lab draws every picture
        }
        hosts[REC] |= {"factory_user": machines.USER, "factory_password": up[REC].password}
        hosts[REC] |= {"recorder_clip_s": 5, "recorder_stale_after_s": 20}
        site = {"kho": {"vars": {"site_name": "Kho"}, "hosts": hosts}}
        # One role is enough here: others have tests of their own.
        standard = {name: each for name, each in STANDARD.items() if name != "users_accounts"}
        told = {"kinds": KINDS, "standard": {"all": {"vars": standard}}, "site": site}
        for name, each in told.items():
            (source / f"{name}.yml").write_text(yaml.safe_dump(each, allow_unicode=True), "utf-8")
        init(root / "office", source)
        office = Office(root / "office")
        office.lab_up()
        try:
            camera = office.workspace.inventory.devices[CAMERA]
            spot = lab.address(camera), control.described(office.lab_dir).ports["rtsp"]
            with relay.relayed(up[REC], {spot: spot}):
                yield Site(office, up[REC])
        finally:
            office.lab_down()


@pytest.fixture(scope="module")
def site(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A recorder that was taken in with its camera, and records it with one of two accounts."""
    # A network of its own: in the other one the commune's machines are up, with the same addresses.
    with machines.network() as network, _opened(tmp_path_factory.mktemp("rotation"), network, repo) as made:
        made.set(**TURNS)
        made.office.expect(0, "adopt", "--yes")
        ran = made.office.expect(0, "apply", "--yes", "--aspect", "users,recorder", "--limit", f"{CAMERA},{REC}")
        assert ran.outcomes == {CAMERA: "changed", REC: "changed"}, ran
        yield made


def test_a_new_password_of_the_hosts_own_account_logs_in_and_the_old_one_does_not(site: Site) -> None:
    old = site.password(REC, "fleetctl")
    ran = site.office.expect(0, *OWN)
    assert ran.outcomes == {REC: "changed"}, ran
    new = site.password(REC, "fleetctl")
    assert new != old
    assert (site.lets_in(new), site.lets_in(old)) == (True, False)


@pytest.mark.parametrize(("step", "live"), [("turned", "old"), ("ordered", "new")])
def test_a_host_whose_rotation_was_killed_is_settled_with_the_password_that_its_sshd_takes(
    site: Site, step: str, live: str
) -> None:
    old = site.password(REC, "fleetctl")
    assert killed(site.office, step, 1, *OWN)
    workspace = site.office.workspace
    prepared = workspace.vault.entry("kho", REC, "fleetctl").prepared
    password = {"old": old, "new": prepared}[live]
    assert site.lets_in(password)  # by sshd's word, before anything is settled
    assert site.office.workspace.store.unsettled()
    site.office.expect(0, "password", "recover", "--yes")
    assert site.office.workspace.store.unsettled() == ()
    assert site.password(REC, "fleetctl") == password
    assert (site.lets_in(old), site.lets_in(prepared)) == (live == "old", live == "new")


def test_a_linux_recorder_is_moved_to_the_idle_account_and_records_with_it(site: Site) -> None:
    before, files = {name: site.password(CAMERA, name) for name in TURNS.values()}, site.recordings()
    assert site.told_motion() == f"ghihinh:{before['ghihinh']}"
    ran = site.office.expect(0, *ROTATE, CAMERA, "--account", "ghihinh", "--account", "ghihinh_2")
    assert ran.outcomes == {CAMERA: "changed"}, ran
    after = {name: site.password(CAMERA, name) for name in TURNS.values()}
    assert site.told_motion() == f"ghihinh_2:{after['ghihinh_2']}"
    site.records_anew(files)
    assert site.opens("ghihinh_2", after["ghihinh_2"])
    assert not site.opens("ghihinh", before["ghihinh"])
    assert site.office.expect(0, "audit", "--limit", REC, "--aspect", "recorder").outcomes == {REC: "unchanged"}


def test_the_one_account_of_a_linux_recorder_gets_its_password_while_the_recorder_leaves_the_camera_alone(
    site: Site,
) -> None:
    site.set(recorder_account="ghihinh_2")
    old, files = site.password(CAMERA, "ghihinh_2"), site.recordings()
    ran = site.office.expect(0, *ROTATE, CAMERA, "--account", "ghihinh_2")
    assert ran.outcomes == {CAMERA: "changed"}, ran
    assert "its recorder rested for" in ran.reason(CAMERA)
    new = site.password(CAMERA, "ghihinh_2")
    assert site.told_motion() == f"ghihinh_2:{new}"
    site.records_anew(files)
    assert (site.opens("ghihinh_2", new), site.opens("ghihinh_2", old)) == (True, False)
    assert "recorder_rests" not in (site.office.inventory / "site.yml").read_text("utf-8")
