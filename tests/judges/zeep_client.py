"""Asks one camera with onvif-zeep what the test wants to know, and prints it as one JSON object.

    python -m tests.judges.zeep_client HOST PORT USER [zulu]      password in the environment variable CAMERA_PASSWORD

`zulu` mends its time stamps, which end in +00:00 where some makes want a Z.
In a process of its own: the library changes the environment and the logging of whoever imports it.
"""

from __future__ import annotations

import functools
import json
import os
import sys

from onvif.client import ONVIFCamera, UsernameDigestTokenDtDiff


def main(host: str, port: str, user: str, mend: str = "") -> None:
    """Print the answers; whatever the library raises ends the process."""
    if mend == "zulu":
        made = UsernameDigestTokenDtDiff.__init__
        UsernameDigestTokenDtDiff.__init__ = functools.partialmethod(made, zulu_timestamp=True)
    camera = ONVIFCamera(host, int(port), user, os.environ["CAMERA_PASSWORD"], adjust_time=True)
    device, media = camera.devicemgmt, camera.create_media_service()
    information = device.GetDeviceInformation()
    profiles = media.GetProfiles()
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    told = {
        "information": {"manufacturer": information.Manufacturer, "serialNumber": information.SerialNumber},
        "time": device.GetSystemDateAndTime().UTCDateTime.Date.Year,
        "users": [account.Username for account in device.GetUsers()],
        "profiles": [profile.token for profile in profiles],
        "stream": media.GetStreamUri({"StreamSetup": setup, "ProfileToken": profiles[0].token}).Uri,
        "snapshot": media.GetSnapshotUri({"ProfileToken": profiles[0].token}).Uri,
        "hostname": device.GetHostname().Name,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
