"""JSON-RPC (RPC2): the device's other interface, for what its pages do not offer or would show in an address.

It has a login of its own in two steps, a session that must be kept alive, and a logout.
Source: field facts, NVR and vendor protocols, 2.2 (login, numbers of errors), 2.4 (encrypted form).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.protocols.dahua import envelope
from fleetctl.protocols.dahua.operations import calls_only
from fleetctl.protocols.web import Web

CHALLENGE: Final = 268632079
LOCKED: Final = 268632081
_WRONG: Final = frozenset({268632085, 268632070, 268632071})  # user or password, no such user, password
_BARRED: Final = 268632073
_BUSY: Final = frozenset({268632074, 268632075})
_NO_SESSION: Final = frozenset({287637504, 287637505})
_ABSENT: Final = frozenset({268894210, 268632064})  # method not found, interface missing
_NO_RIGHT: Final = 285278249
_WHO: Final = {"password": "", "clientType": "Web3.0"}  # of the first step of a login
_KEEP_S: Final = 20.0  # a session is kept alive when it was silent for so long: a third of the usual 60 s


class Rpc:
    """The login of one device over JSON-RPC, made when it is first needed. One thread at a time.

    It presents the login only after the pages have accepted it (`prove` of the session does that first), so that a
    wrong password costs one try and not two.
    """

    def __init__(self, web: Web) -> None:
        self._web = web
        self._numbers = itertools.count(1)
        self._session: str = ""
        self._heard = 0.0
        self._way: dict[str, Any] = {}
        self._offered: bool | None = None
        self.rejected = 0  # logins presented and refused here

    # --- asking -------------------------------------------------------------------------------------

    def call(self, method: str, params: Any = None) -> dict[str, Any]:
        """Call a method with the login and return its `params`; raises as `Session.read`.

        A session that ran out is opened anew, once: it was not the login that was refused.
        """
        for again in (True, False):
            self._open()
            told = self._asked("/RPC2", method, params, session=self._session)
            if told.get("result") is True or not again or _code(told) not in _NO_SESSION:
                break
            self._session = ""
        return _params(told, method)

    def sealed(self, method: str, content: Any) -> dict[str, Any]:
        """Call a method whose parameters only the device can read."""
        return self.call(method, envelope.sealed(self._encrypting(), content))

    def outside(self, method: str, params: Any = None, *, session: bool = False) -> dict[str, Any]:
        """Call a method that is for anybody; some want the empty session named, others refuse it."""
        return _params(self._asked("/OutsideCmd", method, params, session=0 if session else None), method)

    def sealed_outside(self, method: str, content: Any) -> dict[str, Any]:
        """Call a method that is for anybody, with parameters that only the device can read."""
        return self.outside(method, envelope.sealed(self._encrypting(), content))

    def offered(self) -> bool:
        """Tell whether the device has this interface; its challenge is asked for, and no login presented."""
        if self._offered is None:
            try:
                self._asked("/RPC2_Login", "global.login", {**_WHO, "userName": "admin"}, session=None)
                self._offered = True
            except (Unsupported, BadAnswer):
                self._offered = False
        return self._offered

    def close(self) -> None:
        """Log out, so that the device's sessions do not run out; what it says of that does not matter."""
        if self._session:
            with contextlib.suppress(FleetctlError):
                self._asked("/RPC2", "global.logout", None, session=self._session)
            self._session = ""

    def _encrypting(self) -> dict[str, Any]:
        if not self._way:
            self._way = self.outside("Security.getEncryptInfo", session=True)
        return self._way

    def _asked(self, path: str, method: str, params: Any, *, session: Any) -> dict[str, Any]:
        """Send one call and return the whole answer, whatever it says."""
        body: dict[str, Any] = {"method": method, "params": params, "id": next(self._numbers)}
        if session is not None:
            body["session"] = session
        response = self._web.request(
            "POST",
            path,
            json.dumps(body, ensure_ascii=False).encode(),
            "application/json",
            reading=calls_only(method),
            what=method,
            login=False,
        )
        try:
            told = json.loads(response.body)
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict):  # a challenge may come with HTTP 401
            self._heard = monotonic()
            return told
        if response.status in (400, 401, 403, 404, 405, 501):
            raise Unsupported(f"{method}: the device does not offer JSON-RPC (HTTP {response.status})")
        raise BadAnswer(f"{method}: the answer is no JSON object", raw=response.body)

    # --- the login ----------------------------------------------------------------------------------

    def _open(self) -> None:
        if self._web.ended is not None:
            raise self._web.ended
        if not self._session:
            self._log_in()
        elif monotonic() - self._heard > _KEEP_S:
            told = self._asked("/RPC2", "global.keepAlive", {"timeout": 300}, session=self._session)
            if told.get("result") is not True:
                self._session = ""
                self._log_in()

    def _log_in(self) -> None:
        auth = self._web.auth
        if auth is None:
            raise Refused("global.login: the device asks for a login, and none is given")
        asked = {**_WHO, "userName": auth.user}
        told = self._asked("/RPC2_Login", "global.login", asked, session=None)
        if (code := _code(told)) != CHALLENGE:
            raise self._refused(code)
        challenge, session = told.get("params"), told.get("session")
        if not isinstance(challenge, dict) or not isinstance(session, (str, int)) or not session:
            raise BadAnswer("global.login: the challenge is none")
        way = str(challenge.get("encryption", "Default"))
        if way != "Default":
            raise Unsupported(f"global.login: the device wants the password in a way that is not known ({way[:40]})")
        known = _hashed(f"{auth.user}:{challenge.get('realm', '')}:{auth.password}")
        proof = _hashed(f"{auth.user}:{challenge.get('random', '')}:{known}")
        asked |= {"password": proof, "loginType": "Direct", "authorityType": way}
        told = self._asked("/RPC2_Login", "global.login", asked, session=session)
        if told.get("result") is not True:
            raise self._refused(_code(told))
        self._session = str(told.get("session") or session)

    def _refused(self, code: int) -> Exception:
        """Return what a refusal means; one that is about the login ends it for good."""
        user = self._web.auth.user if self._web.auth is not None else ""
        if code == LOCKED:
            return self._end(Refused("global.login: the account is locked out for now"))
        if code in _WRONG:
            self.rejected += 1
            return self._end(
                Refused(
                    f"global.login: wrong password for {user!r}. Not retried, to spare the lock-out", credential=True
                )
            )
        if code == _BARRED:
            return self._end(Refused("global.login: the device has this computer's address on its list of the barred"))
        if code in _BUSY:
            return Unreachable(f"global.login: the account or the device is busy ({code})")
        return Unsupported(f"global.login: not offered ({code})")

    def _end(self, error: Refused) -> Refused:
        self._web.ended = error
        return error


def _hashed(told: str) -> str:
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest().upper()


def _code(told: Mapping[str, Any]) -> int:
    error = told.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else 0


def _params(told: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Return what a method answers; raises what its error means."""
    if told.get("result") in (True, 1):
        params = told.get("params")
        return params if isinstance(params, dict) else {}
    code = _code(told)
    if code in _ABSENT:
        raise Unsupported(f"{method}: not offered ({code})")
    if code == _NO_RIGHT:
        raise Rejected(f"{method}: this login has no right to it", code=str(code))
    raise Rejected(f"{method}: the device says no ({code or 'no reason told'})", code=str(code or ""))
