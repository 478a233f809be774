"""Recipients as the inventory has them: layers, and every fault with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from fleetctl.errors import InventoryError
from fleetctl.standard.recipients import recipient_faults, recipients_of, server_of
from tests.unit.standard.test_waivers import Inventory

SMTP = {"server": "smtp.example.vn", "sender": "f@example.vn"}


def reasons(**told: Any) -> list[str]:
    return [fault.reason for fault in recipient_faults(Inventory(told))]


def test_recipients_are_merged_by_key_and_a_later_layer_ends_an_earlier_one() -> None:
    told = {
        "message_recipients": {"a": {"email": "a@x.vn"}, "b": {"email": "b@x.vn"}},
        "message_recipients_site": {"b": None, "c": {"webhook": "https://x.vn/h?k=1", "language": "en"}},
    }
    found = recipients_of("cam", Inventory(told))
    assert [(r.name, r.language, r.heartbeat_days) for r in found] == [("a", "vi", 0), ("c", "en", 0)]
    assert reasons(**told) == []


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({}, "needs an e-mail address or a webhook"),
        ({"email": "a@x.vn", "webhook": "https://x.vn"}, "and not both"),
        ({"email": "a@x.vn\nBcc: b@x.vn"}, "no e-mail address"),
        ({"email": "nobody"}, "no e-mail address"),
        ({"webhook": "http://x.vn/h"}, "message_recipients.a.webhook is 'http://x.vn/h'"),
        ({"webhook": "https://u:p@x.vn"}, "holds a login"),
        ({"email": "a@x.vn", "langauge": "vi"}, "langauge is not known"),
        ({"email": "a@x.vn", "language": "fr"}, "language is 'fr'"),
        ({"email": "a@x.vn", "heartbeat_days": "1"}, "heartbeat_days is '1'"),
        ("a@x.vn", "is not a mapping"),
    ],
)
def test_a_recipient_that_cannot_be_told_is_a_fault(item: Any, reason: str) -> None:
    assert any(reason in told for told in reasons(message_recipients={"a": item}))
    with pytest.raises(InventoryError):
        recipients_of("cam", Inventory({"message_recipients": {"a": item}}))


def test_mail_goes_out_with_tls_except_on_this_machine() -> None:
    told = server_of("cam", Inventory({"message_smtp": SMTP}))
    assert told is not None
    assert (told.port, told.security) == (587, "starttls")
    assert reasons(message_smtp={**SMTP, "server": "localhost", "security": "none"}) == []
    plain = reasons(message_smtp={**SMTP, "security": "none"})
    assert any("security is none" in reason for reason in plain)
    assert any("port is 0" in reason for reason in reasons(message_smtp={**SMTP, "port": 0}))
    assert any("server is missing" in reason for reason in reasons(message_smtp={"sender": "f@example.vn"}))
