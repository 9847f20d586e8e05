"""A little desk for the stories: three agents, one ticket, one rule; each story changes what it is about."""

from datetime import UTC, datetime, timedelta

import msgspec

from routing import Agent, Availability, Decision, Region, Requirement, Roster, Rule, Waiting, route

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REGIONS = (
    Region("vn", "Việt Nam"),
    Region("vn-north", "Miền Bắc", parent="vn"),
    Region("vn-south", "Miền Nam", parent="vn"),
    Region("vn-hcm", "Hồ Chí Minh", parent="vn-south"),
)
AN = Agent(key="an", teams=("care",), skills={"warranty": 4}, regions=("vn-south",), capacity=2)
BINH = Agent(key="binh", teams=("care",), skills={"warranty": 2}, languages=("vi",), capacity=2)
CHI = Agent(key="chi", teams=("sales",), skills={"warranty": 5}, capacity=2)
ONLINE = Availability(presence="online")
WARRANTY = Rule(key="warranty", order=1, team="care", skills=(Requirement("warranty"),))
TICKET = Waiting(id="t1", facts={}, priority="normal", waiting_since=NOW)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def facts(**values: str) -> dict[str, frozenset[str]]:
    """Facts from words: `facts(region="vn-hcm vn-south vn")`."""
    return {key: frozenset(text.split()) for key, text in values.items()}


def online(*agents: Agent, wind_down: timedelta = timedelta(0), **changed: Availability) -> Roster:
    """The agents at their desks with nothing to do, but for those whose availability is given."""
    live = {agent.key: ONLINE for agent in agents} | changed
    return Roster(agents, live, REGIONS, wind_down=wind_down)


def one(ticket: Waiting, roster: Roster, *rules: Rule) -> Decision:
    """The decision for a ticket that waits alone."""
    return route([ticket], roster, rules or [WARRANTY], NOW, listed=None)[0]


def refused(decision: Decision) -> dict[str, str]:
    """Each rejected agent's reason."""
    return {agent: group.reason for group in decision.rejected for agent in group.agents}


like = msgspec.structs.replace
