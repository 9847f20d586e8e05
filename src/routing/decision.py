"""What routing says of a ticket, and why: complete enough to be shown to the person who asks."""

from datetime import datetime
from typing import Literal

import msgspec

AGENTS_LISTED = 20
"""How many names a decision lists in each group unless the caller asks for another number."""

Verdict = Literal["assigned", "waiting", "unroutable"]
Matcher = Literal["greedy", "optimal"]
"""Each ticket in turn takes whoever is best for it; or all who wait are weighed against one another."""
Refusal = Literal[
    "not_in_team",
    "lacks_skill",
    "other_language",
    "other_region",
    "too_small",
    "excluded",
    "away",
    "offline",
    "on_leave",
    "shift_ending",
    "full",
    "reserved",
    "kept_for_sticky_agent",
]
"""Why an agent was not a candidate: the first of these, in this order, that is true of them."""


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """An agent who could take the ticket now; `why` says what put them at this place in the order."""

    agent: str
    why: str


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """Agents refused for one reason: how many, and their keys in order, up to the number listed.

    `detail` says which skill, language, region or team was missing.
    """

    reason: Refusal
    detail: str
    count: int
    agents: tuple[str, ...]


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What to do with one waiting ticket.

    `assigned_at` is to be stored as the agent's `last_assigned_at`: `now`, plus a microsecond for each
    assignment before it in the same pass, so that taking turns survives a restart.
    `matcher` is what chose the agent; None where none did: nobody was given it, or the agent asked for work.
    `relaxed` names the relaxation steps the assignment needed (or, while waiting, those already taken).
    `candidates` and each rejection list at most the number of agents asked for; the counts are whole.
    `next_relaxation_at` is when looking again can find more agents though nothing else has changed;
    None when only a change of rules, agents or load can help.
    """

    ticket: str
    outcome: Verdict
    agent: str | None
    assigned_at: datetime | None
    team: str | None
    rule: str | None
    matcher: Matcher | None
    relaxed: tuple[str, ...]
    candidate_count: int
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejection, ...]
    reason: str
    next_relaxation_at: datetime | None
