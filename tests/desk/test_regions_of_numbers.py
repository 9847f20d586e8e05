"""Which region a telephone number is of."""

import pytest

from tickets.application.desk import check
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.stored import from_objects, to_objects
from tickets.domain.draft import Identity

DESK = """
regions:
  vn: {phone_prefixes: ["+84"]}
  hn: {parent: vn, phone_prefixes: ["+8424"]}
  hp: {parent: vn, phone_prefixes: ["+84225", "+84226"]}
  us-ma: {phone_prefixes: ["+1617"]}
"""


@pytest.mark.parametrize(
    ("identities", "region"),
    [
        ([("phone", "+842438259999")], "hn"),
        ([("phone", "+842253123456")], "hp"),
        ([("phone", "+84903123456")], "vn"),
        ([("whatsapp", "+16175551234")], "us-ma"),
        ([("phone", "+12125551234")], None),
        ([("email", "+8424@example.vn"), ("zalo", "+842438259999")], None),
        ([("email", "a@example.vn"), ("phone", "+842438259999")], "hn"),
        ([], None),
    ],
)
def test_the_longest_prefix_tells(identities: list[tuple[str, str]], region: str | None) -> None:
    compiled = CompiledDesk(from_objects(to_objects(check(DESK).desk)), 1)
    assert compiled.region_of([Identity(kind, value) for kind, value in identities]) == region  # type: ignore[arg-type]
