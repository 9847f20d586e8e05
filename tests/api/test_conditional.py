"""Entity tags: what is taken for one, and what a caller with an old one hears."""

import pytest

from tickets.api.conditional import etag, expected_epoch, must_match
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


def test_whoever_saw_the_present_state_may_change_it() -> None:
    must_match(etag(7), 7)
    must_match(None, 7)
    must_match("*", 7)


def test_whoever_saw_an_older_state_is_told_the_present_one() -> None:
    with pytest.raises(Problem) as refused:
        must_match(etag(6), 7)
    assert (refused.value.status, refused.value.headers) == (412, {"ETag": '"7"'})


def test_where_a_tag_is_needed_none_is_not_enough() -> None:
    with pytest.raises(Problem) as refused:
        expected_epoch(None, required=True)
    assert refused.value.status == 428
