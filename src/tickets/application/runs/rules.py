"""Which escalation rules hold for a ticket."""

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.placements.modes import PEOPLE, REFUSED, UNROUTABLE
from tickets.domain.ticket import Ticket


def holding(ticket: Ticket | None, desk: CompiledDesk) -> frozenset[str]:
    """The keys of the rules that hold: of a ticket at work any, of a solved one those that ask for it."""
    if ticket is None or ticket.status == "closed" or not desk.escalation_rules:
        return frozenset()
    asked = dict(facts.facts_of(ticket, desk))
    if ticket.stuck is not None:
        asked["stuck"] = frozenset((REFUSED if ticket.stuck == PEOPLE else UNROUTABLE,))
    holds = desk.escalates(asked)
    if ticket.working:
        return holds
    return frozenset(key for key in holds if desk.desk.escalation_rules[key].solved)
