"""The one entry: waiting tickets and a roster in, one decision for each ticket out."""

from collections.abc import Sequence
from datetime import datetime
from heapq import nsmallest

from routing.balance import Balance
from routing.decision import AGENTS_LISTED, Candidate, Decision, Rejection
from routing.eligibility import Eligibility, Form, Test, forms, reject, ruling
from routing.errors import Fault, InvalidError
from routing.ranking import Order, fitness, fittest
from routing.roster import Mask, Roster, bits
from routing.rules import Facts, Rule, in_order
from routing.waiting import Waiting, urgency, wanted_by


def route(
    waiting: Sequence[Waiting],
    roster: Roster,
    rules: Sequence[Rule],
    now: datetime,
    *,
    listed: int | None = AGENTS_LISTED,
) -> list[Decision]:
    """Give each waiting ticket to an agent, or say why it must wait; the most urgent ticket chooses first.

    The same input in any order gives the same decisions, which come most urgent first. `listed` bounds the
    agents named in each group of an explanation (None: all; 0: counts alone) and changes nothing else.

    Raises:
        InvalidError: the same ticket twice.
    """
    ids = [ticket.id for ticket in waiting]
    if len(set(ids)) < len(ids):
        twice = (i for i, ticket in enumerate(ids) if ticket in ids[:i])
        raise InvalidError([Fault(f"/{i}/id", f"ticket {ids[i]!r} is listed twice") for i in twice])
    round_ = _Round(roster, rules, now, listed)
    return [round_.decide(ticket) for ticket in sorted(waiting, key=urgency)]


