"""What msgspec says of a value, in words by which a caller can mend it."""

from typing import Any, Literal, get_args, get_origin

_SAID = {
    "Invalid RFC3339 encoded datetime": "must be an instant with offset, such as 2026-03-02T16:00:00+07:00",
    "Expected `datetime` with a timezone component": "must carry its offset from UTC, such as Z or +07:00",
    "Invalid RFC3339 encoded date": "must be a date, such as 2026-03-02",
    "Invalid ISO8601 duration": "must be a duration, such as PT4H or P3D",
}


def in_words(message: str, kind: Any) -> str:  # noqa: ANN401 - any type msgspec knows
    """The end of a sentence about a value that is not of a kind; of a closed list of words it names all."""
    words = _words(kind)
    if words and message.startswith("Invalid enum value"):
        return f"{message.removeprefix('Invalid enum value ')} is none of {', '.join(words)}"
    return _SAID.get(message) or lower_first(message)


def lower_first(text: str) -> str:
    """A message as the end of a sentence."""
    return text[:1].lower() + text[1:]


def _words(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any type msgspec knows
    """The words of a Literal, alone or in a union."""
    if get_origin(kind) is Literal:
        return tuple(word for word in get_args(kind) if isinstance(word, str))
    return tuple(word for member in get_args(kind) for word in _words(member))
