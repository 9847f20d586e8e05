"""How numbers reach us, and what they are in E.164."""

import pytest

from tickets.intake.phones import e164


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+84 90 123 45 67", "VN", "+84901234567"),
        ("0084901234567", "VN", "+84901234567"),
        ("0901234567", "VN", "+84901234567"),
        ("(090) 123-45-67", "VN", "+84901234567"),
        ("0901.234.567", "VN", "+84901234567"),
        ("090/1234567", "VN", "+84901234567"),
        ("84901234567", "VN", "+84901234567"),
        ("901234567", "VN", "+84901234567"),
        ("+84 (0)90 123 45 67", "VN", "+84901234567"),
        ("tel:+84-90-123-4567", "VN", "+84901234567"),
        ("sip:0901234567@pbx.example.com;transport=udp", "VN", "+84901234567"),
        ("024 3825 1234", "VN", "+842438251234"),
        ("1900 1234", "VN", "+8419001234"),
        ("+1 (650) 253-0000", "VN", "+16502530000"),
        ("030 123456", "DE", "+4930123456"),
    ],
)
def test_a_number_is_read_by_the_country_of_its_line(text: str, country: str, expected: str) -> None:
    assert e164(text, country) == expected


@pytest.mark.parametrize(
    "text",
    ["", "anonymous", "Restricted", "unknown", "113", "8001", "+266696687", "0" * 500, "\0", "+", "-1"],
)
def test_anonymous_callers_and_short_codes_are_nobody(text: str) -> None:
    assert e164(text, "VN") is None


def test_an_unknown_country_still_reads_international_numbers() -> None:
    assert e164("+84901234567", "ZZ") == "+84901234567"
    assert e164("0901234567", "ZZ") is None
