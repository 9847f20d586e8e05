"""The same requests to a running server, as fast as it takes them; a journal keeps what it acknowledged."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import httpx
import msgspec
from msgspec import Struct

from tickets.errors import CannotStart
from tickets.replay.cases import Step
from tickets.replay.doors import Answer, Live
from tickets.replay.requests import opening, solving
from tickets.replay.simulation import Progress

TOGETHER = 16
"""Requests under way at once."""

_PAGE = 200
_encode = msgspec.json.Encoder().encode


class Acknowledged(Struct, frozen=True, omit_defaults=True):
    """A line of the journal: the server answered 2xx."""

    case: str
    ticket: UUID
    solved: bool = False


class Journal:
    """What was acknowledged, in this run and in those before it. Use with `with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened: dict[str, UUID] = {}
        self.solved: set[str] = set()
        for line in path.read_bytes().splitlines() if path.exists() else ():
            self._know(msgspec.json.decode(line, type=Acknowledged))
        self._file = path.open("ab", buffering=0)

    def note(self, line: Acknowledged) -> None:
        """Remember, also after this process is killed."""
        self._know(line)
        self._file.write(_encode(line) + b"\n")

    def knows(self, step: Step) -> bool:
        """Whether it was acknowledged."""
        return step.case.id in (self.opened if step.deed == "open" else self.solved)

    def _know(self, line: Acknowledged) -> None:
        self.opened[line.case] = line.ticket
        if line.solved:
            self.solved.add(line.case)

    def __enter__(self) -> Self:
        """Open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()


class Compared(Struct, frozen=True, kw_only=True):
    """The journal beside the server: tickets acknowledged and not there, or one for two cases."""

    acknowledged: int
    on_server: int
    lost: int
    doubled: int

    def __str__(self) -> str:
        """The lines to print."""
        return (
            f"acknowledged {self.acknowledged:,} tickets; {self.lost:,} lost, {self.doubled:,} doubled\n"
            f"on server    {self.on_server:,} tickets, other people's and unacknowledged ones among them"
        )


class Sender:
    """Sends the steps that the journal does not know. Sent twice, a request is one ticket."""

    def __init__(self, door: Live, journal: Journal) -> None:
        self._door = door
        self._journal = journal
        self.requests = 0
        self.refused: dict[str, Answer] = {}

    async def run(self, steps: Iterable[Step], progress: Progress) -> None:
        """Send them in order, several at once. Raises `CannotStart` when the server stops answering."""
        for together in _batches(step for step in steps if not self._journal.knows(step)):
            outcomes = await asyncio.gather(*map(self._take, together), return_exceptions=True)
            for step, outcome in zip(together, outcomes, strict=True):
                if isinstance(outcome, httpx.HTTPError):
                    raise CannotStart(
                        f"The server stopped answering after {len(self._journal.opened):,} tickets "
                        f"({type(outcome).__name__}); the same command goes on from there."
                    ) from outcome
                if isinstance(outcome, BaseException):
                    raise outcome
                progress(step.at)

    async def _take(self, step: Step) -> None:
        case = step.case
        known = self._journal.opened.get(case.id)
        if step.deed == "open":
            answer = await self._door.post(opening(case))
        elif known is not None:
            answer = await self._door.post(solving(known))
        else:
            return  # its opening was refused
        self.requests += 1
        if answer.accepted:
            self._journal.note(Acknowledged(case.id, answer.ticket, solved=step.deed == "solve"))
        else:
            self.refused[case.id] = answer


def _batches(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Steps that may go at once: no case twice."""
    batch: dict[str, Step] = {}
    for step in steps:
        if len(batch) == TOGETHER or step.case.id in batch:
            yield list(batch.values())
            batch = {}
        batch[step.case.id] = step
    if batch:
        yield list(batch.values())


class _Line(Struct):
    id: UUID


class _Page(Struct):
    items: list[_Line]
    next: str | None


async def compare(door: Live, journal: Journal) -> Compared:
    """Look every acknowledged ticket up in the server's list. Raises `httpx.HTTPError`."""
    there: set[UUID] = set()
    path: str | None = f"/v1/tickets?limit={_PAGE}"
    while path is not None:
        page = msgspec.json.decode(await door.get(path), type=_Page)
        there.update(line.id for line in page.items)
        path = page.next
    tickets = set(journal.opened.values())
    return Compared(
        acknowledged=len(journal.opened),
        on_server=len(there),
        lost=len(tickets - there),
        doubled=len(journal.opened) - len(tickets),
    )
