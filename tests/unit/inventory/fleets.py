"""Inventories for the comparison with Ansible: path -> text."""

from __future__ import annotations

from pathlib import Path

DEPTHS = {
    "10_standard.yml": """
all:
  vars: {who: all, only_all: 1, time_ntp_servers: [10.0.0.10, 10.0.0.11], mapping: {a: 1, b: 2}}
  hosts:
    loose: {who: loose host}
""",
    "20_a/city.yml": """
city:
  vars: {who: city, from_city: true}
  children:
    north:
      vars: {who: north, from_north: north}
      children:
        alpha: {vars: {who: alpha, mapping: {c: 3}}, hosts: {h1: , h2: {who: host}}}
        beta: {vars: {who: beta}, hosts: {h3: {}}}
    south:
      vars: {who: south}
      children:
        gamma: {hosts: {h4: , h5: {mapping: {d: 4}}}}
""",
    "20_a/nested/more.yml": """
deep: {children: {deeper: {children: {deepest: {hosts: {h4: {late: yes}}, vars: {who: deepest}}}}}}
""",
    "30_waves.yml": """
zulu: {vars: {wave: zulu, who: zulu}, hosts: {h1: , h2: }}
echo: {vars: {wave: echo, ansible_group_priority: 5}, hosts: {h1: , h2: }}
aaaa: {vars: {wave: aaaa, ansible_group_priority: 0, who: aaaa}, hosts: {h1: }}
north: {vars: {from_north: later file}}
alpha: {hosts: {h2: {who: later host, added: 7}}}
""",
    "40_more.yml": """
kind_like: {vars: {ansible_group_priority: 0, wave: kind}, children: {alpha: }}
other: {children: {alpha: {}, beta: {}}, vars: {from_other: 1, who: other}}
""",
    "README.md": "not an inventory",
    ".hidden.yml": "also: {hosts: {never: }}",
    "old.yml.bak": "also: {hosts: {never: }}",
    "old.yml~": "also: {hosts: {never: }}",
    "ansible.cfg": "[defaults]\n",
}

FOLDERS = {
    "hosts.yml": """
all: {vars: {a: inventory all, b: inventory all, c: inventory all, d: inventory all}}
area: {vars: {a: inventory area, b: inventory area}, children: {site: {hosts: {x: {d: inventory x, e: 1}, y: }}}}
site: {vars: {a: inventory site, c: inventory site}}
""",
    "json.json": '{"from_json": {"hosts": {"x": {"j": [1, 2.5, null, true]}}}}',
    "plain": "extensionless: {hosts: {z: {k: 1}}}\n",
    "group_vars/all.yml": "b: group_vars all\nf: group_vars all\ng: group_vars all\n",
    "group_vars/area/10.yml": "b: area ten\ng: area ten\nh: area ten\n",
    "group_vars/area/20": "h: area twenty\n",
    "group_vars/area/sub/30.yaml": "i: area thirty\n",
    "group_vars/area/.hidden.yml": "i: never\n",
    "group_vars/area/old.yml~": "i: never\n",
    "group_vars/area/note.txt": "i: never\n",
    "group_vars/site.json": '{"g": "site json"}',
    "host_vars/x.yml": "e: host_vars x\nf: host_vars x\n",
    "host_vars/y/a.yml": "e: host_vars y\n",
    "group_vars/empty.yml": "",
    "empty_group.yml": "empty: {hosts: {y: }}",
    "sub/group_vars/.keep": "",
}

