"""Telephone numbers as people, forms and exchanges write them, in E.164."""

import re

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    is_valid_number,
    parse,
)

SHORTEST = 8
"""Digits below which a number is an extension or a short code, known only to its own network."""

_LONGEST_TEXT = 60
_EXIT_CODE = re.compile(r"^00(?=[1-9])")


def e164(text: str, country: str) -> str | None:
    """`text` as E.164 (`+84901234567`), or None: anonymous, short code, extension or no number at all.

    National numbers are read by `country` (ISO 3166, two letters). `00` and `+` mean international; digits
    alone are tried as national first, then as an international number without its plus. `tel:` and `sip:`
    addresses give their user part. A number must have digits enough for its country; that it is in use is
    not asked, for numbering plans grow faster than libraries.
    """
    bare = _bare(text)
    if sum(character.isdigit() for character in bare) < SHORTEST:
        return None
    international = _EXIT_CODE.sub("+", bare)
    candidates = [_parse(international, country)]
    if not international.startswith(("+", "0")):
        candidates.append(_parse("+" + international, None))
    numbers = [number for number in candidates if number]
    plausible = is_possible_number if international.startswith(("+", "0")) else is_valid_number
    chosen = next(filter(is_valid_number, numbers), None) or next(filter(plausible, numbers), None)
    return format_number(chosen, PhoneNumberFormat.E164) if chosen else None


def _bare(text: str) -> str:
    text = text.strip()[:_LONGEST_TEXT]
    text = re.sub(r"^(?:tel|sips?):", "", text, flags=re.IGNORECASE).partition("@")[0].partition(";")[0]
    return text.replace("(0)", "").strip()


def _parse(text: str, country: str | None) -> PhoneNumber | None:
    try:
        number = parse(text, country)
    except NumberParseException:
        return None
    number.extension = None
    return number
