"""Ansible: one run of plays on a batch of hosts, its events as they come. Sole importer of ansible-runner.

It knows no setting: what a task's words mean is for those above.
"""

from fleetctl.protocols.ansible.leftovers import sweep
from fleetctl.protocols.ansible.room import Host, Room, Surroundings, room
from fleetctl.protocols.ansible.told import Diff, State, Told

__all__ = ["Diff", "Host", "Room", "State", "Surroundings", "Told", "room", "sweep"]
