"""Escalation policies of the desk: when somebody must hear of a clock or a run, and who; what begins runs."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

import sla
from tickets.domain.words import Priority

Relation = Literal["assignee", "team_lead", "team"]
"""Targets found from the ticket: who holds it, who leads its team, everybody in its team."""

Named = Literal["agent", "on_call", "webhook", "email", "pager"]
"""Targets a policy names: `agent:<key>`, `on_call:<schedule>`, `webhook:<key>`, `pager:<key>`,
`email:<address>`."""

RELATIONS: tuple[Relation, ...] = get_args(Relation)
NAMED: tuple[Named, ...] = get_args(Named)


class Target(Struct, frozen=True):
    """Who is to hear: `kind`, and for the named kinds whom (`name`: a key or an address)."""

    kind: Relation | Named
    name: str = ""


class Actions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a level does to the ticket when it fires: a priority it has at least, a team, an internal note."""

    raise_priority: Priority | None = None
    team: str | None = None
    note: str | None = None

    @property
    def as_words(self) -> dict[str, str]:
        """Those that are given, by name."""
        named = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in named.items() if value is not None}


class EscalationLevel(sla.Level, frozen=True, kw_only=True):
    """An `sla.Level` with the targets that hear of it, all at once, and what it does besides."""

    notify: Annotated[tuple[str, ...], Meta(min_length=1)]
    actions: Actions = Actions()

    @property
    def level(self) -> sla.Level:
        """The part that is pinned to tickets; who hears of it is looked up when it fires."""
        return sla.Level(**{name: getattr(self, name) for name in sla.Level.__struct_fields__})

    @property
    def run_level(self) -> sla.RunLevel:
        """All of it, as a run carries it."""
        return sla.RunLevel(
            name=self.name,
            delay=self.delay or "PT0S",
            business=self.in_business_time,
            repeat=self.repeat,
            repeat_limit=self.repeat_limit,
            notify=self.notify,
            actions=self.actions.as_words,
        )

    @property
    def targets(self) -> tuple[Target, ...]:
        """`notify`, understood."""
        return tuple(map(read_target, self.notify))


class EscalationPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Levels, and a `fallback` that hears when one reaches nobody: no assignee, a gap on call, no address.

    The fallback is never empty and names agents, addresses or webhooks, which cannot turn out to be nobody
    (law 15).

    Levels with a `delay` belong to runs. A run is acknowledged by `any` one of those it paged or when `all`
    have; with `acknowledge_within` that holds so long as the ticket is touched. Its levels are gone through
    `rounds` times; when the last page has been waited for with `patience`, the fallback hears. Times are
    ISO 8601.
    """

    key: str
    name: str = ""
    levels: Annotated[tuple[EscalationLevel, ...], Meta(min_length=1)]
    fallback: Annotated[tuple[str, ...], Meta(min_length=1)]
    acknowledgement: Literal["any", "all"] = "any"
    acknowledge_within: str | None = None
    rounds: Annotated[int, Meta(ge=1, le=10)] = 1
    patience: str = "PT15M"

    @property
    def around_due(self) -> tuple[sla.Level, ...]:
        """The levels that promises fire."""
        return tuple(level.level for level in self.levels if level.delay is None)

    @property
    def makes_runs(self) -> bool:
        """Whether a promise that fires a level begins a run."""
        minds = self.acknowledgement == "all" or self.acknowledge_within is not None
        return minds or any(level.delay is not None for level in self.levels)

    def run_terms(self, version: int) -> sla.RunTerms:
        """What a run that begins now is pinned to."""
        levels = [level.run_level for level in self.levels if level.delay is not None]
        return sla.RunTerms(
            policy=self.key,
            version=version,
            levels=tuple(sorted(levels, key=lambda level: sla.parse_budget(level.delay).time)),
            fallback=self.fallback,
            acknowledgement=self.acknowledgement,
            acknowledge_within=self.acknowledge_within,
            rounds=self.rounds,
            patience=self.patience,
        )


class EscalationRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begins a run of `policy` when a ticket at work comes to be as `when` says; resolved when it ceases to.

    `when` asks what conditions of SLA policies ask, and `stuck`: `unroutable` or `refused`. With `solved` it
    begins one on a solved ticket, too: what is asked when the work is done is answered then.
    """

    key: str
    when: dict[str, list[str]]
    policy: str
    reason: str = ""
    solved: bool = False


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
