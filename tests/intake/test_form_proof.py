"""The answer to a challenge: as ALTCHA's own library signs it, and every way to cheat."""

from datetime import UTC, datetime, timedelta

import pytest

from tickets.intake.proof import HARDNESS, check_proof, make_challenge

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
THEIRS = (
    "eyJhbGdvcml0aG0iOiAiU0hBLTI1NiIsICJjaGFsbGVuZ2UiOiAiZDE1MGQ2MTJhOGVjY2U4ZGY2OGE0NGYwZWFlOT"
    "Y3YWUwMTc4YWFkYTMyNzU3NzQ2NWY5NDA4NWU1NmY4OTY1MiIsICJudW1iZXIiOiA0MjQyLCAic2FsdCI6ICIwMDEx"
    "MjIzMzQ0NTU2Njc3ODg5OWFhYmI/ZXhwaXJlcz0xNzcyNDQ1NjAwJiIsICJzaWduYXR1cmUiOiAiMDM5Mjg4ZDAwNz"
    "Q3YzA2ZDJjNjZkMmI2NTE1NGQwNGEyYzA1YTdmMzU3NzEwZjBlYzEyYzExNjM3YTFhY2MyZCJ9"
)
"""Made by the Python library altcha 2.3.0 under our key for the form `support`, good until 10:00."""


def test_what_their_library_made_is_taken_until_its_hour() -> None:
    until = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert check_proof(THEIRS, "support", b"secret", NOW) == []
    assert check_proof(THEIRS, "support", b"secret", until) == []
    assert "is over" in check_proof(THEIRS, "support", b"secret", until + timedelta(seconds=1))[0].message
    assert check_proof(THEIRS, "warranty", b"secret", NOW) != []
    assert check_proof(THEIRS, "support", b"other", NOW) != []


@pytest.mark.parametrize("said", [None, "", 5, "é", "====", "e30=", THEIRS[:-8], "a" * 100_000])
def test_anything_else_is_a_fault_at_its_field(said: object) -> None:
    assert [fault.pointer for fault in check_proof(said, "support", b"secret", NOW)] == ["/altcha"]


def test_a_challenge_gives_its_number_away_to_nobody() -> None:
    one, other = (make_challenge("support", b"secret", chance, NOW) for chance in (b"a", b"b"))
    assert one.challenge != other.challenge
    assert one.maxnumber == HARDNESS
