"""Draws the pictures of the README from what the commands print on a terminal.

`python docs/pictures.py` takes half a minute. The pictures name no web font, so that they fetch nothing.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from fleetctl.lab import control

COLUMNS: Final = 112
THEME: Final = TerminalTheme(
    (30, 32, 38),
    (215, 218, 224),
    [
        (30, 32, 38),
        (224, 108, 117),
        (129, 185, 104),
        (209, 163, 90),
        (97, 150, 220),
        (180, 120, 200),
        (90, 180, 190),
        (215, 218, 224),
    ],
    [
        (120, 126, 138),
        (240, 120, 128),
        (150, 205, 124),
        (229, 192, 123),
        (110, 170, 240),
        (200, 140, 220),
        (110, 200, 210),
        (255, 255, 255),
    ],
)
FORMAT: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
  <style>
  .{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
    line-height: {line_height}px; font-variant-east-asian: full-width; }}
  .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial, sans-serif; }}
  {styles}
  </style>
  <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
  </defs>
  {chrome}
  <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
  </g>
</svg>
"""


def printed(workspace: Path, *arguments: str) -> str:
    """Return what the command prints on a terminal, colours included, without the progress bar (stderr)."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(workspace)
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execv(sys.executable, [sys.executable, "-m", "fleetctl.cli.main", *arguments])  # noqa: S606  # our own
    told = b""
    while True:
        try:
            told += (more := os.read(terminal, 65536))
        except OSError:  # the child is done
            break
        if not more:
            break
    os.waitpid(child, 0)
    return told.decode("utf-8").replace("\r\n", "\n").rstrip()


def draw(path: Path, command: Sequence[str], told: str) -> None:
    """Write a terminal with a command and what it printed as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text(f"$ fleetctl {' '.join(command)}", style="bold"))
    console.print(Text.from_ansi(told))
    svg = console.export_svg(title="fleetctl", theme=THEME, code_format=FORMAT, unique_id=path.stem)
    path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


def main() -> None:
    """Make a workspace with a lab, draw its plan, apply it, let a few things happen, draw the audit."""
    pictures = Path(__file__).parent / "pictures"
    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "fleet"
        run(Path(folder), "init", str(workspace))
        run(workspace, "lab", "up")
        try:
            run(workspace, "adopt", "--yes")
            plan = ("plan", "--aspect", "time,video,osd")
            draw(pictures / "plan.svg", plan, printed(workspace, *plan))
            run(workspace, "apply", "--yes")
            happen(workspace)
            draw(pictures / "audit.svg", ("audit",), printed(workspace, "audit"))
        finally:
            run(workspace, "lab", "down")


def run(folder: Path, *arguments: str) -> None:
    """Run a command that is not drawn."""
    subprocess.run([sys.executable, "-m", "fleetctl.cli.main", *arguments], cwd=folder, check=True)


def happen(workspace: Path) -> None:
    """Do what happens between two audits."""
    lab = workspace / ".fleetctl" / "lab"
    for device in ("viet-hung-cam-02", "gia-thuy-cam-02", "gia-thuy-cam-03"):
        control.change(lab, device, "network", discovery="Discoverable")
    control.change(lab, "an-khanh-cam-01", "time", tz="CST-8:00:00")
    control.change(lab, "xuan-phuong-cam-02", "network", hostname="IPC")
    control.break_(lab, "tung-thien-cam-03", "unplug")
    control.break_(lab, "viet-hung-cam-03", "swap")


if __name__ == "__main__":
    main()
