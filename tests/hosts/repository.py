"""A small apt repository on disk, made of packages that are made here."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from pathlib import Path

DEMO = "fleet-demo"


def made(folder: Path) -> Path:
    """Return a repository with the package `fleet-demo` in version 1.0."""
    add(folder, "1.0")
    return folder


def add(folder: Path, version: str, name: str = DEMO) -> None:
    """Add a package that holds one file which says its version, and write the list anew."""
    root = folder / "tree"
    (root / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (root / "usr/share" / name).mkdir(parents=True, exist_ok=True)
    (root / "usr/share" / name / "version").write_text(f"{version}\n", encoding="ascii")
    fields = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: none <none@example.org>\n"
    (root / "DEBIAN/control").write_text(f"{fields}Description: demo\n", encoding="ascii")
    target = folder / f"{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, target], check=True, capture_output=True)
    write_list(folder)


def write_list(folder: Path) -> None:
    """Write Packages and Packages.gz of every package in the folder."""
    told = []
    for deb in sorted(folder.glob("*.deb")):
        control = subprocess.run(["dpkg-deb", "--field", deb], check=True, capture_output=True, text=True).stdout
        sums = hashlib.sha256(deb.read_bytes()).hexdigest()
        told.append(f"{control.rstrip()}\nFilename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {sums}\n")
    text = "\n".join(told).encode()
    (folder / "Packages").write_bytes(text)
    (folder / "Packages.gz").write_bytes(gzip.compress(text))
