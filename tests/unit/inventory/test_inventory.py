"""What an inventory tells: devices, sites, values with places, selections, explanations, secrets kept shut."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ASPECTS
from fleets import TEMPLATES, VAULT_TEXT, VAULTED, write

from fleetctl import inventory, standard
from fleetctl.errors import Fault, InventoryError, UsageError
from fleetctl.inventory import SEALED, VARIABLES, Inventory, Vaulted
from fleetctl.model import Kind, Place

PILOT = Path(__file__).parents[3] / "inventory" / "pilot"
Load = Callable[[dict[str, str]], Inventory]

ONE = "s: {hosts: {c: {kind: other, ansible_host: c}}}"
FLEET = {
    "standard.yml": 'all:\n  vars:\n    time_zone: Asia/Ho_Chi_Minh\n    osd_text: "{{ site_name }} - {{ desk }}"\n',
    "north.yml": """north:
  vars: {area_name: Phía Bắc, onvif_port: 8080, ansible_user: ops}
  children:
    site_a:
      vars: {site_name: Phường A, site_via: ops@relay.example:2022}
      hosts:
        a-cam-1:
          ansible_host: 10.0.0.11
          kind: camera
          vendor: axis
          desk: Quầy 1
          mac_address: 00-11-22-AA-BB-CC
          serial_number: 0012x
          onvif_scheme: https
          tls_ca_file: certs/ca.pem
          tls_fingerprint: "00112233445566778899AABBCCDDEEFF00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"
          users_accounts:
            officer: {level: user}
        a-nvr: {ansible_host: 10.0.0.2, kind: nvr}
        a-cam-2: {kind: camera, behind: a-nvr, channel: 3, audit_only: true}
        relay: {ansible_host: 10.0.0.1}
