"""The agents and rules of `tests.routing.bursts` as a desk, and tickets that wait for them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from tests.routing.bursts import REGIONS, RULES, burst

from routing import Agent, Matcher, Rule
from tickets.persistence import ticket_sql as sql
from tickets.persistence.engine import Engine

_WAITING = {
    "id": "gen_random_uuid()",
    "status": "'new'",
    "assignee": "NULL",
    "team": "'care'",
    "units": "1 + (n % 10 = 0)::int",
    "tags": "ARRAY[($2::text[])[1 + n % cardinality($2)]]",
    "region": "(ARRAY['north', 'south'])[1 + n % 2]",
    "language": "(ARRAY['vi', 'vi', 'en'])[1 + n % 3]",
    "priority": "(ARRAY['low', 'normal', 'high', 'urgent'])[1 + n % 4]",
    "waiting_since": "now()",
    "route_at": "now()",
}
_ARRIVE = f"""
INSERT INTO ticket ({", ".join(sql.COLUMNS)})
SELECT {", ".join(_WAITING.get(name, name) for name in sql.COLUMNS)}
FROM ticket, generate_series(1, $1::int) AS n WHERE id = $3
"""
_SET_ASIDE = "UPDATE ticket SET status = 'solved', waiting_since = NULL, route_at = NULL WHERE id = $1"


def people(count: int) -> Sequence[Agent]:
    """So many agents, the same in every run."""
    return burst(7, tickets=0, agents=count).agents


def desk_of(agents: Sequence[Agent], rules: Sequence[Rule] = RULES, matcher: Matcher = "greedy") -> str:
    """A desk file (JSON is YAML): everybody online, a tag chooses the rule."""
    return msgspec.json.encode(
        {
            "regions": {region.key: {"name": region.key, "parent": region.parent} for region in REGIONS},
            "settings": {"matcher": matcher},
            "teams": {"care": {"name": "Care"}},
            "agents": {agent.key: {**_fields(agent), "presence": "online"} for agent in agents},
            "routing_rules": {rule.key: {**_fields(rule), "when": {"tags": [rule.key]}} for rule in rules},
            "sla_policies": {
                "only": {
                    "order": 1,
                    "targets": [{"metric": "first_response", "budget": "PT4H", "at_risk": None}],
                }
            },
        }
    ).decode()


async def arrive(engine: Engine, count: int, model: UUID) -> None:
    """Let so many tickets wait at once, all as `model` was opened; of every rule, region and language."""
    await engine.execute(_ARRIVE, count, [rule.key for rule in RULES], model)
    await engine.execute(_SET_ASIDE, model)


def _fields(described: msgspec.Struct) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(described)
    del fields["key"]
    return fields
