"""Which ISAPI requests only read. What is not known to read writes.

Source: field facts, NVR and vendor protocols, 1.5: GET reads on every page; searches are POSTs that change nothing.
"""

from __future__ import annotations

import re
from typing import Final

# POST pages that ask: footage, its days, the log, what a time server would say.
_ASKING: Final = re.compile(
    r"/ISAPI/ContentMgmt/(?:search|logSearch|record/tracks/[0-9]+/dailyDistribution)|/ISAPI/System/time/ntpServers/test"
)


def is_reading(method: str, path: str) -> bool:
    """Tell whether a request cannot change the device."""
    page = path.partition("?")[0]
    return method == "GET" or (method == "POST" and _ASKING.fullmatch(page) is not None)