TEMPLATES = {
    "a.yml": r"""
all:
  vars:
    place: "{{ site_name }} - {{ desk }}"
    twice: "{{ place }}!"
    number: 5
    same_number: "{{ number }}"
    sum: "{{ number + 1 }}"
    text_number: "n{{ number }}"
    two: "{{ number }}{{ number }}"
    constant: "{{ 7 }}"
    string_constant: "{{ 'seven' }}"
    list_: [1, two, "{{ number }}"]
    same_list: "{{ list_ }}"
    mapping: {a: "{{ number }}", b: {c: "{{ twice }}", d: [x, "{{ desk }}"]}}
    inner: "{{ mapping.b.c }}"
    inner_item: "{{ mapping['b']['d'][1] }}"
    whole: "{{ mapping }}"
    defaulted: "{{ nobody | default('somebody') }}"
    defaulted_deep: "{{ nobody.at.all | default(number) }}"
    defaulted_empty: "{{ '' | default('full', true) }}"
    default_of_broken: "{{ undefined_one | default('healed') }}"
    undefined_one: "{{ nobody }}"
    undefined_two: "a {{ nobody }} b"
    undefined_attribute: "{{ mapping.nothing }}"
    undefined_inside: {fine: 1, bad: "{{ nobody }}"}
    fine_of_it: "{{ undefined_inside.fine }}"
    bad_of_it: "{{ undefined_inside.bad }}"
    loop_a: "{{ loop_b }}"
    loop_b: "{{ loop_a }}"
    syntax: "{{ number + }}"
    is_it: "{{ number is defined and nobody is not defined }}"
    condition: "{% if number > 3 %}big{% else %}small{% endif %}"
    nothing_at_all: "{% if number > 10 %}big{% endif %}"
    loop: "{% for item in list_ %}{{ item }},{% endfor %}"
    with_set: "{% set x = number * 2 %}{{ x }}"
    none_value: null
    rendered_none: "{{ none_value }}"
    none_in_text: "a{{ none_value }}b"
    bool_value: true
    rendered_bool: "{{ bool_value }}"
    bool_in_text: "it is {{ bool_value }}"
    negated: "{{ not bool_value }}"
    float_value: 2.50
    float_in_text: "{{ float_value }}s"
    list_in_text: "has {{ list_ }}"
    dict_in_text: "has {{ {'a': [1, 'x']} }}"
    upper: "{{ site_name | upper }}"
    lower: "{{ site_name | lower }}"
    joined: "{{ list_ | join('-') }}"
    mapped: "{{ list_ | map('string') | list }}"
    mapped_lazily: "{{ ['a', 'b'] | map('upper') }}"
    integer: "{{ '42' | int }}"
    as_json: "{{ mapping | to_json }}"
    nice_json: "{{ {'b': 1, 'a': [1, 2]} | to_nice_json }}"
    from_json: "{{ '{\"a\": [1, 2.5, null]}' | from_json }}"
    from_yaml: "{{ 'a: [1, two]' | from_yaml }}"
    as_yaml: "{{ {'a': 1, 'b': [1, 'Việt']} | to_yaml }}"
    nice_yaml: "{{ {'a': {'b': [1, 2]}} | to_nice_yaml }}"
    b64: "{{ site_name | b64encode }}"
    unb64: "{{ 'UGjGsOG7nW5n' | b64decode }}"
    replaced: "{{ inventory_hostname | regex_replace('^(.*)-cam-(\\d+)$', '\\1_\\2') }}"
    replaced_single: '{{ inventory_hostname | regex_replace("^(.*)-cam-(\d+)$", "\1_\2") }}'
    searched: "{{ inventory_hostname | regex_search('[0-9]+') }}"
    search_group: "{{ inventory_hostname | regex_search('cam-(.+)', '\\1') }}"
    found: "{{ inventory_hostname | regex_findall('[a-z]+') }}"
    combined: "{{ {'a': {'x': 1}, 'l': [1]} | combine({'a': {'y': 2}, 'l': [2]}) }}"
    combined_deep: >-
      {{ {'a': {'x': 1}, 'l': [1]} | combine({'a': {'y': 2}, 'l': [2]}, recursive=True, list_merge='append') }}
    items: "{{ {'a': 1, 'b': 2} | dict2items }}"
    un_items: "{{ [{'key': 'a', 'value': 1}] | items2dict }}"
    ternary: "{{ bool_value | ternary('yes', nobody) }}"
    as_bool: "{{ 'yes' | bool }}"
    flat: "{{ [1, [2, [3, null]]] | flatten }}"
    unique: "{{ [3, 1, 3, 2] | unique }}"
    union: "{{ [1, 2] | union([2, 3]) }}"
    difference: "{{ [1, 2, 3] | difference([2]) }}"
    intersect: "{{ [1, 2, 3] | intersect([2, 3, 4]) }}"
    sorted: "{{ [3, 1, 2] | sort }}"
    selected: "{{ [{'n': 1, 'ok': true}, {'n': 2, 'ok': false}] | selectattr('ok') | map(attribute='n') | list }}"
    hashed: "{{ 'x' | hash('sha256') }}"
    md5: "{{ 'x' | md5 }}"
    split: "{{ 'a,b' | split(',') }}"
    zipped: "{{ [1, 2] | zip(['a', 'b']) | list }}"
    quoted: "{{ 'a b' | quote }}"
    padded: "{{ '%02d' | format(number) }}"
    tilde: "{{ number ~ '/' ~ desk }}"
    slice: "{{ list_[0:2] }}"
    ranged: "{{ range(3) | list }}"
    method: "{{ inventory_hostname.split('-')[0] }}"
    hidden: "{{ inventory_hostname.__class__ }}"
    comment: "{# nothing #}text"
    trailing: "{{ number }}\n"
    block: |
      first {{ number }}
      second
    groups_here: "{{ group_names }}"
    in_group: "{{ 'site' in group_names }}"
    members: "{{ groups['site'] }}"
    of_other: "{{ hostvars['t-cam-02'].desk }}"
    of_other_rendered: "{{ hostvars['t-cam-02']['place'] }}"
    of_unknown: "{{ hostvars['nope'].desk | default('gone') }}"
    short: "{{ inventory_hostname_short }}"
    raw: "{% raw %}{{ not }}{% endraw %}"
    unsafe: !unsafe "{{ number }}"
    of_unsafe: "{{ unsafe }}"
    quote_in: "{{ \"a'b\" }}"
    matched: "{{ inventory_hostname is match('t-cam') }}"
    contains: "{{ [1, 2] is contains(2) }}"
    divided: "{{ 7 / 2 }}"
    floored: "{{ 7 // 2 }}"
    zero: "{{ 1 / 0 }}"
    unknown_filter: "{{ 1 | no_such_filter }}"
    type_of: "{{ number | type_debug }}"
    mandatory: "{{ nobody | mandatory }}"
    ordered: "{{ {'b': 1, 'a': 2} | dictsort }}"
    rounded: "{{ 2.567 | round(1) }}"
    inline_if: "{{ 'a' if number == 5 }}"
    inline_if_not: "{{ 'a' if number == 6 }}"
    nested_call: "{{ '{{ number }}' }}"
    date_value: 2026-11-23
    date_in_text: "on {{ date_value }}"
    dict_from: "{{ dict(a=number) }}"
    int_key: {1: one, 2: two}
    of_int_key: "{{ int_key[1] }}"
    merged: &base {m: 1, n: 2}
    merging: {<<: *base, n: 3}
    anchored: *base
    octal: 0o10
    old_octal: 010
    yes_no: [yes, no, on, off, True, "yes"]
site:
  vars: {site_name: Phường Việt Hưng}
  hosts:
    t-cam-01: {desk: Quầy 1, kind: camera}
    t-cam-02: {desk: "{{ 'Quầy ' ~ 2 }}", kind: camera}
    t.example.org: {desk: 3}
""",
}

