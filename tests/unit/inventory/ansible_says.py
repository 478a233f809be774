"""What Ansible itself makes of inventories: run as a program, prints one JSON object (folders as arguments)."""

from __future__ import annotations

import json
import sys
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import EncryptedString
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

VAULT = "<vault>"
ERROR = "<error>"
OWN = {"inventory_file", "inventory_dir", "groups", "hostvars", "omit", "playbook_dir", "ansible_version"}
OWN |= {
    "inventory_hostname",
    "inventory_hostname_short",
    "group_names",
    "ansible_playbook_python",
    "ansible_facts",
    "ansible_config_file",
}


def plain(value: Any) -> Any:
    """Return a value without Ansible's tags, so that types can be compared."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return (
        None if value is None else f"<{type(value).__name__.lstrip('_').removeprefix('AnsibleTagged').lower()}> {value}"
    )


def rendered(templar: Templar, value: Any) -> Any:
    if isinstance(value, EncryptedString):
        return VAULT
    try:
        return plain(templar.template(value))
    except Exception as error:  # noqa: BLE001 - whatever it is, Ansible could not render it
        return VAULT if "decrypt" in f"{error} {error.__cause__}" else ERROR


def told(folder: str) -> dict[str, Any]:
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[folder])
    variables = VariableManager(loader=loader, inventory=manager)
    hosts = {}
    for host in manager.get_hosts("all"):
        raw = variables.get_vars(host=host) | {"hostvars": HostVars(manager, variables, loader)}
        templar = Templar(loader=loader, variables=raw)
        own = {name: rendered(templar, value) for name, value in raw.items() if name not in OWN}
        hosts[host.name] = {"vars": own, "groups": sorted(group.name for group in host.get_groups())}
    groups = {
        name: {"depth": group.depth, "priority": group.priority, "hosts": sorted(h.name for h in group.get_hosts())}
        for name, group in manager.groups.items()
    }
    return {"hosts": hosts, "groups": groups}


if __name__ == "__main__":
    init_plugin_loader()
    sys.stdout.write(json.dumps({folder: told(folder) for folder in sys.argv[1:]}))
