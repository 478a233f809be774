"""The account of the same name in the maker's own interface, where ONVIF's accounts are apart from it.

Source: field facts on vendor protocols 1.5: apart on Hikvision's newer firmware.
"""

from __future__ import annotations

from fleetctl import converge
from fleetctl.errors import BadAnswer, Refused, Rejected, Unsupported
from fleetctl.model import Access, FrozenMap, Learned, NewPassword
from fleetctl.operations.rotation.office import Office
from fleetctl.operations.rotation.turns import Turn


def follow(office: Office, turn: Turn) -> str:
    """Give it the new password too, proven by a login there; return why it keeps the old one, "" where it does not.

    Only the account of which `adopt` knows that it is good there as well. Raises Unreachable: the turn stays open then.
    """
    facts, device = office.acting.facts, office.device
    protocol, known = facts.get(converge.OWN_APART), facts.get(converge.OWN_LOGIN) == turn.old.fingerprint
    actions = office.registry.actions_of(device, "set_password")
    action = next((each for each in actions if each.protocol == protocol), None)
    if turn.account != device.user or not known or action is None:
        return ""
    new, old = turn.new, turn.old
    try:
        if office.logins.accepted(old, wanted=True, protocol=action.protocol):
            with office.logins.session(old.user, old.password, action.protocol, Access.WRITE) as session:
                told = NewPassword(account=old.user, old=old.password, new=new.password, acting=old.password)
                action.run(session, told)
        if not office.logins.accepted(new, protocol=action.protocol):
            return _keeps(device.name, "it said yes and did not take it")
    except (Rejected, Unsupported, BadAnswer, Refused) as error:
        return _keeps(device.name, converge.told(error))
    office.channel.emit(Learned(device=device.name, facts=FrozenMap({converge.OWN_LOGIN: new.fingerprint})))
    return ""


def _keeps(name: str, why: str) -> str:
    return f"{name}: in the maker's own interface the account keeps the old password: {why}. Set it on its page"
