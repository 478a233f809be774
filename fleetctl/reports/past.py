"""What the journal and the history hold, for people and for machines."""

from __future__ import annotations

from typing import Any

from fleetctl.journal import Entry, Run
from fleetctl.model import Outcome
from fleetctl.records import Drift, Turn
from fleetctl.reports import wording
from fleetctl.reports.language import Language
from fleetctl.reports.values import clean, impersonal, plain


def drift(told: Drift) -> dict[str, Any]:
    """Return one thing that is or was not as expected."""
    return {
        "device": told.device,
        "aspect": told.aspect,
        "field": told.field,
        "key": told.key,
        "expected": plain(told.expected),
        "actual": plain(told.actual),
        "outcome": told.outcome.value,
        "reason": told.reason,
        "first_seen": told.first_seen.isoformat(timespec="seconds"),
        "last_seen": told.last_seen.isoformat(timespec="seconds"),
        "ended": told.ended.isoformat(timespec="seconds") if told.ended else None,
        "flaps": told.flaps,
        "cause": told.cause.value if told.cause else None,
        "asked": told.asked.isoformat(timespec="seconds") if told.asked else None,
        "changed_by": [dict(each) for each in told.changed_by],
    }


def turn(told: Turn) -> dict[str, Any]:
    """Return one turn that something took."""
    return {
        "time": told.time.isoformat(timespec="seconds"),
        "device": told.device,
        "aspect": told.aspect,
        "field": told.field,
        "key": told.key,
        "what": told.what,
        "expected": plain(told.expected),
        "actual": plain(told.actual),
        "outcome": told.outcome.value,
        "reason": told.reason,
        "cause": told.cause.value if told.cause else None,
    }


def outcomes(told: Run) -> dict[Outcome, int]:
    """Return how many devices of a run ended how; outcomes of other versions are left out."""
    known = {outcome.value: outcome for outcome in Outcome}
    return {known[name]: n for name, n in told.outcomes.items() if name in known}


def run(told: Run) -> dict[str, Any]:
    """Return one run."""
    return {
        "run": told.run,
        "command": told.kind,
        "arguments": dict(told.args),
        "operator": told.operator,
        "host": told.process.host,
        "started": told.started.isoformat(timespec="seconds"),
        "ended": told.ended.isoformat(timespec="seconds") if told.ended else None,
        "cut_off": told.died,
        "exit_code": told.exit_code,
        "outcomes": dict(told.outcomes),
        "resumes": told.resumes,
    }


def entry(told: Entry) -> dict[str, Any]:
    """Return one line of the journal."""
    return {
        "run": told.run,
        "time": told.time.isoformat(timespec="milliseconds"),
        "device": told.device,
        "aspect": told.aspect,
        "event": told.event,
        "payload": dict(told.payload),
    }


def sentence(say: Language, told: Entry) -> str:
    """Return one line of the journal in words."""
    payload = told.payload
    fields = ", ".join(
        ".".join(part for part in (change.get("field", ""), clean(change.get("key", ""))) if part)
        for change in payload.get("changes", ())
    )
    reason = clean(say.reason(impersonal(payload.get("reason", ""), told.device)))
    match told.event:
        case "Intent":
            return say("about to write: {fields}", fields=fields)
        case "Attempt":
            return say("about to log in as {account}", account=payload["account"])
        case "LoginJudged" if payload["accepted"]:
            return say("login of {account} accepted", account=payload["account"])
        case "LoginJudged":
            return say("login of {account} refused", account=payload["account"])
        case "Rotation":
            return say("rotation of {account}: {step}", account=payload["account"], step=payload["step"])
        case "LoginLocked":
            return say("{account} is locked out for now", account=payload["account"])
        case "Disclosed":
            account = payload["account"] or say("all accounts")
            return say("password of {account} shown: {to}", account=account, to=clean(payload["to"]))
        case _:
            word = wording.outcome_word(say, Outcome(payload["outcome"]))
            return ": ".join(part for part in (word, reason or fields) if part)
