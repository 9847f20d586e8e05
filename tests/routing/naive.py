"""The oracle: routing by scanning every agent for every ticket, in the plainest words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from routing import Agent, Availability, Region, Rule, Waiting
from routing.rules import duration
from routing.waiting import urgency

PAST = datetime.min.replace(tzinfo=UTC)


class NaiveRouter:
    """Who gets which ticket, by brute force."""

    def __init__(
        self,
        agents: Sequence[Agent],
        availability: dict[str, Availability],
        regions: Sequence[Region],
        rules: Sequence[Rule],
        now: datetime,
    ) -> None:
        self.agents = sorted(agents, key=lambda agent: agent.key)
        self.seen = {agent.key: availability.get(agent.key, Availability()) for agent in agents}
        self.parents = {region.key: region.parent for region in regions}
        self.rules = sorted(rules, key=lambda rule: (rule.order, rule.key))
        self.now = now
        self.reserved: set[str] = set()
        self.given = 0

    def route(self, waiting: Sequence[Waiting]) -> dict[str, tuple[str, str | None]]:
        return {ticket.id: self.decide(ticket) for ticket in sorted(waiting, key=urgency)}

    def decide(self, ticket: Waiting) -> tuple[str, str | None]:
        possible: list[Agent] | None = None
        for rule in self.rules_of(ticket):
            ready = self.ready(ticket, rule)
            if ready is not None:
                possible = (possible or []) + ready
                if free := self.free(ticket, rule, ready):
                    return "assigned", self.give(ticket, min(free, key=lambda a: self.rank(ticket, rule, a)))
                if self.now - ticket.waiting_since < duration(rule.fallback_after or "P366D"):
                    break
        if possible is None:
            return "unroutable", None
        self.reserve(ticket, possible)
        return "waiting", None

    def could(self, ticket: Waiting) -> tuple[list[Agent] | None, list[Agent]]:
        """Who is ready under any of its rules (None: nobody ever could), and who is free."""
        possible: list[Agent] | None = None
        free: list[Agent] = []
        for rule in self.rules_of(ticket):
            ready = self.ready(ticket, rule)
            if ready is not None:
                possible = (possible or []) + ready
                free += self.free(ticket, rule, ready)
                if self.now - ticket.waiting_since < duration(rule.fallback_after or "P366D"):
                    break
        return possible, free

    def ready(self, ticket: Waiting, rule: Rule) -> list[Agent] | None:
        """Who is there and able, with room or not; None when nobody could ever take it."""
        last = len(rule.relaxation)
        if not [a for a in self.agents if self.form(ticket, rule, a, last) and a.key not in ticket.excluded]:
            return None
        reached = self.reached(ticket, rule)
        return [
            a
            for a in self.agents
            if self.form(ticket, rule, a, reached) and a.key not in ticket.excluded and self.works(a)
        ]

    def free(self, ticket: Waiting, rule: Rule, ready: list[Agent]) -> list[Agent]:
        reached = self.reached(ticket, rule)
        kept = self.now - ticket.waiting_since < duration(rule.sticky_wait) and any(
            a.key == ticket.sticky and self.form(ticket, rule, a, reached) and a.key not in ticket.excluded
            for a in self.agents
        )
        return [
            a
            for a in ready
            if a.capacity - self.seen[a.key].load >= ticket.weight
            and a.key not in self.reserved
            and (not kept or a.key == ticket.sticky)
        ]

    def reached(self, ticket: Waiting, rule: Rule) -> int:
        return sum(duration(step.after) <= self.now - ticket.waiting_since for step in rule.relaxation)

    def give(self, ticket: Waiting, chosen: Agent) -> str:
        seen = self.seen[chosen.key]
        self.seen[chosen.key] = Availability(
            presence=seen.presence,
            load=seen.load + ticket.weight,
            last_assigned_at=self.now + self.given * timedelta(microseconds=1),
            shift_ends_at=seen.shift_ends_at,
        )
        self.given += 1
        return chosen.key

    def reserve(self, ticket: Waiting, able: list[Agent]) -> None:
        patience = {"urgent": 15, "high": 60, "normal": 240, "low": 1440}[ticket.priority]
        wanted = min(ticket.waiting_since + timedelta(minutes=patience), ticket.breach_at or self.now)
        if ticket.breach_at is None:
            wanted = ticket.waiting_since + timedelta(minutes=patience)
        pool = [a for a in able if a.capacity >= ticket.weight and a.key not in self.reserved]
        if ticket.weight > 1 and wanted <= self.now and pool:
            self.reserved.add(min(pool, key=lambda a: (self.seen[a.key].load - a.capacity, a.key)).key)

    def rules_of(self, ticket: Waiting) -> list[Rule]:
        """The first that holds, of the ticket's team if it has one, and what it may fall back to."""
        teams = ticket.facts.get("team", frozenset())
        found: list[Rule] = []
        for rule in self.rules:
            if (found or not teams or rule.team in teams) and all(
                set(values) & ticket.facts.get(key, frozenset()) for key, values in rule.when.items()
            ):
                found.append(rule)
                if rule.fallback_after is None:
                    return found
        return found or [Rule(key="", order=0, team=min(teams))] if found or teams else []

    def works(self, agent: Agent) -> bool:
        seen = self.seen[agent.key]
        return seen.presence == "online" and (seen.shift_ends_at is None or seen.shift_ends_at > self.now)

    def form(self, ticket: Waiting, rule: Rule, agent: Agent, steps: int) -> bool:
        """Whether the rule, less what its first steps give up, admits the agent."""
        taken = rule.relaxation[:steps]
        teams = {rule.team, *(step.team for step in taken if step.team)}
        if not teams & set(agent.teams) or agent.capacity < ticket.weight:
            return False
        for wish in rule.skills:
            level = wish.level
            for step in taken:
                if not wish.mandatory:
                    level = 0 if step.drop_optional or level == 0 else max(1, level - step.lower_levels)
            if agent.skills.get(wish.skill, 0) < level:
                return False
        languages = ticket.facts.get("language", frozenset())
        asked = rule.match_language and not any(step.drop_language for step in taken)
        if asked and languages and agent.languages and not languages & set(agent.languages):
            return False
        regions = ticket.facts.get("region", frozenset())
        if not rule.match_region or not regions:
            return True
        return self.serves(agent, max(regions, key=self.depth), sum(step.widen_region for step in taken))

    def serves(self, agent: Agent, region: str, widened: int) -> bool:
        if not agent.regions:
            return True
        top: str | None = region
        for _ in range(widened):
            top = self.parents.get(top) if top is not None else None
            if top is None:
                return True
        inside = widened > 0 and any(top in self.line(own) for own in agent.regions)
        return inside or any(own in self.line(str(top)) for own in agent.regions)

    def line(self, region: str) -> list[str]:
        parent = self.parents.get(region)
        return [region, *(self.line(parent) if parent else [])]

    def depth(self, region: str) -> int:
        return len(self.line(region))

    def rank(self, ticket: Waiting, rule: Rule, agent: Agent) -> tuple[object, ...]:
        seen = self.seen[agent.key]
        nearest = next(k for k in range(len(rule.relaxation) + 1) if self.form(ticket, rule, agent, k))
        last = seen.last_assigned_at or PAST
        by_strategy: tuple[object, ...] = {
            "best_fit": (
                *(-agent.skills.get(wish.skill, 0) for wish in rule.skills),
                seen.load / agent.capacity,
                last,
            ),
            "least_loaded": (seen.load / agent.capacity, last),
            "round_robin": (last,),
            "longest_idle": (seen.load > 0, seen.idle_since or last),
        }[rule.strategy]
        return (agent.key != ticket.sticky, nearest, *by_strategy, agent.key)
