"""Every role's work, looked at by something other than Ansible: the programs themselves, over SSH."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import time
from collections.abc import Callable

import pytest
from PIL import Image

from tests.hosts.commune import CAMERAS, KIOSK, LEADER_SECRET, NVR
from tests.hosts.fleet import Fleet
from tests.hosts.machines import USER, Machine

AS_KIOSK = (
    'su -s /bin/sh kiosk -c "export XDG_RUNTIME_DIR=/run/user/$(id -u kiosk) WAYLAND_DISPLAY=wayland-1 '
    'HOME=/var/lib/fleet-kiosk SWAYSOCK=$(ls /run/user/$(id -u kiosk)/sway-ipc*); {}"'
)


def soon(told: Callable[[], bool], seconds: float = 30) -> bool:
    """Return whether something becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not (done := told()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return done


# --- time -----------------------------------------------------------------------------------------


def test_chrony_itself_names_the_servers_and_the_clock_shows_the_zone(hosts: Fleet) -> None:
    told = hosts[NVR].must("chronyc -n -c sources")
    assert [line.split(",")[2] for line in told.splitlines()] == ["10.0.0.10", "10.0.0.11"]
    assert hosts[NVR].must("date -d 2026-06-01 +%Z").strip() == "+07"
    assert hosts[NVR].must("timedatectl show --property Timezone --value").strip() == "Asia/Ho_Chi_Minh"


def test_the_recorder_serves_the_time_while_it_has_no_source_itself(hosts: Fleet) -> None:
    assert soon(lambda: "^*" in hosts[KIOSK].must("chronyc -n sources"))
    assert hosts[NVR].address in hosts[KIOSK].must("chronyc -n -c tracking")


# --- users ----------------------------------------------------------------------------------------


def test_accounts_have_their_groups_and_root_is_locked(hosts: Fleet) -> None:
    nvr = hosts[NVR]
    assert "sudo" in nvr.must(f"id -nG {USER}").split()
    assert {"adm", "systemd-journal"} <= set(nvr.must("id -nG kythuat").split())
    assert nvr.must("id -nG lanhdao").split() == ["lanhdao"]
    assert [nvr.must(f"passwd -S {name}").split()[1] for name in ("root", "kythuat", "lanhdao")] == ["L", "L", "P"]


def test_sudo_itself_says_who_may_do_what(hosts: Fleet) -> None:
    nvr = hosts[NVR]
    assert "(ALL : ALL) ALL" in nvr.must(f"sudo -l -U {USER}")
    assert "NOPASSWD: /usr/bin/systemctl restart motion.service" in nvr.must("sudo -l -U kythuat")
    assert "not allowed to run sudo" in nvr.must("sudo -l -U lanhdao")


def test_the_password_of_the_vault_is_the_one_that_counts(hosts: Fleet) -> None:
    script = (
        "import ctypes,sys; c=ctypes.CDLL('libcrypt.so.1').crypt; c.restype=ctypes.c_char_p; "
        "p,h=sys.stdin.read().split(chr(10))[:2]; print(c(p.encode(),h.encode()).decode()==h)"
    )
    hosts[NVR].put("/run/asked", f"{LEADER_SECRET}\n" + hosts[NVR].must("getent shadow lanhdao").split(":")[1])
    assert hosts[NVR].must(f'python3 -c "{script}" < /run/asked; rm /run/asked').strip() == "True"


# --- base -----------------------------------------------------------------------------------------


def test_the_host_bears_its_name_and_finds_itself(hosts: Fleet) -> None:
    assert hosts[NVR].must("hostname; getent hosts $(hostname); grep -c 127.0.1.1 /etc/hosts").split() == [
        *(NVR, "127.0.1.1", NVR, "1"),
    ]


def test_only_the_fleets_account_may_use_a_password_and_root_never_comes_in(hosts: Fleet) -> None:
    effective = "sshd -T -C user={},host=h,addr=10.0.0.1"
    assert "passwordauthentication yes" in hosts[NVR].must(effective.format(USER))
    told = hosts[NVR].must(effective.format("lanhdao"))
    assert "passwordauthentication no" in told
    assert "permitrootlogin no" in told
    assert not hosts[NVR].run("true", user="root").ok


def test_a_shut_port_does_not_answer_and_an_open_one_does(hosts: Fleet) -> None:
    kiosk = hosts[KIOSK].address  # its page listens on 80, for itself only
    closed = subprocess.run(["curl", "-s", "-m", "2", f"http://{kiosk}/"], capture_output=True)
    assert closed.returncode == 28  # dropped: no answer, not a refusal
    rules = hosts[NVR].must("nft list ruleset")
    assert "udp dport 123 accept" in rules
    assert "ip saddr 10.20.1.0/24 tcp dport 8443 accept" in rules
    assert "ip6 saddr fd00:20::/64 tcp dport 8443 accept" in rules
    assert "dport 123" not in hosts[KIOSK].must("nft list ruleset")


def test_only_security_updates_come_by_night_and_the_journal_is_kept(hosts: Fleet) -> None:
    told = hosts[NVR].must("apt-config dump | grep -E 'Origins-Pattern::|Unattended-Upgrade \"|Reboot \"'")
    assert told.count("Origins-Pattern::") == 1
    assert "Debian-Security" in told
    assert 'APT::Periodic::Unattended-Upgrade "1"' in told
    assert "MaxRetentionSec=30day" in hosts[NVR].must("systemd-analyze cat-config systemd/journald.conf")
    assert hosts[NVR].must("cat /usr/share/fleet-demo/version").strip() == "1.0"
    assert hosts[NVR].must("systemctl is-active rsyslog unattended-upgrades").split() == ["active", "active"]


# --- recorder -------------------------------------------------------------------------------------


def test_new_files_of_every_camera_appear_and_hold_a_picture(hosts: Fleet) -> None:
    nvr = hosts[NVR]
    listed = "find /var/lib/motion -type f -size +0 -name '*.m*'"
    before = set(nvr.must(listed).split())

    def grown() -> bool:
        new = set(nvr.must(listed).split()) - before
        return all(any(f"/{camera}/" in path for path in new) for camera in CAMERAS)

    assert soon(grown, 40), nvr.run("journalctl -u motion -n 30").out
    whole = next(path for path in sorted(before) if "cam-01" in path)
    data = base64.b64decode(nvr.must(f"base64 {whole}"))
    import av  # here: it takes its time

    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0))
        assert frame.width >= 320


