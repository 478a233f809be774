"""Consoles of the kind that Cisco made usual: modes, settings line by line, `no` takes back, `show` shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fleetctl.lab.switch.config import Block, Line, Tree
from fleetctl.lab.switch.dialect import Shell

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

ASKS_SECRET: Final = "Password: "  # noqa: S105 - a prompt
Show = Callable[["SimSwitch"], str]
Order = Callable[["Lines", "SimSwitch", Shell, re.Match[str]], str]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """One such console; every field is what its documentation says."""

    name: str
    mac_prefix: str
    serial_pattern: str
    ports: tuple[str, ...]
    poe_ports: frozenset[str]
    long: Callable[[str], str]  # a port as the configuration names it: gi1/0/1 is GigabitEthernet1/0/1
    top: tuple[Line, ...]
    blocks: tuple[Block, ...]
    shows: Mapping[str, Show]
    orders: Mapping[str, Order]  # of the privileged mode: expression -> what it does
    config_orders: Mapping[str, Order] = field(default_factory=dict)  # of the mode in which settings are typed
    comes_with: tuple[str, ...]  # settings of the factory, and of the technician; {user} and {password} are filled in
    account: str  # expression of an account's line: groups `user` and `password`
    hides: tuple[tuple[str, str], ...]  # in a shown configuration: expression of a secret, and what stands there
    off: str
    no_power: str
    access_vlan: str
    invalid: str  # what it says to what it does not know
    back: str = "no"
    enter: str = r"conf(?:igure)?(?: terminal)?"
    leave: tuple[str, ...] = ("end",)
    more: str = "--More-- "
    enable: str = "enable"
    paging: str = r"terminal length (\d+)"
    ignored: str = r"terminal width \d+"
    gate: str = ""  # expression of the privileged mode's secret
    first_mode: str = "privileged"  # where an administrator comes in
    head: Callable[[SimSwitch], str] = lambda _: ""
    tail: str = "end\n"
    indent: str = " "
    between: str = "!\n"
    marks: Mapping[str, str] = field(default_factory=lambda: {"user": ">", "privileged": "#", "config": "(config)#"})
    prompts: Callable[[str, str], str] | None = None  # (name, mode's mark) -> the whole, where it is not name and mark
    header_of: Callable[[str], str] = lambda text: text
    starter: Callable[[SimSwitch], None] = lambda _: None
    copied: Callable[[SimSwitch, str, str], str] | None = None  # (user, path) -> the name of the file

    def start(self, switch: SimSwitch) -> None:
        """Choose the image to start from."""
        self.starter(switch)

    def takes_file(self, switch: SimSwitch, user: str, path: str) -> str:
        """Return the name under which a file is kept; raises PermissionError with what it says."""
        if self.copied is None:
            raise PermissionError("scp: not supported")
        return self.copied(switch, user, path)

    # --- the configuration ------------------------------------------------------------------------

    def factory(self, switch: SimSwitch) -> Tree:
        """Return what it comes with."""
        tree = Tree(blocks={f"interface {self.long(port)}": {} for port in self.ports})
        user, password = switch.spec.login
        where = tree.top
        rules: tuple[Line, ...] = self.top
        for text in self.comes_with:
            line = text.strip().format(user=user, password=password, name=switch.name)
            block = self._block(line)
            if block is not None:
                where, rules = tree.blocks.setdefault(self.header_of(line), {}), block.lines
            elif text[:1] == " ":
                self._set(tree, rules, where, line)
            else:
                where, rules = tree.top, self.top
                self._set(tree, rules, where, line)
        return tree

    def _set(self, tree: Tree, rules: tuple[Line, ...], where: dict[str, str], line: str) -> bool:
        if line.startswith(f"{self.back} "):
            return tree.take_back(rules, where, line[len(self.back) + 1 :], self.back) or tree.put(rules, where, line)
        return tree.put(rules, where, line)

    def _block(self, text: str) -> Block | None:
        return next((block for block in self.blocks if re.fullmatch(block.pattern, text)), None)

    def text(self, switch: SimSwitch, tree: Tree) -> str:
        """Return the configuration as it is shown: secrets scrambled, blocks after each other."""
        told = [self.head(switch)]
        told += [f"{line}\n" for line in tree.top.values()]
        for header, lines in tree.blocks.items():
            told.append(self.between + f"{header}\n" + "".join(f"{self.indent}{line}\n" for line in lines.values()))
        whole = "".join(told) + self.between + self.tail
        for pattern, instead in self.hides:
            whole = re.sub(pattern, instead, whole, flags=re.MULTILINE)
        return whole

    def accounts(self, switch: SimSwitch) -> Mapping[str, str]:
        """Return the accounts and their passwords."""
        return {found["user"]: found["password"] for found in switch.running.all(self.account)}

    def _port(self, port: str) -> str:
        return f"interface {self.long(port)}"

    def enabled(self, switch: SimSwitch, port: str) -> bool:
        """Tell whether a port is on."""
        return switch.running.find(self.off, self._port(port)) is None

    def powers(self, switch: SimSwitch, port: str) -> bool:
        """Tell whether a port gives power."""
        return port in self.poe_ports and switch.running.find(self.no_power, self._port(port)) is None

    def vlan(self, switch: SimSwitch, port: str) -> int:
        """Return the VLAN of a port."""
        found = switch.running.find(self.access_vlan, self._port(port))
        return int(found[1]) if found else 1

    def description(self, switch: SimSwitch, port: str) -> str:
        """Return what a port is called."""
        found = switch.running.find(r'description "?(.*?)"?', self._port(port))
        return found[1] if found else ""

    # --- the console -------------------------------------------------------------------------------

    def greet(self, switch: SimSwitch, user: str) -> Shell:
        """Return the shell of somebody who has logged in; only the highest privilege comes in where all is allowed."""
        told = next((f for f in switch.running.all(self.account) if f["user"] == user), None)
        low = told is not None and told.groupdict().get("level", "15") != "15"
        return Shell(user=user, mode="user" if low else self.first_mode)

    def prompt(self, switch: SimSwitch, shell: Shell) -> str:
        """Return the prompt of the mode, or the question that waits for its answer."""
        if shell.asking:
            return shell.asking
        block = self._block(shell.mode)
        mark = self.marks.get(shell.mode) or (block.mode if block else "")
        return self.prompts(switch.name, mark) if self.prompts else f"{switch.name}{mark}"

    def writes(self, shell: Shell, line: str) -> bool:
        """Tell whether a line changes the switch: typed where settings are, or an order that saves or restarts."""
        if shell.mode not in ("user", "privileged"):
            return True
        reads = rf"(show|display|terminal|screen-length|enable|disable|exit|quit|{self.back}\s+page)\b.*"
        return not re.fullmatch(reads, line)

    def run(self, switch: SimSwitch, shell: Shell, line: str) -> str:
        """Do what was typed."""
        if shell.asking:
            return self._answered(switch, shell, line)
        if not line:
            return ""
        if shell.mode in ("user", "privileged"):
            return self._ordered(switch, shell, line)
        return self._configured(switch, shell, line)

    def _privileged(self, switch: SimSwitch, shell: Shell) -> str:
        """Enter the privileged mode, after its secret where there is one."""
        if self.gate and switch.running.find(self.gate) is not None:
            shell.asking = ASKS_SECRET
        else:
            shell.mode = "privileged"
        return ""

    def _answered(self, switch: SimSwitch, shell: Shell, line: str) -> str:
        order, asked = shell.pending.get("order", ""), shell.asking
        shell.asking = ""
        if asked == ASKS_SECRET:
            found = switch.running.find(self.gate)
            if found is None or found["secret"] != line:
                return "% Access denied\n\n"
            shell.mode = "privileged"
            return ""
        shell.pending[f"answer {asked}"] = line
        told = ""
        for pattern, do in {**self.orders, **self.config_orders}.items():
            if (found := re.fullmatch(pattern, order)) is not None:
                told = do(self, switch, shell, found)
                break
        if not shell.asking:
            shell.pending.clear()
        return told

    def _ordered(self, switch: SimSwitch, shell: Shell, line: str) -> str:
        if (found := re.fullmatch(self.paging, line)) is not None:
            shell.page = int(found[1]) if found.groups() and found[1] else 0
            return ""
        if re.fullmatch(self.ignored, line):
            return ""
        if line in ("exit", "quit", "logout"):
            shell.closed = True
            return ""
        if self.enable and re.fullmatch(self.enable, line):
            return self._privileged(switch, shell)
        if self.enable and line == "disable":
            shell.mode = "user"
            return ""
        if line in self.shows:
            return self.shows[line](switch)
        if shell.mode == "privileged":
            if re.fullmatch(self.enter, line):
                shell.mode = "config"
                return self.entered()
            for pattern, order in self.orders.items():
                if (found := re.fullmatch(pattern, line)) is not None:
                    shell.pending["order"] = line
                    return order(self, switch, shell, found)
        return self.invalid

    def left(self, switch: SimSwitch, shell: Shell) -> None:
        """Nothing: what was typed stays in force."""

    def entered(self) -> str:
        """Return what it says when settings may be typed."""
        return ""

    def _configured(self, switch: SimSwitch, shell: Shell, line: str) -> str:
        block = self._block(shell.mode)
        if line in self.leave:
            shell.mode = "privileged"
            return ""
        if line in ("exit", "quit"):
            shell.mode = "config" if block else "privileged"
            return ""
        for pattern, order in self.config_orders.items():
            if (found := re.fullmatch(pattern, line)) is not None:
                shell.pending["order"] = line
                return order(self, switch, shell, found)
        tree = switch.running if "ignore-writes" not in switch.faults else switch.running.copy()
        entered = self._entered(switch, shell, tree, line)
        if entered is not None:
            return entered
        rules, where = (block.lines, tree.blocks.get(shell.mode, {})) if block else (self.top, tree.top)
        known = self._set(tree, rules, where, line) or (block is not None and self._set(tree, self.top, tree.top, line))
        if known:
            switch.settle()
        return "" if known else self.invalid

    def _entered(self, switch: SimSwitch, shell: Shell, tree: Tree, line: str) -> str | None:
        """Enter a block, or take one back; None where the line is neither."""
        bare = line[len(self.back) + 1 :] if line.startswith(f"{self.back} ") else ""
        block = self._block(bare or line)
        if block is None:
            return None
        header = self.header_of(bare or line)
        if bare:
            if block.fixed or header not in tree.blocks:
                return self.invalid
            del tree.blocks[header]
            return ""
        if block.fixed and header not in tree.blocks:
            return self.invalid
        tree.blocks.setdefault(header, {})
        shell.mode = header
        del switch
        return ""


def table(rows: list[tuple[str, ...]], widths: tuple[int, ...]) -> str:
    """Return rows with columns of fixed widths."""
    return "".join(
        "".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def dotted(mac: str, every: int = 4, sign: str = ".") -> str:
    """Return an address as 0011.2233.4455, or grouped otherwise."""
    digits = mac.replace(":", "")
    return sign.join(digits[i : i + every] for i in range(0, 12, every))


def plain_port(port: str) -> Any:
    """Return a port's number as it sorts."""
    return [int(n) for n in re.findall(r"\d+", port)]


def vlan_names(switch: SimSwitch, first: str) -> list[tuple[str, str]]:
    """Return the VLANs by number with their names; `first` is what VLAN 1 is called."""
    found = {1: first}
    for header, lines in switch.running.blocks.items():
        if (told := re.fullmatch(r"vlan (\d+)", header)) is not None:
            named = next((line[5:] for line in lines.values() if line.startswith("name ")), "")
            found[int(told[1])] = named or f"VLAN{int(told[1]):04d}"
    return [(str(number), name) for number, name in sorted(found.items())]
