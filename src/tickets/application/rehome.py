"""A team is retired from the desk: what waits for it goes where the rules send it now."""

from datetime import datetime

from msgspec.structs import replace

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.draw import Draw
from tickets.application.house import House
from tickets.domain.ticket import Change

BATCH = 100


async def rehome(house: House, now: datetime, batch: int = BATCH) -> list[Change]:
    """Send one batch on; the changes made, none when nothing waits for a team that is not there.

    It keeps its age and its weight; its promises become those of where it goes. Who has such a ticket keeps
    it: should it ever wait again, its turn comes then.
    """
    desk = await house.desks.current()
    async with house.tickets.transaction():
        left = await house.tickets.claim_teamless(desk.desk.teams.keys(), batch)
        changes = []
        for ticket in left:
            draw = Draw(await house.scene(ticket, desk, "router", now))
            _moved(draw, desk)
            changes.append(house.with_alerts(draw.done(), tuple(draw.escalations), desk))
        await house.save(*changes, desk=desk)
    return changes


def _moved(draw: Draw, desk: CompiledDesk) -> None:
    draw.end_offer("withdrawn")
    before = draw.ticket
    chosen = facts.choose_team(replace(before, team=None, rule=None), desk)
    draw.ticket = replace(chosen, units=before.units)
    draw.note("team_changed", before=before.team, after=chosen.team, why="retired")
    draw.choose_terms()
    draw.ask_again()
