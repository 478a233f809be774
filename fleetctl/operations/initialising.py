"""A new workspace: its inventory, its vault password and the sheet by which it is recovered."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleetctl import files
from fleetctl.errors import UsageError
from fleetctl.operations.workspace import STATE
from fleetctl.resources import folder
from fleetctl.store import Store
from fleetctl.vault import envelope, write_password_file

PASSWORD_FILE: Final = "vault-password"  # noqa: S105  # a file's name
ANSIBLE_CFG: Final = """\
# Read by Ansible and by fleetctl: both work in this folder with the same inventory and the same vault.
[defaults]
inventory = inventory
vault_identity_list = fleet@{password_file}
host_key_checking = True
interpreter_python = auto_silent
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What `init` made."""

    root: Path
    password_file: Path
    envelope: Path
    sealed: bool  # the envelope is encrypted to public keys
    copied: bool


def init(root: Path, source: Path | None = None, recipients: Sequence[str] = ()) -> Initialised:
    """Make a workspace in an empty or missing folder; `source` is an inventory to copy, else a small example.

    `recipients` are public keys (or files of some): the recovery sheet is then an envelope that only they open.
    Raises UsageError when the folder is a workspace already or holds other files.
    """
    root = root.resolve()
    if (root / STATE).exists():
        raise UsageError(f"{root} is a workspace already")
    if root.exists() and any(root.iterdir()):
        raise UsageError(f"{root} is not empty. Name a new folder, or empty this one first")
    example = source or folder("inventory/pilot")
    if not example.is_dir():
        raise UsageError(f"{example} is not a folder with an inventory")
    keys = envelope.recipients_of(recipients) if recipients else ()
    state = root / STATE
    state.mkdir(parents=True, mode=0o700)
    shutil.copytree(example, root / "inventory", ignore=shutil.ignore_patterns("*.retry", "__pycache__", "ansible.cfg"))
    password_file = state / PASSWORD_FILE
    write_password_file(password_file)
    (root / "ansible.cfg").write_text(ANSIBLE_CFG.format(password_file=f"{STATE}/{PASSWORD_FILE}"), "utf-8")
    (root / ".gitignore").write_text(f"/{STATE}/\n", "utf-8")
    sheet = _sheet(root, password_file, keys)
    Store(state / "store.db").close()
    return Initialised(
        root=root, password_file=password_file, envelope=sheet, sealed=bool(keys), copied=source is not None
    )


def _sheet(root: Path, password_file: Path, keys: Sequence[str]) -> Path:
    """Write the recovery sheet: what to print, seal and put away, then delete; with keys an envelope instead."""
    path = root / STATE / ("recovery-sheet.txt.age" if keys else "recovery-sheet.txt")
    text = (
        "fleetctl: recovery sheet / tờ khôi phục\n\n"
        f"Workspace: {root}\n"
        f"Vault password / mật khẩu kho: {password_file.read_text('utf-8').strip()}\n\n"
        "EN  Print this sheet, seal it in an envelope, keep it in a safe, then delete this file.\n"
        "    Whoever has this password and the inventory folder can log in to every device.\n"
        "VI  In tờ này, niêm phong trong phong bì, cất vào két, rồi xóa tệp này.\n"
        "    Ai có mật khẩu này và thư mục inventory thì đăng nhập được vào mọi thiết bị.\n"
    ).encode()
    files.replace(path, envelope.sealed(text, keys) if keys else text, mode=0o600)
    return path
