"""ISAPI: the lock-out, the check of a login, and what the device can do about both. Source: field facts 1.2, 1.4."""

from __future__ import annotations

from typing import Any, Final

from fleetctl.lab import access, auth
from fleetctl.lab.isapi import sealed, xml
from fleetctl.lab.isapi.pages import Page, done, reads, rule_of, told, writes
from fleetctl.lab.vendor import Reply, Visit, strength


def lock(visit: Visit) -> Reply:
    """GET Security/illegalLoginLock: minutes on most firmware, seconds on some."""
    times, seconds = access.rule_of(visit.device)
    kept = visit.device.read("lock")
    own = visit.device.personality
    unit = 1 if rule_of(visit).lock_in_seconds else 60
    content = {
        "enabled": bool(kept.get("enabled", True)),
        "maxIllegalLoginTimes": times or own.lock_after,
        "maxIllegalLoginLockTime": round((seconds or own.lock_s) / unit),
    }
    return told(visit, "IllegalLoginLock", content)


def set_lock(visit: Visit) -> Reply:
    """PUT Security/illegalLoginLock."""
    rule = rule_of(visit)
    sent = xml.parsed(visit.incoming.body, "IllegalLoginLock")
    least, most, _ = rule.lock_times
    unit = 1 if rule.lock_in_seconds else 60
    shortest, longest, _ = (minutes * 60 // unit for minutes in rule.lock_minutes)
    kept = visit.device.change("lock")
    kept["enabled"] = xml.true(sent, "enabled", default=True)
    kept["times"] = xml.number(sent, "maxIllegalLoginTimes", least=least, most=most)
    kept["seconds"] = xml.number(sent, "maxIllegalLoginLockTime", least=shortest, most=longest) * unit
    return done(visit)


def user_check(visit: Visit) -> Reply:
    """GET Security/userCheck: how the login stands; a 401 says it too, see `login.refused`."""
    content = {
        "statusValue": 200,
        "statusString": "OK",
        "isDefaultPassword": False,
        "isRiskPassword": strength(auth.password_of(visit.device, visit.user) or "") < 2,
        "isActivated": bool(visit.device.read("users")),
        "residualValidity": -1,
    }
    return told(visit, "userCheck", content)


def security_cap(visit: Visit) -> dict[str, Any]:
    """Return SecurityCap, a part of the capabilities."""
    rule, make = rule_of(visit), visit.device.personality
    both = len(make.algorithms) > 1
    return {
        "@version": rule.version,
        "supportUserNums": make.passwords.users_max,
        "userBondIpNums": 1,
        "isSupportUserCheck": rule.user_check,
        "WebCertificateCap": {"CertificateType": {"@opt": "digest,digest/basic", "#": "digest"}} if both else None,
        "SecurityLimits": {
            "LoginPasswordLenLimit": {"@min": 1, "@max": make.passwords.max},
            "SecurityAnswerLenLimit": {"@min": 1, "@max": 128},
        },
        "securityVersion": {"@opt": "1"},
        "keyIterateNum": sealed.ROUNDS,
        "isIrreversible": True if rule.salt else None,
        "salt": sealed.salt_of(visit) if rule.salt else None,
        "SecurityAlgorithm": {"algorithmType": {"@opt": "MD5,SHA256,MD5/SHA256"}} if both else None,
        "isSupportONVIFUserManagement": True if rule.onvif_accounts else None,
        "supportIPCActivatePassword": True if rule.activates else None,
        "maxIllegalLoginTimes": dict(zip(("@min", "@max", "@def"), rule.lock_times, strict=True)),
        "maxIllegalLoginLockTime": dict(zip(("@min", "@max", "@def"), rule.lock_minutes, strict=True)),
    }


def capabilities(visit: Visit) -> Reply:
    """GET Security/capabilities."""
    return told(visit, "SecurityCap", security_cap(visit))


_A: Final = access.ADMINISTRATOR
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "Security/illegalLoginLock"): reads(lock, level=_A),
    ("PUT", "Security/illegalLoginLock"): writes(set_lock),
    ("GET", "Security/userCheck"): reads(user_check),
    ("GET", "Security/capabilities"): reads(capabilities),
}
