"""What is installed on a Debian host, as one script prints it.

Source: dpkg-query(1), apt-mark(8), systemctl(1), random(4); /run/reboot-required is Debian's own convention.
"""

from __future__ import annotations

from typing import Final

from fleetctl.model import Installed

# Each part after its own line: what a command lacks shows, and `== end` that nothing was cut off.
SCRIPT: Final = """\
export LC_ALL=C
echo '== clock'; date +%s.%N
echo '== boot'; cat /proc/sys/kernel/random/boot_id
echo '== uptime'; cut -d' ' -f1 /proc/uptime
echo '== reboot'; if test -e /run/reboot-required; then echo yes; else echo no; fi
echo '== room'; df -Pk /var
echo '== packages'; dpkg-query -W -f '${db:Status-Abbrev}\t${binary:Package}\t${Version}\n'
echo '== held'; apt-mark showhold
echo '== failed'; systemctl list-units --state=failed --plain --no-legend --no-pager
echo '== clock'; date +%s.%N
echo '== end'
"""
MOST: Final = 4 * 1024 * 1024  # bytes: a desktop's packages are a quarter of one


def read(told: str, now: float) -> Installed:
    """Read the parts of what a host printed; raises KeyError, ValueError, IndexError.

    `now` is the middle of the time it took (seconds since 1970), as the host's own two readings of its clock are.
    """
    parts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in told.splitlines():
        if line.startswith("== "):
            lines = parts.setdefault(line[3:].strip(), [])
        elif line.strip():
            lines.append(line)
    if "end" not in parts or not parts["packages"]:
        raise ValueError("cut off")
    packages: dict[str, str] = {}
    unfinished: list[str] = []
    for line in parts["packages"]:
        state, name, version = line.split("\t")
        if state[1:2] == "i":
            packages[name] = version
        elif state[1:2] not in ("n", "c"):  # neither never there nor gone but for its configuration
            unfinished.append(name)
    return Installed(
        packages=packages,
        held=tuple(sorted(line.strip() for line in parts["held"])),
        unfinished=tuple(sorted(unfinished)),
        failed=tuple(sorted(line.split()[0] for line in parts["failed"])),
        boot_id=parts["boot"][0].strip(),
        reboot_asked=parts["reboot"] == ["yes"],
        uptime_s=float(parts["uptime"][0]),
        clock_error_s=(float(parts["clock"][0]) + float(parts["clock"][1])) / 2 - now,
        free_kb=int(parts["room"][-1].split()[3]),
    )
