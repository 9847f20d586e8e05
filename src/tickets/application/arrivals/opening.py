"""A ticket as it begins: pure decisions over what was asked and who asks."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from tickets.application import facts
from tickets.application.answers.origin import origin_of
from tickets.application.changes.change import MISSED_CALL, Called, Say, called, message_of
from tickets.application.changes.draw import Draw, Scene
from tickets.domain.draft import Draft, comparable
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Customer, Ticket
from tickets.domain.words import MessageKind, composed


def ticket_of(draft: Draft, customer: Customer, ticket_id: UUID, now: datetime) -> Ticket:
    """A new ticket as its facts stand, before team and promises."""
    tags = (*draft.tags, MISSED_CALL) if draft.call and draft.call.event == "missed" else draft.tags
    return Ticket(
        id=ticket_id,
        channel=draft.channel,
        source=draft.source,
        account=draft.account,
        subject=draft.subject,
        priority=draft.priority or "normal",
        customer_id=customer.id,
        customer_tier=customer.tier,
        customer_segment=customer.segment,
        language=draft.language or draft.sender.language or customer.language,
        region=draft.region or draft.sender.region or customer.region,
        tags=tuple(dict.fromkeys(map(composed, tags))),
        fields={composed(name): comparable(answer) for name, answer in draft.fields.items()},
        waiting_since=now,
        route_at=now,
        opened_at=now,
        updated_at=now,
    )


def saying(draft: Draft, kind: MessageKind) -> Say:
    """What a request says on a ticket; how it came is only of interest where the customer wrote."""
    return Say(
        kind=kind,
        text=draft.text,
        signature=draft.signature,
        quoted=draft.quoted,
        html=draft.html,
        automatic=draft.automatic,
        written_at=draft.written_at,
        attachments=draft.attachments,
        origin=origin_of(draft) if kind == "customer_message" else None,
    )


def opening(
    draft: Draft, ticket: Ticket, pinned: facts.Pinned, new_id: Callable[[], UUID], now: datetime
) -> tuple[Change, tuple[Escalation, ...]]:
    """Everything a new ticket begins with: clocks, its first message, the first lines of its history."""
    customer = f"customer:{ticket.customer_id}"
    scene = Scene(
        ticket=ticket, pinned=pinned, actor=customer, now=now, chosen=lambda _: pinned, new_id=new_id
    )
    draw = Draw(scene)
    draw.note("opened", channel=draft.channel, source=draft.source, team=ticket.team, rule=ticket.rule)
    draw.heed(facts.opened(ticket, pinned, now))
    draw.messages.append(message_of(saying(draft, "customer_message"), scene))
    if draft.call is not None:
        called(draw, Called(draft.call))
    change = Change(
        before=None,
        after=draw.ticket,
        now=now,
        happened=tuple(draw.happened),
        messages=tuple(draw.messages),
    )
    return change, tuple(draw.escalations)
