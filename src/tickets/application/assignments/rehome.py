"""A team is retired from the desk: what waits for it goes where the rules send it now."""

from datetime import datetime

from msgspec.structs import replace

from tickets.application import facts
from tickets.application.changes.draw import Draw
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.domain.ticket import Change, Ticket


def is_homeless(ticket: Ticket, desk: CompiledDesk) -> bool:
    """Whether its team is not part of the desk any more."""
    return ticket.team is not None and ticket.team not in desk.desk.teams


async def rehome(house: House, desk: CompiledDesk, ticket: Ticket, now: datetime) -> Change:
    """Send a held ticket that waits on, to be looked at next.

    It keeps its age and its weight; its promises become those of where it goes. Who has such a ticket keeps
    it: should it ever wait again, its turn comes then.
    """
    draw = Draw(await house.scene(ticket, desk, "router", now))
    chosen = facts.choose_team(replace(ticket, team=None, rule=None), desk)
    draw.ticket = replace(chosen, units=ticket.units)
    draw.note("team_changed", before=ticket.team, after=chosen.team, why="retired")
    draw.choose_terms()
    draw.ask_again()
    return house.with_alerts(draw.done(), tuple(draw.escalations), desk)
