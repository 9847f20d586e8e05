"""Whom an escalation level means, right now: from its targets to people and addresses."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.escalation import Target, read_target
from tickets.application.desk.model import Agent
from tickets.domain.escalation import Manner, Recipient
from tickets.domain.ticket import Ticket

NOBODY = Recipient("nobody", ())


class DeskDirectory:
    """Answers from one revision of the desk. Levels are pinned to a ticket, people are found live."""

    def __init__(self, compiled: CompiledDesk) -> None:
        self._compiled = compiled
        self._desk = compiled.desk

    def recipients(
        self,
        policy: str,
        level: str,
        ticket: Ticket,
        at: datetime,
        notify: Sequence[str] = (),
        fallback: Sequence[str] = (),
    ) -> Sequence[Recipient]:
        """Everybody a level notifies, or `notify`, and the `fallback` where that reaches nobody.

        A level that was retired while a ticket ran on it goes to the fallback; a policy that was, to the
        ticket's team lead and team. Those out of reach are named, without ways (law 15).
        """
        found = self._desk.escalation_policies.get(policy)
        if notify:
            targets = tuple(map(read_target, notify))
        elif found is None:
            return self.fallback(policy, ticket, at, fallback)
        else:
            targets = next((each.targets for each in found.levels if each.name == level), ())
        people = self._all(targets, ticket, at)
        if any(recipient.ways for recipient in people):
            return people
        return _each_once((*people, *self.fallback(policy, ticket, at, fallback)))

    def fallback(
        self, policy: str, ticket: Ticket, at: datetime, pinned: Sequence[str] = ()
    ) -> Sequence[Recipient]:
        """Everybody who hears when those a level names cannot.

        Those a run has `pinned`, or the policy's own; where none of them is there any more, the ticket's team
        lead and team.
        """
        found = self._desk.escalation_policies.get(policy)
        texts = pinned or (() if found is None else found.fallback)
        people = self._all(map(read_target, texts), ticket, at)
        if any(recipient.ways for recipient in people):
            return people
        lead_and_team = self._all((Target("team_lead"), Target("team")), ticket, at)
        return _each_once((*people, *lead_and_team)) or (NOBODY,)

    def named(self, texts: Iterable[str], at: datetime) -> Sequence[Recipient]:
        """Those whom targets name without a ticket: agents, addresses, webhooks, who is on call."""
        return self._all(map(read_target, texts), None, at)

    def _all(self, targets: Iterable[Target], ticket: Ticket | None, at: datetime) -> tuple[Recipient, ...]:
        """The recipients of all targets, each once, in the order of the targets."""
        found = [recipient for target in targets for recipient in self._each(target, ticket, at)]
        return _each_once(found)

    def _each(self, target: Target, ticket: Ticket | None, at: datetime) -> Sequence[Recipient]:
        agents = self._desk.agents
        name = f"{target.kind}:{target.name}" if target.name else target.kind
        team, assignee = (ticket.team, ticket.assignee) if ticket is not None else (None, None)
        found: Agent | None = None
        match target.kind:
            case "team":
                members = self._compiled.members.get(team or "", ())
                return [self._agent(agent, name) for agent in members] or [Recipient(name, ())]
            case "email":
                return [Recipient(name, (("email", target.name),), self._manner())]
            case "webhook":
                return [self._webhook(target.name, name)]
            case "pager":
                return self._pager(target.name, name, at)
            case "assignee":
                found = agents.get(assignee or "")
            case "team_lead":
                led = self._desk.teams.get(team or "")
                found = agents.get((led and led.lead) or "")
            case "agent":
                found = agents.get(target.name)
            case "on_call":
                found = self._compiled.on_call(target.name, at)
        return [self._agent(found, name)]

    def _pager(self, key: str, name: str, at: datetime) -> Sequence[Recipient]:
        """The room a pager rings in, or the telephones of those it is `to` call."""
        pager = self._desk.pagers.get(key)
        if pager is None:
            return [Recipient(name, ())]
        manner = self._manner((pager.language,) if pager.language else ())
        if pager.service != "phone":
            return [Recipient(name, (("pager", key),), manner)]
        called: list[Recipient] = []
        for text in pager.to:
            target = read_target(text)
            agent = (
                self._compiled.on_call(target.name, at)
                if target.kind == "on_call"
                else self._desk.agents.get(target.name)
            )
            phone = agent.phone if agent is not None else None
            ways = (("pager", f"{key}/{phone}"),) if phone else ()
            called.append(Recipient(f"{name}:{agent.key if agent else text}", ways, manner))
        return called

    def _agent(self, agent: Agent | None, otherwise: str) -> Recipient:
        """An agent with the ways that lead there, or, where there is none, who should have been there."""
        if agent is None:
            return Recipient(otherwise, ())
        ways = (("email", agent.email),) if agent.email else ()
        return Recipient(f"agent:{agent.key}", ways, self._manner(agent.languages))

    def _webhook(self, key: str, name: str) -> Recipient:
        webhook = self._desk.webhooks.get(key)
        if webhook is None:
            return Recipient(name, ())
        return Recipient(name, (("webhook", key),), Manner(format=webhook.format))

    def _manner(self, languages: tuple[str, ...] = ()) -> Manner:
        """In somebody's own languages first, then in the desk's."""
        return Manner((*languages, self._desk.language), self._desk.timezone)


def _each_once(found: Iterable[Recipient]) -> tuple[Recipient, ...]:
    return tuple({recipient.name: recipient for recipient in found}.values())
