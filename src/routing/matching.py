"""The optimal matcher: a burst is given out so that it costs least as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from routing.assignment import Assignment, Row
from routing.decision import Decision
from routing.index import Levels
from routing.masks import bits
from routing.ranking import Key, rank
from routing.round import Asked, Round
from routing.rules import Strategy
from routing.skills import HIGHEST
from routing.waiting import Waiting

WORK = 10
"""Points of a ticket with somebody who has every skill at the highest level: tenths of that work."""


def cost(levels: Levels, concessions: int) -> int:
    """What it costs, in points, when an agent takes a ticket.

    `WORK`, a point more for each level missing of the highest (`levels` are theirs in the skills of a
    `best_fit` rule), and `WORK` once more for each concession: a relaxation step needed, a rule that gave
    way, a sticky agent passed over.
    """
    return WORK * (1 + concessions) + sum([HIGHEST - level for _, level in levels])


def optimal(round_: Round, queue: Sequence[Waiting]) -> Iterator[Decision]:
    """Decide a queue in order of urgency, each run of neighbours of one weight as a whole.

    Whoever is more urgent is never left waiting for the sake of the others: of all ways to place the most
    urgent, and then as many as can be, it is the one that costs least. A ticket is not weighed against others
    when it is the only one of its run that anybody can take: as with greedy, it goes to whoever comes first.
    """
    for _, run in groupby(queue, key=lambda ticket: ticket.weight):
        tickets = list(run)
        planned = _plan(round_, tickets)
        held: list[tuple[Waiting, list[Asked]]] = []
        for ticket in tickets:
            asked = round_.ask(ticket)
            if ticket.id in planned:
                yield _given(round_, ticket, asked, planned[ticket.id])
            else:
                held.append((ticket, asked))
                yield round_.hold(ticket, asked)
        for ticket, asked in held:
            round_.reserve(ticket, asked)


def _given(round_: Round, ticket: Waiting, asked: Sequence[Asked], chosen: int | None) -> Decision:
    if chosen is None:
        return round_.assign(ticket, next(answer for answer in asked if answer.free))
    answer = next(answer for answer in asked if answer.free >> chosen & 1)
    count = answer.free.bit_count()
    others = "the only candidate" if count == 1 else f"one of {count} candidates"
    why = f"is {others}, chosen so that all who wait come off best (optimal)"
    return round_.assign(ticket, answer, chosen, why, matcher="optimal")


def _plan(round_: Round, tickets: Sequence[Waiting]) -> Mapping[str, int | None]:
    """The agent for each ticket that can be placed, all of one weight; None: whoever comes first."""
    planning = Round(round_.roster, round_.rules, round_.now, 0, round_.balance)
    all_asked = [(ticket, planning.ask(ticket)) for ticket in tickets]
    able = [(ticket, asked) for ticket, asked in all_asked if any(answer.free for answer in asked)]
    if len(able) < 2:  # noqa: PLR2004 - nothing to weigh it against
        return dict.fromkeys([ticket.id for ticket, _ in able])
    kinds: dict[tuple[object, ...], int] = {}
    rows: list[Row] = []
    strategies: list[Strategy] = []
    kind_of: list[int] = []
    for ticket, asked in able:
        kind = (ticket.sticky, *[(answer.eligible, answer.free, answer.gave_way) for answer in asked])
        if kind not in kinds:
            kinds[kind] = len(rows)
            rows.append(_row(planning, ticket, asked))
            strategies.append(asked[0].eligible.rule.strategy)
        kind_of.append(kinds[kind])
    turns = _Turns(round_, tickets[0].weight, strategies)
    free = round_.balance.free
    room = {i: free(i) // tickets[0].weight for i in set().union(*rows)}
    plan = Assignment(rows, room, turns.first)
    for (ticket, _), kind_at in zip(able, kind_of, strict=True):
        end = plan.add(ticket.id, kind_at)
        if end is not None:
            turns.taken(end)
    return plan.column_of()


def _row(round_: Round, ticket: Waiting, asked: Sequence[Asked]) -> Row:
    row: dict[int, int] = {}
    sticky = round_.index.place.get(ticket.sticky) if ticket.sticky else None
    for answer in asked:
        conceded = len(answer.gave_way) + (sticky is not None)
        for form, levels, equals in round_.strata(answer):
            points = cost(levels, conceded + form)
            for i in bits(equals):
                row.setdefault(i, points)
    if sticky in row:
        row[sticky] -= WORK
    return row


class _Turns:
    """Whose turn it is among agents who would cost the same: as the greedy matcher has it."""

    def __init__(self, round_: Round, weight: int, strategies: Sequence[Strategy]) -> None:
        self._balance = round_.balance.apart()
        self._agents = round_.index.agents
        self._weight = weight
        self._strategies = strategies
        self._keys: dict[Strategy, dict[int, Key]] = {strategy: {} for strategy in strategies}

    def first(self, agents: list[int], kind: int) -> int:
        keys = self._keys[strategy := self._strategies[kind]]
        for i in agents:
            if i not in keys:
                keys[i] = rank(strategy, self._agents[i], self._balance.seen(i), i)
        return min(agents, key=keys.__getitem__)

    def taken(self, i: int) -> None:
        self._balance.give(i, self._weight)
        for keys in self._keys.values():
            keys.pop(i, None)
