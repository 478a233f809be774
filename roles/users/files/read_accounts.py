"""Says on standard output, as JSON, how the accounts of this host are. Tells no secret; writes nothing.

Standard input: {"accounts": [name, ...], "passwords": {name: password}, "groups": {level: [group, ...]}}.
"""

import ctypes
import grp
import json
import pathlib
import pwd
import sys

HUMAN = range(1000, 60000)


def main():
    asked = json.load(sys.stdin)
    with pathlib.Path("/etc/shadow").open(encoding="utf-8") as file:
        hashes = dict(line.split(":")[:2] for line in file)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    told = {}
    for name in asked["accounts"]:
        if name in known:
            told[name] = {
                "level": level(name, asked["groups"]),
                "password": state(hashes.get(name, ""), asked["passwords"].get(name)),
            }
    print(
        json.dumps(
            {
                "accounts": told,
                "groups": {name: groups(name) for name in told},
                "homes": {name: entry.pw_dir for name, entry in known.items()},
                "people": sorted(name for name, entry in known.items() if entry.pw_uid in HUMAN),
                "root": "locked" if hashes["root"].startswith(("!", "*")) else "open",
            }
        )
    )


def groups(name):
    return sorted(group.gr_name for group in grp.getgrall() if name in group.gr_mem)


def level(name, levels):
    mine = set(groups(name))
    for known in ("administrator", "operator"):
        if mine & set(levels[known]):
            return known
    return "user"


def state(hashed, password):
    if password is None:
        return "none" if hashed.startswith(("!", "*")) else "not in the vault"
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    again = library.crypt(password.encode(), hashed.encode())
    return "as in the vault" if again and again.decode() == hashed else "another"


main()
