"""Give a device its ONVIF back that an upgrade switched off: over its maker's own interface, where its login is known.

Source: field facts, ONVIF, quirk 28.
"""

from __future__ import annotations

from fleetctl import catalog, converge
from fleetctl.errors import BadAnswer, Rejected, Unreachable, Unsupported
from fleetctl.flashing.order import Flash
from fleetctl.model import Access, Change, Channel, Intent


def reopened(flash: Flash, channel: Channel) -> bool:
    """Switch ONVIF on where it is off and the maker's interface has a switch for it; journaled before it is sent.

    Only where `adopt` found the login good there too: no password is tried that might be refused. Raises Refused.
    """
    job = flash.job
    action = next(iter(catalog.load().actions_of(job.device, "reopen")), None)
    if action is None or not job.fingerprint or job.facts.get(converge.OWN_LOGIN) != job.fingerprint:
        return False

    def announce() -> None:
        change = Change(device=job.device.name, aspect="services", field="onvif", before=False, after=True)
        channel.confirm(Intent(device=job.device.name, aspect="services", changes=(change,)))

    try:
        with converge.linked(job, Access.WRITE, channel) as link:
            session = link.session(action.protocol)
            converge.same_device(job.device, session.identity(), required=True)
            return bool(action.run(session, announce))
    except (Unreachable, BadAnswer, Rejected, Unsupported):
        return False
