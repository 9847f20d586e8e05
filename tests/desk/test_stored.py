"""Rows of the desk: versions stay with their objects, and later releases are refused in one sentence."""

import pytest

from tickets.application.desk import Desk, DeskTooNew, StoredObject, from_objects, to_objects


def test_every_object_is_one_row_with_its_key_in_the_body(sample: Desk) -> None:
    rows = to_objects(sample)
    assert len({(row.kind, row.key) for row in rows}) == len(rows)
    assert all(f'"key":"{row.key}"'.encode() in row.body for row in rows)


def test_versions_stay_with_their_objects(sample: Desk) -> None:
    rows = [row._replace(version=n) for n, row in enumerate(to_objects(sample), 1)]
    versions = from_objects(rows).versions
    assert [versions[row.kind, row.key] for row in rows] == list(range(1, len(rows) + 1))


def test_rows_in_any_order_give_the_same_desk(sample: Desk) -> None:
    assert from_objects(reversed(to_objects(sample))).desk == sample


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (StoredObject("macros", "a", b"{}"), "this release knows no macros"),
        (StoredObject("teams", "a", b'{"key":"a","colour":"red"}'), "cannot read teams/a of the desk"),
        (StoredObject("agents", "a", b'{"key":"a","presence":"asleep"}'), "cannot read agents/a of the desk"),
        (StoredObject("calendars", "a", b'{"key":"a"}'), "cannot read calendars/a of the desk"),
    ],
)
def test_a_row_of_a_later_release_is_refused(row: StoredObject, said: str) -> None:
    with pytest.raises(DeskTooNew, match=said):
        from_objects([row])
