"""Dahua's JSON-RPC at the wire: its login is presented once, its session is kept, secrets go sealed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.errors import BadAnswer, Refused, Rejected, Unsupported
from fleetctl.model import Access
from fleetctl.protocols.dahua import rpc, tables
from fleetctl.protocols.dahua.envelope import sealed

from .conftest import Peer, Request, http
from .test_dahua import CHALLENGE, INFO, RIGHT, opened

Make = Callable[..., Peer]
REALM, RANDOM = "Login to 8J0PAZ", "1234567"


def md5(words: str) -> str:
    return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest().upper()


@lru_cache(maxsize=1)
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def info() -> dict[str, Any]:
    numbers = key().public_key().public_numbers()
    return {"asymmetric": "RSA", "cipher": ["AES", "RPAC"], "pub": f"N:{numbers.n:X},E:010001"}


def unsealed(params: dict[str, str]) -> Any:
    """Open a request as the facts have it: a key of digits, AES-256-CBC, an iv of zeros as text, zero padding."""
    secret = key().decrypt(bytes.fromhex(params["salt"]), padding.PKCS1v15())
    assert (len(secret), secret.isdigit(), secret[:1] != b"0") == (32, True, True)
    opening = Cipher(algorithms.AES(secret), modes.CBC(b"0" * 16)).decryptor()
    plain = opening.update(base64.b64decode(params["content"])) + opening.finalize()
    return json.loads(plain.rstrip(b"\0"))


@dataclass
class Unit:
    """A device with pages behind digest and JSON-RPC; `answers` by method: params, or a number of an error."""

    password: str = RIGHT
    answers: dict[str, Any] = field(default_factory=dict)
    pages: Callable[[Request], bytes] | None = None
    proofs: int = 0
    session: str = ""
    heard: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, request: Request) -> bytes:
        if not request.path.startswith(("/RPC2", "/OutsideCmd")):
            if self.pages is not None:
                return self.pages(request)
            return http(200, INFO) if "authorization" in request.headers else http(401, "", CHALLENGE)
        asked = json.loads(request.body)
        self.heard.append((asked["method"], asked))
        return http(200, json.dumps({"id": asked["id"], **self._told(request.path, asked)}))

    def _told(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        if path == "/RPC2_Login":
            return self._login(asked)
        if path == "/RPC2" and asked.get("session") != self.session:
            return {"result": False, "error": {"code": 287637505}}
        if asked["method"] == "Security.getEncryptInfo":
            return {"result": True, "params": info()}
        told = self.answers.get(asked["method"], 268894210)
        if isinstance(told, int):
            return {"result": False, "error": {"code": told}}
        return {"result": True, "params": told}

    def _login(self, asked: dict[str, Any]) -> dict[str, Any]:
        params = asked["params"]
        if not params["password"]:
            challenge = {"realm": REALM, "random": RANDOM, "encryption": "Default"}
            return {"result": False, "error": {"code": 268632079}, "params": challenge, "session": "s1"}
        self.proofs += 1
        user = params["userName"]
        right = md5(f"{user}:{RANDOM}:" + md5(f"{user}:{REALM}:{self.password}"))
        if params["password"] != right or asked["session"] != "s1":
            return {"result": False, "error": {"code": 268632085}}
        self.session = f"open{self.proofs}"
        return {"result": True, "params": {"keepAliveInterval": 60}, "session": self.session}

    def methods(self) -> list[str]:
        return [method for method, _ in self.heard]


STATES = {"LogicDeviceManager.getCameraState": {"states": []}}


def test_the_login_is_proven_in_two_steps_and_ended(peers: Make) -> None:
    unit = Unit(answers=STATES)
    with opened(peers(unit)) as session:
        assert session.call("LogicDeviceManager.getCameraState") == {"states": []}
        session.call("LogicDeviceManager.getCameraState")
        assert unit.proofs == 1
    assert unit.methods()[-1] == "global.logout"
    assert RIGHT not in json.dumps(unit.heard)


def test_a_proof_that_is_refused_is_counted_and_not_made_again(peers: Make) -> None:
    unit = Unit(password="another")  # the pages take what this interface does not
    session = opened(peers(unit))
    for _ in range(3):
        with pytest.raises(Refused) as caught:
            session.call("LogicDeviceManager.getCameraState")
        assert caught.value.credential
    assert (unit.proofs, session.rejected_logins) == (1, 1)


def test_a_password_that_the_pages_refuse_is_never_tried_here(peers: Make) -> None:
    unit = Unit(pages=lambda _: http(401, "Error\r\nInvalid Authority!\r\n", CHALLENGE))
    with pytest.raises(Refused):
        opened(peers(unit), "wrong").call("LogicDeviceManager.getCameraState")
    assert unit.heard == []


def test_a_session_that_ran_out_is_opened_anew_once(peers: Make) -> None:
    unit = Unit(answers=STATES)
    session = opened(peers(unit))
    session.call("LogicDeviceManager.getCameraState")
    unit.session = "gone"
    session.call("LogicDeviceManager.getCameraState")
    assert unit.proofs == 2


def test_a_session_is_kept_alive_after_a_silence(peers: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "_KEEP_S", -1.0)
    unit = Unit(answers={**STATES, "global.keepAlive": {"timeout": 60}})
    session = opened(peers(unit))
    for _ in range(2):
        session.call("LogicDeviceManager.getCameraState")
    assert "global.keepAlive" in unit.methods()
    assert unit.proofs == 1


@pytest.mark.parametrize(
    ("answer", "error"), [(268894210, Unsupported), (268632064, Unsupported), (285278249, Rejected), (17, Rejected)]
)
def test_a_number_of_an_error_says_what_may_be_done(peers: Make, answer: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        opened(peers(Unit(answers={"LogicDeviceManager.getCameraAll": answer}))).call("LogicDeviceManager.getCameraAll")


def test_a_device_without_this_interface_is_told_as_such(peers: Make) -> None:
    def pages_only(request: Request) -> bytes:
        if request.path.startswith("/RPC2"):
            return http(404, "<html>none</html>")
        return http(200, INFO) if "authorization" in request.headers else http(401, "", CHALLENGE)

    session = opened(peers(pages_only))
    assert not session.takes_any_text()
    with pytest.raises(Unsupported, match="JSON-RPC"):
        session.call("LogicDeviceManager.getCameraState")


def test_a_reading_session_calls_nothing_that_writes(peers: Make) -> None:
    unit = Unit()
    session = opened(peers(unit), access=Access.READ)
    for work in (
        lambda: session.call("configManager.setConfig", {}),
        lambda: session.call_sealed("LogicDeviceManager.secSetCamera", {}),
        lambda: session.initialise("admin", "x"),
    ):
        with pytest.raises(PermissionError):
            work()
    assert unit.heard == []


def test_what_is_sealed_only_the_device_can_read(peers: Make) -> None:
    unit = Unit(answers={"LogicDeviceManager.secSetCamera": {}})
    opened(peers(unit)).call_sealed("LogicDeviceManager.secSetCamera", {"cameras": [{"Password": "Bí-mật-7"}]})
    sent = unit.heard[-1][1]["params"]
    assert "Bí-mật-7" not in json.dumps(unit.heard, ensure_ascii=False)
    assert unsealed(sent) == {"cameras": [{"Password": "Bí-mật-7"}]}
    assert sealed(info(), {})["salt"] != sent["salt"], "each request has its own key"


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"asymmetric": "RSA", "cipher": ["SM4"], "pub": "N:00,E:03"}, Unsupported),
        ({}, Unsupported),
        ({"asymmetric": "RSA", "cipher": ["RPAC-256"], "pub": "N:zz,E:03"}, BadAnswer),
        ({"asymmetric": "RSA", "cipher": ["RPAC-256"], "pub": f"N:{'0' * 256},E:03"}, BadAnswer),
    ],
)
def test_a_way_of_sealing_that_is_none_is_told(told: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        sealed(told, {})


# --- the first account ----------------------------------------------------------------------------------


def factory_new(request: Request) -> bytes:
    return http(401, "Error\r\nInvalid Authority!\r\n")  # as public notes of a live unit have it: without a challenge


def test_a_factory_new_device_is_known_and_gets_its_first_account(peers: Make) -> None:
    agree, account, access = "DevInit.setProtocolAgree", "DevInit.account", "DevInit.access"
    unit = Unit(
        pages=factory_new, answers={"DevInit.getStatus": {"Init": 1}, agree: {}, account: {}, access: 268894209}
    )
    with opened(peers(unit), None) as session:
        assert session.inactive
        session.initialise("admin", "Lab-pass-1")
        assert not session.inactive
    done = [m for m in unit.methods() if m in (agree, account, access)]
    assert done == [agree, account, access]
    sent = dict(unit.heard)
    assert unsealed(sent[account]["params"]) == {"name": "admin", "pwd": "Lab-pass-1", "CellPhone": "", "Mail": ""}
    assert "session" not in sent[account]
    assert sent[agree]["session"] == 0


def test_a_first_account_that_is_refused_is_no_success(peers: Make) -> None:
    answers = {"DevInit.getStatus": {"Init": 1}, "DevInit.setProtocolAgree": {}, "DevInit.account": 268894209}
    session = opened(peers(Unit(pages=factory_new, answers=answers)), None)
    with pytest.raises(Rejected):
        session.initialise("admin", "Lab-pass-1")
    assert session.inactive


def test_an_initialised_device_is_never_initialised_again(peers: Make) -> None:
    unit = Unit(answers={"DevInit.getStatus": {"Init": 2}})
    session = opened(peers(unit), None)
    assert not session.inactive
    with pytest.raises(Refused, match="factory-new"):
        session.initialise("admin", "Lab-pass-1")
    assert "DevInit.account" not in unit.methods()


# --- whole tables -----------------------------------------------------------------------------------------


def test_a_text_that_no_address_can_carry_goes_in_its_whole_table(peers: Make) -> None:
    titles = {"table": [{"Name": "Channel1"}, {"Name": "Channel2", "Other": 7}]}
    unit = Unit(answers={"configManager.getConfig": titles, "configManager.setConfig": {}})
    peer = peers(unit)
    opened(peer).store({"ChannelTitle[1].Name": "Tiếp nhận & trả kết quả"})
    (sent,) = [asked["params"] for method, asked in unit.heard if method == "configManager.setConfig"]
    assert sent["table"] == [{"Name": "Channel1"}, {"Name": "Tiếp nhận & trả kết quả", "Other": 7}]
    assert not any("setConfig" in request.path for request in peer.seen)


def test_a_table_that_hides_passwords_is_never_written_whole() -> None:
    with pytest.raises(Unsupported, match="passwords"):
        tables.changed("RemoteDevice", {"a": {"Password": "******", "Name": "x"}}, {'RemoteDevice["a"].Name': "A & B"})


def test_a_place_that_the_device_does_not_have_is_not_made() -> None:
    assert tables.changed("A", {"b": [{"c": 1}]}, {"A.b[0].c": 2}) == {"b": [{"c": 2}]}
    with pytest.raises(BadAnswer, match="no place"):
        tables.changed("A", {"b": []}, {"A.b[0].c": 2})
