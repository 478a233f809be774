"""Says on standard output, as JSON, which cameras are recorded: whose newest file grew of late. Writes nothing.

Arguments: folder, seconds after which a file is stale, seconds to wait for it, cameras; after `--` those that are not
waited for.
"""

import json
import pathlib
import sys
import time


def main():
    folder, stale_s, wait_s, names = pathlib.Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
    cameras = names[: names.index("--")]
    deadline = time.monotonic() + wait_s
    while True:
        told = {camera: state(folder / camera, stale_s) for camera in names if camera != "--"}
        if {told[camera] for camera in cameras} <= {"recorded"} or time.monotonic() >= deadline:
            break
        time.sleep(1)
    print(json.dumps(told))


def state(folder, stale_s):
    now = time.time()
    for day in sorted((path for path in folder.glob("*") if path.is_dir()), reverse=True)[:2]:
        for file in day.iterdir():
            told = file.stat()
            if told.st_size and now - told.st_mtime < stale_s:
                return "recorded"
    return "not recorded"


main()
