"""The desk as code: YAML or stored rows in, a checked `Desk` out, and what use cases ask of it. Pure.

`check` reads a file, `put_object` and `remove_object` change one object, `diff` says what an apply would
change, `export` writes the file back, `to_objects` and `from_objects` go to rows and back, and
`CompiledDesk` answers questions about one revision.
"""

from tickets.application.desk.calendars import HolidaysOf, NamedCalendar
from tickets.application.desk.check import Checked, UnknownObject, check, put_object, remove_object
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.directory import DeskDirectory
from tickets.application.desk.escalation import EscalationLevel, EscalationPolicy, Target, read_target
from tickets.application.desk.export import export
from tickets.application.desk.fault import Fault, InvalidDesk
from tickets.application.desk.kinds import KIND, KINDS, Kind, every_object, objects_of
from tickets.application.desk.model import Agent, Desk, Settings, Team, Webhook
from tickets.application.desk.plan import Action, Change, diff, render
from tickets.application.desk.stored import (
    DeskTooNew,
    Published,
    StoredObject,
    Versions,
    body_of,
    from_objects,
    to_objects,
)

__all__ = [
    "KIND",
    "KINDS",
    "Action",
    "Agent",
    "Change",
    "Checked",
    "CompiledDesk",
    "Desk",
    "DeskDirectory",
    "DeskTooNew",
    "EscalationLevel",
    "EscalationPolicy",
    "Fault",
    "HolidaysOf",
    "InvalidDesk",
    "Kind",
    "NamedCalendar",
    "Published",
    "Settings",
    "StoredObject",
    "Target",
    "Team",
    "UnknownObject",
    "Versions",
    "Webhook",
    "body_of",
    "check",
    "diff",
    "every_object",
    "export",
    "from_objects",
    "objects_of",
    "put_object",
    "read_target",
    "remove_object",
    "render",
    "to_objects",
]
