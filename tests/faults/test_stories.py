"""The stories of `make faults`, each in its short form: nothing lost, nothing doubled."""

from pathlib import Path

import pytest
from tests.faults.catalogue import STORIES, Story
from tests.faults.nursery import Nursery
from tests.faults.scene import own_server, scene
from tests.faults.stories.bells import rabbitmq_wiped
from tests.faults.tally import Tally


def short(*, own_server: bool) -> list[pytest.ParameterSet]:
    chosen = [story for story in STORIES if story.short is not None and story.own_server == own_server]
    return [pytest.param(story, id=story.name) for story in chosen]


@pytest.mark.parametrize("story", short(own_server=False))
async def test_nothing_is_lost_and_nothing_doubled(
    story: Story, born: Nursery, tmp_path: Path, database_url: str, request: pytest.FixtureRequest
) -> None:
    assert story.short is not None
    async with scene(database_url, tmp_path, born, repeating=story.repeating) as made:
        if story.play is rabbitmq_wiped:
            made.rabbitmq = request.getfixturevalue("rabbitmq_url")
        must_be_well(story, await story.play(made, story.short))


def must_be_well(story: Story, tally: Tally) -> None:
    assert story.short is not None
    assert tally.faults == {}
    assert tally.clocks == story.short.quiet + story.short.paged
    assert not story.slow(tally, story.short), tally.recovery


@pytest.mark.parametrize("story", short(own_server=True))
async def test_nothing_is_lost_with_the_database_and_nothing_doubled(
    story: Story, born: Nursery, tmp_path: Path
) -> None:
    assert story.short is not None
    async with own_server(tmp_path, born) as made:
        must_be_well(story, await story.play(made, story.short))
