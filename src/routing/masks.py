"""Sets of agents as plain integers: bit i of a mask stands for the i-th agent in the order of keys."""

from collections.abc import Iterable, Iterator
from itertools import compress, islice
from struct import unpack

Mask = int
_WORD = 64
_WINDOW = 1024


def mask_of(places: Iterable[int], size: int) -> Mask:
    """The mask with these bits set, in time linear in the size."""
    octets = bytearray(size // 8 + 1)
    for i in places:
        octets[i >> 3] |= 1 << (i & 7)
    return int.from_bytes(octets, "little")


def bits(mask: Mask) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    if mask.bit_length() <= _WINDOW:
        while mask:
            low = mask & -mask
            yield low.bit_length() - 1
            mask ^= low
        return
    length = mask.bit_length() // _WORD + 1
    words = unpack(f"<{length}Q", mask.to_bytes(length * 8, "little"))
    for at in compress(range(length), words):  # those with a bit set: most masks are sparse
        rest = words[at]
        while rest:
            low = rest & -rest
            yield at * _WORD + low.bit_length() - 1
            rest ^= low


def lowest(mask: Mask, most: int | None) -> Iterator[int]:
    """The first so many bits (None: all), without unpacking more of a long mask than they need."""
    if most is None:
        return bits(mask)
    width = _WINDOW
    while width < mask.bit_length():
        low = mask & ((1 << width) - 1)
        if low.bit_count() >= most:
            return islice(bits(low), most)
        width *= 8
    return islice(bits(mask), most)


def few(mask: Mask) -> list[int]:
    """The places of the bits that are set, highest first: the quickest way where they are few."""
    places: list[int] = []
    while mask:
        top = mask.bit_length() - 1
        places.append(top)
        mask ^= 1 << top
    return places


def union(masks: Iterable[Mask]) -> Mask:
    """Whoever is in any of the masks."""
    together = 0
    for mask in masks:
        together |= mask
    return together
