"""Every fault of an inventory is told with its place, its reason and how to mend it, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.vars.reserved import get_reserved_names
from conftest import ASPECTS
from fleets import write

from fleetctl import inventory
from fleetctl.errors import InventoryError, UsageError
from fleetctl.inventory.variables import RESERVED

GOOD = "{ansible_host: 10.20.1.11, kind: camera}"
KINDS = "plugin: constructed\nkeyed_groups: [{key: kind, prefix: '', separator: ''}]\n"


def _all(line: str) -> str:
    """One variable of all in line 2, and a site with a camera."""
    return f"all:\n  vars: {{{line}}}\nsite: {{hosts: {{c1: {GOOD}}}}}\n"


def _host(line: str) -> str:
    return f"site:\n  hosts:\n    c1: {{ansible_host: 10.20.1.11, kind: camera, {line}}}\n"


# name -> files (or the text of a.yml), place, words of the reason, words of the mend
CASES: dict[str, tuple[dict[str, str] | str, str, str, str]] = {
    "not YAML": ("site:\n  hosts: [\n", "a.yml:3:1", "not YAML", "check indentation"),
    "a tab": ("site:\n\thosts:\n", "a.yml:2:1", "not YAML", "spaces, not tabs"),
    "a template without quotes": (_all("site_name: {{ x }}"), "a.yml:2:", "", ""),
    "not UTF-8": ("", "", "", ""),
    "an empty file": ({"a.yml": "# nothing\n", "b.yml": _host("desk: x")}, "a.yml:1:1", "file is empty", "remove it"),
    "an inventory without hosts": ("site:\n", "inventory:1:1", "holds no host", "fleetctl init"),
    "a list instead of groups": ("- site\n", "a.yml:1:1", "begins with the name of a group", "group_name:"),
    "a duplicate key": (_all("desk: a, desk: b"), "a.yml:2:19", "`desk` stands twice", "keep one"),
    "a duplicate key inside a setting": (
        _all("users_accounts: {admin: {level: user}, admin: {level: operator}}"),
        "a.yml:2:49",
        "`admin` stands twice",
        "keep one",
    ),
    "a section nobody knows": (
        "site:\n  host:\n    c1:\n",
        "a.yml:2:3",
        "`host` in the group site",
        "did you mean `hosts`",
    ),
    "hosts as a list": ("site:\n  hosts: [c1]\n", "a.yml:2:3", "`hosts` must be a mapping", "without dashes"),
    "a number as the name of a host": ("site:\n  hosts:\n    12: {}\n", "a.yml:3:5", "must be a word, not 12", '"12"'),
    "a bad range": ("site:\n  hosts:\n    c-[01:4]: {}\n", "a.yml:3:5", "same number of digits", "cam-[01:04]"),
    "a backward range": ("site:\n  hosts:\n    c-[9:1]: {}\n", "a.yml:3:5", "begins after its end", "cam-[01:04]"),
    "a group inside itself": (
        "a: {children: {b: }}\nb:\n  children:\n    a:\n",
        "a.yml:4:5",
        "would be inside itself",
        "take it out",
    ),
    "a time of day": (_all("reboot_at: 22:00"), "a.yml:2:21", "base 60", '"22:00"'),
    "a MAC address that is a number": (
        _host("mac_address: 10:20:30:40:50:51"),
        "a.yml:3:63",
        "not as a MAC address",
        '"10:20:30:40:50:51"',
    ),
    "a MAC address that is none": (_host("mac_address: 10:20"), "a.yml:3:63", "base 60", '"10:20"'),
    "a number where text is meant": (_host("model: 5.10"), "a.yml:3:57", "`5.10` as the number 5.1", '"5.10"'),
    "a serial number that is octal": (_host("serial_number: 0755"), "a.yml:3:65", "the number 493", '"0755"'),
    "a no where text is meant": (_host("desk: no"), "a.yml:3:56", "`no` as false, but desk is a text", '"no"'),
    "a date where text is meant": (_host("model: 2026-01-02"), "a.yml:3:57", "the date 2026-01-02", '"2026-01-02"'),
    "a setting with off": (_all("osd_text: off"), "a.yml:2:20", "`off` as false, but osd_text is a text", '"off"'),
    "a setting that is a float": (_all("time_zone: 7.0"), "a.yml:2:21", "the number 7.0", '"7.0"'),
    "an octal setting": (_all("services_http_port: 0080"), "", "", ""),
    "an octal number": (_all("video_main_gop_length: 030"), "a.yml:2:33", "the number 24", "write 30"),
    "a trap in a list": (
        _all("time_ntp_servers: [10.0.0.1, no]"),
        "a.yml:2:39",
        "`no` as false, but time_ntp_servers.1 is a text",
        '"no"',
    ),
    "a trap in a keyed setting": (
        _all("users_accounts: {admin: {level: off}}"),
        "a.yml:2:42",
        "users_accounts.admin.level is a text",
        '"off"',
    ),
    "a misspelt setting": (
        _all("video_main_framerate_fps: 12"),
        "a.yml:2:10",
        "no setting of the aspect video",
        "did you mean video_main_frame_rate_fps?",
    ),
    "a level for a setting that has none": (
        _all("time_zone_site: Asia/Ho_Chi_Minh"),
        "a.yml:2:10",
        "one value, not a mapping",
        "set time_zone itself",
    ),
    "a misspelt variable of the host": (
        _host("serial_nunber: x"),
        "a.yml:3:50",
        "no template uses it",
        "serial_number?",
    ),
    "a word of Ansible": (_host("serial: x"), "a.yml:3:50", "`serial` is a word of Ansible's own", "serial_number"),
    "another word of Ansible": (_all("environment: x"), "a.yml:2:10", "`environment` is a word", "another name"),
    "a variable Ansible sets": (_host("inventory_hostname: x"), "a.yml:3:50", "has no effect", "remove it"),
    "a name that is no name": (_all("my-setting: 1"), "a.yml:2:10", "cannot be the name of a variable", "letters"),
    "no address": ("site:\n  hosts:\n    c1: {kind: camera}\n", "a.yml:3:5", "c1 has no ansible_host", "10.20.1.11"),
    "an empty address": ("site: {hosts: {c1: {kind: camera, ansible_host: }}}\n", "a.yml:1:16", "no ansible_host", ""),
    "an address that is none": (
        "site: {hosts: {c1: {kind: camera, ansible_host: 10.20.1.300}}}\n",
        "a.yml:1:49",
        "neither an address nor a name",
        "10.20.1.11",
    ),
    "an unknown kind": (
        "site: {hosts: {c1: {kind: camra, ansible_host: 10.0.0.1}}}\n",
        "a.yml:1:27",
        "kind 'camra'",
        "did you mean camera?",
    ),
    "a port that is text": (_host("onvif_port: http"), "a.yml:3:62", "not a whole number", "1 to 65535"),
    "a port out of range": (_host("onvif_port: 70000"), "a.yml:3:62", "not between 1 and 65535", "1 to 65535"),
    "a flag that is text": (_host("audit_only: maybe"), "a.yml:3:62", "not true or false", "write true or false"),
    "a MAC address with a letter too many": (_host("mac_address: xx"), "a.yml:3:63", "no MAC address", "00:11:22"),
    "a password in plain text": (_all("ansible_password: secret123"), "a.yml:2:28", "in plain text", "vault"),
    "an undefined variable in a template": (
        _all('osd_text: "{{ site_nmae }}"'),
        "a.yml:2:20",
        "osd_text of c1 cannot be rendered: 'site_nmae' is undefined",
        "define it",
    ),
    "a template that is none": (_all('osd_text: "{{ a + }}"'), "a.yml:2:20", "not a template", "define it"),
    "an address given twice at one site": (
        f"site:\n  hosts:\n    c1: {GOOD}\n    c2: {GOOD}\n",
        "a.yml:4:5",
        "10.20.1.11 is given twice: to c1",
        "correct one",
    ),
    "a serial number given twice": (
        "a: {hosts: {c1: {ansible_host: 10.0.0.1, kind: camera, serial_number: S1}}}\n"
        "b: {hosts: {c2: {ansible_host: 10.0.0.2, kind: camera, serial_number: S1}}}\n",
        "a.yml:2:13",
        "serial number S1 is given twice",
        "correct one",
    ),
    "a host listed twice": (
        {"a.yml": _host("desk: one"), "b.yml": "site:\n  hosts:\n    c1: {desk: two}\n"},
        "b.yml:3:10",
        "host c1 is listed twice, and desk differs",
        "once",
    ),
    "a host in two sites": (
        f"a: {{hosts: {{c1: {GOOD}}}}}\nb: {{hosts: {{c1: {GOOD}}}}}\n",
        "a.yml:2:13",
        "two groups, a and b",
        "write only its name",
    ),
    "a device without a site": (f"all: {{hosts: {{c1: {GOOD}}}}}\n", "a.yml:1:15", "belongs to no site", "hosts:"),
    "a site in two files": (
        {
            "a.yml": f"site: {{hosts: {{c1: {GOOD}}}}}\n",
            "b.yml": "site:\n  hosts:\n    c2: {ansible_host: 10.20.1.12, kind: camera}\n",
        },
        "b.yml:3:5",
        "the site site is in two files",
        "another key",
    ),
    "a site in two areas": (
        f"north: {{children: {{site: {{hosts: {{c1: {GOOD}}}}}}}}}\nsouth:\n  children:\n    site: {{}}\n",
        "a.yml:4:5",
        "two areas, north and south",
        "another key",
    ),
    "a site that is an area": (
        "north:\n  hosts: {c1: {ansible_host: 10.0.0.1, kind: camera}}\n"
        "  children: {site: {hosts: {c2: {ansible_host: 10.0.0.2, kind: camera}}}}\n",
        "a.yml:2:11",
        "north is both a site and an area",
        "key of its own",
    ),
    "a site that bears a kind's name": (
        {"a.yml": f"camera: {{hosts: {{c1: {GOOD}}}}}\n", "zzz.yml": KINDS},
        "a.yml:1:18",
        "the site camera bears the name of a group",
        "rename",
    ),
    "a group with the name of a host": (
        f"c1: {{hosts: {{c1: {GOOD}}}}}\n",
        "a.yml:1:1",
        "both a group and a host",
        "rename",
    ),
    "a line that group_vars outranks": (
        {
            "a.yml": f"site:\n  vars:\n    time_zone: Asia/Tokyo\n  hosts: {{c1: {GOOD}}}\n",
            "group_vars/all.yml": "time_zone: Asia/Ho_Chi_Minh\n",
        },
        "a.yml:3:16",
        "time_zone here is outranked by group all (group_vars)",
        "one kind of place",
    ),
    "a kind that outranks an area": (
        {
            "a.yml": f"area: {{vars: {{osd_text: a}}, children: {{site: {{hosts: {{c1: {GOOD}}}}}}}}}\n"
            "camera: {vars: {osd_text: c}}\n",
            "zzz.yml": KINDS,
        },
        "a.yml:1:25",
        "osd_text here is outranked by group camera",
        "ansible_group_priority: 0",
    ),
    "a priority in group_vars": (
        {"a.yml": _host("desk: x"), "group_vars/site.yml": "ansible_group_priority: 3\n"},
        "site.yml:1:1",
        "no effect in group_vars",
        "`vars:`",
    ),
    "group_vars of a misspelt group": (
        {"a.yml": _host("desk: x"), "group_vars/sites.yml": "desk: y\n"},
        "sites.yml:1:1",
        "no group named sites",
        "did you mean site?",
    ),
    "group_vars that are never read": (
        {"a.yml": _host("desk: x"), "group_vars/site.yml": "x: 1\n", "group_vars/site/a.yml": "x: 2\n"},
        "site.yml:1:1",
        "never read",
        "join",
    ),
    "group_vars in the wrong folder": (
        {"sub/a.yml": _host("desk: x"), "sub/group_vars/site.yml": "x: 1\n"},
        "group_vars:1:1",
        "never reads a group_vars folder here",
        "move it",
    ),
    "a camera behind nothing": (
        _host("behind: nvr1, channel: 1"),
        "a.yml:3:5",
        "behind nvr1, which is no recorder",
        "list the recorder",
    ),
    "an unknown tag": (_all("desk: !!python/object x"), "a.yml:2:16", "tag !!python/object", "remove"),
}
CASES["a template without quotes"] = (
    "all:\n  vars:\n    osd_text: {{ x }}\n",
    "a.yml:3:16",
    "mapping or list cannot be a key",
    "put it in quotes",
)
del CASES["not UTF-8"], CASES["an octal setting"]


def _faults(tmp_path: Path, files: dict[str, str] | str) -> list[str]:
    root = write(tmp_path / "inventory", {"a.yml": files} if isinstance(files, str) else files)
    loaded = inventory.load(root, ASPECTS, strict=False)
    return [str(fault) for fault in loaded.faults]


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_told_with_place_reason_and_mend(case: str, tmp_path: Path) -> None:
    files, place, reason, mend = CASES[case]
    told = _faults(tmp_path, files)
    fitting = [fault for fault in told if place in fault and reason in fault and mend in fault]
    assert fitting, told
    assert len(told) == 1 or case in ("a template without quotes", "a group with the name of a host"), told


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    files = {
        "a.yml": "site:\n  hosts:\n    c1: {kind: camera, desk: no, serial: 1}\n",
        "b.yml": "other:\n  vars: {tiem_zone: 1, time_zon: x}\n  hots: {}\n",
        "c.yml": "x: [\n",
    }
    root = write(tmp_path / "inventory", files)
    with pytest.raises(InventoryError) as refused:
        inventory.load(root, ASPECTS)
    told = [(fault.file.removeprefix(f"{root}/"), fault.line, fault.column) for fault in refused.value.faults]
    assert told == [
        ("a.yml", 3, 5),
        ("a.yml", 3, 30),
        ("a.yml", 3, 34),
        ("b.yml", 2, 10),
        ("b.yml", 2, 24),
        ("b.yml", 3, 3),
        ("c.yml", 2, 1),
    ]


def test_bytes_that_are_no_text_are_told_with_their_place(tmp_path: Path) -> None:
    root = write(tmp_path / "inventory", {"a.yml": ""})
    (root / "a.yml").write_bytes(b"site:\n  vars: {desk: \xff}\n")
    told = inventory.load(root, ASPECTS, strict=False).faults
    assert [(fault.line, fault.column, fault.reason) for fault in told] == [(2, 16, "not UTF-8 text")]


def test_an_alias_bomb_ends_as_a_fault_within_bounds(tmp_path: Path) -> None:
    lines = ["all:", "  vars:", "    a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"    a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    told = _faults(tmp_path, "\n".join(lines) + f"\nsite: {{hosts: {{c1: {GOOD}}}}}\n")
    assert any("too large" in fault for fault in told)


def test_an_inventory_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no inventory at"):
        inventory.load(tmp_path / "nowhere", ASPECTS)


def test_the_reserved_words_are_those_of_ansible() -> None:
    assert get_reserved_names() <= RESERVED


@pytest.mark.parametrize(
    "text",
    [
        "file_mode: 0644",  # of a role's own: octal is meant
        'osd_text: "5.10"',
        "audit_only: yes",
        "services_discovery: off",
        "osd_clock: on",
        "video_main_frame_rate_fps: 12.50",
        "ansible_become: true",
        "site_number: 7",
        'mac_address: "00:11:22:33:44:55"',
        "mac_address: 00:11:22:aa:bb:cc",
        "serial_number: 123456",
        "users_exclusive: true",
        "users_accounts_site: {officer: {level: user}}",
    ],
)
def test_what_is_meant_is_no_fault(text: str, tmp_path: Path) -> None:
    assert _faults(tmp_path, _host(text)) == []
