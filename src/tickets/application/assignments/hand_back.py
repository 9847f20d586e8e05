"""Who has gone holds nothing: their open tickets go back to the queue, with the age they have."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from tickets.application.assignments.passing_over import PassedOver, passing_over
from tickets.application.changes.draw import Draw
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.ports import AgentState, Gone
from tickets.domain.ticket import Change, Ticket

BATCH = 100


async def hand_back(
    house: House,
    now: datetime,
    passed_over: PassedOver | None = None,
    outages: tuple[type[Exception], ...] = (),
) -> list[Change]:
    """Hand one batch back; the changes made, none when nobody who has gone holds anything.

    Many may do this at once. Each ticket is held first, and whether its agent has gone is asked again then
    (laws 2 and 3). `passed_over` and `outages` as `route_waiting` has them.
    """
    desk = await house.desks.current()
    gone = await _gone(house, desk, now)
    if not gone:
        return []
    changes: list[Change] = []
    async with house.tickets.transaction():
        held = await house.tickets.claim_held(gone, BATCH)
        still = await _gone(house, desk, now) if held else []
        for ticket in held:
            why = next((one.why for one in still if _holds(one, ticket)), None)
            if why is None:
                continue
            with passing_over(ticket.id, passed_over, outages):
                draw = Draw(await house.scene(ticket, desk, "router", now))
                _handed_back(draw, why)
                changes.append(house.with_alerts(draw.done(), tuple(draw.escalations), desk))
        await house.save(*changes, desk=desk)
    return changes


async def _gone(house: House, desk: CompiledDesk, now: datetime) -> list[Gone]:
    left, states = await house.tickets.left_teams(), await house.tickets.agent_states(now)
    return [*_left(desk, left), *who_has_gone(desk, states, now)]


def _left(desk: CompiledDesk, left: Sequence[tuple[str, str, datetime]]) -> Iterator[Gone]:
    for key, team, at in left:
        agent = desk.desk.agents.get(key)
        if agent is not None and team not in agent.teams and desk.team(team).on_leave == "hand_back":
            yield Gone(key, team, at, "left_team")


def who_has_gone(desk: CompiledDesk, states: Sequence[AgentState], now: datetime) -> Iterator[Gone]:
    """Everybody who holds something and by their team's word should not, and why.

    Who is retired from the desk cannot work on anything. Of the others each team says itself what is to be
    done: `on_leave` of those on leave and those it lost, `away_limit` of those away or offline.
    """
    for state in states:
        if state.load == 0:
            continue
        if state.key not in desk.desk.agents:
            yield Gone(state.key, None, None, "retired")
        else:
            yield from _of(desk, state, now)


def _of(desk: CompiledDesk, state: AgentState, now: datetime) -> Iterator[Gone]:
    for key, team in desk.desk.teams.items():
        if state.presence == "on_leave" and team.on_leave == "hand_back":
            yield Gone(state.key, key, None, "on_leave")
        elif _away_too_long(desk, state, desk.away_limit(key), now):
            yield Gone(state.key, key, None, "away")


def _away_too_long(desk: CompiledDesk, state: AgentState, most: timedelta | None, now: datetime) -> bool:
    """Counted in the agent's shift if they have one, else as the clock goes.

    Who is away and then offline has been gone all that time; the time of a leave is the leave's.
    """
    since = state.absent_since
    if most is None or since is None or now - since < most:
        return False
    return desk.shifts.worked(state.key, since, now) >= most


def _holds(gone: Gone, ticket: Ticket) -> bool:
    """As the statement has it that claims them: whether the ticket is one of those to be handed back."""
    since = ticket.last_agent_since
    return (
        ticket.working
        and ticket.assignee == gone.agent
        and gone.team in {None, ticket.team}
        and (gone.since is None or (since is not None and since <= gone.since))
    )


def _handed_back(draw: Draw, why: str) -> None:
    ticket, now = draw.ticket, draw.scene.now
    draw.note("handed_back", agent=ticket.assignee, why=why, since=ticket.last_agent_since)
    draw.release()
    since = ticket.last_agent_since or now  # it has waited ever since: waiting raises urgency (law 13)
    draw.ticket = replace(draw.ticket, waiting_since=since)
