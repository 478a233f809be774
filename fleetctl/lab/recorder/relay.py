"""A recorder's channels looked at live: the camera's stream, for whom the recorder lets see it, while it is connected.

The picture is not pulled a second time: what a viewer gets is what the camera sends at that moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from fleetctl.lab.device import SimDevice

_TRACK: Final = re.compile(r"/trackID=\d+$")


@lru_cache(maxsize=16)
def _pattern(template: str) -> re.Pattern[str]:
    told = re.escape(template).replace(r"\{channel\}", r"(?P<channel>\d{1,3})")
    told = told.replace(r"\{stream\}", r"(?P<stream>[12])").replace(r"\{sub\}", r"(?P<sub>[01])")
    return re.compile(rf"(?:/ISAPI)?{told}(?:[/?&].*)?", re.IGNORECASE)


def asked(recorder: SimDevice, path: str) -> tuple[str, int] | None:
    """Return channel and stream (0 main, 1 sub) that a path means, None if it means none."""
    rule = recorder.personality.recorder
    found = _pattern(rule.relay_path).fullmatch(_TRACK.sub("", path).rstrip("/")) if rule else None
    if found is None:
        return None
    told = found.groupdict()
    return str(int(told["channel"])), int(told["stream"]) - 1 if told.get("stream") else int(told.get("sub") or 0)


def may_see(recorder: SimDevice, user: str, path: str) -> bool:
    """Tell whether an account may look at what a path means; a path that means nothing is answered later."""
    told = asked(recorder, path)
    kept = recorder.read("users").get(user)
    if told is None or kept is None or kept["level"] == "Administrator":
        return True
    return "preview" not in kept or int(told[0]) in kept["preview"]


def source(
    recorder: SimDevice, path: str, reached: Callable[[SimDevice, str], SimDevice | None]
) -> tuple[SimDevice | None, str]:
    """Return the camera and the path of its stream, None while the channel is not connected."""
    told = asked(recorder, path)
    link = (recorder.links or {}).get(told[0]) if told else None
    if told is None or link is None or not link.online:
        return None, ""
    return reached(recorder, str(recorder.read("channels")[told[0]]["address"])), link.streams[told[1]]
