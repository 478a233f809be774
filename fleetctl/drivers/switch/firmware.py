"""Firmware of switches: copied over SCP, proven by the switch's own checksum, made the next start's, then a reload.

What each make types stands in `templates/switch/<platform>/platform.yml` (`upgrade`), with its sources. Source: field
facts, NVR and vendor protocols, 5.6.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fleetctl.errors import Rejected, Unsupported
from fleetctl.model import Order, Release, Verdict, release_of, verdict
from fleetctl.protocols.ssh.images import Images

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.platforms import Platform
    from fleetctl.protocols.ssh.session import Session

_IOS: Final = re.compile(r"(\d+)\.(\d+)\((\d+)([a-z]?)\)([A-Z]*)(\d*)([a-z]?)")  # 15.2(7)E4
_COMWARE: Final = re.compile(r"(\d+(?:\.\d+)+),? Release (\d+)(?:P(\d+))?")  # 7.1.070, Release 6126P20
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ROUTEROS: Final = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?: \([a-z-]+\))?")  # 7.16 comes before 7.16.1
_SPANS: Final = {"y": 365 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_SPAN: Final = re.compile(r"(\d+)\s*([ywdhms])")  # 1 week, 2 days; 1w2d3h


def release(told: str) -> Release | None:
    """Read what switches call their version: 15.2(7)E4, `7.1.070, Release 6126P20`, 7.16, else as everywhere.

    IOS' train (the letters) is one of the numbers: another train is another version.
    """
    if found := _IOS.search(told):
        parts = (*found.groups()[:3], _letters(found[4]), _letters(found[5]), found[6] or "0", _letters(found[7]))
        return Release(numbers=tuple(int(part) for part in parts))
    if found := _COMWARE.search(told):
        numbers = tuple(int(part) for part in found[1].split("."))
        return Release(numbers=(*numbers, int(found[2]), int(found[3] or 0)))
    if found := _ROUTEROS.fullmatch(told):
        return Release(numbers=tuple(int(part or 0) for part in found.groups()))
    return release_of(told)


def _letters(told: str) -> str:
    return str(int.from_bytes(told.encode("ascii"), "big")) if told else "0"


def why_not(platform: Platform) -> str:
    """Return why fleetctl gives a make no firmware."""
    return f"fleetctl gives {platform.name} switches no firmware: {platform.cannot['firmware']}"


def room(session: Session, _argument: object) -> int | None:
    """Return how many bytes are free where images are kept, None where fleetctl gives the make no firmware."""
    way = session.platform.upgrade
    return None if way is None else Images(session, way).room()


def uptime(session: Session, _argument: object) -> float | None:
    """Return for how many seconds the switch has been up, at the most: consoles tell whole minutes."""
    way = session.platform.upgrade
    if way is None:
        raise Unsupported(why_not(session.platform))
    told = Images(session, way).uptime()
    found = _SPAN.findall(told)
    return float(sum(int(number) * _SPANS[span] for number, span in found) + 60) if found else None


def flash(session: Session, order: Order) -> str:
    """Give a switch its image and restart it; what is in force is saved first.

    Raises Unsupported, Rejected (the file did not arrive as it is, holds another version, is not the next start's),
    Unreachable.
    """
    way = session.platform.upgrade
    if way is None:
        raise Unsupported(why_not(session.platform))
    name = order.image.file_name
    if not _FILE.fullmatch(name):
        raise Rejected(f"a switch takes no file of the name {name!r}: add the image under a plain one")
    session.save()
    images, body = Images(session, way), order.body()
    wanted = body.digest(way.algorithm)
    if images.digest(name) != wanted:
        images.put(name, body)
        if (found := images.digest(name)) != wanted:
            raise Rejected(f"{name} did not arrive as it is: its {way.algorithm} there is {found or 'not told'}")
    inside = images.version_in(name)
    if inside is not None and verdict(order.image.version, inside, release) is not Verdict.VERIFIED:
        raise Rejected(f"{name} holds {inside or 'no package'} as it reads it, not {order.image.version}")
    images.start_from(name)
    session.reboot()
    return ""
