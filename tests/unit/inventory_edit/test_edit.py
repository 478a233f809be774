"""Edits of inventory files: what is asked for changes, every other byte stays."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetctl import files
from fleetctl.errors import Busy, InventoryError
from fleetctl.inventory import edit
from fleetctl.inventory.edit import (
    AddHost,
    RemoveEntry,
    RemoveGroupValue,
    RemoveHost,
    RemoveHostValue,
    SetEntry,
    SetGroupValue,
    SetHostValue,
    Template,
    edit_file,
    edited,
    set_host_values,
)
from fleetctl.inventory.values import Unsafe

SITE = """\
# Phường Việt Hưng
long_bien:
  children:
    viet_hung:
      vars:
        site_name: Phường Việt Hưng   # tên
        time_ntp_servers:   # two of them
          - 10.0.0.10 # a
          - 10.0.0.11 # b
        # after the list
      hosts:
        # the door
        cam-01: {ansible_host: 10.20.1.11, kind: camera}  # door
        cam-02:
        cam-03:
          kind: camera
          note: |
            hello
            you

          # last of cam-03
        cam-04:  # nothing yet
"""


def after(text: str, *edits: edit.Edit) -> str:
    return edited(text.encode(), edits, file="site.yml").decode()


def lines_changed(text: str, *edits: edit.Edit) -> tuple[list[str], list[str]]:
    before, now = text.splitlines(), after(text, *edits).splitlines()
    return [line for line in before if line not in now], [line for line in now if line not in before]


def refusal(text: str, *edits: edit.Edit) -> str:
    with pytest.raises(InventoryError) as caught:
        after(text, *edits)
    return str(caught.value)


def test_a_value_is_added_within_the_braces_of_a_host() -> None:
    gone, come = lines_changed(SITE, SetHostValue("cam-01", "serial_number", "DS-2CD0042"))
    assert gone == ["        cam-01: {ansible_host: 10.20.1.11, kind: camera}  # door"]
    assert come == ["        cam-01: {ansible_host: 10.20.1.11, kind: camera, serial_number: DS-2CD0042}  # door"]


def test_a_value_within_the_braces_of_a_host_is_replaced_where_it_stands() -> None:
    _, come = lines_changed(SITE, SetHostValue("cam-01", "ansible_host", "10.20.1.99"))
    assert come == ["        cam-01: {ansible_host: 10.20.1.99, kind: camera}  # door"]


@pytest.mark.parametrize(("host", "comment"), [("cam-02", ""), ("cam-04", "  # nothing yet")])
def test_a_host_without_values_gets_them_within_braces(host: str, comment: str) -> None:
    gone, come = lines_changed(SITE, SetHostValue(host, "channel", 3))
    assert gone == [f"        {host}:{comment}"]
    assert come == [f"        {host}: {{channel: 3}}{comment}"]


def test_a_value_of_a_host_in_block_style_gets_its_own_line_after_the_last_one() -> None:
    text = after(SITE, SetHostValue("cam-03", "desk", "Quầy 1"))
    assert "            you\n          desk: Quầy 1\n\n          # last of cam-03\n" in text


def test_a_block_scalar_is_replaced_and_the_blank_line_after_it_stays() -> None:
    text = after(SITE, SetHostValue("cam-03", "note", "short"))
    assert "          note: short\n\n          # last of cam-03\n" in text


def test_blank_lines_that_belong_to_a_block_scalar_stay_with_it() -> None:
    text = "g:\n  hosts:\n    a:\n      note: |+\n        x\n\n\n    b:\n"
    assert after(text, SetHostValue("a", "m", 1)) == (
        "g:\n  hosts:\n    a:\n      note: |+\n        x\n\n\n      m: 1\n    b:\n"
    )


def test_a_value_is_removed_from_braces_and_from_lines() -> None:
    assert "cam-01: {kind: camera}  # door" in after(SITE, RemoveHostValue("cam-01", "ansible_host"))
    assert "cam-01: {ansible_host: 10.20.1.11}  # door" in after(SITE, RemoveHostValue("cam-01", "kind"))
    assert "        cam-03:\n          note: |\n" in after(SITE, RemoveHostValue("cam-03", "kind"))
    both = after(SITE, RemoveHostValue("cam-03", "kind"), RemoveHostValue("cam-03", "note"))
    assert "        cam-03:\n\n          # last of cam-03\n" in both
    assert "a: {}" in after("g: {hosts: {a: {b: 1}}}", RemoveHostValue("a", "b"))


def test_a_list_is_replaced_and_the_comments_around_it_stay() -> None:
    text = after(SITE, SetGroupValue("viet_hung", "time_ntp_servers", ["10.0.0.1", "ntp.vn"]))
    assert "        time_ntp_servers: [10.0.0.1, ntp.vn]   # two of them\n        # after the list\n" in text


def test_a_group_gets_its_vars_when_it_has_none() -> None:
    assert after(SITE, SetGroupValue("long_bien", "a", 1)) == SITE + "  vars:\n    a: 1\n"
    assert after("g:\n", SetGroupValue("g", "a", 1)) == "g: {vars: {a: 1}}\n"
    assert after("g:\n  vars:\n", SetGroupValue("g", "a", 1)) == "g:\n  vars: {a: 1}\n"
    assert after("g: {hosts: {x}}", SetGroupValue("g", "a", 1)) == "g: {hosts: {x}, vars: {a: 1}}"


def test_a_group_loses_a_value() -> None:
    gone, come = lines_changed(SITE, RemoveGroupValue("viet_hung", "site_name"))
    assert (gone, come) == (["        site_name: Phường Việt Hưng   # tên"], [])


def test_a_host_is_added_in_the_style_of_its_neighbours() -> None:
    new = AddHost("g", "c", {"kind": "camera", "desk": "Quầy 2"})
    assert after("g:\n  hosts:\n    a: {}\n", new) == "g:\n  hosts:\n    a: {}\n    c: {kind: camera, desk: Quầy 2}\n"
    assert after("g:\n hosts:\n  a:\n      b: 1\n", new) == (
        "g:\n hosts:\n  a:\n      b: 1\n  c:\n      kind: camera\n      desk: Quầy 2\n"
    )
    assert after("g:\n  vars: {a: 1}\n", new).endswith("  hosts:\n    c: {kind: camera, desk: Quầy 2}\n")
    assert after("g:\n  hosts:\n    a:\n", AddHost("g", "c", {})) == "g:\n  hosts:\n    a:\n    c:\n"


def test_a_host_is_removed_with_its_values() -> None:
    text = after(SITE, RemoveHost("viet_hung", "cam-03"))
    assert "        cam-02:\n\n          # last of cam-03\n        cam-04:  # nothing yet\n" in text


def test_several_edits_of_one_file_are_made_in_one_go_and_in_order() -> None:
    text = after(
        SITE,
        SetHostValue("cam-02", "a", 1),
        SetHostValue("cam-02", "b", 2),
        SetHostValue("cam-01", "kind", "nvr"),
        AddHost("viet_hung", "cam-09", {}),
        SetHostValue("cam-09", "a", 9),
        RemoveHostValue("cam-02", "a"),
    )
    told = yaml.safe_load(text)["long_bien"]["children"]["viet_hung"]["hosts"]
    assert told["cam-02"] == {"b": 2}
    assert told["cam-01"]["kind"] == "nvr"
    assert told["cam-09"] == {"a": 9}


def test_thousands_of_hosts_are_edited_in_a_few_passes() -> None:
    text = "g:\n  hosts:\n" + "".join(f"    cam-{n}: {{ansible_host: 10.0.0.1}}\n" for n in range(3000))
    edits = [SetHostValue(f"cam-{n}", name, "x") for n in range(3000) for name in ("a", "b")]
    assert after(text, *edits).count("a: x, b: x}") == 3000


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_line_breaks_byte_order_mark_and_the_missing_last_break_stay(ending: str, bom: bytes, last: bool) -> None:
    text = "g:\n  hosts:\n    a:\n      b: 1\n      c: 2" + ("\n" if last else "")
    told = edited(bom + text.replace("\n", ending).encode(), [SetHostValue("a", "d", 3)])
    assert told == bom + (text.rstrip("\n") + "\n      d: 3" + ("\n" if last else "")).replace("\n", ending).encode()
    told = edited(bom + text.replace("\n", ending).encode(), [RemoveHostValue("a", "c")])
    assert told == bom + ("g:\n  hosts:\n    a:\n      b: 1" + ("\n" if last else "")).replace("\n", ending).encode()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("plain", "plain"),
        ("Phường Việt Hưng", "Phường Việt Hưng"),
        ("10.0.0.10", "10.0.0.10"),
        ("http://10.0.0.1/a", "http://10.0.0.1/a"),
        ("22:00", '"22:00"'),
        ("10:20:30:40:50:55", '"10:20:30:40:50:55"'),
        ("aa:bb:cc:dd:ee:ff", '"aa:bb:cc:dd:ee:ff"'),
        ("no", '"no"'),
        ("Y", '"Y"'),
        ("5.10", '"5.10"'),
        ("0123", '"0123"'),
        ("1e5", '"1e5"'),
        ("0o17", '"0o17"'),
        ("2026-01-02", '"2026-01-02"'),
        ("~", '"~"'),
        ("null", '"null"'),
        ("", '""'),
        (" a", '" a"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("a, b", '"a, b"'),
        ("&a", '"&a"'),
        ("a\nb\t\x00\u2028\ufeff", '"a\\nb\\t\\0\\u2028\\ufeff"'),
        ('say "hi" \\', '"say \\"hi\\" \\\\"'),
        ("{{ desk }}", '!unsafe "{{ desk }}"'),
        (Unsafe("x"), '!unsafe "x"'),
        (Template("{{ desk }}"), '"{{ desk }}"'),
        (True, "true"),
        (None, "null"),
        (1e20, "1.0e+20"),
        (5.1, "5.1"),
        (["a", "no"], '[a, "no"]'),
        ({"a": {"b": "1"}}, '{a: {b: "1"}}'),
    ],
)
def test_a_value_is_quoted_only_where_yaml_needs_it(value: Any, words: str) -> None:
    assert after("g:\n  hosts:\n    a: {}\n", SetHostValue("a", "v", value)) == (
        f"g:\n  hosts:\n    a: {{v: {words}}}\n"
    )


def test_what_is_so_already_is_not_written_again() -> None:
    text = "g: {hosts: {a: {b: '10.0.0.1', c: 0x10, d: [x , 'y']}}}"
    same = [SetHostValue("a", "b", "10.0.0.1"), SetHostValue("a", "c", 16), SetHostValue("a", "d", ["x", "y"])]
    assert after(text, *same) == text


def test_braces_over_several_lines_keep_their_comments() -> None:
    text = (
        "g:\n  hosts:\n    a: {\n      b: 1,  # one\n      # about c\n      c: 2,  # two\n      d: 3  # three\n    }\n"
    )
    assert "d: 3, e: 4  # three\n    }" in after(text, SetHostValue("a", "e", 4))
    assert after(text, RemoveHostValue("a", "c")) == text.replace("c: 2,  # two", "  # two")
    assert "# two\n        # three\n    }" in after(text, RemoveHostValue("a", "d"))


def test_a_host_in_two_groups_is_edited_where_it_has_its_values() -> None:
    text = "door:\n  hosts:\n    a:\nsite:\n  hosts:\n    a: {b: 1}\n"
    assert after(text, SetHostValue("a", "c", 2)) == text.replace("{b: 1}", "{b: 1, c: 2}")
    twice = text.replace("    a:\n", "    a: {b: 2}\n")
    assert "in two groups" in refusal(twice, SetHostValue("a", "b", 3))


def test_a_group_is_edited_where_it_is_defined_and_not_where_it_is_named() -> None:
    text = "all:\n  children:\n    g:\ng:\n  vars:\n    a: 1\n"
    assert after(text, SetGroupValue("g", "b", 2)) == text + "    b: 2\n"


@pytest.mark.parametrize(
    ("text", "asked", "reason"),
    [
        ("g: {hosts: {'cam-[01:03]': {}}}", SetHostValue("cam-02", "a", 1), "part of the range `cam-[01:03]`"),
        ("g: {hosts: {'cam-[01:03]': {}}}", AddHost("g", "cam-02", {}), "is in a range already"),
        ("g: {hosts: {a: }}", SetHostValue("b", "a", 1), "there is no host `b`"),
        ("g: {hosts: {a: }}", SetGroupValue("h", "a", 1), "there is no group `h`"),
        ("", SetGroupValue("h", "a", 1), "there is no group `h`"),
        ("g: {hosts: {a: }}", AddHost("g", "a", {}), "in the group g already"),
        ("g: {hosts: {a: {b: 1}}}", RemoveHostValue("a", "c"), "has no `c` of its own"),
        ("g: {hosts: {a: {b: 1, b: 2}}}", SetHostValue("a", "b", 3), "stands twice"),
        ("g: {hosts: {a: text}}", SetHostValue("a", "b", 3), "not a mapping"),
        ("x: &x {b: 1}\ng: {hosts: {a: *x}}", SetHostValue("a", "c", 3), "is an alias"),
        ("g: {hosts: {a: &x {b: 1}, c: *x}}", SetHostValue("a", "b", 3), "without changing something else"),
        ("g: {hosts: {a: {b: 1}}}", SetHostValue("a", "b-c", 3), "cannot be the name of a variable"),
        ("g: {hosts: {a: {b: 1}}}", AddHost("g", "a[1:2]", {}), "cannot be the name of one host"),
        ("g: {hosts: {a: {b: 1}}}", SetHostValue("a", "b", {1: 2}), "is not text"),
        ("g: {hosts: {a: {b: 1}}}", SetHostValue("a", "b", b"x"), "cannot be written"),
        ("g: {hosts: {a: {b: 1}}}", SetHostValue("a", "b", "\ud800x"), "without changing something else"),
        ("g: [", SetHostValue("a", "b", 1), "not YAML"),
        ("a: 1\n---\nb: 2\n", SetHostValue("a", "b", 1), "second document"),
        (
            "a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(f"c{n}: &c{n} [*b, *b]\n" for n in range(3)) + "d: &d [*d]\n",
            SetGroupValue("a", "b", 1),
            "contains itself",
        ),
    ],
)
def test_what_cannot_be_done_exactly_is_refused_with_its_reason(text: str, asked: edit.Edit, reason: str) -> None:
    assert reason in refusal(text, asked)


def test_an_alias_bomb_is_refused() -> None:
    layers = "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9))
    assert "unfolds to too much" in refusal(f"a0: &a0 [x]\n{layers}", SetGroupValue("a0", "b", 1))


def test_a_refusal_tells_the_place() -> None:
    assert refusal(SITE.replace("cam-02:", "cam-[02:03]:"), SetHostValue("cam-02", "a", 1)).startswith("site.yml:14:9:")


def test_a_merged_mapping_stays_and_the_host_gets_a_value_of_its_own() -> None:
    text = "x: &x {b: 1}\ng:\n  hosts:\n    a:\n      <<: *x\n"
    assert after(text, SetHostValue("a", "b", 2)) == text + "      b: 2\n"


def test_a_vault_block_and_an_unknown_tag_stay_as_they_are() -> None:
    text = "g:\n  hosts:\n    a:\n      p: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        3132\n      k: !odd x\n"
    assert after(text, SetHostValue("a", "b", 2)) == text + "      b: 2\n"


def test_a_file_is_replaced_whole_with_its_permissions_and_through_its_link(tmp_path: Path) -> None:
    path, link = tmp_path / "real.yml", tmp_path / "link.yml"
    path.write_text("g: {hosts: {a}}\n")
    path.chmod(0o640)
    link.symlink_to(path)
    set_host_values(link, "a", {"serial_number": "0042", "mac_address": "10:20:30:40:50:55"})
    assert path.read_text() == 'g: {hosts: {a: {serial_number: "0042", mac_address: "10:20:30:40:50:55"}}}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.yml", "real.yml"]


def test_a_file_that_changed_since_it_was_seen_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "site.yml"
    path.write_text("g: {hosts: {a: {b: 2}}}\n")
    with pytest.raises(InventoryError, match="changed by somebody else"):
        edit_file(path, [SetHostValue("a", "b", 3)], seen=b"g: {hosts: {a: {b: 1}}}\n")
    assert path.read_text() == "g: {hosts: {a: {b: 2}}}\n"


def test_a_file_that_changes_while_it_is_edited_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "site.yml"
    path.write_text("g: {hosts: {a: {b: 2}}}\n")

    def edited_and_disturbed(*args: Any, **kwargs: Any) -> bytes:
        path.write_text("# somebody was here\n")
        return edited(*args, **kwargs)

    monkeypatch.setattr(edit, "edited", edited_and_disturbed)
    with pytest.raises(InventoryError, match="changed by somebody else"):
        edit_file(path, [SetHostValue("a", "b", 3)])
    assert path.read_text() == "# somebody was here\n"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "site.yml"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.replace(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["site.yml"]
    assert path.read_text() == "old"


def test_only_one_writer_works_in_a_folder(tmp_path: Path) -> None:
    with files.locked(tmp_path), pytest.raises(Busy, match="another fleetctl"), files.locked(tmp_path, wait_s=0.05):
        pytest.fail("both hold the lock")
    with files.locked(tmp_path, wait_s=0.0):
        pass


WAIVED = """\
long_bien:
  children:
    viet_hung:
      vars:
        waivers_site:   # agreed
          # the first
          osd: {owner: An, until: "2026-12-31"}  # till New Year
      hosts:
        cam-01: {kind: camera}
