"""Says on standard output, as JSON, how the files of the cameras are and should be. Tells no secret; writes nothing.

Standard input: {"folder": path, "files": {name: text as it should be}}.
"""

import json
import pathlib
import sys

SECRET = "netcam_userpass"


def main():
    asked = json.load(sys.stdin)
    folder = pathlib.Path(asked["folder"])
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.conf")}
    told = []
    for name in sorted(there | asked["files"]):
        before, after = options(there.get(name)), options(asked["files"].get(name))
        told.append({"name": name, "before": shown(before, after), "after": shown(after, after)})
    print(json.dumps(told))


def options(text):
    if text is None:
        return None
    return dict(line.partition(" ")[::2] for line in text.splitlines() if line and not line.startswith("#"))


def shown(mine, wanted):
    """Return the options, the login told by whether it is the one wanted."""
    if mine is None:
        return "none"
    login = "none" if SECRET not in mine else "another"
    if wanted and mine.get(SECRET) == wanted.get(SECRET):
        login = "as in the vault"
    return {**{key: value for key, value in mine.items() if key != SECRET}, "login": login}


main()
