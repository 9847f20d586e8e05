"""How likely two customers are one person, and why: pure. A person decides; nothing is merged by itself."""

import re
import unicodedata
from collections.abc import Callable, Iterable

from msgspec import Struct

from tickets.domain.customer import CustomerRecord
from tickets.domain.words import composed

MOST = 20
"""Suggestions shown, the likeliest first."""

_WEIGHT = {
    "same phone in another spelling": 60,
    "same phone or WhatsApp number": 60,
    "same e-mail name at another domain": 25,
    "same name": 30,
    "same region": 10,
}
_LIKELY = 40
"""A name alone says nothing: half of Việt Nam is called Nguyễn."""
_DIGITS = 8
"""Last digits in which two spellings of one number agree, with or without area and country."""


class Suggestion(Struct, frozen=True):
    """A customer who may be the same person: `score` from 0 to 100, and what speaks for it."""

    customer: CustomerRecord
    score: int
    reasons: tuple[str, ...]


def suggestions(customer: CustomerRecord, others: Iterable[CustomerRecord]) -> list[Suggestion]:
    """Those of the others who may well be the same person, the likeliest first."""
    found = []
    for other in others:
        reasons = tuple(reason for reason in _WEIGHT if _HOLDS[reason](customer, other))
        score = min(100, sum(_WEIGHT[reason] for reason in reasons))
        if score >= _LIKELY and other.id != customer.id:
            found.append(Suggestion(other, score, reasons))
    return sorted(found, key=lambda each: (-each.score, each.customer.id))[:MOST]


def folded(name: str) -> str:
    """A name without case, accents and order of words: family names come first or last."""
    plain = unicodedata.normalize("NFD", composed(name)).replace("Đ", "D").replace("đ", "d")
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
    return " ".join(sorted(re.findall(r"\w+", bare)))


def _values(customer: CustomerRecord, *kinds: str) -> set[str]:
    return {each.value for each in customer.identities if each.kind in kinds}


def _digits(customer: CustomerRecord, *kinds: str) -> set[str]:
    numbers = (re.sub(r"\D", "", value) for value in _values(customer, *kinds))
    return {number[-_DIGITS:] for number in numbers if len(number) >= _DIGITS}


def _locals(customer: CustomerRecord) -> set[str]:
    return {value.partition("@")[0] for value in _values(customer, "email")}


def _shares_phone(one: CustomerRecord, other: CustomerRecord) -> bool:
    return bool(_digits(one, "phone") & _digits(other, "phone"))


def _phone_is_whatsapp(one: CustomerRecord, other: CustomerRecord) -> bool:
    pairs = (("phone", "whatsapp"), ("whatsapp", "phone"), ("whatsapp", "whatsapp"))
    return any(_digits(one, mine) & _digits(other, theirs) for mine, theirs in pairs)


_HOLDS: dict[str, Callable[[CustomerRecord, CustomerRecord], bool]] = {
    "same phone in another spelling": _shares_phone,
    "same phone or WhatsApp number": _phone_is_whatsapp,
    "same e-mail name at another domain": lambda one, other: bool(_locals(one) & _locals(other)),
    "same name": lambda one, other: bool(folded(one.name)) and folded(one.name) == folded(other.name),
    "same region": lambda one, other: one.region is not None and one.region == other.region,
}
