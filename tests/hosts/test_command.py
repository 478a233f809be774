"""Linux hosts through the command, beside a camera: taken in, planned, applied, audited, broken, mended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.hosts import machines, repository
from tests.hosts.counter import CAMERA, DESK, WINDOWS, Counter, holding, lab_camera, marked, opened, read, rooms

SHORTCUT = "/usr/local/share/applications/fleet-hscv.desktop"


@pytest.fixture(scope="module")
def fresh(
    network: machines.Network, repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Counter, str]]:
    """A counter that was taken in, and the password its installer had left on the desk."""
    with opened(tmp_path_factory.mktemp("counter"), network, repo) as counter:
        installers = counter.desk.password
        counter.office.expect(0, "adopt", "--yes")
        yield counter, installers


@pytest.fixture(scope="module")
def counter(fresh: tuple[Counter, str]) -> Counter:
    """The counter in step with its standard."""
    made, _ = fresh
    plan = str(made.office.root / "first.plan")
    made.planned = made.office.expect(3, "plan", "-o", plan)
    made.applied = made.office.expect(0, "apply", plan, "--yes")
    return made


@pytest.fixture(autouse=True)
def _own_settings_end(fresh: tuple[Counter, str]) -> Iterator[None]:
    yield
    fresh[0].set()


# --- taken in -------------------------------------------------------------------------------------------


def test_adopt_puts_the_host_key_and_the_machine_id_on_record_and_the_vaults_password_in_force(
    fresh: tuple[Counter, str],
) -> None:
    counter, installers = fresh
    desk, office = counter.desk, counter.office
    machine = counter.root("cat /etc/machine-id").strip()
    assert f"serial_number: {machine}" in (office.inventory / "site.yml").read_text("utf-8")
    key = desk.known_hosts.read_text("ascii").split(" ", 1)[1].strip()
    assert f"{DESK} {key}" in (office.state / "known_hosts").read_text("utf-8").splitlines()
    assert counter.password != installers
    desk.password = installers
    assert not desk.run("true").ok  # sudo does not take it any more
    assert set(office.expect(0, "adopt", "--yes").outcomes) == set()


def test_a_host_that_lets_nobody_in_yet_is_unreachable_and_its_login_is_not_held_to_be_refused(
    fresh: tuple[Counter, str],
) -> None:
    counter, _ = fresh
    nologin = counter.desk.root / "etc/nologin"
    nologin.write_text("System is booting up. Unprivileged users are not permitted to log in yet.\n", "ascii")
    try:
        shown = counter.office.json("device", "reboot", DESK, "--yes")
        audited = counter.office.expect(4, "audit", "--limit", DESK, "--aspect", "time")
    finally:
        nologin.unlink()
    assert shown.code == 4, shown
    assert "booting up" in shown.out + shown.err
    assert audited.outcomes == {DESK: "unreachable"}
    assert counter.office.json("audit", "--limit", DESK, "--aspect", "time").outcomes[DESK] in ("pending", "unchanged")


# --- one plan, one run ----------------------------------------------------------------------------------


def test_one_plan_shows_camera_and_host_with_the_line_that_says_so(counter: Counter) -> None:
    planned = counter.planned
    assert planned.outcomes == {CAMERA: "pending", DESK: "pending", WINDOWS: "unsupported"}
    assert "fleetctl device show quay-windows" in planned.reason(WINDOWS)
    zone = [c for c in planned.aspect(DESK, "time")["changes"] if c["key"] == "/etc/localtime"]
    assert zone[0]["field"] == "zone"
    assert zone[0]["actual"].endswith("Etc/UTC")
    assert zone[0]["expected"].endswith("Asia/Ho_Chi_Minh")
    assert "standard.yml:" in zone[0]["place"]


def test_one_apply_settles_both_and_the_next_one_nothing(counter: Counter) -> None:
    assert counter.applied.outcomes == {
        CAMERA: "changed",
        DESK: "changed",
        WINDOWS: "unsupported",
    }
    assert counter.root("timedatectl show --property Timezone --value").strip() == "Asia/Ho_Chi_Minh"
    assert counter.root("hostname").strip() == DESK
    assert counter.root("passwd -S lanhdao").split()[1] == "P"
    assert lab_camera(counter.office)["users"]["lanhdao"]
    written = counter.office.writes()
    again = counter.office.expect(0, "apply", "--yes", "--aspect", "time,desk")  # of the others the third check told
    assert (again.outcomes[DESK], again.outcomes[WINDOWS]) == ("unchanged", "unsupported")
    assert counter.office.writes() == written


def test_the_desks_own_programs_trust_the_citys_authority_lock_the_screen_and_show_the_work(counter: Counter) -> None:
    certificate = "/usr/local/share/ca-certificates/fleet-city.crt"
    assert counter.root(f"openssl verify -CApath /etc/ssl/certs {certificate}").endswith("OK\n")
    read = "dconf read /org/gnome/desktop/session/idle-delay"
    assert counter.desk.run(read, user="fleetctl").out.strip() == "uint32 300"
    policy = json.loads(counter.root("cat /etc/chromium/policies/managed/fleet-desk.json"))
    assert policy["RestoreOnStartupURLs"] == ["https://hscv.example.vn/"]
    assert len(policy["CACertificates"][0]) > 100
    assert "BEGIN" not in policy["CACertificates"][0]
    assert "Name=Hồ sơ công việc" in counter.root(f"cat {SHORTCUT}")


def test_the_report_and_the_history_have_both(counter: Counter) -> None:
    path = counter.office.root / "audit.html"
    counter.office.expect(0, "audit", "--aspect", "time", "--report", f"html:{path}")
    page = path.read_text("utf-8")
    assert CAMERA in page
    assert DESK in page
    runs = counter.office.expect(0, "history", "--runs").lines
    assert [line["exit_code"] for line in runs if line.get("command") == "adopt"][-1:] == [0]


def test_a_windows_desk_is_a_list_to_tick_off(counter: Counter) -> None:
    ran = counter.office.run("device", "show", WINDOWS)
    assert ran.code == 0
    assert "[ ] time.zone: Asia/Ho_Chi_Minh" in ran.out
    assert "[ ] desk.shortcuts" in ran.out


def test_one_host_is_shown_with_what_its_roles_would_change(counter: Counter) -> None:
    counter.root("ln -sf /usr/share/zoneinfo/Europe/Paris /etc/localtime")
    shown = counter.office.expect(0, "device", "show", DESK, "--aspect", "time").lines[0]
    assert shown["driver"] == "linux"
    assert shown["firmware"].startswith("Debian GNU/Linux")
    assert [a["outcome"] for a in shown["aspects"]] == ["pending"]
    assert any("Europe/Paris" in c["actual"] for c in shown["changes"])
    assert "Europe/Paris" in counter.root("readlink /etc/localtime")  # a look writes nothing
    counter.root("ln -sf /usr/share/zoneinfo/Asia/Ho_Chi_Minh /etc/localtime")


# --- broken by hand, mended -----------------------------------------------------------------------------


def test_what_hands_did_is_drift_with_before_and_after_and_apply_mends_it(counter: Counter) -> None:
    counter.root("systemctl stop chrony; nft add rule inet fleet input tcp dport 8080 accept")
    plan = str(counter.office.root / "drift.plan")
    planned = counter.office.expect(3, "plan", "--limit", DESK, "--aspect", "time,base", "-o", plan)
    told = {a["aspect"]: str(a["changes"]) for a in planned.devices[DESK]["aspects"]}
    assert "inactive" in told["time"]
    assert "8080" in told["base"]
    assert counter.root("systemctl is-active chrony || true").strip() == "inactive"  # a plan writes nothing
    counter.office.expect(0, "apply", plan, "--yes")
    assert counter.root("systemctl is-active chrony").strip() == "active"
    assert "8080" not in counter.root("nft list ruleset")


# --- bad input ------------------------------------------------------------------------------------------


def test_a_variable_of_the_wrong_type_is_refused_with_its_place_before_anything_is_sent(counter: Counter) -> None:
    counter.set(base_journal_days="a fortnight")
    ran = counter.office.run("apply", "--yes", "--limit", DESK)
    assert ran.code == 2
    assert re.search(r"zz_test\.yml:1:\d+: base_journal_days", ran.err)


def test_a_host_that_does_not_answer_is_unreachable_and_pending(counter: Counter) -> None:
    counter.set(ansible_host="10.77.255.254", reply_timeout_s=1)
    audited = counter.office.expect(4, "audit", "--limit", DESK, "--aspect", "time")
    assert audited.outcomes == {DESK: "unreachable"}


def test_another_host_key_is_never_accepted_and_nothing_is_sent(counter: Counter) -> None:
    known = counter.office.state / "known_hosts"
    before = known.read_text("utf-8")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(counter.office.root / "key")], check=True)
    kind, key = (counter.office.root / "key.pub").read_text("ascii").split()[:2]
    known.write_text(f"{DESK} {kind} {key}\n", "utf-8")
    try:
        for command in ("audit", "apply"):
            ran = counter.office.expect(1, command, *(["--yes"] if command == "apply" else []), "--limit", DESK)
            assert ran.outcomes == {DESK: "refused"}
            assert "another SSH host key" in ran.reason(DESK)
    finally:
        known.write_text(before, "utf-8")


def test_another_machine_at_its_address_is_never_written_to(counter: Counter) -> None:
    path = counter.office.inventory / "site.yml"
    before = path.read_text("utf-8")
    path.write_text(re.sub(r"serial_number: [0-9a-f]{32}", f"serial_number: {'dead' * 8}", before), "utf-8")
    try:
        ran = counter.office.expect(1, "audit", "--limit", DESK, "--aspect", "time")
    finally:
        path.write_text(before, "utf-8")
    assert ran.outcomes == {DESK: "refused"}
    assert "another machine answers here" in ran.reason(DESK)


def test_a_wrong_password_costs_one_refused_login_and_never_a_second(counter: Counter) -> None:
    office = counter.office
    right, before = counter.password, counter.refusals()
    office.workspace.vault.set("quay", DESK, "fleetctl", "Wrong-password-1")
    try:
        for _ in range(2):
            ran = office.expect(1, "audit", "--limit", DESK, "--aspect", "time")
            assert ran.outcomes == {DESK: "refused"}
    finally:
        office.workspace.vault.set("quay", DESK, "fleetctl", right)
    assert counter.refusals() == before + 1
    office.expect(0, "audit", "--limit", DESK, "--aspect", "time")


def test_a_wrong_key_is_refused_and_the_right_one_is_not(counter: Counter) -> None:
    standard = counter.office.inventory / "standard.yml"
    before = standard.read_text("utf-8")
    by_key = yaml.safe_load(before)
    del by_key["all"]["vars"]["ansible_password"]
    sudo = "{{ (vault_secrets | from_yaml)[inventory_hostname].fleetctl.current }}"
    wrong = counter.office.root / "wrong-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(wrong)], check=True)
    standard.write_text(yaml.safe_dump(by_key, allow_unicode=True), "utf-8")
    try:
        for key, code, outcome in ((wrong, 1, "refused"), (counter.desk.key, 0, "unchanged")):
            counter.set(ansible_ssh_private_key_file=str(key), ansible_become_password=sudo)
            ran = counter.office.expect(code, "audit", "--limit", DESK, "--aspect", "time")
            assert ran.outcomes == {DESK: outcome}
            assert ("Permission denied (publickey" in ran.reason(DESK)) == (code == 1)
    finally:
        standard.write_text(before, "utf-8")


def test_an_account_that_may_not_become_root_is_refused(counter: Counter) -> None:
    counter.root("gpasswd -d fleetctl sudo; echo fleetctl ALL=NOPASSWD: /usr/bin/gpasswd > /etc/sudoers.d/way-back")
    try:
        ran = counter.office.expect(1, "audit", "--limit", DESK, "--aspect", "time")
    finally:
        back = [*counter.desk.ssh(), "sudo -n gpasswd -a fleetctl sudo"]
        subprocess.run(back, check=True, capture_output=True)
        counter.root("rm /etc/sudoers.d/way-back")
    assert ran.outcomes == {DESK: "refused"}
    assert "may not become root" in ran.reason(DESK)


def test_a_full_disk_is_a_failure_with_the_disks_own_words(counter: Counter) -> None:
    counter.root("fallocate -l 100G /fill 2>/dev/null; dd if=/dev/zero of=/fill bs=1M 2>/dev/null || true")
    counter.set(time_ntp_servers=["10.0.0.12"])
    try:
        ran = counter.office.json("apply", "--yes", "--limit", DESK, "--aspect", "time")
    finally:
        counter.desk.root.joinpath("fill").unlink()
    assert ran.code == 1, ran
    assert ran.outcomes[DESK] in ("failed", "unreachable")
    assert "No space left" in ran.reason(DESK)


# Another apt, as to the lock (fcntl's, not flock's), until fleetctl's own has met it.
BUSY = """
import fcntl, pathlib, subprocess, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
pathlib.Path("/run/busy").write_text("held")
until = time.monotonic() + 300
while time.monotonic() < until:
    lines = subprocess.run(["pgrep", "-af", "apt-get .*fleet-demo"], capture_output=True, text=True).stdout.splitlines()
    if any(" -s" not in line and "--simulate" not in line for line in lines):
        time.sleep(2)
        pathlib.Path("/run/busy").write_text("met")
        break
    time.sleep(0.05)
