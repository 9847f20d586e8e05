"""A desk as it might be: some of its objects new, replaced or gone."""

from collections.abc import Mapping

import msgspec

from tickets.application.desk.check import UnknownObject, put_object, remove_object
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.fault import Fault, InvalidDesk
from tickets.application.desk.model import Desk
from tickets.application.desk.stored import Published
from tickets.intake.unreadable import pointer

Objects = Mapping[str, object]
"""Objects of one kind by key, each as its JSON; null where it is to go."""


KINDS = ("calendars", "sla_policies", "agents", "routing_rules")
"""What a draft may hold: an object refers to none but those of kinds before its own."""


def drafted(base: CompiledDesk, draft: Mapping[str, Objects]) -> CompiledDesk:
    """The desk with these objects, by kind, in place of its own; what replaces another is its next version.

    Raises:
        InvalidDesk: every fault of the first object that has any; pointers lead into the draft.
    """
    desk, versions = base.desk, dict(base.versions)
    # What is referred to comes before, and goes after, what refers to it.
    told = [(kind, key, body) for kind in KINDS for key, body in draft.get(kind, {}).items()]
    gone = [each for each in reversed(told) if each[2] is None]
    for kind, key, body in (*(each for each in told if each[2] is not None), *gone):
        desk = _changed(desk, kind, key, body)
        versions[kind, key] = versions.get((kind, key), 0) + 1
    return CompiledDesk(Published(desk, versions))


def _changed(desk: Desk, kind: str, key: str, body: object) -> Desk:
    home = pointer(kind, key)
    try:
        if body is None:
            return remove_object(desk, kind, key).desk
        return put_object(desk, kind, key, msgspec.json.encode(body)).desk
    except UnknownObject as unknown:
        raise InvalidDesk([Fault(home, str(unknown))]) from unknown
    except InvalidDesk as invalid:
        at = "" if body is None else home  # what still refers to it has pointers into the desk
        raise InvalidDesk([Fault(at + fault.pointer, fault.message) for fault in invalid.faults]) from invalid
