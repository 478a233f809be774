"""The inventory of one site, cut out of the whole: its devices, what they inherit, and what is sealed, sealed anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from fleetctl import files, inventory
from fleetctl.errors import InventoryError, UsageError
from fleetctl.inventory import SEALED, Inventory, passage
from fleetctl.inventory.constructed import NAMES as CONSTRUCTED
from fleetctl.inventory.edit import Edit, RemoveGroup, RemoveHost, SetGroupValue, SetHostValue, edit_file, edited
from fleetctl.inventory.reader import ignored
from fleetctl.operations.workspace import Workspace

_TAGS: Final = ("!vault", "!vault-encrypted")
_OF_THE_OFFICE: Final = "message_"  # whom the office tells what, and by which secrets: no matter of a site
_AUTHORITY: Final = "tls_ca_file"
_VARS: Final = ("group_vars", "host_vars")


def carved(workspace: Workspace, site: str, encrypt: Callable[[str], str]) -> dict[str, bytes]:
    """Return the files of an inventory of this site alone, by their paths below its root.

    What is `!vault` is opened and sealed by `encrypt`. Raises UsageError where a device of the site comes from no file
    of YAML, or the files of others cannot be told apart from it; VaultError.
    """
    known = workspace.inventory
    own = set(known.sites()[site].devices)
    if nowhere := sorted(name for name in own if known.devices[name].place is None):
        raise UsageError(f"{nowhere[0]} comes from no file of this inventory, so the site cannot be taken along")
    groups = {group for name in own for group in known.tree.groups_of(known.tree.hosts[name])} | {"all"}
    foreign = [name for name, group in known.tree.groups.items() if group.children or group.hosts]
    foreign = [n for n in foreign if n not in groups and n != "ungrouped" and not known.tree.groups[n].constructed]
    found: dict[str, bytes] = {}
    for path in _files(known.root):
        part = path.relative_to(known.root)
        if part.parts[0] in _VARS:
            owner = part.parts[1].partition(".")[0] if len(part.parts) == 2 else part.parts[1]
            content = path.read_bytes() if owner in (groups if part.parts[0] == "group_vars" else own) else None
        else:
            content = _without(path, own, foreign)
        if content is not None:
            found[part.as_posix()] = resealed(content, workspace.vault.decrypt, encrypt)
    return found


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        inside = parts[1:] if parts[0] in _VARS else parts
        if path.is_file() and not any(part.startswith(".") or ignored(part) for part in inside):
            yield path


def _without(path: Path, own: set[str], foreign: Iterable[str]) -> bytes | None:
    """Return a file without what it says of other sites; None where nothing is left, or only Ansible could read it."""
    content = path.read_bytes()
    try:
        told = yaml.load(content, Loader=_Plain)  # noqa: S506  # builds strings, lists and mappings only
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    if not isinstance(told, Mapping):
        return None
    if "plugin" in told:
        return content if str(told["plugin"]) in CONSTRUCTED else None
    named = set(_groups(told))
    for group in (each for each in foreign if each in named):
        content = _tried(content, RemoveGroup(group), path)
    left = yaml.load(content, Loader=_Plain)  # noqa: S506
    for group, hosts in _hosts(left if isinstance(left, Mapping) else {}):
        for host in hosts:
            if host not in own:
                content = _tried(content, RemoveHost(group, host), path)
    return None if passage.is_bare(content, str(path)) else content


def _tried(content: bytes, edit: Edit, path: Path) -> bytes:
    """Carry an edit out; what went with another one before is not there any more, which `proven` judges."""
    try:
        return edited(content, [edit], file=str(path))
    except InventoryError:
        return content


class _Plain(yaml.CSafeLoader):
    """Reads any tag as what it is written with."""


def _plain(loader: Any, _suffix: str, node: Node) -> Any:
    if isinstance(node, MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if isinstance(node, SequenceNode) else node.value


_Plain.add_multi_constructor("!", _plain)


def _groups(told: Mapping[Any, Any]) -> Iterator[str]:
    for name, body in told.items():
        yield str(name)
        if isinstance(body, Mapping) and isinstance(body.get("children"), Mapping):
            yield from _groups(body["children"])


def _hosts(told: Mapping[Any, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, body in told.items():
        if isinstance(body, Mapping):
            if isinstance(body.get("hosts"), Mapping):
                yield str(name), tuple(map(str, body["hosts"]))
            if isinstance(body.get("children"), Mapping):
                yield from _hosts(body["children"])


def proven(workspace: Workspace, site: str, root: Path) -> None:
    """Raise UsageError unless an inventory has just the site's devices, and says of each what the whole one says."""
    known, then = workspace.inventory, inventory.load(root, workspace.registry.aspects, strict=False)
    own = known.sites()[site].devices
    if others := sorted(set(then.tree.hosts) - set(own)):
        raise UsageError(
            f"{others[0]} cannot be told apart from {site} in the inventory's files: give it a file of its own"
        )
    for name in own:
        before, after = (_said(each, name) for each in (known, then)) if name in then.tree.hosts else ({"": 0}, {})
        if differing := sorted(key for key in {*before, *after} if before.get(key) != after.get(key)):
            raise UsageError(
                f"{name} would have another {differing[0] or 'place'} in a bundle: give {site} a file of its own"
            )
    if then.faults:
        raise InventoryError(then.faults)