def test_logins_are_read_by_motion_only(hosts: Fleet) -> None:
    told = hosts[NVR].must("stat -c '%U %a' /etc/motion/cameras /etc/motion/cameras/*.conf").splitlines()
    assert told == ["motion 700", "motion 600", "motion 600"]
    assert not hosts[NVR].run("su -s /bin/sh lanhdao -c 'cat /etc/motion/cameras/*'").ok


def test_what_is_too_old_goes_and_so_does_the_oldest_of_a_full_disk(hosts: Fleet) -> None:
    nvr = hosts[NVR]
    folder = "/var/lib/motion/viet-hung-cam-01/2020-01-01"
    nvr.must(f"mkdir -p {folder}; touch -d '40 days ago' {folder}/old.mp4; touch -d '20 days ago' {folder}/young.mp4")
    nvr.must("systemctl start recorder-tidy.service")
    assert nvr.must(f"ls {folder}").split() == ["young.mp4"]
    nvr.must("sed 's|^FLOOR = .*|FLOOR = 1.1|' /usr/local/sbin/recorder-tidy > /run/tidy; python3 /run/tidy")
    assert nvr.must(f"ls {folder}; find /var/lib/motion -name '*.m*' | wc -l").split() != ["0"]
    assert nvr.must("systemctl is-active recorder-tidy.timer").strip() == "active"


# --- kiosk ----------------------------------------------------------------------------------------


def windows(kiosk: Machine) -> list[str]:
    """Return what sway itself shows: the app_id of each window."""

    def found(node: dict[str, object]) -> list[str]:
        inner = [*node.get("nodes", []), *node.get("floating_nodes", [])]  # type: ignore[misc]
        mine = [str(node["app_id"])] if node.get("app_id") else []
        return mine + [name for each in inner for name in found(each)]

    return found(json.loads(kiosk.must(AS_KIOSK.format("swaymsg -t get_tree"))))


def picture(kiosk: Machine) -> Image.Image:
    kiosk.must(AS_KIOSK.format("grim /tmp/shot.png"))
    return Image.open(io.BytesIO(base64.b64decode(kiosk.must("base64 /tmp/shot.png")))).convert("RGB")


