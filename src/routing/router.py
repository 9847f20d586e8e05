"""The one entry: waiting tickets and a roster in, one decision for each ticket out."""

from collections.abc import Sequence
from datetime import datetime

from routing.decision import AGENTS_LISTED, Decision, Matcher
from routing.errors import Fault, InvalidError
from routing.masks import bits
from routing.matching import optimal
from routing.roster import Roster
from routing.round import Round
from routing.rules import Rule
from routing.waiting import Waiting, urgency


def route(
    waiting: Sequence[Waiting],
    roster: Roster,
    rules: Sequence[Rule],
    now: datetime,
    *,
    matcher: Matcher = "greedy",
    listed: int | None = AGENTS_LISTED,
) -> list[Decision]:
    """Give each waiting ticket to an agent, or say why it must wait; the most urgent ticket chooses first.

    The same input in any order gives the same decisions, which come most urgent first. With `greedy` each
    ticket in turn takes whoever is best for it; with `optimal` the most urgent are placed first, too, but all
    together so that it costs least (`routing.matching.cost`): worth it for a burst. `listed` bounds the
    agents named in each group of an explanation (None: all; 0: counts alone) and changes nothing else.

    Raises:
        InvalidError: the same ticket twice.
    """
    ids = [ticket.id for ticket in waiting]
    if len(set(ids)) < len(ids):
        twice = (i for i, ticket in enumerate(ids) if ticket in ids[:i])
        raise InvalidError([Fault(f"/{i}/id", f"ticket {ids[i]!r} is listed twice") for i in twice])
    round_ = Round(roster, rules, now, listed)
    queue = sorted(waiting, key=urgency)
    if matcher == "optimal":
        return list(optimal(round_, queue))
    return [round_.decide(ticket) for ticket in queue]


def pull(
    agent: str,
    waiting: Sequence[Waiting],
    roster: Roster,
    rules: Sequence[Rule],
    now: datetime,
    *,
    listed: int | None = AGENTS_LISTED,
) -> Decision | None:
    """The most urgent ticket this agent may take, for one who asks for work; None when there is none.

    The constraints are those of `route`: the agent must be there, able, with room, and not kept for a heavier
    ticket that nobody has room for. Others who would come first for it do not matter: they have not asked.
    """
    i = roster.index.place.get(agent)
    if i is None:
        return None
    search = Round(roster, rules, now, 0)
    for ticket in sorted(waiting, key=urgency):
        asked = search.ask(ticket)
        if any(answer.free >> i & 1 for answer in asked):
            explaining = Round(roster, rules, now, listed, search.balance)
            answer = next(answer for answer in explaining.ask(ticket) if answer.free >> i & 1)
            why = "asked for work, and may take nothing more urgent"
            return explaining.assign(ticket, answer, i, why, matcher=None)
        if not any(answer.free for answer in asked):
            search.reserve(ticket, asked)
    return None


def takers(
    waiting: Sequence[Waiting], roster: Roster, rules: Sequence[Rule], now: datetime
) -> frozenset[str]:
    """The candidates for any of these tickets, each asked about alone: none uses up another's room."""
    asking = Round(roster, rules, now, 0)
    found = 0
    for ticket in waiting:
        found |= next((answer.free for answer in asking.ask(ticket) if answer.free), 0)
    return frozenset(roster.index.agents[i].key for i in bits(found))
