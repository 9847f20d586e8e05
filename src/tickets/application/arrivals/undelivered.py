"""The provider took a reply and could not hand it over after all: the ticket's history says so (law 15)."""

from datetime import datetime

from tickets.application.house import House
from tickets.domain.ticket import Happened
from tickets.intake import Undelivered
from tickets.intake.text import storable


async def tell_undelivered(house: House, failed: Undelivered, way: str, account: str, now: datetime) -> None:
    """Write the line, once; messages that are not ours, or not any more, have no ticket to tell."""
    ticket = await house.tickets.untold(failed.message)
    if ticket is None:
        return
    data: dict[str, object] = {"way": way, "message": str(failed.message), "reason": storable(failed.reason)}
    line = Happened(
        type="delivery_dead", actor=f"{way}:{account}", occurred_at=now, detected_at=now, data=data
    )
    async with house.tickets.transaction():
        held = await house.tickets.lock(ticket)
        if held is not None and await house.tickets.untold(failed.message) is not None:
            await house.tickets.note(ticket, line)