class _Round:
    """One pass over the queue."""

    def __init__(self, roster: Roster, rules: Sequence[Rule], now: datetime, listed: int | None) -> None:
        self.roster = roster
        self.rules = in_order(rules)
        self.asked = sorted({"team"}.union(*(rule.when for rule in rules)))
        self.now = now
        self.listed = listed
        self.balance = Balance(roster, now)
        absent, leaving = roster.absent, roster.leaving(now)
        self.presence = (
            Test("away", "", ~absent["away"]),
            Test("offline", "", ~absent["offline"]),
            Test("on_leave", "", ~absent["on_leave"]),
            Test("shift_ending", "", ~leaving),
        )
        self.ready = roster.online & ~leaving
        self._rulings: dict[tuple[frozenset[str] | None, ...], Rule | None] = {}
        self._forms: dict[tuple[str, str], tuple[Form, ...]] = {}
        self._eligible: dict[tuple[object, ...], Eligibility] = {}

    def decide(self, ticket: Waiting) -> Decision:
        """The decision for the next ticket in order of urgency."""
        rule = self._ruling(ticket.facts)
        if rule is None:
            return _unroutable(ticket, "no rule holds for it and it has no team")
        eligible = self._eligibility(ticket, rule)
        if eligible.impossible:
            return _unroutable(ticket, eligible.impossible, rule, eligible.rejections(-1, self.listed))
        excluded = self._places(*ticket.excluded)
        if not eligible.admitted[-1] & ~excluded:
            return _unroutable(
                ticket,
                "every agent who could take it is excluded",
                rule,
                eligible.rejections(-1, self.listed)
                + self._reject(eligible.admitted[-1], (Test("excluded", "", ~excluded),)),
            )
        return self._place(ticket, eligible, excluded)

    def _place(self, ticket: Waiting, eligible: Eligibility, excluded: Mask) -> Decision:
        reached = eligible.reached(self.now - ticket.waiting_since)
        admitted = eligible.admitted[reached]
        tests = self._live_tests(ticket, eligible, admitted, excluded)
        free = admitted
        for test in tests:
            free &= test.passing
        rejected = eligible.rejections(reached, self.listed) + self._reject(admitted, tests)
        if free:
            return self._assign(ticket, eligible, free, rejected)
        if ticket.weight > 1 and wanted_by(ticket) <= self.now:
            self.balance.reserve(admitted & ~excluded & self.ready, ticket.weight)
        return self._wait(ticket, eligible, reached, rejected)

    def _ruling(self, facts: Facts) -> Rule | None:
        """Tickets alike in every fact that a rule asks about share their rule."""
        kind = tuple([facts.get(key) for key in self.asked])
        if kind not in self._rulings:
            self._rulings[kind] = ruling(facts, self.rules)
        return self._rulings[kind]

    def _eligibility(self, ticket: Waiting, rule: Rule) -> Eligibility:
        facts = ticket.facts
        kind = (rule.key, rule.team, facts.get("region"), facts.get("language"), ticket.weight)
        if kind not in self._eligible:
            name = rule.key, rule.team
            if name not in self._forms:
                self._forms[name] = forms(rule)
            steps = self._forms[name]
            self._eligible[kind] = Eligibility(self.roster, rule, steps, facts, ticket.weight)
        return self._eligible[kind]

    def _live_tests(
        self, ticket: Waiting, eligible: Eligibility, admitted: Mask, excluded: Mask
    ) -> tuple[Test, ...]:
        tests: tuple[Test, ...] = (
            Test("excluded", "", ~excluded),
            *self.presence,
            Test("full", f"room for {ticket.weight}", self.balance.room(ticket.weight)),
            Test("reserved", "", ~self.balance.reserved),
        )
        sticky = self._places(ticket.sticky) & admitted & ~excluded if ticket.sticky else 0
        if sticky and self.now < ticket.waiting_since + eligible.sticky_wait:
            tests += (Test("kept_for_sticky_agent", str(ticket.sticky), sticky),)
        return tests

    def _assign(
        self, ticket: Waiting, eligible: Eligibility, free: Mask, rejected: tuple[Rejection, ...]
    ) -> Decision:
        rule = eligible.rule
        order = self.balance.order(rule.strategy)
        sticky = self._places(ticket.sticky) & free if ticket.sticky else 0
        nearest = sticky or eligible.nearest(free)
        chosen = order.first(fittest(self.roster, rule, nearest))
        candidates = self._candidates(ticket, eligible, order, free)
        assigned_at = self.balance.give(chosen, ticket.weight)
        agent = self.roster.agents[chosen]
        form = eligible.form_of(chosen)
        count = free.bit_count()
        others = "the only candidate" if count == 1 else f"the first of {count} candidates"
        return Decision(
            ticket=ticket.id,
            outcome="assigned",
            agent=agent.key,
            assigned_at=assigned_at,
            team=next(team for team in eligible.forms[form].teams if team in agent.teams),
            rule=rule.key or None,
            relaxed=eligible.relaxed[form],
            candidate_count=count,
            candidates=candidates,
            rejected=rejected,
            reason=f"{agent.key} is {others} ({'sticky agent' if sticky else rule.strategy}).",
            next_relaxation_at=None,
        )

    def _wait(
        self, ticket: Waiting, eligible: Eligibility, reached: int, rejected: tuple[Rejection, ...]
    ) -> Decision:
        later = [form.after for form in eligible.forms[reached + 1 :]]
        if any(group.reason == "kept_for_sticky_agent" for group in rejected):
            later.append(eligible.sticky_wait)
        instants = (ticket.waiting_since + after for after in later)
        return Decision(
            ticket=ticket.id,
            outcome="waiting",
            agent=None,
            assigned_at=None,
            team=eligible.rule.team,
            rule=eligible.rule.key or None,
            relaxed=eligible.relaxed[reached],
            candidate_count=0,
            candidates=(),
            rejected=rejected,
            reason=f"Nobody can take it now: {_summary(rejected)}.",
            next_relaxation_at=min((instant for instant in instants if instant > self.now), default=None),
        )

    def _candidates(
        self, ticket: Waiting, eligible: Eligibility, order: Order, free: Mask
    ) -> tuple[Candidate, ...]:
        if self.listed == 0:
            return ()
        agents = self.roster.agents

        def rank(i: int) -> tuple[object, ...]:
            agent = agents[i]
            return (
                agent.key != ticket.sticky,
                eligible.form_of(i),
                fitness(eligible.rule, agent),
                order.keys[i],
            )

        count = free.bit_count() if self.listed is None else self.listed
        return tuple(
            Candidate(agents[i].key, self._why(ticket, eligible, i))
            for i in nsmallest(count, bits(free), key=rank)
        )

    def _why(self, ticket: Waiting, eligible: Eligibility, i: int) -> str:
        agent, seen, form = self.roster.agents[i], self.balance.seen[i], eligible.form_of(i)
        parts = ["sticky agent"] if agent.key == ticket.sticky else []
        parts.append(eligible.forms[form].label or "meets the rule in full")
        if eligible.rule.strategy == "best_fit":
            parts += (f"{wish.skill} {agent.skills.get(wish.skill, 0)}" for wish in eligible.rule.skills)
        parts.append(f"{seen.load} of {agent.capacity} units used")
        last = seen.last_assigned_at
        parts.append(f"last assigned {last.isoformat(timespec='seconds')}" if last else "not assigned before")
        return ", ".join(parts)

    def _reject(self, among: Mask, tests: tuple[Test, ...]) -> tuple[Rejection, ...]:
        return reject(self.roster, among, tests, self.listed)

    def _places(self, *keys: str) -> Mask:
        place = self.roster.place
        return sum(1 << place[key] for key in keys if key in place)


def _unroutable(
    ticket: Waiting, why: str, rule: Rule | None = None, rejected: tuple[Rejection, ...] = ()
) -> Decision:
    return Decision(
        ticket=ticket.id,
        outcome="unroutable",
        agent=None,
        assigned_at=None,
        team=rule.team if rule else None,
        rule=rule.key or None if rule else None,
        relaxed=(),
        candidate_count=0,
        candidates=(),
        rejected=rejected,
        reason=f"Nobody will ever take it: {why}.",
        next_relaxation_at=None,
    )


def _summary(rejected: tuple[Rejection, ...]) -> str:
    return ", ".join(f"{group.count} {group.reason.replace('_', ' ')}" for group in rejected)
