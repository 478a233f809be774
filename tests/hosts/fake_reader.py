"""On a test machine: barcode readers that are plugged in while this runs, under the names that udev would give them.

    fake_reader.py serial:NAME keyboard:NAME ...

A serial reader is a pseudo terminal, one that is a keyboard a pipe of key events. `touch /run/scan`: somebody holds a
code before each of them.
"""

import contextlib
import os
import pty
import signal
import struct
import sys
import time
from pathlib import Path

FOLDER = Path("/dev/barcode")
ASKED = Path("/run/scan")
CODE, KEYS = b"01KH-2026/0815\r", (11, 2, 25, 28)  # on the keyboard: 0, 1, p, enter
KEY_EVENT = struct.Struct("llHHi")


def main(*readers):
    FOLDER.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    paths = [FOLDER / each.partition(":")[2] for each in readers]
    try:
        plugged = [_plugged(each.partition(":")[0], path) for each, path in zip(readers, paths, strict=True)]
        while True:
            time.sleep(0.1)
            if ASKED.exists():
                ASKED.unlink()
                time.sleep(0.5)  # whoever asked opens the device meanwhile
                for device, said in plugged:
                    os.write(device, said)
    finally:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _plugged(connection, path):
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    if connection == "serial":
        device, inner = pty.openpty()
        path.symlink_to(os.ttyname(inner))
        return device, CODE
    os.mkfifo(path)
    presses = (KEY_EVENT.pack(0, 0, 1, code, value) for code in KEYS for value in (1, 0))
    return os.open(path, os.O_RDWR), b"".join(presses)


if __name__ == "__main__":
    main(*sys.argv[1:])