""",
    "south.yml": "site_b: {hosts: {b-cam-1: {ansible_host: 10.0.0.11, kind: camera, site_name: B, desk: Quầy 2}}}\n",
    "kinds.yml": "camera: {vars: {ansible_group_priority: 0}}\nnvr: {vars: {ansible_group_priority: 0}}\n",
    "waves.yml": "canary: {hosts: {a-cam-1: }}\n",
    "zzz.yml": "plugin: ansible.builtin.constructed\nkeyed_groups:\n  - {key: kind, prefix: '', separator: ''}\n",
}


@pytest.fixture
def fleet(load: Load) -> Inventory:
    return load({**FLEET, "standard.yml": FLEET["standard.yml"] + "    desk: nowhere\n    site_name: nowhere\n"})


def test_a_device_is_made_of_its_hosts_variables(fleet: Inventory) -> None:
    device = fleet.devices["a-cam-1"]
    assert (device.kind, device.site, device.area, device.vendor) == (Kind.CAMERA, "site_a", "north", "axis")
    assert (device.desk, device.serial_number, device.mac_address) == ("Quầy 1", "0012x", "00:11:22:aa:bb:cc")
    assert (device.user, device.uplink, device.audit_only) == ("ops", "site_a", False)
    assert device.groups == ("camera", "canary", "north", "site_a")
    end = device.endpoint
    assert (end.address, end.port, end.scheme, end.via) == ("10.0.0.11", 8080, "https", "ops@relay.example:2022")
    assert end.tls_ca_file == str(fleet.root / "certs/ca.pem")
    assert end.tls_fingerprint == "00112233445566778899aabbccddeeff" * 2
    assert device.place == Place(file=str(fleet.root / "north.yml"), line=7, column=9)


def test_the_same_address_at_two_sites_is_legal_and_a_host_without_a_kind_is_left_alone(fleet: Inventory) -> None:
    assert fleet.faults == ()
    assert list(fleet.devices) == ["a-cam-1", "a-nvr", "a-cam-2", "b-cam-1"]
    assert fleet.warnings == ("relay has no kind; fleetctl leaves it alone",)


def test_a_camera_behind_its_recorder_needs_no_address(fleet: Inventory) -> None:
    device = fleet.devices["a-cam-2"]
    assert (device.behind, device.channel, device.endpoint.address, device.audit_only) == ("a-nvr", 3, "", True)


def test_sites_and_areas_come_from_the_groups(fleet: Inventory) -> None:
    site = fleet.sites()["site_a"]
    assert (site.name, site.area, site.devices) == ("Phường A", "north", ("a-cam-1", "a-nvr", "a-cam-2"))
    assert fleet.sites()["site_b"].area == ""
    assert fleet.areas() == {"north": ("site_a",)}
    assert fleet.groups()["camera"] == ("a-cam-1", "a-cam-2", "b-cam-1")


def test_every_value_has_its_place_also_within_a_mapping(fleet: Inventory) -> None:
    values = fleet.values("a-cam-1")
    file = str(fleet.root / "north.yml")
    assert values["desk"].place == Place(file=file, line=11, column=17)
    assert values["osd_text"].value == "Phường A - Quầy 1"
    assert values["osd_text"].place == Place(file=str(fleet.root / "standard.yml"), line=4, column=15)
    assert values["osd_text"].raw == "{{ site_name }} - {{ desk }}"
    accounts = values["users_accounts"]
    assert accounts.places["officer"] == Place(file=file, line=18, column=22)
    assert accounts.places["officer.level"] == Place(file=file, line=18, column=30)


def test_an_explanation_names_the_winning_line_and_those_that_lost(fleet: Inventory) -> None:
    told = {each.name: each for each in fleet.explain("b-cam-1")}
    desk = told["desk"]
    assert (desk.value, desk.winner.source, desk.winner.raw) == ("Quầy 2", "host b-cam-1", "Quầy 2")
    assert str(desk.winner.place) == f"{fleet.root}/south.yml:1:87"
    assert [(layer.source, layer.raw) for layer in desk.outranked] == [("group all", "nowhere")]


def test_an_explanation_keeps_what_a_later_file_replaced(load: Load) -> None:
    loaded = load(
        {"a.yml": "s: {vars: {x: 1}, hosts: {c: {kind: other, ansible_host: c}}}\n", "b.yml": "s: {vars: {x: 2}}\n"}
    )
    told = next(each for each in loaded.explain("c") if each.name == "x")
    assert [layer.raw for layer in (*told.outranked, told.winner)] == [1, 2]


def test_an_overlay_file_may_say_a_hosts_variables_over_again(load: Load) -> None:
    loaded = load({"a.yml": ONE, "zz_lab.yml": "all: {hosts: {c: {ansible_host: 127.20.0.1, onvif_port: 8080}}}"})
    device = loaded.devices["c"]
    assert loaded.faults == ()
    assert (device.site, device.endpoint.address, device.endpoint.port) == ("s", "127.20.0.1", 8080)
    assert load({"zz_lab.yml": "", "b.yml": "all: {hosts: {c: {ansible_host: 127.20.0.1}}}"}).faults


def test_the_graph_is_the_tree_of_groups(fleet: Inventory) -> None:
    graph = fleet.graph()
    assert [node.name for node in graph.children] == ["camera", "canary", "north", "nvr", "site_b", "ungrouped"]
    north = fleet.graph("north")
    assert north.children[0].hosts == ("a-cam-1", "a-cam-2", "a-nvr", "relay")
    with pytest.raises(UsageError, match="did you mean north"):
        fleet.graph("nort")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("all", ["a-cam-1", "a-nvr", "a-cam-2", "b-cam-1"]),
        ("site_a:&camera", ["a-cam-1", "a-cam-2"]),
        ("all,!site_a", ["b-cam-1"]),
        ("~.*cam-1$", ["a-cam-1", "b-cam-1"]),
        ("*nvr", ["a-nvr"]),
        ("camera[0]", ["a-cam-1"]),
        ("!camera", ["a-nvr"]),
        ("b-cam-1", ["b-cam-1"]),
    ],
)
def test_a_host_pattern_selects_devices(fleet: Inventory, pattern: str, names: list[str]) -> None:
    assert sorted(device.name for device in fleet.select(pattern)) == sorted(names)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("site_aa", "did you mean site_a"),
        ("all:!site_bb", "`site_bb` names no device"),
        ("site_a:&site_b", "matches nothing"),
        ("relay", "without a `kind`"),
        ("camera[7]", "only 3 of them"),
        ("~[", "a bracket that is not closed"),
        ("~(x", "not a regular expression"),
        ("", "pattern is empty"),
        ("@nowhere", "cannot be read"),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error(fleet: Inventory, pattern: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        fleet.select(pattern)


def test_a_limit_may_be_read_from_a_file(fleet: Inventory, tmp_path: Path) -> None:
    (tmp_path / "limit").write_text("a-cam-1\n\nb-cam-1\n")
    assert [device.name for device in fleet.select(f"@{tmp_path}/limit")] == ["a-cam-1", "b-cam-1"]


def test_asking_for_no_device_suggests_one(fleet: Inventory) -> None:
    with pytest.raises(UsageError, match="did you mean a-cam-1"):
        fleet.values("a-cam-11")


def test_a_template_that_fails_is_told_with_its_place_when_it_is_asked_for(load: Load) -> None:
    loaded = load(TEMPLATES)
    with pytest.raises(InventoryError) as refused:
        loaded.values("t-cam-01")["undefined_two"]
    [fault] = refused.value.faults
    assert "'nobody' is undefined" in fault.reason
    assert "undefined_two:" in TEMPLATES["a.yml"].splitlines()[fault.line - 1]


def test_what_is_in_the_vault_stays_shut_and_opens_only_on_request(load: Load) -> None:
    loaded = load(VAULTED)
    values = loaded.values("v1")
    for name in ("ansible_password", "direct", "derived", "nested", "vault_secrets"):
        assert values[name].value is SEALED
    assert isinstance(values["direct"].raw, Vaulted)
    assert values["fine"].value == 2
    assert "3130" not in repr(values["direct"])
    opened: list[str] = []

    def decrypt(text: str) -> str:
        opened.append(text)
        return "v1: {fleetctl: {current: opensesame}}"

    assert loaded.reveal("v1", "ansible_password", decrypt) == "opensesame"
    assert opened[0].split() == VAULT_TEXT.split()
    assert values["ansible_password"].value is SEALED


def test_the_template_of_a_password_is_that_of_the_account_in_use(load: Load) -> None:
    loaded = load(
        {
            "a.yml": ONE,
            "b.yml": "all: {vars: {ansible_user: ops, ansible_password: '{{ x }}'}}",
        }
    )
    device = loaded.devices["c"]
    assert loaded.secret_template(device, "ops") == "{{ x }}"
    assert loaded.secret_template(device, "admin") is None


def test_a_wholly_encrypted_file_is_left_shut_and_named(load: Load) -> None:
    loaded = load(
        {
            "a.yml": ONE,
            "b.yml": "all: {vars: {model: '{{ vault_model }}'}}",
            "group_vars/s/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n31\n",
        }
    )
    assert loaded.faults == ()
    assert loaded.values("c")["model"].value is SEALED
    assert "wholly encrypted" in loaded.warnings[0]
    assert loaded.sealed_files("c") == (f"{loaded.root}/group_vars/s/vault.yml",)


def test_one_check_gathers_every_room_s_faults_and_names_each_place_once(load: Load) -> None:
    loaded = load({"a.yml": "s: {vars: {osd_text: off, time_zonee: x}, hosts: {c: {kind: camera, ansible_host: c}}}"})
    file = str(loaded.root / "a.yml")

    def more(_: Inventory) -> list[Fault]:
        return [Fault(file=file, line=1, column=22, reason="again"), Fault(file=file, line=1, column=1, reason="new")]

    assert [(fault.column, fault.reason[:9]) for fault in loaded.check(more)] == [
        (1, "new"),
        (22, "YAML 1.1 "),
        (27, "`time_zon"),
    ]


# --- the cache ---


def _times(root: Path) -> int:
    return sum(1 for _ in root.iterdir())


def test_a_second_load_comes_from_the_cache_and_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, cache = (
        write(
            tmp_path / "inventory",
            {**FLEET, **VAULTED, "dates.yml": "all: {vars: {d: 2026-01-02, u: !unsafe '{{ x }}'}}\n"},
        ),
        tmp_path / "c",
    )
    (root / "standard.yml").write_text("all: {vars: {desk: nowhere, site_name: nowhere}}\n")
    (root / "a.yml").write_text(
        VAULTED["a.yml"]
        .replace("{kind: camera}", "{kind: camera, ansible_host: v}")
        .replace("v2: {", "v2: {onvif_port: 81, ")
    )
    first = inventory.load(root, ASPECTS, cache=cache)
    monkeypatch.setattr("fleetctl.inventory.Reader.read", lambda _self: pytest.fail("the cache was not used"))
    second = inventory.load(root, ASPECTS, cache=cache)
    assert second.devices == first.devices
    assert second.warnings == first.warnings
    assert second.groups() == first.groups()
    for name in first.devices:
        assert dict(second.values(name)) == dict(first.values(name))
        assert second.explain(name) == first.explain(name)
    assert second.reveal("v1", "u", str) == "{{ x }}"
    assert isinstance(second.values("v1")["direct"].raw, Vaulted)


def test_a_changed_added_or_removed_file_is_read_again(tmp_path: Path) -> None:
    root, cache = (
        write(tmp_path / "inventory", {"a.yml": ONE}),
        tmp_path / "c",
    )
    load = lambda: inventory.load(root, ASPECTS, cache=cache)  # noqa: E731
    assert list(load().devices) == ["c"]
    (root / "a.yml").write_text("s: {hosts: {d: {kind: other, ansible_host: c}}}")
    assert list(load().devices) == ["d"]
    write(root, {"group_vars/s.yml": "desk: one"})
    assert load().devices["d"].desk == "one"
    (root / "group_vars/s.yml").unlink()
    assert load().devices["d"].desk == ""


def test_the_cache_is_the_users_own_and_holds_no_plaintext(tmp_path: Path) -> None:
    root, cache = (
        write(tmp_path / "inventory", {"a.yml": ONE}),
        tmp_path / "c",
    )
    inventory.load(root, ASPECTS, cache=cache)
    [kept] = cache.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700
    for spoil in (
        lambda: kept.chmod(0o644),
        lambda: kept.write_bytes(b"x"),
        lambda: kept.write_bytes(kept.read_bytes()[:60]),
    ):
        kept.chmod(0o600)
        spoil()
        assert list(inventory.load(root, ASPECTS, cache=cache).devices) == ["c"]
    target = tmp_path / "elsewhere"
    kept.rename(target)
    kept.symlink_to(target)
    assert list(inventory.load(root, ASPECTS, cache=cache).devices) == ["c"]


def test_a_faulty_inventory_is_not_kept(tmp_path: Path) -> None:
    root, cache = (
        write(tmp_path / "inventory", {"a.yml": "s: {hosts: {c: {kind: camra, ansible_host: c}}}"}),
        tmp_path / "c",
    )
    for _ in range(2):
        with pytest.raises(InventoryError):
            inventory.load(root, ASPECTS, cache=cache)
    assert not cache.exists()


# --- what only Ansible can read ---


def test_an_ini_file_is_read_through_ansible_without_places(tmp_path: Path) -> None:
    root = write(
        tmp_path / "inventory",
        {
            "hosts.ini": "[site_a]\nc1 ansible_host=10.0.0.1 kind=camera\n[north:children]\nsite_a\n",
            "more.yml": "site_a: {vars: {desk: \"{{ 'Quầy ' ~ 1 }}\", secret: !vault x}}\n",
        },
    )
    loaded = inventory.load(root, ASPECTS)
    device = loaded.devices["c1"]
    assert (device.site, device.area, device.desk, device.endpoint.address) == ("site_a", "north", "Quầy 1", "10.0.0.1")
    assert loaded.values("c1")["desk"].place is None
    assert "read through ansible-inventory" in loaded.warnings[0]


# --- the pilot ---


def test_the_pilot_has_five_communes_of_four_cameras_two_recorders_a_kiosk_and_a_switch_and_no_fault() -> None:
    loaded = inventory.load(PILOT, ASPECTS)
    assert loaded.check(lambda each: standard.settings_faults(each, ASPECTS)) == ()
    assert {key: site.area for key, site in loaded.sites().items()} == {
        "viet_hung": "long_bien",
        "gia_thuy": "long_bien",
        "xuan_phuong": "tu_liem",
        "an_khanh": "hoai_duc",
        "tung_thien": "son_tay",
    }
    for site in loaded.sites().values():
        kinds = Counter(loaded.devices[name].kind for name in site.devices)
        assert (kinds[Kind.CAMERA], kinds[Kind.NVR], kinds[Kind.KIOSK], kinds[Kind.SWITCH]) == (4, 2, 1, 1)
    assert loaded.warnings == ()
    rates = {name: loaded.values(name)["video_main_frame_rate_fps"].value for name in loaded.devices}
    assert {rate for name, rate in rates.items() if name.startswith("viet-hung")} == {12}
    assert {rate for name, rate in rates.items() if not name.startswith("viet-hung")} == {15}


def test_the_pilot_sets_every_aspect_that_can_be_set_on_a_camera() -> None:
    loaded = inventory.load(PILOT, ASPECTS)
    device = loaded.devices["viet-hung-cam-01"]
    told = {each.aspect for each in standard.expectations(device, loaded, ASPECTS.values())}
    settable = {
        setting.aspect
        for setting in loaded.schema.settings.values()
        if not setting.observed
        and loaded.schema.aspects[setting.aspect].of(device)
        and loaded.schema.aspects[setting.aspect].applied_by == "apply"
    }
    assert settable - told == set()


def test_devices_and_values_pickle_for_other_processes() -> None:
    loaded = inventory.load(PILOT, ASPECTS)
    assert pickle.loads(pickle.dumps(dict(loaded.devices))) == loaded.devices  # noqa: S301 - our own
    value = loaded.values("viet-hung-cam-01")["osd_text"]
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own
    assert pickle.loads(pickle.dumps(SEALED)) is SEALED  # noqa: S301 - our own


def test_threads_that_ask_at_once_are_told_the_same(load: Load) -> None:
    loaded = load(TEMPLATES)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: loaded.values("t-cam-01")["of_other_rendered"].value, range(200)))
    assert set(told) == {"Phường Việt Hưng - Quầy 2"}


def test_every_known_variable_is_documented_once() -> None:
    assert len({known.name for known in VARIABLES}) == len(VARIABLES)
    assert all(known.doc and not known.doc.endswith(".") for known in VARIABLES)


def test_loading_from_the_cache_imports_no_ansible() -> None:
    code = "import sys; from fleetctl import inventory; sys.exit(any(m == 'ansible' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
