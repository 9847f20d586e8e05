"""Escalation policies of the desk: when somebody must hear of a clock (`sla.Level`), and who."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

import sla

Relation = Literal["assignee", "team_lead", "team"]
"""Targets found from the ticket: who holds it, who leads its team, everybody in its team."""

Named = Literal["agent", "on_call", "webhook", "email"]
"""Targets named by the policy: `agent:<key>`, `on_call:<schedule>`, `webhook:<key>`, `email:<address>`."""

RELATIONS: tuple[Relation, ...] = get_args(Relation)
NAMED: tuple[Named, ...] = get_args(Named)


class Target(Struct, frozen=True):
    """Who is to hear: `kind`, and for the named kinds whom (`name`: a key or an address)."""

    kind: Relation | Named
    name: str = ""


class EscalationLevel(sla.Level, frozen=True, kw_only=True):
    """An `sla.Level` with the targets that hear of it, all at once."""

    notify: Annotated[tuple[str, ...], Meta(min_length=1)]

    @property
    def level(self) -> sla.Level:
        """The part that is pinned to tickets; who hears of it is looked up when it fires."""
        return sla.Level(**{name: getattr(self, name) for name in sla.Level.__struct_fields__})

    @property
    def targets(self) -> tuple[Target, ...]:
        """`notify`, understood."""
        return tuple(map(read_target, self.notify))


class EscalationPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Levels, and a `fallback` that hears when one reaches nobody: no assignee, a gap on call, no address.

    The fallback is never empty and names agents, addresses or webhooks, which cannot turn out to be nobody
    (law 15).
    """

    key: str
    name: str = ""
    levels: Annotated[tuple[EscalationLevel, ...], Meta(min_length=1)]
    fallback: Annotated[tuple[str, ...], Meta(min_length=1)]


def read_target(text: str) -> Target:
    """The target a text stands for.

    Raises:
        ValueError: it stands for none.
    """
    kind, colon, name = text.partition(":")
    if kind in RELATIONS and not colon:
        return Target(msgspec.convert(kind, Relation))
    if kind in NAMED and name:
        return Target(msgspec.convert(kind, Named), name)
    raise ValueError(f"{text!r} is none of {', '.join(RELATIONS)}, {', '.join(f'{k}:…' for k in NAMED)}")
