"""An older Axis camera: it tells nobody the time, does not know GetServices and has no Media2.

Sources: field facts on ONVIF, quirks 2 (time refused without login), 9 (GetServices absent: quatanium#30, agsh#155),
4 (digest only). All else as the newer one.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.lab.personalities.axis_like import PERSONALITY as NEWER

PERSONALITY = replace(
    NEWER,
    name="axis-old-like",
    doc="an older Axis: the time only after login, no GetServices, no Media2",
    sources=("field/onvif.md quirks 2, 4, 9",),
    model="M3045-V",
    firmware="6.50.5.2",
    paths={service: path for service, path in NEWER.paths.items() if service != "tr2"},
    unsupported=NEWER.unsupported | {"tds:GetServices"},
    time_needs_login=True,
    codecs={token: tuple(codec for codec in codecs if codec.name != "H265") for token, codecs in NEWER.codecs.items()},
    masks={},
)
