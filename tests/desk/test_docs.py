"""The page about the desk shows only what is accepted."""

import re
from pathlib import Path

import pytest

from tickets.application.desk import KINDS, Desk, InvalidDesk, check
from tickets.application.desk.references import FACTS

PAGE = (Path(__file__).parents[2] / "docs" / "desk.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_its_first_example_is_refused_on_the_sample_desk_as_it_says(sample: Desk) -> None:
    with pytest.raises(InvalidDesk, match="there is no team 'warranty'"):
        check(EXAMPLES[0], sample)


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_its_other_examples_are_accepted_on_the_sample_desk(example: str, sample: Desk) -> None:
    assert check(example, sample).desk != sample


def test_it_names_every_kind_and_every_fact() -> None:
    words = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {kind.name for kind in KINDS} <= words
    assert set(FACTS) <= words
