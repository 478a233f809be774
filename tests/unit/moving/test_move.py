"""Communes merge: what goes with a device, what changes for it, and that a move is done whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fleetctl import files
from fleetctl.cli.main import main
from fleetctl.errors import InventoryError, UsageError, VaultError
from fleetctl.operations import cutoff, moved, moving
from fleetctl.operations.workspace import Workspace, open_workspace

VIET_HUNG = """\
# Phường Việt Hưng
long_bien:
  vars:
    area_name: Long Biên
  children:
    viet_hung:
      vars:
        site_name: Phường Việt Hưng
        site_network: 10.20.1
      hosts:
        vh-cam: {ansible_host: 10.20.1.11, kind: camera, desk: Quầy 1, switch_port: gi1/0/1}   # by the door
        vh-sw: {ansible_host: 10.20.1.3, kind: switch, vendor: cisco, desk: tủ}
"""
GIA_THUY = """\
# Phường Gia Thụy
long_bien:
  children:
    gia_thuy:
      vars:
        site_name: Phường Gia Thụy
        site_network: 10.20.2
        waivers_site:
          audio: {owner: An, reason: no microphone yet, until: "2027-12-31"}
      hosts:
        gt-cam:   # the old one
          ansible_host: 10.20.2.11
          kind: camera
          desk: Quầy 1
          switch_port: gi1/0/1
          osd_text: "{{ site_name }}"
          identity_location: !unsafe "{{ as it is }}"
        gt-sw: {ansible_host: 10.20.2.3, kind: switch, vendor: cisco, desk: tủ}
"""
XUAN_PHUONG = """\
tu_liem:
  vars: {area_name: Từ Liêm}
  children:
    xuan_phuong:
      vars: {site_name: Phường Xuân Phương, site_network: 10.20.5}
      hosts:
        xp-cam: {ansible_host: 10.20.5.11, kind: camera, desk: Quầy 1}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "w"
    assert main(["init", str(root)]) == 0
    for site in (root / "inventory").glob("*/*.yml"):
        site.unlink()
    for name, text in (("long_bien/viet_hung", VIET_HUNG), ("long_bien/gia_thuy", GIA_THUY), ("x/xp", XUAN_PHUONG)):
        path = root / "inventory" / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return open_workspace(root)


def again(workspace: Workspace) -> Workspace:
    return open_workspace(workspace.root)


def text(workspace: Workspace, name: str) -> str:
    return (workspace.inventory_root / name).read_text(encoding="utf-8")


def move(workspace: Workspace, names: Sequence[str], to: str, **options: Any) -> moving.Move:
    plan = moving.planned(workspace, names, to, **options)
    moved.carry_out(workspace, plan)
    return plan


def all_of(workspace: Workspace) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in workspace.inventory_root.rglob("*") if p.is_file() and p.suffix == ".yml"}


def effects(plan: moving.Move, device: str) -> dict[str, tuple[Any, Any]]:
    return {e.variable: (e.before, e.after) for e in plan.effects if e.device == device}


def test_a_merged_site_ends_and_its_devices_stand_at_the_other_as_they_were_written(workspace: Workspace) -> None:
    plan = move(workspace, ["gia_thuy"], "viet_hung")
    assert plan.ending == ("gia_thuy",)
    assert not (workspace.inventory_root / "long_bien/gia_thuy.yml").exists()
    after = text(workspace, "long_bien/viet_hung.yml")
    assert after.startswith(VIET_HUNG[: VIET_HUNG.index("gi1/0/1}")])
    assert "   # by the door\n" in after
    assert "        gt-cam:   # the old one\n          ansible_host: 10.20.2.11\n" in after
    assert '          identity_location: !unsafe "{{ as it is }}"\n' in after
    site = again(workspace).inventory.sites()["viet_hung"]
    assert site.devices == ("vh-cam", "vh-sw", "gt-cam", "gt-sw")


def test_what_a_device_had_from_its_old_site_is_shown_and_kept_only_where_that_is_asked_for(
    workspace: Workspace,
) -> None:
    off_switch = GIA_THUY.replace("          switch_port: gi1/0/1\n", "")
    (workspace.inventory_root / "long_bien/gia_thuy.yml").write_text(off_switch, encoding="utf-8")
    plan = moving.planned(workspace, ["gt-cam"], "xuan_phuong")
    assert effects(plan, "gt-cam")["network_gateway"] == ("10.20.2.1", "10.20.5.1")
    assert effects(plan, "gt-cam")["osd_text"] == ("Phường Gia Thụy", "Phường Xuân Phương")
    with pytest.raises(UsageError, match="--keep network_dns"):
        moving.planned(workspace, ["gt-cam"], "xuan_phuong", keep=["network_dns"])
    plan = move(workspace, ["gt-cam"], "xuan_phuong", keep=["network_gateway"])
    assert "network_gateway" not in effects(plan, "gt-cam")
    assert again(workspace).inventory.values("gt-cam")["network_gateway"].value == "10.20.2.1"
    assert plan.ending == ()


