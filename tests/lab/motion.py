"""A Linux recorder beside a lab's camera: Ansible and SSH are played at the wire by what motion would do.

It goes by the inventory and the vault that are on disk, and records as long as the camera has the password it has.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from fleetctl.converge import batch, hosts, link
from fleetctl.errors import Unreachable
from fleetctl.protocols.ansible import Diff, State, Told
from fleetctl.protocols.ansible.runner import Ended
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.linux import Footage
from tests.lab.office import Office

MACHINE = "0123456789abcdef0123456789abcdef"
RECORDER, CAMERA = "s0-rec", "s0-c1"
LINE = (
    f"        {RECORDER}: {{ansible_host: 10.99.0.9, kind: nvr, platform: linux, serial_number: {MACHINE}, desk: P, "
    "recorder_account: ghihinh, recorder_standby_account: ghihinh_2}\n"
)


@dataclass
class Motion:
    """The recorder: what it was told stands in a file, since a command that is killed leaves it as it is."""

    office: Office
    away: bool = False
    dead_with: str = ""  # it records nothing with this account
    records_only_with: str = ""  # it records nothing with another password
    runs: list[str] = field(default_factory=list)
    credential_proven = True

    @property
    def login(self) -> list[str]:
        found: list[str] = json.loads((self.office.root / "motion.json").read_text("utf-8"))
        return found

    @login.setter
    def login(self, told: Sequence[str]) -> None:
        (self.office.root / "motion.json").write_text(json.dumps(list(told)), "utf-8")

    def wanted(self) -> list[str]:
        """Return the login that the role takes out of the inventory and the vault as they are now, [] for none."""
        workspace = self.office.workspace
        values = workspace.inventory.values(CAMERA)
        if "recorder_rests" in values:
            assert values["recorder_rests"].value is True
            return []
        account = str(values["recorder_account_in_use"].value) if "recorder_account_in_use" in values else "ghihinh"
        return [account, workspace.vault.entry("s0", CAMERA, account).current]

    def records(self) -> bool:
        user, password = self.login or ["", ""]
        if not user or user == self.dead_with or self.records_only_with not in ("", password):
            return False
        return bool(self.office.real(CAMERA)["users"].get(user, {}).get("password") == password)

    # Ansible
    def run(self, plays: Sequence[Any], tell: Any, *, check: bool, **_: Any) -> Ended:
        self.runs.append("check" if check else "write")
        if self.away:
            tell(Told(host=RECORDER, state=State.UNREACHABLE, task=hosts.IDENTITY, message="no route"))
            return Ended(began=True, complete=True)
        tell(Told(host=RECORDER, state=State.OK, task=hosts.IDENTITY, output=MACHINE))
        assert [play["name"] for play in plays] == ["identity", "recorder"]
        diff = Diff(before="login: another", after="login: as in the vault", name=f"camera {CAMERA}")
        differs = self.login != self.wanted()
        state, diffs = (State.CHANGED, (diff,)) if differs else (State.OK, ())
        task = "Tell which cameras' files are not as they should be"
        tell(Told(host=RECORDER, state=state, role="recorder", task=task, diffs=diffs))
        if not check:
            self.login = self.wanted()
        return Ended(began=True, complete=True)

    # SSH
    def identity(self) -> Identity:
        return Identity(manufacturer="", model="", firmware="Debian", serial_number=MACHINE, mac_address="")

    def newest_footage(self, folder: str) -> Footage:
        assert folder == f"/var/lib/motion/{CAMERA}"
        now = time.time()
        return Footage(now=now, newest=now - 0.001 if self.records() else now - 30)

    def facts(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


def playing(office: Office, monkeypatch: pytest.MonkeyPatch, line: str = LINE) -> Motion:
    """Put a Linux recorder beside the site's own one: it records the same camera with the same account."""
    made, opener = Motion(office), link.opener
    file = office.inventory / "fire.yml"
    file.write_text(file.read_text("utf-8").replace("        s0-nvr:", f"{line}        s0-nvr:"), "utf-8")
    office.workspace.vault.set("s0", RECORDER, "fleetctl", "Of-the-recorder-1")
    made.login = made.wanted()

    @contextmanager
    def room(_around: Any, _hosts: Any, **_: Any) -> Iterator[Motion]:
        yield made

    def opened(*_: Any, **__: Any) -> Motion:
        if made.away:
            raise Unreachable("no route")
        return made

    monkeypatch.setattr(batch, "room", room)
    monkeypatch.setattr(hosts.hostkeys, "known", lambda _path, _name: "SHA256:x")
    monkeypatch.setattr(link, "opener", lambda protocol: opened if protocol == "linux" else opener(protocol))
    return made