VAULT_TEXT = """$ANSIBLE_VAULT;1.1;AES256
          31306635643461636538373163363261336462346266643561353966353236396465386233366666
          3939306661643563313034373661663538656235663765320a356233653439613138393732383663
          36646366643566653133323630353330363565396361346639343937656335633335613036306661
          3264656332303965390a343331323261336337363835313465303961333533643666316662363232
          3331"""

VAULTED = {
    "a.yml": f"""
all:
  vars:
    plain: 1
    ansible_user: fleetctl
    ansible_password: "{{{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].current }}}}"
    direct: !vault |
          {VAULT_TEXT}
    derived: "x{{{{ direct }}}}"
    nested: {{a: "{{{{ direct }}}}", b: 2}}
    fine: "{{{{ nested.b }}}}"
    defaulted: "{{{{ direct | default('never') }}}}"
v_site:
  hosts: {{v1: {{kind: camera}}, v2: {{kind: camera}}}}
""",
    "group_vars/v_site/vault.yml": f"vault_secrets: !vault |\n          {VAULT_TEXT}\n",
    "group_vars/v_site/plain.yml": "plain: 2\n",
}

RANGES = {
    "a.yml": """
site:
  hosts:
    cam-[01:12]: {kind: camera, desk: ranged}
    step-[0:10:5]:
    letter-[a:c]:
    big-[X:Z].example:
    two-[1:2]-[a:b]:
    10.9.8.[7:9]:
    with-port:2222: {x: 1}
    "[fe80::1]:2200": {x: 2}
    "fe80::2":
    cam-03: {desk: own}
all: {hosts: {straight: }}
ungrouped: {hosts: {nowhere: , cam-01: }}
single: {hosts: one}
children_as_text: {children: site}
nothing:
""",
}

CONSTRUCTED = {
    "a.yml": """
all: {vars: {vendor: nobody}}
camera: {vars: {ansible_group_priority: 0, who: camera}}
long_bien: {vars: {who: long_bien}, children: {viet_hung: {hosts: {
  c1: {kind: camera, vendor: hikvision}, c2: {kind: camera, vendor: "{{ 'da' ~ 'hua' }}"}, n1: {kind: nvr}}}}}
aaa: {vars: {who: aaa, vendor: from group}, hosts: {p1: {kind: "", tags_: [a, b b], map_: {k: v, e: ""}}, p2: }}
""",
    "zzz_kinds.yml": """
plugin: ansible.builtin.constructed
compose:
  composed: kind ~ '-' ~ inventory_hostname
groups:
  is_c: inventory_hostname.startswith('c')
  in_aaa: "'aaa' in group_names"
  broken: nobody.x
keyed_groups:
  - {key: kind, prefix: "", separator: ""}
  - {key: vendor, prefix: vendor}
  - {key: tags_, prefix: tag}
  - {key: map_, prefix: map, default_value: none}
  - {key: "kind ~ '.x'", prefix: odd, separator: "-"}
  - {key: kind, prefix: child, parent_group: made_parent, default_value: unkind}
""",
}

FLEETS = {
    "depths": DEPTHS,
    "folders": FOLDERS,
    "templates": TEMPLATES,
    "vaulted": VAULTED,
    "ranges": RANGES,
    "constructed": CONSTRUCTED,
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write the files of an inventory below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
