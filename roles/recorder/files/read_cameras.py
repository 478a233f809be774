"""Says on standard output, as JSON, how the files of the cameras are and should be. Tells no secret; writes nothing.

Standard input: {"folder": path, "files": {name: text as it should be}}.
A file that is newer than motion itself is one that motion has not read: who wrote it was cut off before the restart. So
it is with the folder, where no file tells it: one that is gone may still be recorded.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

SECRET = "netcam_userpass"
UNREAD = "has not read it"


def main():
    asked = json.load(sys.stdin)
    folder = pathlib.Path(asked["folder"])
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.conf")}
    began = motion_began()
    told = []
    for name in sorted(there | asked["files"]):
        before, after = options(there.get(name)), options(asked["files"].get(name))
        has = shown(before, after)
        if before is not None and began and (folder / name).stat().st_mtime > began:
            has["motion"] = UNREAD
        told.append({"name": name, "before": has, "after": shown(after, after)})
    seen = any("motion" in each["before"] for each in told)
    if not seen and began and folder.is_dir() and folder.stat().st_mtime > began:
        told.append({"name": "(removed)", "before": {"motion": UNREAD}, "after": {}})
    print(json.dumps(told))


def motion_began():
    """Return when motion was started, 0.0 where it does not run. Source: proc(5), starttime of /proc/PID/stat."""
    try:
        asked = ["systemctl", "show", "--property=MainPID", "--value", "motion.service"]
        pid = int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout or 0)
        ticks = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) if pid else 0
    except (OSError, ValueError, IndexError, subprocess.CalledProcessError):
        return 0.0
    if not ticks:
        return 0.0
    up_s = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    return time.time() - up_s + ticks / os.sysconf("SC_CLK_TCK")


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
