"""Which escalation rules hold for a ticket."""

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.placements.modes import PEOPLE, REFUSED, UNROUTABLE
from tickets.domain.ticket import Ticket


def holding(ticket: Ticket | None, desk: CompiledDesk) -> frozenset[str]:
    """The keys of the rules that hold: of a ticket that is at work, or none."""
    if ticket is None or not ticket.working or not desk.escalation_rules:
        return frozenset()
    asked = dict(facts.facts_of(ticket, desk))
    if ticket.stuck is not None:
        asked["stuck"] = frozenset((REFUSED if ticket.stuck == PEOPLE else UNROUTABLE,))
    return desk.escalates(asked)
