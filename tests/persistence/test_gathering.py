"""Requests that come together share a statement, and nobody pays for another's fault."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from tickets.persistence.gathering import Gathering


class Database:
    """Answers a number with its double; `13` is a bad number, and `held` statements wait to be let go."""

    def __init__(self) -> None:
        self.statements: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def double(self, numbers: Sequence[int]) -> list[int]:
        """One statement."""
        self.statements.append(list(numbers))
        await self.open.wait()
        if 13 in numbers:
            raise asyncpg.UniqueViolationError("13 is there already")
        if 0 in numbers:
            raise ConnectionError("the database went away")
        return [2 * number for number in numbers]


async def test_one_who_is_alone_travels_alone_and_at_once() -> None:
    database = Database()
    gathering = Gathering(database.double, lanes=1, most=10)
    assert await gathering.ask(4) == 8
    assert database.statements == [[4]]


async def test_those_who_come_together_share_a_statement_and_each_gets_its_own_answer() -> None:
    database = Database()
    gathering = Gathering(database.double, lanes=1, most=10)
    assert await asyncio.gather(*map(gathering.ask, range(1, 6))) == [2, 4, 6, 8, 10]
    assert database.statements == [[1, 2, 3, 4, 5]]


async def test_those_who_come_while_all_lanes_are_taken_travel_next_and_no_more_than_fit() -> None:
    database = Database()
    database.open.clear()
    gathering = Gathering(database.double, lanes=1, most=3)
    first = asyncio.create_task(gathering.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(gathering.ask(number)) for number in (2, 3, 4, 5)]
    await asyncio.sleep(0)
    database.open.set()
    assert await asyncio.gather(first, *later) == [2, 4, 6, 8, 10]
    assert database.statements == [[1], [2, 3, 4], [5]]


async def test_one_bad_request_fails_by_itself() -> None:
    database = Database()
    gathering = Gathering(database.double, lanes=1, most=10)
    answers = await asyncio.gather(*map(gathering.ask, (1, 13, 2)), return_exceptions=True)
    assert (answers[0], answers[2]) == (2, 4)
    assert isinstance(answers[1], asyncpg.UniqueViolationError)
    assert database.statements == [[1, 13, 2], [1], [13], [2]]


async def test_a_database_that_went_away_is_told_to_all_and_not_asked_again_for_each() -> None:
    database = Database()
    gathering = Gathering(database.double, lanes=1, most=10)
    answers = await asyncio.gather(*map(gathering.ask, (1, 0, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError] * 3
    assert database.statements == [[1, 0, 2]]
    assert await gathering.ask(5) == 10


async def test_one_who_gives_up_leaves_the_others_their_answers() -> None:
    database = Database()
    database.open.clear()
    gathering = Gathering(database.double, lanes=1, most=10)
    hasty, patient = (asyncio.create_task(gathering.ask(number)) for number in (1, 2))
    await asyncio.sleep(0)
    hasty.cancel()
    database.open.set()
    assert await patient == 4
    with pytest.raises(asyncio.CancelledError):
        await hasty
