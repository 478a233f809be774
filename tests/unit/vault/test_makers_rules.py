"""What fleetctl makes as a password is taken by every maker whose rules a driver has."""

from __future__ import annotations

import pytest

from fleetctl import catalog
from fleetctl.model.passwords import USUAL_POLICY, PasswordPolicy
from fleetctl.vault import generate_password

POLICIES = {name: driver.passwords for name, driver in catalog.load().drivers.items()} | {"usual": USUAL_POLICY}


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("user", ["fleetctl", "admin", "ghihinh", "a", "ab1", "-x-", "A" * 32])
def test_a_password_that_is_made_breaks_no_makers_rule(name: str, user: str) -> None:
    for _ in range(50):
        assert POLICIES[name].breaches(generate_password(user), user) == ()


def test_a_rule_that_is_broken_is_told_without_the_password() -> None:
    policy = PasswordPolicy(least=8, most=12, classes=3, forbidden="&", run=3, user_in_it=False, user_backwards=False)
    told = policy.breaches("abc&nimda", "admin")
    assert "a character that its maker does not take" in told
    assert "neighbours that are the same or follow one another" in told
    assert "the user name is in it backwards" in told
    assert not any("abc&nimda" in reason for reason in told)
