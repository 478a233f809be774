"""Answers of which nobody can see whether they were cut off: counted by the switch itself, else read twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fleetctl.errors import BadAnswer, Rejected
from fleetctl.protocols.ssh.grammar import KIND, Count, Reading, parsed

TRIES: Final = 3  # addresses come and go between two commands

_CUT: Final = -1

Ask = Callable[[str], str]


def answer(reading: Reading, ask: Ask) -> str:
    """Return what a reading prints, as far as its platform can prove it whole; raises BadAnswer for less."""
    text = ask(reading.command)
    if reading.count is None and not reading.twice:
        return text
    for _ in range(TRIES):
        total = None if reading.count is None else _total(reading.count, text, ask)
        if reading.count is not None and total is not None:
            told = sum(1 for record in parsed(reading, text) if record[KIND] in reading.count.kinds)
            wrong = f"{told} entries, and the switch counts {total}" if told < total else ""
            wrong = "the switch's own count has no total" if total == _CUT else wrong
            again = ask(reading.command) if wrong else text
        else:
            again = ask(reading.command)
            wrong = "it is another one each time" if parsed(reading, again) != parsed(reading, text) else ""
        text = again
        if not wrong:
            return text
    raise BadAnswer(f"`{reading.command}`: the answer is not whole: {wrong}", raw=text.encode("utf-8", "replace"))


def _total(count: Count, text: str, ask: Ask) -> int | None:
    """Return the switch's own number of entries: None where it cannot count them, _CUT where that was cut off, too."""
    try:
        proof = ask(count.command) if count.command else text
    except Rejected:
        return None
    found = count.match.search(proof.replace("\r", ""))
    return _CUT if found is None else int(found["total"])
