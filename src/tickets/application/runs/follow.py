"""What a change of a ticket means for its runs: some begin, some are over, and time passes on all of them.

All in the transaction of the change, whose lock on the ticket's row is the lock on its runs (law 3).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from msgspec.structs import replace

import sla
from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.runs.actions import carry_out
from tickets.application.runs.rules import holding
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Happened, Settled, Ticket

ESCALATION = "escalation"
"""Who does what a run does by itself."""

MOST_ENDED = 20
"""How many runs that are over a ticket remembers, the newest."""

MOST_LIVE = 50
"""How many live runs a ticket may have before no more are begun by hand: whoever wants more is a program."""

Signals = Mapping[str, sla.RunSignal]
"""What somebody tells runs in this change, by run."""
UNTOLD: Signals = MappingProxyType({})


class Following:
    """A change as its runs follow it: `due` has to be escalated, then `finish` it."""

    def __init__(
        self,
        change: Change,
        desk: CompiledDesk,
        pinned: facts.Pinned,
        new_id: Callable[[], UUID],
        actor: str = ESCALATION,
    ) -> None:
        self.change = change
        self.desk = desk
        self.due: list[Escalation] = []
        self._pinned = pinned
        self._new_id = new_id
        self._actor = actor
        self._runs = {run.id: run for run in facts.runs_of(change.after)}
        self._happened: list[Happened] = []
        self._settled: list[Settled] = []
        self._actions: list[Mapping[str, str]] = []

    @property
    def now(self) -> datetime:
        """The instant of the change."""
        return self.change.now

    def follow(self, escalations: Iterable[Escalation], signals: Signals) -> None:
        """Do all of it: to what is due and told, and to what levels that act make of the ticket."""
        self._hear(escalations)
        self._compare(self.change.before, acting=False)
        self._advance(signals)
        while self._actions:
            before, actions, self._actions = self.change.after, self._actions, []
            for each in actions:
                self.change, more = carry_out(
                    each, self.change, self.desk, self._pinned, self._new_id, ESCALATION
                )
                if self.change.after.terms_id != self._pinned.id:
                    self._pinned = facts.pin_terms(self.change.after, self.desk)
                self._hear(more)
            self._compare(before, acting=True)
            self._advance(UNTOLD)

    def finish(self) -> Change:
        """The change with its runs."""
        ended = [run.id for run in self._runs.values() if not run.is_live][:-MOST_ENDED]
        after = self.change.after
        if self._runs:
            after = facts.with_runs(after, tuple(run for run in self._runs.values() if run.id not in ended))
        return replace(
            self.change,
            after=after,
            happened=(*self.change.happened, *self._happened),
            settled=(*self.change.settled, *self._settled),
        )

    def tell(self, told: Mapping[UUID, Sequence[str]]) -> None:
        """Note whom pages reach, by run."""
        for run, names in told.items():
            self._runs[str(run)] = sla.with_told(self._runs[str(run)], names)

    def begin(
        self, cause: str, terms: sla.RunTerms, metric: str, cycle: int, at: datetime, reason: str = ""
    ) -> sla.Run:
        """Begin a run. Its first level may be due at once.

        It keeps the calendar it begins on, as it keeps all else. When what it is about is told late, its time
        begins with that.
        """
        if any(level.business for level in terms.levels):
            terms = replace(terms, hours=facts.hours_of(metric, self._pinned))
        run = sla.Run(
            id=str(self._new_id()),
            cause=cause,
            metric=metric,
            cycle=cycle,
            terms=terms,
            began_at=at,
            since=at if self.now - at <= sla.PROMPT else self.now,
            reason=reason,
        )
        self._runs[run.id] = run
        self._note(
            run, "begun", at, actor=self._actor, policy=terms.policy, version=terms.version, reason=reason
        )
        return run

    @property
    def is_full(self) -> bool:
        """Whether the ticket has as many live runs as it may have."""
        return sum(run.is_live for run in self._runs.values()) >= MOST_LIVE

    def live(self, cause: str) -> sla.Run | None:
        """The live run of a cause."""
        return next((run for run in self._runs.values() if run.cause == cause and run.is_live), None)

    def _hear(self, escalations: Iterable[Escalation]) -> None:
        """Promises fired levels: they belong to the run of their clock, which the first of them begins."""
        for due in escalations:
            policy = self.desk.desk.escalation_policies.get(due.policy)
            run = None if due.metric == facts.ROUTING else self._run_of(due)
            if run is not None:
                self._runs[run.id] = sla.paged_by_promise(run, due.level, due.repeat)
                due = replace(due, run=UUID(run.id))  # noqa: PLW2901 - as it is escalated
            self.due.append(due)
            names = {*due.covers, due.level} if due.repeat == 0 else set(due.covers)
            levels = () if policy is None else policy.levels
            acting = [level.actions.as_words for level in levels if level.name in names]
            self._actions += [words for words in acting if words]

    def _run_of(self, due: Escalation) -> sla.Run | None:
        cause = f"sla:{due.metric}:{due.cycle}"
        had = [run for run in self._runs.values() if run.cause == cause]
        if had:
            return next((run for run in had if run.is_live), None)
        terms = self.desk.run_terms(due.policy)
        if terms is None or not self.change.after.working:
            return None
        if not self.desk.desk.escalation_policies[due.policy].makes_runs:
            return None
        return self.begin(cause, terms, due.metric, due.cycle, due.occurred_at)

    def _compare(self, before: Ticket | None, *, acting: bool) -> None:
        """Begin what rules begin, and end what is over. An action begins no run that the ticket has had."""
        after = self.change.after
        worked = before is None or before.working
        if after.status == "closed" or (worked and not after.working):
            self._resolve(self._runs.values())
            return
        held, holds = holding(before, self.desk), holding(after, self.desk)
        reopened = after.working and not worked
        for key in sorted(holds if reopened else holds - held):
            cause, rule = f"rule:{key}", self.desk.desk.escalation_rules[key]
            had = [run for run in self._runs.values() if run.cause == cause]
            terms = self.desk.run_terms(rule.policy)
            if terms is not None and not any(run.is_live for run in had) and not (acting and had):
                self.begin(cause, terms, "rule", after.epoch, self.now, rule.reason)
        ceased = {f"rule:{key}" for key in held - holds}
        self._resolve(run for run in self._runs.values() if run.cause in ceased or self._kept(run))

    def _kept(self, run: sla.Run) -> bool:
        """Whether the promise that a run is about is kept at last, dropped, or never was in danger."""
        if not run.cause.startswith("sla:"):
            return False
        clocks = facts.clocks_of(self.change.after)
        clock = next((one for one in clocks if (one.metric, one.cycle) == (run.metric, run.cycle)), None)
        return clock is None or not clock.is_live or not clock.fired

    def _resolve(self, runs: Iterable[sla.Run]) -> None:
        for run in [run for run in runs if run.is_live]:
            self._tell(run, sla.RunResolved(self.now), ESCALATION)

    def _advance(self, signals: Signals) -> None:
        touched = any(_touches(line) for line in self.change.happened)
        for run in [run for run in self._runs.values() if run.is_live]:
            if run.id in signals:
                self._tell(run, signals[run.id], self._actor)
            else:
                self._tell(run, sla.RunTouched(self.now) if touched else sla.TimePassed(self.now), ESCALATION)

    def _tell(self, run: sla.Run, signal: sla.RunSignal, actor: str) -> None:
        outcome = sla.advance(run, signal, self.now)
        self._runs[run.id] = outcome.run
        for event in outcome.events:
            if event.type == "page":
                self._page(run, outcome.run, event)
                continue
            self._note(run, event.type, event.occurred_at, actor=event.by or actor, until=event.until)
            if event.type in {"acknowledged", "taken_over"}:
                self._settled.append(Settled(UUID(run.id), "acknowledged", event.by or actor))
            elif event.type == "resolved":
                self._settled.append(Settled(UUID(run.id), "resolved", actor))

    def _page(self, before: sla.Run, after: sla.Run, event: sla.RunEvent) -> None:
        self._actions += [event.actions] * bool(event.actions)
        self.due.append(
            Escalation(
                policy=before.terms.policy,
                metric=before.metric,
                cycle=before.cycle,
                level=event.level or "",
                repeat=event.repeat,
                covers=event.covers,
                occurred_at=event.occurred_at,
                due_at=None,
                notify=event.notify,
                fallback=before.terms.fallback,
                spared=after.acknowledged_by,
                run=UUID(before.id),
            )
        )

    def _note(
        self, run: sla.Run, what: str, at: datetime, *, actor: str = ESCALATION, **more: object
    ) -> None:
        self._happened.append(
            Happened(
                type=f"escalation.{what}",
                actor=actor,
                occurred_at=at,
                detected_at=max(at, self.now),
                data={"run": run.id, "cause": run.cause} | {name: one for name, one in more.items() if one},
            )
        )


def told_instead(ticket: Ticket, run: UUID | None, names: Sequence[str]) -> Ticket:
    """The ticket when others are paged in the place of whom a page of a run cannot reach, or not yet."""
    runs = facts.runs_of(ticket)
    if run is None or not names:
        return ticket
    moved = tuple(sla.with_told(one, names) if one.id == str(run) else one for one in runs)
    return facts.with_runs(ticket, moved)


def _touches(line: Happened) -> bool:
    """Whether somebody did something about the ticket; a customer who writes did not."""
    if not line.actor.startswith(("agent:", "api:")) or line.type.startswith(("escalation.", "alert_")):
        return False
    if line.type in {"tags_changed", "fields_changed"}:
        return False  # programs do that all day, and for customers
    return not (line.type == "message_added" and line.data.get("kind") == "customer_message")
