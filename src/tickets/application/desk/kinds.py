"""The kinds of objects a desk has: one table that file, REST, storage, diff and export all follow."""

from collections.abc import Iterator

from msgspec import Struct

import routing
import sla
from tickets.application.desk.calendars import NamedCalendar
from tickets.application.desk.escalation import EscalationPolicy, EscalationRule
from tickets.application.desk.model import (
    Agent,
    Alertmanager,
    Desk,
    OnCallSchedule,
    Pager,
    Settings,
    Team,
    Webhook,
)
from tickets.intake import Form, Line, Mailbox, MessageAccount


class Kind(Struct, frozen=True):
    """One row: `name` is the section of the file, the step in `/v1/desk/{kind}` and the field of `Desk`.

    `noun` is for sentences. Of a `single` kind there is one object, and its fields stand directly in the
    section. `computed` fields are filled in by us: ignored when given, never exported. `inherited` fields
    take the value the settings have under the same name where they are left out.
    """

    name: str
    struct: type[Struct]
    noun: str
    single: bool = False
    computed: frozenset[str] = frozenset()
    inherited: frozenset[str] = frozenset()


KINDS: tuple[Kind, ...] = (
    Kind("settings", Settings, "settings", single=True),
    Kind("regions", routing.Region, "region"),
    Kind("calendars", NamedCalendar, "calendar", computed=frozenset({"public_holidays", "event_holidays"})),
    Kind("teams", Team, "team"),
    Kind("agents", Agent, "agent"),
    Kind("on_call_schedules", OnCallSchedule, "on-call schedule"),
    Kind("escalation_policies", EscalationPolicy, "escalation policy"),
    Kind("escalation_rules", EscalationRule, "escalation rule"),
    Kind("sla_policies", sla.Policy, "SLA policy"),
    Kind("routing_rules", routing.Rule, "routing rule"),
    Kind("forms", Form, "form", inherited=frozenset({"country"})),
    Kind("mailboxes", Mailbox, "mailbox"),
    Kind("message_accounts", MessageAccount, "message account", inherited=frozenset({"country"})),
    Kind("hotlines", Line, "hotline", inherited=frozenset({"country"})),
    Kind("webhooks", Webhook, "webhook"),
    Kind("pagers", Pager, "pager"),
    Kind("alertmanagers", Alertmanager, "Alertmanager"),
)
"""In the order in which a desk is read and written: nothing a kind refers to comes long after it."""

KIND: dict[str, Kind] = {kind.name: kind for kind in KINDS}


def objects_of(desk: Desk, kind: Kind) -> dict[str, Struct]:
    """The objects of one kind, by key."""
    found: dict[str, Struct] = getattr(desk, kind.name)
    return found


def every_object(desk: Desk) -> Iterator[tuple[Kind, str, Struct]]:
    """Every object with its kind and key, in the order of `KINDS`, then as the desk has them."""
    for kind in KINDS:
        for key, found in objects_of(desk, kind).items():
            yield kind, key, found
