"""One pass over the queue: what each ticket's rules say by now, and what is left for the next."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from routing.balance import Balance
from routing.decision import Candidate, Decision, Matcher, Rejection
from routing.eligibility import Eligibility, Sifted, Test, sift
from routing.index import Levels
from routing.masks import Mask, union
from routing.ranking import FEW, Peers, alike, in_order
from routing.roster import Roster
from routing.rules import Facts, Rule, duration, rulings, sequence
from routing.waiting import Waiting, wanted_by


class Asked(NamedTuple):
    """What one rule says of a ticket at this instant.

    `never` is why nobody could ever take it. Otherwise `ready` are those who are there, with room or not,
    `free` those who could be given it now, and `again` is when the rule will say more though nothing changes.
    `gave_way` names the rules that were asked before.
    """

    eligible: Eligibility
    form: int
    gave_way: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    never: str | None = None
    ready: Mask = 0
    free: Mask = 0
    again: datetime | None = None


class Round:
    """Decides ticket after ticket; who was given one has less room for the next."""

    def __init__(
        self,
        roster: Roster,
        rules: Sequence[Rule],
        now: datetime,
        listed: int | None,
        balance: Balance | None = None,
    ) -> None:
        self.roster = roster
        self.index = roster.index
        self.now = now
        self.listed = listed
        self.balance = balance or Balance(roster, now)
        self.rules = sequence(rules)
        self._facts_asked = sorted({"team", "region", "language"}.union(*(rule.when for rule in rules)))
        self._kinds: dict[tuple[object, ...], tuple[Eligibility, ...]] = {}
        self._there: dict[tuple[Eligibility, int], Sifted] = {}

    def decide(self, ticket: Waiting) -> Decision:
        """Give the ticket to whoever comes first, or say why it must wait."""
        asked = self.ask(ticket)
        for answer in asked:
            if answer.free:
                return self.assign(ticket, answer)
        self.reserve(ticket, asked)
        return self.hold(ticket, asked)

    def ask(self, ticket: Waiting) -> list[Asked]:
        """What its rules say, in the order they are preferred; those whose time has not come are left out."""
        waited = self.now - ticket.waiting_since
        answers: list[Asked] = []
        gave_way: tuple[str, ...] = ()
        for eligible in self._kinds_of(ticket.facts, ticket.weight):
            rule = eligible.rule
            answer = self._ask(ticket, eligible, gave_way)
            answers.append(answer)
            if rule.fallback_after is None:
                break
            if answer.never:
                gave_way += (f"rule {rule.key}: nobody could ever take it",)
            elif waited >= duration(rule.fallback_after):
                gave_way += (f"after {rule.fallback_after}: rule {rule.key} gave way",)
            else:
                due = ticket.waiting_since + duration(rule.fallback_after)
                answers[-1] = answer._replace(again=min(due, answer.again or due))
                break
        return answers

    def assign(
        self,
        ticket: Waiting,
        answer: Asked,
        chosen: int | None = None,
        why: str | None = None,
        matcher: Matcher | None = "greedy",
    ) -> Decision:
        """Give it to one of the free: whoever comes first, or who was `chosen` otherwise, and `why`."""
        eligible = answer.eligible
        sticky = self.index.places(ticket.sticky) & answer.free if ticket.sticky else 0
        in_order = self._in_order(answer, sticky)
        first = next(in_order) if chosen is None or self.listed != 0 else chosen
        shown = islice(chain((first,), in_order), self.listed) if self.listed != 0 else ()
        candidates = tuple([self._candidate(ticket, eligible, i) for i in shown])
        chosen = first if chosen is None else chosen
        agent = self.index.agents[chosen]
        form = eligible.form_of(chosen)
        count = answer.free.bit_count()
        others = "the only candidate" if count == 1 else f"the first of {count} candidates"
        how = "sticky agent" if sticky else eligible.rule.strategy
        return Decision(
            ticket=ticket.id,
            outcome="assigned",
            agent=agent.key,
            assigned_at=self.balance.give(chosen, ticket.weight),
            team=eligible.team_of(agent, form),
            rule=eligible.rule.key or None,
            matcher=matcher,
            relaxed=answer.gave_way + eligible.relaxed[form],
            candidate_count=count,
            candidates=candidates,
            rejected=answer.rejected,
            reason=f"{agent.key} {why}." if why else f"{agent.key} is {others} ({how}).",
            next_relaxation_at=None,
        )

    def hold(self, ticket: Waiting, asked: Sequence[Asked]) -> Decision:
        """Leave it waiting, or report that nobody could ever take it."""
        possible = [answer for answer in asked if not answer.never]
        if not possible:
            return _unroutable(ticket, asked[-1] if asked else None)
        answer = possible[-1]
        eligible = answer.eligible
        return Decision(
            ticket=ticket.id,
            outcome="waiting",
            agent=None,
            assigned_at=None,
            team=eligible.rule.team,
            rule=eligible.rule.key or None,
            matcher=None,
            relaxed=answer.gave_way + eligible.relaxed[answer.form],
            candidate_count=0,
            candidates=(),
            rejected=answer.rejected,
            reason=f"Nobody can take it now: {_summary(answer.rejected)}.",
            next_relaxation_at=min((each.again for each in possible if each.again), default=None),
        )

    def reserve(self, ticket: Waiting, asked: Sequence[Asked]) -> None:
        """Keep an agent for a heavy ticket that must wait past its `wanted_by`."""
        if ticket.weight > 1 and wanted_by(ticket) <= self.now:
            self.balance.reserve(union(answer.ready for answer in asked), ticket.weight)

    def _kinds_of(self, facts: Facts, weight: int) -> tuple[Eligibility, ...]:
        """Tickets of one weight, alike in every fact asked about, share their rules and whom these admit."""
        get = facts.get
        kind = (weight, *[get(key) for key in self._facts_asked])
        if kind not in self._kinds:
            of = self.roster.kinds.of
            self._kinds[kind] = tuple([of(rule, facts, weight) for rule in rulings(facts, self.rules)])
        return self._kinds[kind]

    def _present(self, eligible: Eligibility, form: int) -> Sifted:
        """Of those whom the form admits, who is there; and why all others are not asked."""
        known = self._there.get((eligible, form))
        if known is None:
            left, absent = self.roster.there(eligible, form, self.listed, self.now)
            known = Sifted(left, eligible.rejections(form, self.listed) + absent)
            self._there[eligible, form] = known
        return known

    def _ask(self, ticket: Waiting, eligible: Eligibility, gave_way: tuple[str, ...]) -> Asked:
        if eligible.impossible:
            rejected = eligible.rejections(-1, self.listed)
            return Asked(eligible, -1, gave_way, rejected, never=eligible.impossible)
        form = eligible.reached(self.now - ticket.waiting_since)
        if not ticket.excluded:
            left, rejected = self._present(eligible, form)
        else:
            excluded = Test("excluded", "", self.index.places(*ticket.excluded))
            if not eligible.admitted[-1] & ~excluded.failing:
                refused = sift(self.index, eligible.admitted[-1], (excluded,), self.listed).rejected
                return Asked(
                    eligible,
                    -1,
                    gave_way,
                    eligible.rejections(-1, self.listed) + refused,
                    never="every agent who could take it is excluded",
                )
            tests = (excluded, *self.roster.absent(self.now))
            left, absent = sift(self.index, eligible.admitted[form], tests, self.listed)
            rejected = eligible.rejections(form, self.listed) + absent
        busy, again = self._busy(ticket, eligible, form)
        free, refused = sift(self.index, left, busy, self.listed)
        return Asked(eligible, form, gave_way, rejected + refused, None, left, free, again)

    def _busy(
        self, ticket: Waiting, eligible: Eligibility, form: int
    ) -> tuple[tuple[Test, ...], datetime | None]:
        """What is asked of those who are there, and when less will be asked of anybody."""
        tests: tuple[Test, ...] = (
            Test("full", f"room for {ticket.weight}", self.balance.packed(ticket.weight)),
        )
        if self.balance.reserved:
            tests += (Test("reserved", "", self.balance.reserved),)
        later = [each.after for each in eligible.forms[form + 1 : form + 2]]
        if ticket.sticky and self.now < ticket.waiting_since + eligible.sticky_wait:
            known = self.index.places(ticket.sticky) & eligible.admitted[form]
            if known and ticket.sticky not in ticket.excluded:
                tests += (Test("kept_for_sticky_agent", ticket.sticky, self.index.everyone ^ known),)
                later.append(eligible.sticky_wait)
        return tests, ticket.waiting_since + min(later) if later else None

    def strata(self, answer: Asked) -> Iterator[tuple[int, Levels, Mask]]:
        """The free, those before for whom less is given up, and of them the fitter: form, levels and who."""
        eligible, free = answer.eligible, answer.free
        for form in range(answer.form + 1):
            nearest = free & eligible.admitted[form] if form < answer.form else free
            if nearest:
                free ^= nearest
                for levels, equals in alike(self.index, eligible.rule, nearest):
                    yield form, levels, equals

    def _in_order(self, answer: Asked, sticky: Mask) -> Iterator[int]:
        """The free, in the order they are asked, the sticky agent first."""
        if sticky:
            yield sticky.bit_length() - 1
            answer = answer._replace(free=answer.free ^ sticky)
        strategy = answer.eligible.rule.strategy
        for form, levels, equals in self.strata(answer):
            count = equals.bit_count()
            if count == 1:
                yield equals.bit_length() - 1
            elif count <= FEW:
                yield from in_order(self.index.agents, strategy, equals, self.balance.seen)
            else:
                peers = Peers(answer.eligible.forms[form].teams, levels)
                yield from self.balance.order(peers, strategy).walk(equals, count, self.balance.seen)

    def _candidate(self, ticket: Waiting, eligible: Eligibility, i: int) -> Candidate:
        agent, seen = self.index.agents[i], self.balance.seen(i)
        known = "sticky agent, " if agent.key == ticket.sticky else ""
        standing = _standing(seen.load, agent.capacity, seen.last_assigned_at)
        return Candidate(agent.key, f"{known}{eligible.fit(i)}, {standing}")


@lru_cache(maxsize=4096)
def _standing(load: int, capacity: int, last: datetime | None) -> str:
    ago = f"last assigned {last.isoformat(timespec='seconds')}" if last else "not assigned before"
    return f"{load} of {capacity} units used, {ago}"


def _unroutable(ticket: Waiting, answer: Asked | None) -> Decision:
    rule = answer.eligible.rule if answer else None
    why = answer.never if answer else "no rule holds for it and it has no team"
    return Decision(
        ticket=ticket.id,
        outcome="unroutable",
        agent=None,
        assigned_at=None,
        team=rule.team if rule else None,
        rule=rule.key or None if rule else None,
        matcher=None,
        relaxed=(),
        candidate_count=0,
        candidates=(),
        rejected=answer.rejected if answer else (),
        reason=f"Nobody will ever take it: {why}.",
        next_relaxation_at=None,
    )


def _summary(rejected: tuple[Rejection, ...]) -> str:
    return ", ".join(f"{group.count} {group.reason.replace('_', ' ')}" for group in rejected)
