"""A home with two sites in one file, and a laptop that has nothing but the bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyrage

from fleetctl.cli.main import main
from fleetctl.operations.workspace import Workspace, open_workspace
from fleetctl.store import Store
from fleetctl.vault import write_password_file
from tests.lab.office import Office
from tests.ran import Ran

SITES = """\
# two sites, one file
quan:
  vars:
    area_name: Quận
    message_webhook_key: !unsafe office-only
  children:
    hoa:
      vars:
        site_name: Phường Hoa
      hosts:
        hoa-cam: {ansible_host: 10.1.1.11, kind: camera, vendor: hikvision, desk: Quầy 1}   # by the door
        hoa-nvr: {ansible_host: 10.1.1.2, kind: nvr, vendor: hikvision}   # osd_text is not its matter
    mai:
      vars:
        site_name: Phường Mai
      hosts:
        mai-cam: {ansible_host: 10.1.2.11, kind: camera, vendor: dahua, desk: Quầy 1}
"""
STANDARD = """\
all:
  vars:
    ansible_user: fleetctl
    ansible_password: "{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].current }}"
    time_zone: Asia/Ho_Chi_Minh
    osd_text: "{{ site_name }} - {{ desk }}"
"""


def run(*arguments: str) -> Ran:
    """Run `fleetctl ARGUMENTS` in this process; there is no terminal."""
    return Office.printed(lambda: main(["--lang", "en", *arguments]))


@dataclass
class Home:
    root: Path
    key: Path  # the holder's private key

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.root)

    @property
    def sites(self) -> Path:
        return self.root / "inventory" / "quan.yml"

    def run(self, *arguments: str) -> Ran:
        return run("--workspace", str(self.root), *arguments)

    def bundle(self, path: Path, *more: str, site: str = "hoa") -> Path:
        public = str(pyrage.x25519.Identity.from_str(self.key.read_text()).to_public())
        told = self.run("site", "bundle", site, "-o", str(path), "--recipient", public, "--for", "An", *more)
        assert told.code == 0, told
        return path

    def away(self, path: Path, *arguments: str) -> Ran:
        """Run a command from a bundle."""
        return run("--bundle", str(path), "--bundle-key", str(self.key), *arguments)


def made(root: Path) -> Home:
    (root / "home" / "inventory").mkdir(parents=True)
    home = Home(root / "home", root / "key.txt")
    home.sites.write_text(SITES.replace("!unsafe ", ""), "utf-8")
    (home.root / "inventory" / "standard.yml").write_text(STANDARD, "utf-8")
    (home.root / "ansible.cfg").write_text("[defaults]\nvault_identity_list = fleet@.fleetctl/vault-password\n")
    write_password_file(home.root / ".fleetctl" / "vault-password")
    Store(home.root / ".fleetctl" / "store.db").close()
    home.key.write_text(str(pyrage.x25519.Identity.generate()))
    vault = home.workspace.vault
    for site, device in (("hoa", "hoa-cam"), ("hoa", "hoa-nvr"), ("mai", "mai-cam")):
        vault.set(site, device, "fleetctl", f"first-of-{device}")
    return home
