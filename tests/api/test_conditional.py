"""Entity tags: what is taken for one, and what a caller with an old one hears."""

import pytest

from tickets.api.conditional import changed_meanwhile, expected_epoch
from tickets.api.problems import Problem


@pytest.mark.parametrize(("header", "epoch"), [('"7"', 7), (' "7" ', 7), ("*", None), (None, None)])
def test_a_tag_is_an_epoch_in_quotes(header: str | None, epoch: int | None) -> None:
    assert expected_epoch(header) == epoch


@pytest.mark.parametrize("header", ["7", 'W/"7"', '"7", "8"', '"seven"', '"-1"', '"99999999999"', ""])
def test_anything_else_is_refused(header: str) -> None:
    with pytest.raises(Problem) as refused:
        expected_epoch(header)
    assert refused.value.status == 400
    assert refused.value.errors[0].parameter == "If-Match"


def test_whoever_saw_an_older_state_is_told_the_present_one() -> None:
    refused = changed_meanwhile(7)
    assert (refused.status, refused.headers) == (412, {"ETag": '"7"'})
