"""The tree of regions: an agent for `vn-south` also serves `vn-hcm`, which lies in it."""

from collections.abc import Iterable, Sequence

import msgspec

from routing.errors import Fault, refuse


class Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place tickets come from; `parent` is the key of the region it lies in, None at the top.

    `phone_prefixes` is how telephone numbers of the place begin (E.164, `+8424`); routing does not read it.
    """

    key: str
    name: str = ""
    parent: str | None = None
    phone_prefixes: tuple[str, ...] = ()


class RegionTree:
    """Regions by key. A key it does not know is a region of its own, with nothing above or below it.

    Raises:
        InvalidError: a key twice, an unknown parent, or a region that lies in itself.
    """

    def __init__(self, regions: Sequence[Region] = ()) -> None:
        refuse(check_regions(regions))
        self.parents = {region.key: region.parent for region in regions}

    def line(self, key: str) -> tuple[str, ...]:
        """The region itself, its parent, and so on to the top."""
        found: list[str] = []
        at: str | None = key
        while at is not None:
            found.append(at)
            at = self.parents.get(at)
        return tuple(found)

    def ancestors(self, key: str) -> tuple[str, ...]:
        """Every region that `key` lies in, nearest first, without itself."""
        return self.line(key)[1:]

    def covers(self, agent_region: str, ticket_region: str) -> bool:
        """Whether an agent for the first region serves a ticket from the second."""
        return agent_region in self.line(ticket_region)

    def closed(self, keys: Iterable[str]) -> frozenset[str]:
        """The given regions with all their ancestors: how a ticket's facts name its region."""
        return frozenset(above for key in keys for above in self.line(key))

    def innermost(self, keys: Iterable[str]) -> frozenset[str]:
        """The given regions without those that another one lies in."""
        keys = frozenset(keys)
        return keys - {above for key in keys for above in self.ancestors(key)}

    def inside(self, key: str) -> frozenset[str]:
        """Every known region that lies in `key`, itself included."""
        return frozenset(other for other in self.parents if key in self.line(other)) | {key}


def check_regions(regions: Sequence[Region]) -> tuple[Fault, ...]:
    """Every fault of a list of regions; pointers start at the list."""
    parents = {region.key: region.parent for region in regions}
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, region in enumerate(regions):
        if region.key in seen:
            faults.append(Fault(f"/{index}/key", f"region {region.key!r} is listed twice"))
        seen.add(region.key)
        if region.parent is None:
            continue
        if region.parent not in parents:
            faults.append(Fault(f"/{index}/parent", f"there is no region {region.parent!r}"))
        elif _lies_in_itself(region.key, parents):
            faults.append(Fault(f"/{index}/parent", f"region {region.key!r} would lie in itself"))
    return tuple(faults)


def _lies_in_itself(key: str, parents: dict[str, str | None]) -> bool:
    at, steps = parents[key], 0
    while at is not None and at != key and steps <= len(parents):
        at, steps = parents.get(at), steps + 1
    return at == key
