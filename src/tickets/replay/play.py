"""The two replays a person can ask for, with their bars."""

from collections.abc import Sequence
from pathlib import Path

import httpx

from tickets.adapters import system
from tickets.errors import CannotStart
from tickets.replay.cases import steps_of
from tickets.replay.doors import Live
from tickets.replay.in_process import Replayed, replay
from tickets.replay.live import Compared, Journal, Sender, compare
from tickets.replay.mapping import Case
from tickets.replay.own_database import own_database
from tickets.replay.progress import progress_bar
from tickets.settings import Settings


async def replay_in_process(
    settings: Settings, server_url: str, desk: str, cases: Sequence[Case], *, keep: bool
) -> Replayed:
    """Replay into a fresh database of its own on a server; dropped afterwards unless it is to be kept."""
    name = f"tickets_replay_{system.random_bytes(4).hex()}"
    async with own_database(server_url, name, keep=keep) as url:
        with progress_bar(len(steps_of(cases))) as progress:
            return await replay(settings, url, desk, cases, progress)


async def replay_live(url: str, api_key: str, cases: Sequence[Case], journal_path: Path) -> Compared:
    """Send what the journal does not know to a running server, then hold the server to the journal.

    Raises:
        CannotStart: the server does not answer, or refused something; what was acknowledged is kept.
    """
    steps = steps_of(cases)
    with Journal(journal_path) as journal, progress_bar(len(steps)) as progress:
        async with Live(url, api_key) as door:
            sender = Sender(door, journal)
            await sender.run(steps, progress)
            if sender.refused:
                case, answer = next(iter(sender.refused.items()))
                raise CannotStart(
                    f"{len(sender.refused):,} requests were refused, case {case} with {answer.status}: "
                    f"{answer.body[:300].decode(errors='replace')}"
                )
            try:
                return await compare(door, journal)
            except httpx.HTTPError as error:
                raise CannotStart(f"The server does not list its tickets: {error!r}.") from error