"""


def test_apt_that_is_busy_is_waited_for(counter: Counter) -> None:
    counter.set(desk_packages=["chromium", "fleet-demo"])
    counter.root(f"rm {SHORTCUT}")
    plan = str(counter.office.root / "busy.plan")
    planned = counter.office.expect(3, "plan", "--limit", DESK, "--aspect", "desk", "-o", plan)
    assert "Hồ sơ công việc" in str(planned.aspect(DESK, "desk")["changes"])
    counter.desk.put("/run/busy.py", BUSY)
    counter.root("systemd-run --quiet --collect python3 /run/busy.py")
    ran = counter.office.expect(0, "apply", plan, "--yes")
    assert ran.outcomes == {DESK: "changed"}
    assert counter.root("cat /run/busy") == "met"
    assert counter.root("cat /usr/share/fleet-demo/version").strip() == "1.0"
    assert "Hồ sơ công việc" in counter.root(f"cat {SHORTCUT}")


def test_a_host_that_reboots_in_the_middle_is_unreachable_and_a_resume_ends_it(counter: Counter) -> None:
    counter.root("ln -sf /usr/share/zoneinfo/Europe/Paris /etc/localtime; systemctl stop chrony")
    written = "until readlink /etc/localtime | grep -q Ho_Chi_Minh; do sleep 0.05; done"  # the role's first change
    counter.root(f'systemd-run --quiet --collect sh -c "{written}; systemctl reboot --force --force"')
    ran = counter.office.json("apply", "--yes", "--limit", DESK, "--aspect", "time")
    assert ran.code == 4, ran
    assert ran.outcomes == {DESK: "unreachable"}
    deadline = time.monotonic() + 90
    while not counter.desk.run("true", timeout_s=10).ok:
        assert time.monotonic() < deadline
    resumed = counter.office.expect(0, "apply", "--yes", "--resume")
    assert resumed.outcomes[DESK] in ("changed", "unchanged")  # chrony may have come up with the host
    assert counter.root("systemctl is-active chrony").strip() == "active"
    assert counter.root("cat /etc/timezone").strip() == "Asia/Ho_Chi_Minh"


def test_a_reboot_is_proven_by_the_same_machine_that_went_down_and_came_back(counter: Counter) -> None:
    started = "cut -d' ' -f22 /proc/1/stat"  # of its first process, in ticks
    before = counter.root(started)
    ran = counter.office.expect(0, "device", "reboot", DESK, "--yes")
    assert ran.outcomes == {DESK: "changed"}
    assert counter.root(started) != before
    assert counter.root("systemctl is-active chrony").strip() == "active"
    assert "policy drop" in counter.root("nft list ruleset")  # the firewall is loaded when it starts


def test_a_roll_brings_packages_to_their_version_restarts_the_host_and_leaves_the_rest_in_step(
    counter: Counter, repo: Path
) -> None:
    repository.add(repo, "1.1")
    counter.set(firmware_packages={repository.DEMO: "1.1"}, firmware_upgrade="none")
    boot = "cat /proc/sys/kernel/random/boot_id"
    before = counter.root(f"apt-get -qq install {repository.DEMO}=1.0 >&2; touch /run/reboot-required; {boot}")
    ran = counter.office.expect(0, "firmware", "roll", "packages", "--yes", "--soak", "0", "--limit", DESK)
    (step,) = (line for line in ran.lines if line["type"] == "step")
    assert (step["name"], step["changed"]) == (DESK, True), step
    assert "fleet-demo 1.0" in str(step), step
    assert counter.root(f"cat /usr/share/{repository.DEMO}/version").strip() == "1.1"
    assert counter.root(boot) != before


# --- ended in the middle --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_worker_and_no_file_behind(counter: Counter, number: signal.Signals) -> None:
    office = counter.office
    counter.root("ln -sf /usr/share/zoneinfo/Europe/Paris /etc/localtime")
    running = office.child("apply", "--yes", "--limit", DESK, "--aspect", "time")
    deadline = time.monotonic() + 120
    while not (own := rooms(running.pid)) or not any("launch.py" in line for line in marked(own)):
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.0)
    os.kill(running.pid, number)
    ended = office.ended(running)
    assert ended.code == (130 if number == signal.SIGINT else -9), ended
    if number == signal.SIGKILL:  # the next run of Ansible tidies up
        office.expect(0, "apply", "--yes", "--limit", DESK, "--aspect", "time")
    deadline = time.monotonic() + 30
    while marked(own) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert marked(own) == []
    assert holding({counter.password}, read(Path("/dev/shm"))) == []
    if number == signal.SIGINT:
        office.expect(0, "apply", "--yes", "--limit", DESK, "--aspect", "time")


# --- secrets --------------------------------------------------------------------------------------------


def test_no_secret_is_in_anything_that_was_written(fresh: tuple[Counter, str], counter: Counter) -> None:
    _, installers = fresh
    secrets = {*counter.office.passwords().values(), (counter.office.state / "vault-password").read_text().strip()}
    places = [counter.office.root, *Path("/tmp").glob("fleetctl-ansible-*"), *Path("/tmp").glob("ansible*")]
    allowed = {counter.office.state / "vault-password", counter.office.state / "recovery-sheet.txt"}
    files = {path: data for path, data in read(*places) if path not in allowed}
    found = holding(secrets, files.items())
    assert [
        path for path in found if not path.is_relative_to(counter.office.lab_dir)
    ] == []  # that is a camera's memory
    assert len(files) > 10
    assert installers not in (counter.office.state / "store.db").read_bytes().decode("latin-1")