"""


def test_an_entry_is_set_in_a_mapping_and_taken_out_again_and_all_else_stays() -> None:
    entry = {"owner": "Bình", "until": "2027-01-31"}
    told = after(WAIVED, SetEntry("viet_hung", "waivers_site", "time.zone", entry))
    gone, come = lines_changed(WAIVED, SetEntry("viet_hung", "waivers_site", "time.zone", entry))
    assert gone == []
    assert come == ['          time.zone: {owner: Bình, until: "2027-01-31"}']
    assert after(told, RemoveEntry("viet_hung", "waivers_site", "time.zone")) == WAIVED


def test_an_entry_that_is_there_is_replaced_and_a_mapping_that_is_not_is_made() -> None:
    changed = after(WAIVED, SetEntry("viet_hung", "waivers_site", "osd", {"owner": "C"}))
    assert changed == WAIVED.replace('{owner: An, until: "2026-12-31"}', "{owner: C}")
    host = after(WAIVED, SetEntry("cam-01", "waivers_host", "osd", {"owner": "C"}, of_host=True))
    assert host == WAIVED.replace("{kind: camera}", "{kind: camera, waivers_host: {osd: {owner: C}}}")
    group = yaml.safe_load(after(SITE, SetEntry("viet_hung", "waivers_site", "osd", {"owner": "C"})))
    assert group["long_bien"]["children"]["viet_hung"]["vars"]["waivers_site"] == {"osd": {"owner": "C"}}


def test_an_entry_that_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(InventoryError, match="no `time` of its own"):
        after(WAIVED, RemoveEntry("viet_hung", "waivers_site", "time"))
    with pytest.raises(InventoryError, match="no `waivers_site` of its own"):
        after(SITE, RemoveEntry("viet_hung", "waivers_site", "time"))