def test_a_device_on_a_switch_does_not_go_without_it(workspace: Workspace) -> None:
    before = all_of(workspace)
    with pytest.raises(InventoryError, match="gt-cam has a switch_port, and xuan_phuong has no switch"):
        moving.planned(workspace, ["gt-cam"], "xuan_phuong")
    assert all_of(workspace) == before


def test_where_two_switches_come_together_each_device_says_which_it_is_on(workspace: Workspace) -> None:
    plan = move(workspace, ["gia_thuy"], "viet_hung")
    assert dict(plan.wired) == {"vh-cam": "vh-sw", "gt-cam": "gt-sw"}
    devices = again(workspace).inventory.devices
    assert {name: devices[name].switch for name in ("vh-cam", "gt-cam")} == {"vh-cam": "vh-sw", "gt-cam": "gt-sw"}


def test_a_sites_waivers_go_with_its_devices(workspace: Workspace) -> None:
    plan = move(workspace, ["gia_thuy"], "viet_hung")
    assert ("gt-cam", "audio") in plan.waivers
    workspace = again(workspace)
    (waiver,) = workspace.waivers(workspace.inventory.devices["gt-cam"])
    assert (waiver.setting, waiver.owner, waiver.until) == ("audio", "An", "2027-12-31")
    assert workspace.waivers(workspace.inventory.devices["vh-cam"]) == ()


def test_passwords_go_with_their_history_and_are_left_nowhere(workspace: Workspace) -> None:
    vault = workspace.vault
    for password in ("Mot-mat-khau-1", "Hai-mat-khau-22"):
        vault.set("gia_thuy", "gt-cam", "fleetctl", password)
    vault.set("gia_thuy", "gt-sw", "fleetctl", "Ba-mat-khau-333")
    entry = vault.entry("gia_thuy", "gt-cam", "fleetctl")
    move(workspace, ["gt-cam", "gt-sw"], "viet_hung")
    vault = again(workspace).vault
    assert vault.entry("viet_hung", "gt-cam", "fleetctl") == entry
    assert entry.previous == "Mot-mat-khau-1"
    assert vault.every("gia_thuy") == ()


def test_another_password_in_the_new_sites_vault_stops_the_move(workspace: Workspace) -> None:
    workspace.vault.set("gia_thuy", "gt-cam", "fleetctl", "Mot-mat-khau-1")
    workspace.vault.set("viet_hung", "gt-cam", "fleetctl", "Hai-mat-khau-22")
    before = all_of(workspace)
    with pytest.raises(VaultError, match="viet_hung has another password of fleetctl on gt-cam"):
        move(workspace, ["gia_thuy"], "viet_hung")
    assert all_of(workspace) == before


def test_a_site_goes_to_another_area_whole_and_keeps_its_vault(workspace: Workspace) -> None:
    plan = move(workspace, ["viet_hung"], "tu_liem")
    assert effects(plan, "vh-cam") == {"area_name": ("Long Biên", "Từ Liêm")}
    assert text(workspace, "long_bien/viet_hung.yml").endswith("area_name: Long Biên\n  children:\n")
    told = text(workspace, "x/viet_hung.yml")
    assert told.startswith("# Phường Việt Hưng\ntu_liem:\n  children:\n    viet_hung:\n      vars:\n")
    assert "# by the door" in told
    site = again(workspace).inventory.sites()["viet_hung"]
    assert (site.area, site.name) == ("tu_liem", "Phường Việt Hưng")


