"""Looks into JSON that others made, without trusting its shape: what is not there is empty."""

from collections.abc import Iterator


def at(tree: object, *steps: str) -> object:
    """What lies at the end of these names, None where there is nothing."""
    for step in steps:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def text_at(tree: object, *steps: str) -> str:
    """The text there. Whole numbers are texts, too, digit by digit: ids are longer than a float is exact."""
    found = at(tree, *steps)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def objects_at(tree: object, *steps: str) -> Iterator[dict[str, object]]:
    """The objects of the list there."""
    found = at(tree, *steps)
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, dict))


def number_at(tree: object, *steps: str) -> float | None:
    """The number there, also where it is written as a text."""
    found = at(tree, *steps)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return float(found) if abs(found) < 1e18 else None  # noqa: PLR2004 - no instant, no coordinate
    text = found.strip()[:40] if isinstance(found, str) else ""
    try:
        number = float(text) if text.isascii() and text else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < 1e18 else None  # noqa: PLR2004 - as above
