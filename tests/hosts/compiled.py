"""On a test machine this is Python's sitecustomize: what is imported out of a zip file is compiled once.

Ansible sends each task's module with all it imports as source in a zip file, which Python compiles anew every time:
four fifths of what a task costs on a host, and all hosts of the tests are on the processors of one machine. Root's
alone, and nothing of it is seen by a module. The folder is one for all machines, and outlives them.
"""

import contextlib
import marshal
import os
import zipimport
import zlib

FOLDER = "/var/cache/fleet-compiled"

_compile = zipimport._compile_source


def _compiled(path, source):
    data = source if isinstance(source, bytes) else source.encode()
    name = f"{FOLDER}/{os.path.basename(path)}-{len(data)}-{zlib.crc32(data):08x}-{zlib.adler32(data):08x}"  # noqa: PTH119
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError), open(name, "rb") as file:  # noqa: PTH123
        return marshal.load(file)  # noqa: S302
    made = _compile(path, source)
    with contextlib.suppress(OSError):
        half = f"{name}.{os.uname().nodename}-{os.getpid()}"
        try:
            with open(half, "wb") as file:  # noqa: PTH123
                marshal.dump(made, file)
            os.rename(half, name)  # noqa: PTH104
        except OSError:
            os.unlink(half)  # noqa: PTH108
    return made


if os.geteuid() == 0:
    zipimport._compile_source = _compiled