def test_two_sites_become_a_new_one(workspace: Workspace) -> None:
    with pytest.raises(InventoryError, match="'site_network' is undefined"):
        moving.planned(workspace, ["viet_hung", "gia_thuy"], "bo_de", title="Phường Bồ Đề")
    keep = ["network_gateway"]
    plan = move(workspace, ["viet_hung", "gia_thuy"], "bo_de", title="Phường Bồ Đề", keep=keep)
    gateways = {n: again(workspace).inventory.values(n)["network_gateway"].value for n in ("vh-cam", "gt-cam")}
    assert gateways == {"vh-cam": "10.20.1.1", "gt-cam": "10.20.2.1"}
    assert set(plan.ending) == {"viet_hung", "gia_thuy"}
    site = again(workspace).inventory.sites()["bo_de"]
    assert (site.name, site.area) == ("Phường Bồ Đề", "long_bien")
    assert set(site.devices) == {"vh-cam", "vh-sw", "gt-cam", "gt-sw"}


@pytest.mark.parametrize(
    ("names", "to", "options", "words"),
    [
        (["gia_thuy"], "viet_hun", {}, "did you mean viet_hung"),
        (["gia_thu"], "viet_hung", {}, "did you mean gia_thuy"),
        (["gt-cam"], "tu_liem", {}, "name whole sites"),
        (["vh-cam"], "viet_hung", {}, "vh-cam is at viet_hung already"),
        (["viet_hung"], "long_bien", {}, "viet_hung is in long_bien already"),
        (["gia_thuy"], "viet_hung", {"title": "Phường"}, "leave --name out"),
        (["gia_thuy", "xuan_phuong"], "moi", {"title": "Mới"}, "say which with --area"),
        (["gia_thuy"], "moi", {"title": "Mới", "area": "dong_da"}, "there is no area dong_da"),
        (["gia_thuy"], "Mới", {"title": "Mới"}, "write it as moi"),
        (["gia_thuy"], "camera", {"title": "Mới"}, "is a group or host"),
    ],
)
def test_what_cannot_be_is_said_with_what_could(
    workspace: Workspace, names: list[str], to: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        moving.planned(workspace, names, to, **options)  # type: ignore[arg-type]


def test_a_file_that_somebody_edits_meanwhile_stops_it_before_anything_is_written(workspace: Workspace) -> None:
    plan = moving.planned(workspace, ["gia_thuy"], "viet_hung")
    path = workspace.inventory_root / "long_bien/gia_thuy.yml"
    path.write_text(GIA_THUY + "# mine\n", encoding="utf-8")
    before = all_of(workspace)
    with pytest.raises(InventoryError, match="changed by somebody else"):
        moved.carry_out(workspace, plan)
    assert all_of(workspace) == before


@pytest.mark.parametrize("by", ["the next move", "whoever looks"])
@pytest.mark.parametrize("writes", range(5))
def test_a_move_that_was_cut_off_anywhere_is_finished_by_the_next_command(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, writes: int, by: str
) -> None:
    workspace.vault.set("gia_thuy", "gt-cam", "fleetctl", "Mot-mat-khau-1")
    plan = moving.planned(workspace, ["gia_thuy"], "viet_hung")
    real, done = files.replace, [0]

    def replace(path: Path, content: bytes, *, mode: int | None = None) -> None:
        if done[0] == writes:
            raise KeyboardInterrupt
        done[0] += 1
        real(path, content, mode=mode)

    monkeypatch.setattr(files, "replace", replace)
    with pytest.raises(KeyboardInterrupt):  # vault copied, record, files, vault dropped
        moved.carry_out(workspace, plan)
    monkeypatch.undo()
    begun = (workspace.state / cutoff.RECORD).exists()
    assert begun is (writes >= 2)
    if by == "the next move":
        assert moved.finish(again(workspace)) is begun
    elif begun:
        assert set(again(workspace).inventory.sites()) == {"viet_hung", "xuan_phuong"}
        assert not (workspace.state / cutoff.RECORD).exists()
    if not begun:  # nothing but a copy in the vault: the same move again does it
        move(again(workspace), ["gia_thuy"], "viet_hung")
    workspace = again(workspace)
    assert set(workspace.inventory.sites()) == {"viet_hung", "xuan_phuong"}
    assert workspace.vault.entry("viet_hung", "gt-cam", "fleetctl").current == "Mot-mat-khau-1"
    assert workspace.vault.every("gia_thuy") == ()
    assert not moved.finish(workspace)


def test_the_command_shows_everything_and_writes_after_yes(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--workspace", str(workspace.root), "inventory", "move", "gia_thuy", "--to", "viet_hung"]
    assert main([*asked]) == 2  # nobody to ask here
    assert main([*asked, "--yes"]) == 0
    told = capsys.readouterr().out
    assert "The site gia_thuy is no more." in told
    assert "network_gateway" in told
    assert again(workspace).inventory.sites().keys() == {"viet_hung", "xuan_phuong"}
