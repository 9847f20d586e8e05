"""An agent comes, beats and goes: what a presence is worth, and until when.

A presence set by hand stands until it is changed. One that `beats` stands for the desk's `presence_expiry`,
and as much longer from each beat on. Once it has run out the agent is offline and stays so until they say
otherwise: a program that comes back from sleep must not bring back somebody who has left.
"""

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from tickets.application.desk.compiled import CompiledDesk
from tickets.domain.errors import NotFound, Refused
from tickets.domain.words import Instant, Presence


class AgentEvent(Struct, frozen=True):
    """A presence that became another: `set` by somebody, `expired` for want of a beat, or by a leave."""

    before: str
    after: str
    why: Literal["set", "expired", "leave_began", "leave_ended", "leave_cancelled"]
    occurred_at: Instant
    detected_at: Instant


class Presences(Protocol):
    """Where agents' presence is kept."""

    async def settle(self, now: datetime, agent: str | None = None) -> list[str]:
        """Say of every agent (or of this one) whose presence has run out that it did, once; who they are."""

    async def set(
        self, agent: str, presence: str, why: str, now: datetime, expires_at: datetime | None
    ) -> bool:
        """Change an agent's presence; False for nobody of that key."""

    async def leave(self, agent: str, now: datetime) -> tuple[datetime, datetime] | None:
        """The leave an agent has begun or will begin, from and until when."""

    async def plan_leave(self, agent: str, period: tuple[datetime, datetime] | None, now: datetime) -> bool:
        """Plan it anew, or (None) not at all; False for nobody of that key."""

    async def beat(self, agent: str, now: datetime, expires_at: datetime) -> datetime | None:
        """Let a presence that runs on beats hold on; until when. None when it does not, or no more."""


async def set_presence(
    presences: Presences,
    desk: CompiledDesk,
    agent: str,
    presence: Presence,
    now: datetime,
    *,
    beats: bool = False,
) -> datetime | None:
    """Change it; when it runs out, None for never.

    Raises:
        NotFound: no such agent.
        Refused: who is gone sends no beats; who is on a planned leave has to call it off first.
    """
    if beats and presence not in _BEATING:
        raise Refused(f"who is {presence} sends no beats; leave `beats` out")
    leave = await presences.leave(agent, now)
    if leave is not None and leave[0] <= now:
        raise Refused(
            f"{agent} is on leave until {leave[1].isoformat()}; "
            f"call it off first with DELETE /v1/agents/{agent}/leave"
        )
    expires_at = now + desk.presence_expiry if beats else None
    if not await presences.set(agent, presence, "set", now, expires_at):
        raise NotFound(f"there is no agent {agent}")
    return expires_at


async def heartbeat(presences: Presences, desk: CompiledDesk, agent: str, now: datetime) -> datetime:
    """Hold on; until when.

    Raises:
        NotFound: no such agent on the desk.
        Refused: their presence does not run on beats, or ran out.
    """
    if agent not in desk.desk.agents:
        raise NotFound(f"there is no agent {agent}")
    until = await presences.beat(agent, now, now + desk.presence_expiry)
    if until is None:
        raise Refused(
            f"no beat is waited for from {agent}: their presence was set without `beats`, or has run out; "
            f"set it again with PUT /v1/agents/{agent}/presence and `beats`: true"
        )
    return until


_BEATING = frozenset({"online", "away"})