def test_the_page_is_on_the_turned_screen_above_the_keyboard(hosts: Fleet) -> None:
    kiosk = hosts[KIOSK]
    assert soon(lambda: windows(kiosk) == ["chrome-127.0.0.1__-Default"])
    assert soon(lambda: picture(kiosk).getpixel((600, 600)) == (0, 255, 0))  # the page is green
    shown = picture(kiosk)
    assert shown.height > shown.width
    assert shown.getpixel((300, shown.height - 5)) != (0, 255, 0)
    assert max(shown.getpixel((300, shown.height - 5))) < 120  # the keyboard is dark


def test_a_window_with_an_address_bar_is_shut_at_once(hosts: Fleet) -> None:
    kiosk = hosts[KIOSK]
    assert soon(lambda: windows(kiosk) == ["chrome-127.0.0.1__-Default"])
    flags = "--no-sandbox --disable-gpu --ozone-platform=wayland --user-data-dir=/var/lib/fleet-kiosk/browser"
    kiosk.run(AS_KIOSK.format(f"timeout 5 chromium {flags} http://127.0.0.1/"))
    assert soon(lambda: windows(kiosk) == ["chrome-127.0.0.1__-Default"], 5)


def test_a_browser_that_ends_comes_back_with_nothing_of_the_last_visitor(hosts: Fleet) -> None:
    kiosk = hosts[KIOSK]
    kiosk.must("touch /var/lib/fleet-kiosk/browser/of-the-last-visitor; pkill -KILL -u kiosk -x chromium")
    assert soon(lambda: windows(kiosk) == ["chrome-127.0.0.1__-Default"])
    assert not kiosk.run("test -e /var/lib/fleet-kiosk/browser/of-the-last-visitor").ok


def test_nobody_gets_out_of_the_kiosk(hosts: Fleet) -> None:
    kiosk = hosts[KIOSK]
    policy = json.loads(kiosk.must("cat /etc/chromium/policies/managed/fleet-kiosk.json"))
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == ["127.0.0.1", "10.20.1.2:8081"]
    assert policy["PrintingEnabled"] is True
    assert kiosk.must("getent passwd kiosk").strip().endswith("/usr/sbin/nologin")
    assert kiosk.must("passwd -S kiosk").split()[1] == "L"
    assert kiosk.must("systemctl is-enabled ctrl-alt-del.target || true").strip() == "masked"
    assert "bindsym" not in kiosk.must("cat /etc/fleet-kiosk/sway.conf")
    assert "socket://10.20.1.40:9100" in kiosk.must("lpstat -v kiosk")
    assert "0.0 1.0 0.0 -1.0 0.0 1.0" in kiosk.must("cat /etc/udev/rules.d/70-fleet-touch.rules")
    assert "Quầy 1" in kiosk.must("cat /usr/local/share/fleet-kiosk/live.html")


# --- barcode --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reader", "code"), [("quay-1", "01KH-2026/0815"), ("quay-2", "01p")])
def test_one_code_is_read_as_it_was_printed(hosts: Fleet, reader: str, code: str) -> None:
    told = hosts[KIOSK].run(f"(sleep 0.3; touch /run/scan) & barcode-read {reader} 10")
    assert (told.code, told.out.strip()) == (0, code), told.err


def test_udev_itself_takes_the_rules_and_the_kiosk_the_layout(hosts: Fleet) -> None:
    kiosk = hosts[KIOSK]
    told = kiosk.run("udevadm test /class/mem/null 2>&1").out
    assert "70-fleet-barcode.rules" in told
    assert not [line for line in told.splitlines() if "70-fleet" in line and "nvalid" in line], told
    rules = kiosk.must("cat /etc/udev/rules.d/70-fleet-barcode.rules")
    assert 'ATTRS{idVendor}=="05e0", ATTRS{idProduct}=="1200", SYMLINK+="barcode/quay-2"' in rules
    assert 'input "1504:4608:*" xkb_layout us' in kiosk.must("cat /etc/fleet-kiosk/sway.d/barcode.conf")
    # `must`: sway's own verdict is its exit code; without a screen it tells that, too
    assert "Error on line" not in kiosk.must(
        AS_KIOSK.format("sway --validate --config /etc/fleet-kiosk/sway.conf 2>&1")
    )