def bring_authorities(workspace: Workspace, root: Path) -> None:
    """Put the certificate authorities that an inventory names (`tls_ca_file`) beside it, and name them there."""
    tree = inventory.load(root, workspace.registry.aspects, strict=False).tree
    for of_host, owners in ((True, tree.hosts), (False, tree.groups)):
        for owner, told in owners.items():
            var = told.vars.get(_AUTHORITY)
            source = workspace.inventory.root / str(var.value) if var is not None and not var.templated else None
            if var is None or source is None or not source.is_file():
                continue
            content = source.read_bytes()
            name = f"../tls/{hashlib.sha256(content).hexdigest()[:12]}.pem"
            files.make_folder(root.parent / "tls")
            (root / name).write_bytes(content)
            edit: Edit = SetHostValue(owner, _AUTHORITY, name) if of_host else SetGroupValue(owner, _AUTHORITY, name)
            edit_file(Path(tree.files[var.file]), [edit])


def _said(known: Inventory, name: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    values = known.values(name)
    for variable in values:
        try:
            value = values[variable].value
        except InventoryError:  # a template that has no value for this host, here as there
            value = None
        told[variable] = "sealed" if value is SEALED else value
    return {key: value for key, value in told.items() if not key.startswith(_OF_THE_OFFICE)}


# --- what is sealed -------------------------------------------------------------------------------


def resealed(content: bytes, decrypt: Callable[[str], str], encrypt: Callable[[str], str]) -> bytes:
    """Return a file with each `!vault` block sealed anew, and every other byte as it is; the office's are emptied.

    Raises VaultError where a block does not open.
    """
    if b"!vault" not in content:
        return content
    text = content.decode("utf-8-sig")
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    for node, variable, indent in sorted(_sealed(root, "", 0), key=lambda each: -each[0].start_mark.index):
        start, end = node.start_mark.index, node.end_mark.index
        if variable.startswith(_OF_THE_OFFICE):
            words = '""\n'
        else:
            block = encrypt(decrypt(node.value)).splitlines()
            words = "!vault |\n" + "".join(f"{' ' * (indent + 2)}{line}\n" for line in block)
        if not text[start:end].endswith("\n"):
            words = words.rstrip("\n")
        text = text[:start] + words + text[end:]
    return text.encode("utf-8")


def _sealed(node: Node | None, variable: str, indent: int) -> Iterator[tuple[ScalarNode, str, int]]:
    if isinstance(node, ScalarNode) and node.tag in _TAGS:
        yield node, variable, indent
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _sealed(value, str(key.value), key.start_mark.column)
    elif isinstance(node, SequenceNode):
        for value in node.value:
            yield from _sealed(value, variable, value.start_mark.column)
