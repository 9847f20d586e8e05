"""Every change of agents and tickets in the database's own order, and what must be true of them.

A trigger writes while the changed row is locked until its commit, and takes the next number of a sequence:
so the numbers of one row's changes are the order in which they were committed, whoever made them. Whoever
assigns a ticket locks the agent's row in the same transaction. Therefore *available* is exact: the agent was
online, with room, at the commit of the assignment, for nobody could have said otherwise in between.
"""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import asyncpg
import msgspec

from routing import Agent

_HELD = "CASE WHEN {row}.status IN ('new', 'open', 'pending', 'on_hold') THEN {row}.assignee END"
WATCH = f"""
CREATE TABLE seen_agent (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, xid text DEFAULT pg_current_xact_id(),
    key text, presence_before text, presence text, load_before integer, load integer
);
CREATE TABLE seen_ticket (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, xid text DEFAULT pg_current_xact_id(),
    id uuid, epoch integer, units integer, holder_before text, holder text
);
CREATE FUNCTION see_agent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO seen_agent (key, presence_before, presence, load_before, load)
    VALUES (NEW.key, OLD.presence, NEW.presence, OLD.load, NEW.load);
    RETURN NULL;
END $$;
CREATE FUNCTION see_ticket() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO seen_ticket (id, epoch, units, holder_before, holder)
    VALUES (NEW.id, NEW.epoch, NEW.units, {_HELD.format(row="OLD")}, {_HELD.format(row="NEW")});
    RETURN NULL;
END $$;
CREATE TRIGGER see AFTER UPDATE ON agent_state FOR EACH ROW EXECUTE FUNCTION see_agent();
CREATE TRIGGER see AFTER UPDATE ON ticket FOR EACH ROW EXECUTE FUNCTION see_ticket();
"""
"""To be run while all are online, nobody holds anything, and every ticket waits."""

_AGENTS = "SELECT xid, key, presence_before, presence, load_before, load FROM seen_agent ORDER BY seq"
_TICKETS = "SELECT xid, id, epoch, units, holder_before, holder FROM seen_ticket ORDER BY seq"
_GIVEN = "SELECT ticket_id, epoch, data ->> 'agent', actor FROM ticket_event WHERE type = 'assigned'"

Moves = Counter[tuple[str, str]]
"""By how many units a transaction moved what an agent holds."""


class Verdict(msgspec.Struct, frozen=True):
    """What was seen, for those who want to know whether it was worth looking."""

    by_router: int
    by_hand: int
    departures: int


async def must_have_been_lawful(database: asyncpg.Connection, agents: Mapping[str, Agent]) -> Verdict:
    """Nobody over capacity or unavailable, no ticket with two, no load without a ticket: at any commit."""
    loaded, departures = await _loads(database, agents)
    held, gained = await _holders(database)
    assert loaded == held, "in each transaction loads move by just the units that tickets bring and take"
    given = {(row[0], row[1]): (row[2], row[3]) for row in await database.fetch(_GIVEN)}
    assert {place: agent for place, (agent, _) in given.items()} == {
        place: agent for place, (_, agent) in gained.items()
    }, "history tells of every assignment, once"
    by_router = [place for place, (_, actor) in given.items() if actor == "router"]
    assert [place for place in by_router if gained[place][0] is not None] == [], "taken from somebody"
    return Verdict(len(by_router), len(given) - len(by_router), departures)


async def _loads(database: asyncpg.Connection, agents: Mapping[str, Agent]) -> tuple[Moves, int]:
    now: dict[str, tuple[str, int]] = dict.fromkeys(agents, ("online", 0))
    moves: Moves = Counter()
    departures = 0
    for xid, key, presence_before, presence, load_before, load in await database.fetch(_AGENTS):
        assert now[key] == (presence_before, load_before), f"a change of {key} was not seen"
        assert 0 <= load <= agents[key].capacity, f"{key} holds {load}"
        if load > load_before:
            assert (presence_before, presence) == ("online", "online"), (
                f"{key} was given work while {presence}"
            )
        departures += presence_before == "online" != presence
        now[key] = presence, load
        moves[xid, key] += load - load_before
    return _moved(moves), departures


async def _holders(
    database: asyncpg.Connection,
) -> tuple[Moves, dict[tuple[UUID, int], tuple[str | None, str]]]:
    """What moved, and who was given a ticket at which of its epochs, with who had it before."""
    now: dict[UUID, str | None] = {}
    moves: Moves = Counter()
    gained: dict[tuple[UUID, int], tuple[str | None, str]] = {}
    for xid, ticket, epoch, units, before, after in await database.fetch(_TICKETS):
        assert now.get(ticket) == before, f"a change of {ticket} was not seen"
        now[ticket] = after
        if before == after:
            continue
        if before is not None:
            moves[xid, before] -= units
        if after is not None:
            moves[xid, after] += units
            gained[ticket, epoch] = before, after
    return _moved(moves), gained


def _moved(moves: Moves) -> Moves:
    return Counter({place: units for place, units in moves.items() if units})
